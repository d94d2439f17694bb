/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inmates.h - whether a process lives in a folder: has it for its root. */
#ifndef JAIL_INMATES_H
#define JAIL_INMATES_H

#include "base/err.h"
#include "base/macros.h"

#include <sys/types.h>

/*
 * By /proc of this system, for whoever would move something out of the folder 'top' (a descriptor): a process in there that stands in what is moved
 * stands outside from then on. One that forks and ends all the time, so that a list of processes is of yesterday when it is read, is found,
 * too, as are threads whose process has ended. The folder must have been renamed before, or somebody may come in afterwards. Where a process
 * cannot be looked at, for want of CAP_SYS_PTRACE, those of 'uid' count as inside.
 *
 * *found: one of them, 0: nobody. ERR_TIMEOUT: cannot be told within seconds; ERR_SYSTEM.
 */
MUST_USE enum err inmates_find(int top, uid_t uid, pid_t *found);

#endif
