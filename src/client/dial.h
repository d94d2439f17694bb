/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dial.h - several tries at once to connect to a port that may open any moment. */
#ifndef CLIENT_DIAL_H
#define CLIENT_DIAL_H

#include "base/macros.h"
#include "client/address.h"

#include <poll.h>
#include <stddef.h>

#define DIAL_MAX 24

/* Start with { 0 }; end with dial_clear(). */
struct dial {
	struct pollfd tries[DIAL_MAX];
	size_t n;
};

/* Begins one try; nothing where there are DIAL_MAX already, or no way there. */
void dial_try(struct dial *d, const struct address_target *to, unsigned port);
/* Waits so long at most. The connection that came through, not blocking and yours, or -1; those that were refused are forgotten. */
int dial_wait(struct dial *d, unsigned ms);
void dial_clear(struct dial *d); /* leaves { 0 } */

#endif
