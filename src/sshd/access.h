/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access.h - may this account come in from this address by these rules? The one place that decides. */
#ifndef SSHD_ACCESS_H
#define SSHD_ACCESS_H

#include "sshd/account.h"
#include "sshd/effective.h"

enum access_verdict { ACCESS_ALLOWED, ACCESS_DENIED, ACCESS_UNKNOWN };

/* In words, those of the shared vectors: access_reason_text(). */
enum access_reason {
	REASON_ACCEPTED,
	REASON_UNKNOWN_USER,	/* "unknown-user" */
	REASON_LOCKED,		/* "locked": UsePAM no and a "!" password or an expired account */
	REASON_SHELL,		/* "shell" */
	REASON_DENY_USERS,	/* "DenyUsers" */
	REASON_ALLOW_USERS,	/* "AllowUsers" */
	REASON_NO_GROUP,	/* "no-group" */
	REASON_DENY_GROUPS,	/* "DenyGroups" */
	REASON_ALLOW_GROUPS,	/* "AllowGroups" */
	REASON_ROOT_LOGIN,	/* "PermitRootLogin" */
	REASON_METHOD_DISABLED, /* "method-disabled": no method is left that this account can use */
	REASON_UNREADABLE,	/* "unreadable": something needed could not be read, verdict unknown */
};

/* A set of ways to authenticate. */
enum access_method {
	METHOD_PUBLICKEY = 1,
	METHOD_PASSWORD = 2,
	METHOD_KEYBOARD = 4, /* keyboard-interactive */
	METHOD_HOSTBASED = 8,
	METHOD_GSSAPI = 16,
};

struct access_login {
	const char *user;
	const struct account *account; /* NULL: no such account */
	const char *host, *addr, *laddr;
	unsigned lport;
	unsigned can_use; /* methods this person can answer: METHOD_*; see access_account_methods() */
};

struct access_decision {
	enum access_verdict verdict;
	enum access_reason reason;
	unsigned methods;	    /* those left: METHOD_* */
	const struct sshd_line *by; /* the line that decided, NULL for a default; belongs to the config */
	char *pattern;		    /* the word of it that hit, or NULL */
	char *detail;		    /* a sentence for people */
};

/* In sshd's order (docs/architecture). shell existence is looked up in r. ERR_MEMORY; otherwise *out is filled, free with access_decision_clear(). */
MUST_USE enum err access_decide(const struct root *r, const struct sshd_config *c, const struct access_login *l,
				struct access_decision *out);
void access_decision_clear(struct access_decision *d);
const char *access_reason_text(enum access_reason reason);
const char *access_method_text(enum access_method method);
/*
 * What the account could authenticate with by what lies on disk under these
 * rules: METHOD_PUBLICKEY where an AuthorizedKeysFile of it holds at least one key line
 * (or keys come from a command, a CA) and RevokedKeys is a file that exists; METHOD_PASSWORD
 * and METHOD_KEYBOARD where it has a password. *unknown: bits that could not be found out.
 */
MUST_USE enum err access_account_methods(const struct root *r, const struct sshd_config *c,
					 const struct access_login *l, unsigned *methods, unsigned *unknown);

#endif
