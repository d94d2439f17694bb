/* SPDX-License-Identifier: GPL-3.0-or-later */
/* connections.h - TCP sessions that were there before tracking began are told to conntrack, so that they go on. */
#ifndef GATE_CONNECTIONS_H
#define GATE_CONNECTIONS_H

#include "base/err.h"
#include "base/macros.h"
#include "gate/message.h"

#include <stdint.h>

/*
 * Enters every session of this host to one of its ports that conntrack does not know yet. *entered counts them. Each one that cannot be
 * entered goes to 'failed', with its peer and our port; errno says why. ERR_SYSTEM: the sessions cannot be listed, or conntrack
 * cannot be spoken to.
 */
MUST_USE enum err connections_enter(const uint16_t *ports, unsigned nports, unsigned *entered,
				    void (*failed)(void *arg, const struct message_address *peer, uint16_t port),
				    void *arg);

#endif
