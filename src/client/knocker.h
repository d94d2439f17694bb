/* SPDX-License-Identifier: GPL-3.0-or-later */
/* knocker.h - makes knocks, sends them, and sees whether the door opens (docs/protocol.md, section 6). */
#ifndef CLIENT_KNOCKER_H
#define CLIENT_KNOCKER_H

#include "base/err.h"
#include "base/macros.h"
#include "client/candidates.h"
#include "knock/native.h"

#include <stdbool.h>
#include <sys/socket.h>

/* Where a server is: as many as its name has, in the resolver's order. */
#define KNOCKER_PLACES 8
struct knocker_place {
	struct sockaddr_storage to; /* with the port of SSH */
	socklen_t len;
	char text[64]; /* the address */
};
/* family 4, 6, 0. ERR_NOT_FOUND: no such name, or none of that family. */
MUST_USE enum err knocker_resolve(const char *host, unsigned port, int family, struct knocker_place *places, size_t *n);

/* What the client asks for. */
struct knocker_wish {
	const char *user;
	const uint8_t *host;	    /* Ed25519 public key of the server */
	const uint8_t *site_secret; /* or NULL */
	uint32_t seconds;	    /* 0: the server's default */
	unsigned port;		    /* TCP port wanted; 0: the server's default */
	const char *from;	    /* address to be opened, NULL: as seen from here */
};

/*
 * The address that a knock should claim: ours towards that place, where it is one that the server sees too, else none (addr_type 0).
 * 'from' overrides it. ERR_SYNTAX: from is no address; ERR_NOT_FOUND: there is no way there.
 */
MUST_USE enum err knocker_claim(const struct knocker_place *p, const char *from, struct native_knock *out);
/* Whether everybody sees this address as we do: neither private nor shared nor of one link (RFC 6890). */
bool knocker_is_global(int family, const uint8_t *bytes);

/*
 * A knock with this key. The certificate is used where there is one and it fits; *plain_instead tells that it did not.
 * ERR_TOO_BIG: it does not fit at all; ERR_SYNTAX: user, address or port cannot be written; else as candidate_sign().
 */
MUST_USE enum err knocker_make(const struct knocker_wish *w, const struct native_knock *claim,
			       const struct candidate *c, int agent, uint64_t now_ms, uint8_t datagram[NATIVE_DATAGRAM],
			       bool *plain_instead);

/* ERR_SYSTEM. */
MUST_USE enum err knocker_send(const struct knocker_place *p, unsigned knock_port,
			       const uint8_t datagram[NATIVE_DATAGRAM]);
/* Tries to connect to the SSH port; ERR_NONE: it is open, and *banner_ms tells how long it took; ERR_TIMEOUT: silence; ERR_CLOSED: refused. */
MUST_USE enum err knocker_try(const struct knocker_place *p, int wait_ms);

#endif
