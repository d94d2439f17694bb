/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dial.h - several tries at once to connect to a port that may open any moment, at any address that a host has. */
#ifndef CLIENT_DIAL_H
#define CLIENT_DIAL_H

#include "base/macros.h"
#include "client/address.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIAL_MAX 64

/* Start with { 0 }; end with dial_clear(). */
struct dial {
	struct pollfd tries[DIAL_MAX];
	size_t n;
	/* the round that is begun */
	const struct address_target *target;
	size_t ntargets, next;
	unsigned port;
	uint64_t due; /* of clock_boot_ms(): when the next address has its turn */
};

/*
 * Begins one try at each address: at the first one now, at each other a moment after the one before, or as soon as none is under
 * way, so that the first that answers is also the one to be preferred. Nothing where the round before has not reached its end. The
 * targets stay the caller's, until dial_clear().
 */
void dial_begin(struct dial *d, const struct address_target *target, size_t n, unsigned port);
/* Whether nothing is under way, and no address has its turn still to come. */
bool dial_idle(const struct dial *d);
/*
 * Waits so long at most, and less where another address has its turn. The connection that came through, not blocking and yours, or -1; those
 * that were refused are forgotten.
 */
int dial_wait(struct dial *d, unsigned ms);
void dial_clear(struct dial *d); /* leaves { 0 } */

#endif
