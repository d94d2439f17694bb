/* SPDX-License-Identifier: GPL-3.0-or-later */
/* grants.c - a table of what is open, by address and port. */
#include "gate/grants.h"

#include "gate/address.h"

#include <stdlib.h>

#include "base/banned.h"

struct grants {
	unsigned ipv6_bits;
	size_t n;
	struct grant_known {
		struct control_entry e;
		uint64_t until_ms; /* of the boot clock */
	} v[GRANTS_MAX];
};

enum err grants_new(unsigned ipv6_bits, struct grants **out)
{
	*out = calloc(1, sizeof **out);
	if (!*out)
		return ERR_MEMORY;
	(*out)->ipv6_bits = ipv6_bits;
	return ERR_NONE;
}

void grants_free(struct grants *g)
{
	free(g);
}

/* Two addresses of one prefix are one grant. */
static struct message_address what_counts(const struct grants *g, const struct message_address *a)
{
	struct message_address m = *a;

	for (unsigned bit = g->ipv6_bits; m.family == 6 && bit < 128; bit++)
		m.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	return m;
}

static bool is_of(const struct grant_known *k, const struct message_address *a, uint16_t port)
{
	return (!port || k->e.port == port) && address_equal(&k->e.address, a);
}

/* The same one, else one that has ended, else a new one; NULL: there is no room. */
static struct grant_known *place_for(struct grants *g, const struct control_entry *e, uint64_t now_ms)
{
	struct grant_known *ended = NULL;

	for (size_t i = 0; i < g->n; i++) {
		if (is_of(&g->v[i], &e->address, e->port))
			return &g->v[i];
		if (g->v[i].until_ms <= now_ms)
			ended = &g->v[i];
	}
	if (ended || g->n == GRANTS_MAX)
		return ended;
	return &g->v[g->n++];
}

void grants_set(struct grants *g, const struct control_entry *e, uint64_t now_ms)
{
	const uint64_t until = now_ms + (uint64_t)e->seconds_left * 1000;
	struct control_entry one = *e;
	struct grant_known *k;

	one.address = what_counts(g, &e->address);
	k = place_for(g, &one, now_ms);
	if (!k || (is_of(k, &one.address, one.port) && k->until_ms > until))
		return;
	k->e = one;
	k->until_ms = until;
}

void grants_forget(struct grants *g, const struct message_address *a, uint16_t port)
{
	const struct message_address m = what_counts(g, a);

	for (size_t i = 0; i < g->n; i++)
		if (is_of(&g->v[i], &m, port))
			g->v[i].until_ms = 0;
}

bool grants_next(const struct grants *g, size_t *at, uint64_t now_ms, struct control_entry *out)
{
	for (; *at < g->n; (*at)++) {
		const struct grant_known *k = &g->v[*at];

		if (k->until_ms <= now_ms)
			continue;
		*out = k->e;
		out->seconds_left = (uint32_t)((k->until_ms - now_ms + 999) / 1000);
		(*at)++;
		return true;
	}
	return false;
}
