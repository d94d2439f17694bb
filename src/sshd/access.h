/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access.h - may this account come in from this address by these rules? The one place that decides. */
#ifndef SSHD_ACCESS_H
#define SSHD_ACCESS_H

#include "sshd/account.h"
#include "sshd/credential.h"
#include "sshd/effective.h"

#include <time.h>

enum access_verdict { ACCESS_ALLOWED, ACCESS_DENIED, ACCESS_UNKNOWN };

/* In words, those of the shared vectors: access_reason_text(). */
enum access_reason {
	REASON_ACCEPTED,
	REASON_UNKNOWN_USER,	/* "unknown-user" */
	REASON_LOCKED,		/* "locked": an expired account or password, or UsePAM no and a "!" password */
	REASON_SHELL,		/* "shell" */
	REASON_DENY_USERS,	/* "DenyUsers" */
	REASON_ALLOW_USERS,	/* "AllowUsers" */
	REASON_NO_GROUP,	/* "no-group" */
	REASON_DENY_GROUPS,	/* "DenyGroups" */
	REASON_ALLOW_GROUPS,	/* "AllowGroups" */
	REASON_ROOT_LOGIN,	/* "PermitRootLogin" */
	REASON_METHOD_DISABLED, /* "method-disabled": no method is left that this account can use */
	REASON_KEY, /* the word of the obstacle: what keeps the key, or every key, out; no other method is left */
	REASON_UNREADABLE, /* "unreadable": something needed could not be read, verdict unknown */
	REASON_REFUSED,	   /* "RefuseConnection" */
	REASON_NOLOGIN, /* "nologin": /etc/nologin or /run/nologin is there, as during a shutdown, and it is not root */
};

/* A set of ways to authenticate. */
enum access_method {
	METHOD_PUBLICKEY = 1,
	METHOD_PASSWORD = 2,
	METHOD_KEYBOARD = 4, /* keyboard-interactive */
	METHOD_HOSTBASED = 8,
	METHOD_GSSAPI = 16,
};

/* One configuration on one system, made ready for many decisions: a snapshot of what it reads. Not for several threads. */
struct access;

/* r and c are borrowed and must outlive it; 'now' decides about expiry and validity. */
MUST_USE enum err access_new(const struct root *r, const struct sshd_config *c, time_t now, struct access **out);
void access_free(struct access *a); /* NULL is fine */
/* As credential_store_limit(). */
void access_limit(struct access *a, size_t file_bytes, size_t file_lines);
/* As credential_store_remember() and so on. */
void access_remember(struct access *a, struct command_memory *m, int command_ms);
void access_confine(struct access *a, enum err (*confine)(void *context), void *context);
void access_omit_files(struct access *a);
void access_alone(struct access *a);

struct access_login {
	const char *user;
	const struct account *account;	 /* NULL: no such account */
	const char *host, *addr, *laddr; /* host: NULL where it has no name */
	unsigned lport;
	const struct offered_key *key; /* just this key; NULL: any that the account has */
	/*
	 * Methods that this person can answer, taken on trust: METHOD_*. 0: what the account
	 * really has is looked up (keys, certificates, a password); with a key only publickey.
	 */
	unsigned assume;
	/*
	 * With a key: other methods that AuthenticationMethods may ask for besides, taken on trust unless the account surely
	 * cannot answer them (a password that it has not): METHOD_*. What PAM asks for at the keyboard can be anything.
	 */
	unsigned also;
};

/* Owns nothing but detail. */
struct access_decision {
	enum access_verdict verdict;
	enum access_reason reason;
	enum credential_obstacle obstacle; /* with REASON_KEY and REASON_UNREADABLE */
	unsigned methods;		   /* those that the account can get in with: METHOD_* */
	unsigned unknown;		   /* those of which that could not be found out */
	const struct sshd_line *by;	   /* the line that decided, NULL for a default; belongs to the config */
	const char *pattern;		   /* the word of it that hit, or NULL; belongs to the config */
	bool wants_touch, wants_verify; /* of the key, if a security key: what its signature must show (credential.h) */
	char *detail;			/* set where keys decided, else NULL; access_detail() always has a sentence */
};

/*
 * In sshd's order (docs/architecture), the first that refuses decides. ERR_MEMORY; otherwise
 * *out is filled. Allocates only when it meets rules or keys that it has not seen yet, and for detail.
 */
MUST_USE enum err access_decide(struct access *a, const struct access_login *l, struct access_decision *out);
void access_decision_clear(struct access_decision *d);
/* A sentence for people on why. */
MUST_USE enum err access_detail(struct access *a, const struct access_login *l, const struct access_decision *d,
				struct text *out);
/* The word of the vectors, or that of the obstacle. */
const char *access_reason_word(const struct access_decision *d);
const char *access_reason_text(enum access_reason reason);
const char *access_method_text(enum access_method method);

/* What is in force for this login; borrowed, until access_free(). */
MUST_USE enum err access_rules(struct access *a, const struct access_login *l, const struct sshd_effective **out);
/* The keys and CAs of this login's account under the rules in force for it; borrowed. */
MUST_USE enum err access_credentials(struct access *a, const struct access_login *l, const struct credentials **out);

/* One check, in sshd's order. */
struct access_step {
	const char *name; /* "DenyUsers"; static */
	enum access_step_outcome { STEP_PASSED, STEP_NOT_SET, STEP_DECIDED, STEP_NOT_REACHED } outcome;
	const struct sshd_line *by;
	const char *pattern;
	char *sentence;
};
/* All checks with what each found: *out is an array of *n, free with access_steps_free(). */
MUST_USE enum err access_explain(struct access *a, const struct access_login *l, struct access_step **out, size_t *n,
				 struct access_decision *decision);
void access_steps_free(struct access_step *steps, size_t n);

#endif
