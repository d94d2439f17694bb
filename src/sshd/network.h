/* SPDX-License-Identifier: GPL-3.0-or-later */
/* network.h - sets of IPv4 and IPv6 addresses as ranges and as the fewest networks. */
#ifndef SSHD_NETWORK_H
#define SSHD_NETWORK_H

#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct network {
	int family;	  /* AF_INET or AF_INET6 */
	uint8_t addr[16]; /* network order; IPv4: the first 4 */
	unsigned len;	  /* of the prefix */
};

/* A list that owns its networks. Start with { 0 }. */
struct networks {
	struct network *v;
	size_t n, size;
};
void networks_free(struct networks *l); /* leaves { 0 } */
/* "10.0.0.0/8", "2001:db8::1": a host without its length. */
#define NETWORK_TEXT 64
void network_text(const struct network *n, char out[NETWORK_TEXT]);
bool network_contains(const struct network *n, int family, const uint8_t addr[16]);
bool networks_contain(const struct networks *l, int family, const uint8_t addr[16]);
/*
 * "10.0.0.0/8", an address alone is a host; addresses in all forms that sshd takes in its
 * rules ("10.1" is 10.0.0.1). ERR_SYNTAX: no address; ERR_RANGE: one whose length does not fit,
 * which has host bits set or holds only on one interface ("fe80::1%eth0").
 */
MUST_USE enum err network_parse(const char *text, struct network *out);

/* An address as a number, the last bit of it the lowest; IPv4 in the lowest 32. */
struct address {
	uint64_t hi, lo;
};

struct address address_of(int family, const uint8_t addr[16]);
void address_bytes(int family, struct address a, uint8_t out[16]);
/* As sshd writes the address of a client: inet_ntop(3). */
void address_text(int family, struct address a, char out[NETWORK_TEXT]);
int address_compare(struct address a, struct address b);
struct address address_last(int family); /* all ones */
struct address address_next(struct address a);
struct address address_before(struct address a);

struct range {
	struct address first, last;
};

/* Addresses of one family. Start with { .family = ... }. */
struct ranges {
	int family;
	struct range *v;
	size_t n, size;
};

/* In any order; one that goes on where the last one ended makes that longer. ERR_MEMORY. */
MUST_USE enum err ranges_add(struct ranges *l, struct address first, struct address last);
struct range network_range(const struct network *n);
/* Rising, with a gap between each and the next: the same addresses in the only such form. */
void ranges_tidy(struct ranges *l);
bool ranges_contain(const struct ranges *l, struct address a); /* l is tidy */
/* Appends the fewest networks that are the same addresses; l is tidy. ERR_MEMORY. */
MUST_USE enum err ranges_networks(const struct ranges *l, struct networks *out);
void ranges_free(struct ranges *l); /* empties it */

#endif
