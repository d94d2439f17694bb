/* SPDX-License-Identifier: GPL-3.0-or-later */
/* child.h - run a program without a shell, bounded in time and output. */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

#include <stddef.h>
#include <sys/types.h>

struct child_result {
	int status;	 /* exit status, or 128 + signal */
	struct text out; /* standard output, at most max_output bytes */
	struct text err; /* standard error, the same */
};

/*
 * Runs argv[0] (an absolute path, or a name looked up in /usr/sbin:/usr/bin:/sbin:/bin
 * only) with a clean environment (PATH, LC_ALL=C, TZ if set), standard input from
 * 'input' (NULL: /dev/null), in a process group of its own that is killed after
 * timeout_ms. ERR_NONE when it ran, whatever its exit status. ERR_NOT_FOUND if there
 * is no such program, ERR_TIMEOUT, ERR_TOO_BIG beyond max_output, ERR_SYSTEM. Not with
 * SIGCHLD ignored, nor after unshare(CLONE_NEWPID) in the same process (the child would
 * take its parent for dead).
 */
MUST_USE enum err child_run(const char *const argv[], const char *input, int timeout_ms, size_t max_output,
			    struct child_result *out);

/* Somebody to run a program as; borrowed. */
struct child_user {
	const char *name, *home;
	uid_t uid;
	gid_t gid;
	const gid_t *groups; /* all of them, the primary one among them: nothing is looked up here */
	size_t ngroups;
};

/*
 * The same as another user, in the way in which sshd runs its helpers: with that user's ids and groups (none of ours
 * are left), in "/", standard input from /dev/null, and PATH, USER, LOGNAME, HOME and LANG as the whole environment.
 * argv[0] is an absolute path. Only as root.
 */
MUST_USE enum err child_run_as(const struct child_user *user, const char *const argv[], int timeout_ms,
			       size_t max_output, struct child_result *out);
void child_result_free(struct child_result *r);
/* Looks name up in the fixed path above; ERR_NOT_FOUND. *out is yours. */
MUST_USE enum err child_find(const char *name, char **out);

#endif
