/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check_path.h - the folders from "/" to a jail; for check*.c only. */
#ifndef JAIL_CHECK_PATH_H
#define JAIL_CHECK_PATH_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "jail/check.h"

/*
 * As sshd looks at it (session.c, safely_chroot()): every part of the path as it is written, links followed, must be a folder of root's that
 * neither its group nor others may write to: JAIL_PATH. What sshd does not see: that a link leads through a folder which somebody
 * else may change: JAIL_WRITABLE. ERR_NOT_FOUND: a part is not there or no folder. ERR_MEMORY.
 */
MUST_USE enum err check_path(const struct root *r, const char *dir, struct jail_troubles *out);

#endif
