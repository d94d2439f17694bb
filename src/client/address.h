/* SPDX-License-Identifier: GPL-3.0-or-later */
/* address.h - from where a knock is sent, and which address it may ask to be opened. */
#ifndef CLIENT_ADDRESS_H
#define CLIENT_ADDRESS_H

#include "base/err.h"
#include "base/macros.h"

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define CLAIM_TEXT 46

/* As in the packet: type 0 is "whatever the packet comes from". */
struct address_claim {
	uint8_t type; /* 0, 4, 6 */
	uint8_t bytes[16];
};

/* Where to send to: the first address of each family to which there is a route, in the order that TCP would take. */
struct address_target {
	struct sockaddr_storage to;
	socklen_t to_len;
	struct address_claim local; /* the address that this host has towards it */
};
#define ADDRESS_TARGETS 2

/* Whether the whole internet can come to this address: not private, shared, link-local, documentation, translated or the like. */
bool address_is_global(const struct address_claim *c);
/* An address as the user writes it; IPv4 in IPv6 becomes IPv4. ERR_SYNTAX; ERR_RANGE: nobody can come from there. */
MUST_USE enum err address_claim_parse(const char *text, struct address_claim *out);
/* Of an address of either family. */
void address_set_port(struct sockaddr_storage *to, unsigned port);
/* "" for type 0. */
void address_claim_print(const struct address_claim *c, char out[CLAIM_TEXT]);
/*
 * Resolves the name and asks the kernel for routes; nothing is sent. family 0: both. ERR_NOT_FOUND: no such name, *why is
 * getaddrinfo()'s reason; ERR_CLOSED: no route to any of its addresses, errno says why; ERR_SYSTEM.
 */
MUST_USE enum err address_resolve(const char *host, unsigned port, unsigned family,
				  struct address_target out[ADDRESS_TARGETS], size_t *n, const char **why);

#endif
