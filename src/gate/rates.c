/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rates.c - token buckets. */
#include "gate/rates.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define WAYS 8
#define SETS (RATES_KEYS / WAYS)
#define FULL_MS (RATES_BURST * RATES_EVERY_MS)
#define SECOND_NS INT64_C(1000000000)
#define SECOND_MS INT64_C(1000)
#define PAUSE_MS (3600 * SECOND_MS) /* longer ones change nothing any more */

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
	const uint64_t now = now_ms + FULL_MS + 1, full = now - FULL_MS; /* so that a full bucket is no time before 1 */

	if (p->empty_ms < full)
		p->empty_ms = full;
	if (p->empty_ms > now)
		p->empty_ms = now; /* the clock was set back */
	if (now - p->empty_ms < RATES_EVERY_MS)
		return false;
	p->empty_ms += RATES_EVERY_MS;
	return true;
}

void budget_start(struct budget *b, unsigned percent, uint64_t now_ms)
{
	b->each = SECOND_NS / 100 * (int64_t)percent / BUDGET_CLASSES;
	for (int c = 0; c < BUDGET_CLASSES; c++)
		b->share[c] = b->each;
	b->shared = 0;
	b->last_ms = now_ms;
}

/* What a full share has no room for goes to all, and may make up one share more for each class. */
static void refill(struct budget *b, uint64_t now_ms)
{
	const uint64_t passed = now_ms > b->last_ms ? now_ms - b->last_ms : 0;
	const int64_t more = b->each * (int64_t)(passed < PAUSE_MS ? passed : PAUSE_MS) / SECOND_MS;

	for (int c = 0; c < BUDGET_CLASSES; c++) {
		b->share[c] += more;
		if (b->share[c] > b->each) {
			b->shared += b->share[c] - b->each;
			b->share[c] = b->each;
		}
	}
	if (b->shared > b->each * BUDGET_CLASSES)
		b->shared = b->each * BUDGET_CLASSES;
	b->last_ms = now_ms;
}

bool budget_allows(struct budget *b, enum budget_class c, uint32_t random, uint64_t now_ms)
{
	int64_t left;

	refill(b, now_ms);
	left = b->share[c] + b->shared;
	/* Half full or more: everybody. Below that a flood finds its level, and who comes meanwhile has its odds. */
	return left > 0 && (left >= b->each / 2 || random < (double)left / (double)b->each * 2 * UINT32_MAX);
}

/* Own time first, then that of all; what is owed is a second's share at the most. */
void budget_charge(struct budget *b, enum budget_class c, uint64_t used_ns)
{
	const int64_t used = used_ns < SECOND_NS ? (int64_t)used_ns : SECOND_NS;
	const int64_t own = b->share[c] > 0 ? b->share[c] : 0, over = used > own ? used - own : 0;
	const int64_t from_shared = over < b->shared ? over : b->shared;

	b->shared -= from_shared;
	b->share[c] -= used - from_shared;
	if (b->share[c] < -b->each)
		b->share[c] = -b->each;
}
