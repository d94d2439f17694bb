/* SPDX-License-Identifier: GPL-3.0-or-later */
/* address.h - addresses as they are in messages: which may be opened, and how they are written. */
#ifndef GATE_ADDRESS_H
#define GATE_ADDRESS_H

#include "base/err.h"
#include "base/macros.h"
#include "gate/message.h"

#include <stdbool.h>

#define ADDRESS_TEXT 46

/* IPv4 in IPv6 becomes IPv4. */
void address_unmap(struct message_address *a);
bool address_equal(const struct message_address *a, const struct message_address *b);
/*
 * Whether a client can come from there at all: not "this network", loopback, link-local, multicast, reserved or unspecified
 * (RFC 6890), and in the form that messages want.
 */
bool address_may_come(const struct message_address *a);
void address_print(const struct message_address *a, char out[ADDRESS_TEXT]);

#endif
