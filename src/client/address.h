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

/* Where to send to: an address to which there is a route. */
struct address_target {
	struct sockaddr_storage to;
	socklen_t to_len;
	struct sockaddr_storage from; /* the address that this host has towards it, port 0: knock and TCP leave by it */
	socklen_t from_len;	      /* 0: whatever the kernel takes */
	struct address_claim local;   /* the same address */
};
#define ADDRESS_TARGETS 8

/* Whether the whole internet can come to this address: not private, shared, link-local, documentation, translated or the like. */
bool address_is_global(const struct address_claim *c);
/* An address as the user writes it; IPv4 in IPv6 becomes IPv4. ERR_SYNTAX; ERR_RANGE: nobody can come from there. */
MUST_USE enum err address_claim_parse(const char *text, struct address_claim *out);
/* Of an address of either family. */
void address_set_port(struct sockaddr_storage *to, unsigned port);
/* Has the socket leave by the address of that target. One that is ours no more is left to the kernel. */
void address_bind(int fd, const struct address_target *t);
/* "" for type 0. */
void address_claim_print(const struct address_claim *c, char out[CLAIM_TEXT]);
/*
 * Resolves the name and asks the kernel for routes; nothing is sent. All its addresses, in the order that TCP would take. family 0: both.
 * 'ours': the address to leave by, where it is one of this host; type 0: the kernel's choice. ERR_NOT_FOUND: no such name, *why is
 * getaddrinfo()'s reason; ERR_CLOSED: no route to any of its addresses, errno says why; ERR_SYSTEM.
 */
MUST_USE enum err address_resolve(const char *host, unsigned port, unsigned family, const struct address_claim *ours,
				  struct address_target out[ADDRESS_TARGETS], size_t *n, const char **why);

#endif
