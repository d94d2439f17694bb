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

/* Who pays for the opening and verifying of a packet: each has a share of its own, and may use what the others leave. */
enum budget_class {
	BUDGET_SECRET, /* under the slot of a site secret */
	BUDGET_KNOWN,  /* from an address that was granted before */
	BUDGET_REST,
	BUDGET_SLOW, /* keys that take long to verify, instead of one of the above */
	BUDGET_CLASSES
};

/* Shares of processor time, in nanoseconds. Start with budget_start(). */
struct budget {
	int64_t share[BUDGET_CLASSES]; /* what is left; below zero: to be paid first */
	int64_t shared;		       /* what was left over, for whoever comes */
	int64_t each;		       /* what a class gets in a second, and can save up */
	uint64_t last_ms;
};

/* percent: of one core, 1 to 100, for all classes together. */
void budget_start(struct budget *b, unsigned percent, uint64_t now_ms);
/*
 * Whether a packet may be worked on. 'random' is a fresh random number: the emptier the share, the more is left to chance, so that nobody
 * can time packets such that others never get in. 0 for a packet that has been let in already: it goes on unless all is spent.
 */
bool budget_allows(struct budget *b, enum budget_class c, uint32_t random, uint64_t now_ms);
/* What it takes or took; more than there is, too. */
void budget_charge(struct budget *b, enum budget_class c, uint64_t used_ns);

#endif
