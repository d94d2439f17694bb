/* SPDX-License-Identifier: GPL-3.0-or-later */
/* authorized.h - authorized_keys: keys and CAs with their options, line by line (sshd(8), AUTHORIZED_KEYS FILE FORMAT). */
#ifndef KEY_AUTHORIZED_H
#define KEY_AUTHORIZED_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"
#include "key/public.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The options in front of a key, or in front of a name in an AuthorizedPrincipalsFile. */
struct authorized_options {
	char *from;		   /* pattern list of addresses and host names; NULL: from anywhere */
	char *command;		   /* NULL: none */
	struct strings principals; /* only behind cert-authority; up to the first empty one, as sshd reads them */
	bool has_principals;
	bool cert_authority, restricted; /* "restrict" */
	bool verify_required, no_touch_required;
	bool port_forwarding, agent_forwarding, x11_forwarding, pty, user_rc; /* what is left of them */
	uint64_t expires; /* seconds since 1970, 0: never; local time unless it ends in Z (9.1), as sshd reads it */
	struct strings permit_open, permit_listen, environment;
	char *tunnel; /* NULL: none */
};

struct authorized_key {
	unsigned line; /* from 1 */
	struct authorized_options options;
	struct public_key key;
	uint8_t *blob;
	size_t blob_len;
	char *comment; /* "" if none */
};

/* A line that holds neither a key nor nothing: sshd goes on with the next one, its owner may think otherwise. */
struct authorized_fault {
	unsigned line;
	char *why; /* "there is no such option" */
};

struct authorized_keys {
	struct authorized_key *v;
	size_t n;
	struct authorized_fault *faults;
	size_t nfaults;
};

/*
 * As sshd of the release (902 is 9.2) reads it: blank lines and comments skipped, CRLF taken, lines of any length up to 'len'.
 * A line that no login can use (also a certificate, or principals= without cert-authority) is a fault, never an error; one that has expired
 * or whose from= fits nobody is none. Service names in permitopen= are looked up on this host. ERR_MEMORY. Free with
 * authorized_keys_clear().
 */
MUST_USE enum err authorized_keys_parse(const char *content, size_t len, unsigned release, struct authorized_keys *out);
void authorized_keys_clear(struct authorized_keys *k);
/* The words in front of a key ("from=\"10.*\",no-pty"), ended by a blank or the end. ERR_SYNTAX with *why (static or NULL), ERR_MEMORY. */
MUST_USE enum err authorized_options_parse(const char *s, size_t len, unsigned release, struct authorized_options *out,
					   const char **why);
void authorized_options_clear(struct authorized_options *o);

/* One line of an AuthorizedPrincipalsFile: "[options] name". With cert-authority or principals= sshd refuses who is named. */
struct authorized_principal {
	unsigned line;
	char *name;
	struct authorized_options options;
};
struct authorized_principals {
	struct authorized_principal *v;
	size_t n;
	struct authorized_fault *faults;
	size_t nfaults;
};
MUST_USE enum err authorized_principals_parse(const char *content, size_t len, unsigned release,
					      struct authorized_principals *out);
void authorized_principals_clear(struct authorized_principals *p);

#endif
