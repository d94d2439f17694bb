/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rates.c - token buckets. */
#include "gate/rates.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define WAYS 8
#define SETS (RATES_KEYS / WAYS)
#define SECOND_NS UINT64_C(1000000000)
#define WINDOW_MS 1000
#define FULL_MS (RATES_BURST * RATES_EVERY_MS)

struct rates {
	unsigned char secret[crypto_shorthash_KEYBYTES];
	struct place {
		uint8_t key[NATIVE_KEY_ID];
		uint64_t empty_ms; /* when the bucket was, or would have been, empty; 0: the place is free */
	} place[SETS][WAYS];
};

enum err rates_new(struct rates **out)
{
	struct rates *r = calloc(1, sizeof *r);

	if (!r)
		return ERR_MEMORY;
	randombytes_buf(r->secret, sizeof r->secret);
	*out = r;
	return ERR_NONE;
}

void rates_free(struct rates *r)
{
	free(r);
}

static struct place *place_of(struct rates *r, const uint8_t key[NATIVE_KEY_ID])
{
	unsigned char hash[crypto_shorthash_BYTES];
	struct place *set, *oldest;
	uint64_t h;

	crypto_shorthash(hash, key, NATIVE_KEY_ID, r->secret);
	memcpy(&h, hash, sizeof h);
	oldest = set = r->place[h % SETS];
	for (struct place *p = set; p < set + WAYS; p++) {
		if (p->empty_ms && !memcmp(p->key, key, NATIVE_KEY_ID))
			return p;
		if (p->empty_ms < oldest->empty_ms)
			oldest = p;
	}
	memcpy(oldest->key, key, NATIVE_KEY_ID);
	oldest->empty_ms = 0;
	return oldest;
}

/* A bucket holds as many tokens as RATES_EVERY_MS have passed since it was empty, at most RATES_BURST. */
bool rates_take(struct rates *r, const uint8_t key[NATIVE_KEY_ID], uint64_t now_ms)
{
	struct place *p = place_of(r, key);
	const uint64_t now = now_ms + FULL_MS, full = now - FULL_MS; /* so that a full bucket is no time before zero */

	if (p->empty_ms < full)
		p->empty_ms = full ? full : 1;
	if (p->empty_ms > now)
		p->empty_ms = now; /* the clock was set back */
	if (now - p->empty_ms < RATES_EVERY_MS)
		return false;
	p->empty_ms += RATES_EVERY_MS;
	return true;
}

void budget_start(struct budget *b, unsigned percent, uint64_t now_ms)
{
	for (int c = 0; c < BUDGET_CLASSES; c++) {
		const uint64_t all = SECOND_NS / 100 * percent;
		const uint64_t ns = c == BUDGET_SLOW ? all / 4 : all;

		b->share[c] = (struct budget_share){
			.per_second_ns = ns, .left_ns = ns, .last_ms = now_ms, .window_ms = now_ms, .chance = UINT32_MAX
		};
	}
}

static void refill(struct budget_share *s, uint64_t now_ms)
{
	uint64_t passed = now_ms > s->last_ms ? now_ms - s->last_ms : 0;

	if (passed > WINDOW_MS)
		passed = WINDOW_MS;
	s->left_ns += s->per_second_ns / 1000 * passed;
	if (s->left_ns > s->per_second_ns)
		s->left_ns = s->per_second_ns;
	s->last_ms = now_ms;
	if (now_ms >= s->window_ms && now_ms - s->window_ms < WINDOW_MS)
		return;
	s->chance = s->offered > s->per_second_ns
			    ? (uint32_t)((double)s->per_second_ns / (double)s->offered * UINT32_MAX)
			    : UINT32_MAX;
	s->offered = 0;
	s->window_ms = now_ms;
}

bool budget_allows(struct budget *b, enum budget_class c, uint64_t cost_ns, uint32_t random, uint64_t now_ms)
{
	struct budget_share *s = &b->share[c];

	refill(s, now_ms);
	s->offered += cost_ns;
	return random <= s->chance && s->left_ns >= cost_ns;
}

void budget_charge(struct budget *b, enum budget_class c, uint64_t used_ns)
{
	struct budget_share *s = &b->share[c];

	s->left_ns = used_ns < s->left_ns ? s->left_ns - used_ns : 0;
}
