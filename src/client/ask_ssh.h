/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ask_ssh.h - what ssh would do for a host: its own answer (ssh -G), so that nobody here reads ssh_config. */
#ifndef CLIENT_ASK_SSH_H
#define CLIENT_ASK_SSH_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"
#include "client/address.h"

#include <stdbool.h>
#include <stddef.h>

/* As on ssh's command line; NULL and 0: not given. */
struct ask_ssh_wish {
	const char *host; /* also "user@host" and "ssh://..." */
	const char *user, *key, *port, *config;
	const struct strings *more; /* further options, as words; NULL: none */
	unsigned family;	    /* 4, 6 */
};

/* Start with { 0 }; free with ask_ssh_clear(). */
struct ask_ssh {
	char *hostname, *user;
	char *alias;		   /* HostKeyAlias; NULL: none */
	char *agent;		   /* IdentityAgent: a path, "none", "SSH_AUTH_SOCK", "$NAME"; NULL: not set */
	char *jump;		   /* ProxyJump; NULL: none */
	char *proxy;		   /* ProxyCommand; NULL: none */
	struct address_claim bind; /* BindAddress, where it is written as a number */
	unsigned port;
	unsigned family; /* 4, 6; 0: any */
	bool shares;	 /* ControlPath is set */
	bool identities_only;
	struct strings identity_files, certificate_files; /* as in the configuration, to be expanded */
	struct strings known_hosts;			  /* the user's, then the system's; expanded by ssh */
};

/*
 * The answer of "ssh -G". Words that are not known are left out. ERR_SYNTAX: no host name, user or port, or a zero byte.
 * ERR_MEMORY. Nothing to clear on failure.
 */
MUST_USE enum err ask_ssh_parse(const char *text, size_t len, struct ask_ssh *out);
/* Asks. Also ERR_NOT_FOUND: there is no ssh; ERR_CHILD: it refused, and said why on stderr; as run_program(). */
MUST_USE enum err ask_ssh(const struct ask_ssh_wish *w, struct ask_ssh *out);
void ask_ssh_clear(struct ask_ssh *a); /* leaves { 0 } */

/* What stands for the % of a file name (ssh_config(5), TOKENS). Borrowed. */
struct ask_ssh_tokens {
	const char *home, *typed, *hostname, *port, *user, *alias, *local_user, *uid, *local_host, *local_short;
};

/*
 * "~/", "%h" and "${NAME}" of a file name, as ssh expands them: ssh -G leaves them in. *out is yours. ERR_UNSUPPORTED: a token that
 * is not known here; ERR_NOT_FOUND: no such variable or home; ERR_MEMORY.
 */
MUST_USE enum err ask_ssh_expand(const struct ask_ssh_tokens *t, const char *name, char **out);
/* All names of the answer in place, by what is known of this host and user; those that cannot be expanded are left out. */
MUST_USE enum err ask_ssh_expand_all(const char *typed, struct ask_ssh *a);

#endif
