/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * outside.h - processes of a jailed account outside of its jail. A chroot does not part processes: who may trace one of those (ptrace(2) asks
 * for the same user, and nothing else) has left the jail. A manager of the user's, as PAM starts it at login, is one.
 */
#ifndef JAIL_OUTSIDE_H
#define JAIL_OUTSIDE_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define OUTSIDE_MAX 64

struct outside {
	pid_t pid;
	char command[64]; /* as the process calls itself; from outside, so escape it */
};

/*
 * Those that the account could trace: its own, dumpable, with another root than dir (a path of the running system; NULL: the jail is still to be made). At most OUTSIDE_MAX;
 * *out is yours. Only as root on the running system: ERR_UNSUPPORTED. ERR_SYSTEM, ERR_MEMORY.
 */
MUST_USE enum err outside_find(const struct root *r, uid_t uid, const char *dir, struct outside **out, size_t *n);
/* Whether the kernel (Yama, kernel.yama.ptrace_scope) lets nobody but root trace what is not a child of its own. */
bool outside_is_restricted(const struct root *r);

#endif
