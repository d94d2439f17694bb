/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check.h - the inside of the decision, for access.c, which decides, and explain.c, which says why. */
#ifndef SSHD_CHECK_H
#define SSHD_CHECK_H

#include "sshd/access.h"
#include "sshd/pattern.h"
#include "sshd/ruleset.h"
#include "sshd/secret.h"

/* A login with all that the checks share. Start with login_open(), end with login_close(). */
struct login {
	struct access *access;
	const struct access_login *who;
	const struct account *account;
	uint64_t key; /* hash of its name */
	struct pattern_from from;
	const struct ruleset *rules;
	bool unsure; /* something could not be read: if nothing else refuses, the verdict is unknown */
	/* what check_methods() found */
	unsigned methods, unknown;
	enum credential_obstacle obstacle;
	bool wants_touch, wants_verify;
	const char *keys_detail; /* why no key is of use, or NULL */
	char *own_detail;	 /* the same, where it is ours */
};
MUST_USE enum err login_open(struct access *a, const struct access_login *who, struct login *out);
void login_close(struct login *l);

enum shell_state { SHELL_FINE, SHELL_MISSING, SHELL_NO_PROGRAM, SHELL_UNREADABLE };
MUST_USE enum err login_shell(struct login *l, enum shell_state *out);

/* What PAM asks the account for at the keyboard; without PAM it is the password. ERR_MEMORY. */
MUST_USE enum err login_keyboard(struct login *l, struct keyboard *out);

/* What a check found; verdict and reason only where it decided. by and pattern also name what let somebody pass. */
struct check_found {
	enum access_step_outcome outcome;
	enum access_verdict verdict;
	enum access_reason reason;
	const struct sshd_line *by;
	const char *pattern;
};

/* In sshd's order. One that has not decided lets pass. */
enum check_id {
	CHECK_ACCOUNT,
	CHECK_LOCKED,
	CHECK_SHELL,
	CHECK_DENY_USERS,
	CHECK_ALLOW_USERS,
	CHECK_GROUPS,
	CHECK_DENY_GROUPS,
	CHECK_ALLOW_GROUPS,
	CHECK_ROOT,
	CHECK_METHODS,
	CHECK_COUNT
};
MUST_USE enum err check_look(enum check_id id, struct login *l, struct check_found *f);

/* What the checks that were run make of it: found is that of the last one. d->detail is set where keys decided. */
MUST_USE enum err login_decision(const struct login *l, const struct check_found *found, struct access_decision *d);

#endif
