/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rates.h - how often a key may knock, and how much processor time strangers may cost; the clock and chance are given. */
#ifndef GATE_RATES_H
#define GATE_RATES_H

#include "base/err.h"
#include "base/macros.h"
#include "knock/native.h"

#include <stdbool.h>
#include <stdint.h>

#define RATES_BURST 10	    /* knocks of a key at once */
#define RATES_EVERY_MS 6000 /* and one more in that time */
#define RATES_KEYS 4096	    /* keys that are remembered */

/* Per key. Only keys whose signature holds come here. */
struct rates;
MUST_USE enum err rates_new(struct rates **out); /* ERR_MEMORY */
void rates_free(struct rates *r);		 /* NULL is fine */
/* Whether the key may knock now; if so, that counts. Where all places are taken the key that has rested longest gives way. */
bool rates_take(struct rates *r, const uint8_t key[NATIVE_KEY_ID], uint64_t now_ms);

/* Who pays for the opening and verifying of a packet: each has a share of its own. */
enum budget_class {
	BUDGET_SECRET, /* under the slot of a site secret */
	BUDGET_KNOWN,  /* from an address that was granted before */
	BUDGET_REST,
	BUDGET_SLOW, /* keys that take long to verify, besides one of the above */
	BUDGET_CLASSES
};

/* Shares of processor time. Start with budget_start(). */
struct budget {
	struct budget_share {
		uint64_t per_second_ns, left_ns, last_ms;
		uint64_t offered, window_ms; /* nanoseconds that were asked for in this second */
		uint32_t chance; /* of being let in, of UINT32_MAX: what was asked for in the last one decides */
	} share[BUDGET_CLASSES];
};

/* percent: of one core, for each of the first three classes; a quarter of it for slow keys. */
void budget_start(struct budget *b, unsigned percent, uint64_t now_ms);
/*
 * Whether work that will take about cost_ns may be done; 'random' is a fresh random number. Where more is asked for than there is,
 * who gets in is left to chance, so that nobody can time packets such that others never do.
 */
bool budget_allows(struct budget *b, enum budget_class c, uint64_t cost_ns, uint32_t random, uint64_t now_ms);
/* What it really took. */
void budget_charge(struct budget *b, enum budget_class c, uint64_t used_ns);

#endif
