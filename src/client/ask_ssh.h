/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ask_ssh.h - what ssh itself would do for a host: asked with "ssh -G", so that ssh_config is read by ssh alone. */
#ifndef CLIENT_ASK_SSH_H
#define CLIENT_ASK_SSH_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

#include <stdbool.h>

/* Flags that are handed on to ssh; NULL and 0 where they were not given. */
struct ssh_flags {
	const char *host, *user, *port, *key, *config;
	int family; /* 4, 6, 0: either */
};

struct ssh_answer {
	char *host;  /* HostName */
	char *alias; /* HostKeyAlias, or NULL */
	char *user;
	unsigned port;
	int family;		     /* AddressFamily: 4, 6, 0 */
	struct strings keys;	     /* IdentityFile in ssh's order, "~" made into the home folder */
	struct strings certificates; /* CertificateFile */
	struct strings known_hosts;  /* UserKnownHostsFile, then GlobalKnownHostsFile */
	char *agent;		     /* path of the socket; NULL: there is none */
	bool only_these;	     /* IdentitiesOnly */
};

/* ERR_NOT_FOUND: no ssh; ERR_CHILD: ssh refuses (and said why); ERR_SYNTAX: an answer that is none. Free with ssh_answer_clear(). */
MUST_USE enum err ssh_ask(const struct ssh_flags *flags, struct ssh_answer *out);
/* The answer from its text; home and socket stand for $HOME and $SSH_AUTH_SOCK, may be NULL. */
MUST_USE enum err ssh_answer_parse(const char *text, size_t len, const char *home, const char *socket,
				   struct ssh_answer *out);
void ssh_answer_clear(struct ssh_answer *a);

#endif
