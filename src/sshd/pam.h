/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pam.h - what a PAM service asks for: the auth lines of its file, and the modules that ask for one-time codes. */
#ifndef SSHD_PAM_H
#define SSHD_PAM_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

#define PAM_DIR "/etc/pam.d"

/* A module that asks for one-time codes. */
struct pam_module {
	const char *name;    /* "pam_oath" */
	const char *package; /* Debian's */
	const char *args;    /* what we give it */
	const char *option;  /* the argument that says where the secrets are: "usersfile=" */
	const char *secrets; /* where they are otherwise; NULL: the argument must be there */
	bool shared;	     /* one file for all accounts; else each has a file of its own */
	const char *enroll;  /* how an account gets a secret, for people */
};
extern const struct pam_module pam_modules[]; /* in the order in which we would take them; ends with a NULL name */

enum pam_asks {
	PAM_ASKS_NOTHING, /* it can only refuse */
	PAM_ASKS_PASSWORD,
	PAM_ASKS_CODE,
	PAM_ASKS_UNKNOWN, /* nobody here knows this module, or it is skipped, jumped to or let off */
};

/* One line of the kind auth, or an include that has some. */
struct pam_rule {
	unsigned first, last; /* lines of the file: a "\" at the end goes on */
	enum pam_asks asks;
	bool strict;			 /* without its "yes" nobody gets past, and its "yes" alone is not enough */
	const struct pam_module *module; /* with ASKS_CODE */
	char *text;			 /* the line without its comment, for messages */
	struct strings args;		 /* of the module */
};

/* Start with { 0 }. */
struct pam_service {
	struct pam_rule *v;
	size_t n;
};
/* Linux-PAM's rules for a file of /etc/pam.d, and Debian's @include. Included files are known by name, not read. ERR_MEMORY. */
MUST_USE enum err pam_service_parse(const char *content, size_t len, struct pam_service *out);
void pam_service_clear(struct pam_service *s);

enum pam_wants {
	PAM_WANTS_PASSWORD, /* no line asks for a code: as everywhere */
	PAM_WANTS_CODE,	    /* a one-time code and nothing else */
	PAM_WANTS_BOTH,
	PAM_WANTS_UNKNOWN, /* there is a code in it, and more than can be told from here */
};
/* *by (may be NULL): the line that asks for the code, NULL where none does; with WANTS_UNKNOWN the one that spoils it. */
enum pam_wants pam_service_wants(const struct pam_service *s, const struct pam_rule **by);

/*
 * The file made to ask for a code by this module, and for no password: the first line that asks for a password gives its place to the
 * module, and stays as a comment, as do the others of that kind. Nothing else changes. ERR_CONFIG: it cannot be done,
 * and 'why' says for which reason. A file that wants a code already stays as it is.
 */
MUST_USE enum err pam_service_ask_code(struct text *content, const struct pam_module *module, struct text *why);

#endif
