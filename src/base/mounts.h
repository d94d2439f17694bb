/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mounts.h - mounts that nobody else sees. */
#ifndef BASE_MOUNTS_H
#define BASE_MOUNTS_H

#include "base/err.h"
#include "base/macros.h"

/*
 * After unshare(CLONE_NEWNS), in a process with one thread: what is mounted from now on stays in this mount namespace. Also in a plain
 * chroot, whose "/" is no mount point: it is made one. What was opened before may then lie beneath. ERR_SYSTEM.
 */
MUST_USE enum err mounts_make_private(void);

#endif
