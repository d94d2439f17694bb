/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_create.h - jail create: what one run knows, from its options to the jail in force, and its parts in their order. */
#ifndef CMD_JAIL_CREATE_H
#define CMD_JAIL_CREATE_H

#include "base/text.h"
#include "cmd/jail.h"
#include "harden/jail_trial.h"
#include "jail/ahead.h"

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>

#define USUAL_SET "basic" /* where nothing is asked for */

struct create_args {
	struct strings keep, overrides, with, keys;
	const char *shell, *dir;
	bool sftp_only, create_account, copy;
};

struct create {
	const struct common_args *common;
	const struct create_args *a;
	const struct facts *f;
	struct account *account; /* NULL: it is to be made */
	struct jail has;	 /* what was asked for when the jail was made that is there; dir NULL: there is none */
	struct manifest m, old;
	struct ahead *known; /* digests of what goes into a new one */
	bool again;	     /* there is a jail already: 'old' */
	bool lost;	     /* its manifest is damaged or gone, and 'old' is what is known of it: 'was' */
	struct jail_lost was;
	bool in_force;
	bool more_to_do;   /* in the jail, also where no file of sshd's changes */
	bool stands;	   /* in force, or the contents changed: nothing is taken back */
	bool made;	   /* something was made that goes again where the change does not come about */
	bool account_made; /* the account is among that */
	char *keys_path;
	struct jail_keys keys;
	struct text lines, first, also;
	struct build_told told;
	struct jail_trial_told trial;
	json_t *more;	  /* "jail" of the JSON answer */
	sigset_t signals; /* as they were before they were held */
	bool held;
	bool cannot; /* the jail could not be made: trouble, and not a jail that does not hold */
	int lock;
};

/* In the order in which they are called. int: 0, or an exit status with the error said. */

/* The account, and into m.jail what is asked for; of a jail that is there already stays what is not. */
int create_take_wishes(struct create *c, const char *user);
/* Whether what was asked for is what the jail has that is there; what it holds may be of another day. */
bool create_same_wishes(const struct create *c);
/* Whether it may be there, which jail is, and into m.entries what it shall hold. */
int create_look(struct create *c, const char *user);
/* Into 'first' and 'more': what it will be. */
int create_describe(struct create *c);
/* The same of the keys, which were gathered meanwhile. */
MUST_USE enum err create_describe_keys(struct create *c);
/*
 * For change_request.before, with a struct create: makes tree and account, and tries the jail by logins. wrong: why there is none. It holds
 * signals and the lock of the jails until create_end().
 */
MUST_USE enum err create_make_ready(void *arg, const struct stage *s, struct text *wrong);
/* Into 'also' and 'more': how it stands. */
MUST_USE enum err create_tell(struct create *c);
/* For change_request.after: writes down that the jail stands, and installs what keeps it current. */
int create_finish(void *arg);
/* After the change that gave this exit status: what does not stand is taken away again. The exit status of the command. */
int create_end(struct create *c, int status);
/* In place of all that where only what is in the jail changes, and nothing of sshd's. The exit status of the command. */
int create_change_contents(struct create *c);
/* Prints what such a change is to do or (done) did. The exit status of the command. */
int create_answer(struct create *c, bool done);

#endif
