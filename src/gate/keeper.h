/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keeper.h - the secrets, and what is answered with them: the inside of the keeper, for its role and its tests. */
#ifndef GATE_KEEPER_H
#define GATE_KEEPER_H

#include "base/err.h"
#include "base/macros.h"
#include "gate/message.h"

#include <stdbool.h>

#define KEEPER_SECRETS 2

struct keeper; /* in memory that is locked and wiped */

MUST_USE enum err keeper_new(struct keeper **out); /* ERR_MEMORY */
void keeper_free(struct keeper *k);		   /* NULL is fine */
/* At most MESSAGE_HOSTS and KEEPER_SECRETS; ERR_TOO_BIG. */
MUST_USE enum err keeper_add_host(struct keeper *k, const uint8_t public[NATIVE_HOST_KEY], const uint8_t seed[32]);
MUST_USE enum err keeper_add_secret(struct keeper *k, const uint8_t secret[NATIVE_SECRET]);

/* The slots of this moment. With a secret, knocks without one have slots only where 'prefer'. */
void keeper_slots(const struct keeper *k, bool prefer, uint64_t now_seconds, struct message_slots *out);
/* Opens one. No: the seal does not hold, there are no such secrets, or it was not made within the window around now. */
void keeper_open(const struct keeper *k, bool prefer, uint64_t now_ms, const struct message_open *m,
		 struct message_opened *out);

#endif
