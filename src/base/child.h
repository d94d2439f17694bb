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

/* What a program asks on its terminal, and what it is told: secrets, best in sodium_malloc() memory. */
struct child_answer {
	const char *asks;   /* a part of the prompt, "new passphrase" */
	const char *answer; /* without the end of the line; no control characters */
};

/*
 * child_run() for a program that asks on its terminal. It gets one of its own, so that what it is told stands neither in an
 * argument nor in the environment. A prompt is what ends in ": " with the echo switched off; it gets the first answer that fits it and
 * was not given yet. ERR_UNSUPPORTED where none is left: the program is then ended. keep: a descriptor above 2 that the program
 * inherits under its number, or -1.
 */
MUST_USE enum err child_run_asked(const char *const argv[], const struct child_answer *answers, size_t nanswers,
				  int keep, int timeout_ms, size_t max_output, struct child_result *out);
void child_result_free(struct child_result *r);
/* Looks name up in the fixed path above; ERR_NOT_FOUND. *out is yours. */
MUST_USE enum err child_find(const char *name, char **out);

#endif
