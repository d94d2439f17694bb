/* SPDX-License-Identifier: GPL-3.0-or-later */
/* firewall_detour.h - who was let in to a protected port comes to a listener of ours on loopback instead: docs/protocol.md, section 5.7. */
#ifndef GATE_FIREWALL_DETOUR_H
#define GATE_FIREWALL_DETOUR_H

#include "base/err.h"
#include "base/macros.h"

#include <stdint.h>

struct firewall_detour;

/*
 * A table of its own, "inet sallyport-rescue". It stands behind the one that shuts the ports, so that nobody comes here who would not
 * come to the port; not from this host itself either. A packet keeps its address and port: other firewalls of the host judge it as
 * before, the listener (IP_TRANSPARENT, on 127.0.0.1 or ::1 at port 'to') accepts a connection to the address and port that was
 * asked for, and a connection goes on when the table is gone. Where nobody listens there the port is as without it. The table ends
 * with this process; before Linux 5.12 with firewall_detour_close() only. ERR_SYSTEM; CAP_NET_ADMIN.
 */
MUST_USE enum err firewall_detour_open(const uint16_t *ports, unsigned nports, uint16_t to,
				       struct firewall_detour **out);
void firewall_detour_close(struct firewall_detour *d); /* NULL is fine */

#endif
