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
	int family; /* AF_INET or AF_INET6 */
	uint8_t addr[16]; /* network order; IPv4: the first 4 */
	unsigned len;	  /* of the prefix */
};

/* A list that owns its networks. Start with { 0 }. */
struct networks {
	struct network *v;
	size_t n, size;
};
void networks_free(struct networks *l);
/* "10.0.0.0/8", "2001:db8::1": a host without its length. */
#define NETWORK_TEXT 64
void network_text(const struct network *n, char out[NETWORK_TEXT]);
bool network_contains(const struct network *n, int family, const uint8_t addr[16]);
/* "10.0.0.0/8", an address alone is a host. ERR_SYNTAX, also with host bits set. */
MUST_USE enum err network_parse(const char *text, struct network *out);

#endif
