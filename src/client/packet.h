/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packet.h - one knock from beginning to end: written, signed, checked, sealed. */
#ifndef CLIENT_PACKET_H
#define CLIENT_PACKET_H

#include "base/err.h"
#include "base/macros.h"
#include "client/address.h"
#include "client/choose.h"
#include "knock/native.h"

#include <stdint.h>

struct packet_order {
	const uint8_t *host;	    /* NATIVE_HOST_KEY bytes */
	const uint8_t *site_secret; /* NATIVE_SECRET bytes, or NULL */
	const char *user;
	struct address_claim claim;
	uint16_t duration; /* 0: the server's default; so is it for a claim of type 0 */
	uint64_t ts;	   /* milliseconds since 1970 */
};

/*
 * ERR_TOO_BIG: this key or certificate does not fit; ERR_SYNTAX: an account name or a host key that no knock can be made for;
 * ERR_SIGNATURE: what was signed would not be accepted, by an agent that knows only SHA-1, say; as sign_message().
 */
MUST_USE enum err packet_make(const struct packet_order *o, const struct candidate *c, int agent,
			      uint8_t datagram[NATIVE_DATAGRAM]);

#endif
