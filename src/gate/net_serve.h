/* SPDX-License-Identifier: GPL-3.0-or-later */
/* net_serve.h - the loop of net: packets in, knocks whose signature holds out to grant. */
#ifndef GATE_NET_SERVE_H
#define GATE_NET_SERVE_H

#include "gate/settings.h"

#define NET_FLIGHTS 256 /* knocks that are on their way through the other processes at once */
#define NET_WAIT_MS \
	12000 /* for one of them; longer than a question waits and is worked on in index, and again for grant */

/* All are borrowed. */
struct net_setup {
	int parent, keeper, index, grant, packets;
	const struct settings *settings;
};

/* Until the parent or a peer closes (0), or a peer sends what it may not (1). */
int net_serve(const struct net_setup *s);

#endif
