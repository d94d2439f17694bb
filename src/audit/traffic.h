/* SPDX-License-Identifier: GPL-3.0-or-later */
/* traffic.h - the TCP sessions of this host's ports, by who has them: how many, and what went through them. */
#ifndef AUDIT_TRAFFIC_H
#define AUDIT_TRAFFIC_H

#include "base/err.h"
#include "base/macros.h"

#include <stddef.h>
#include <stdint.h>

struct traffic_peer {
	uint8_t family;		 /* 4, 6; IPv4-mapped as IPv4 */
	uint8_t bytes[16];	 /* the address; IPv4 in the first four, the rest zero */
	uint16_t port;		 /* ours */
	unsigned sessions;	 /* established */
	uint64_t received, sent; /* bytes, over all of them */
};

struct traffic {
	struct traffic_peer *v; /* by family, address and port */
	size_t n, size;
};

/*
 * The established sessions of the sockets of this network namespace, asked from the kernel (sock_diag); nobody needs to be root for
 * that. A port that is forwarded to a container or another host has its sockets there, and so none here. ERR_SYSTEM, ERR_MEMORY.
 */
MUST_USE enum err traffic_read(struct traffic *out);
void traffic_free(struct traffic *t); /* leaves { 0 } */
/* One session more, in no order; then traffic_sum() makes one row of each peer and port. */
MUST_USE enum err traffic_add(struct traffic *t, const struct traffic_peer *session);
void traffic_sum(struct traffic *t);
/* NULL: none. Borrowed. */
const struct traffic_peer *traffic_find(const struct traffic *t, uint8_t family, const uint8_t bytes[16],
					uint16_t port);

#endif
