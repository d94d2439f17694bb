/* SPDX-License-Identifier: GPL-3.0-or-later */
/* grants.c - a table of what is open, by address and port. */
#include "gate/grants.h"

#include "gate/address.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

struct grants {
	unsigned ipv6_bits;
	size_t n;
	struct grant_known {
		struct control_entry e;
		uint64_t until_ms; /* of the boot clock */
	} v[GRANTS_MAX];
	struct grant_latest {
		struct message_address address;
		struct control_latest l;
	} latest[GRANTS_LATEST];
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

static uint64_t latest_ms(const struct grant_latest *l)
{
	return l->l.knock_ms > l->l.hand_until_ms ? l->l.knock_ms : l->l.hand_until_ms;
}

/* In the place of the one that was heard of longest ago. */
static void latest_set(struct grants *g, const struct control_entry *e, uint64_t now_ms)
{
	struct grant_latest *place = &g->latest[0];

	for (size_t i = 0; i < GRANTS_LATEST; i++) {
		if (address_equal(&g->latest[i].address, &e->address)) {
			place = &g->latest[i];
			break;
		}
		if (latest_ms(&g->latest[i]) < latest_ms(place))
			place = &g->latest[i];
	}
	if (!address_equal(&place->address, &e->address))
		*place = (struct grant_latest){ .address = e->address };
	if (e->by_hand) {
		const uint64_t until = now_ms + (uint64_t)e->seconds_left * 1000;

		place->l.hand_until_ms = until > place->l.hand_until_ms ? until : place->l.hand_until_ms;
		return;
	}
	place->l.knock_ms = now_ms;
	memcpy(place->l.key, e->key, sizeof place->l.key);
	memcpy(place->l.user, e->user, sizeof place->l.user);
}

void grants_latest(const struct grants *g, const struct message_address *a, struct control_latest *out)
{
	const struct message_address m = what_counts(g, a);

	*out = (struct control_latest){ 0 };
	for (size_t i = 0; i < GRANTS_LATEST; i++)
		if (g->latest[i].address.family && address_equal(&g->latest[i].address, &m))
			*out = g->latest[i].l;
}

void grants_set(struct grants *g, const struct control_entry *e, uint64_t now_ms)
{
	const uint64_t until = now_ms + (uint64_t)e->seconds_left * 1000;
	struct control_entry one = *e;
	struct grant_known *k;

	one.address = what_counts(g, &e->address);
	if (e->known)
		latest_set(g, &one, now_ms);
	k = place_for(g, &one, now_ms);
	if (!k || (is_of(k, &one.address, one.port) && k->until_ms > until))
		return;
	k->e = one;
	k->until_ms = until;
}

void grants_forget(struct grants *g, const struct message_address *a, uint16_t port, uint64_t now_ms)
{
	const struct message_address m = what_counts(g, a);

	for (size_t i = 0; i < GRANTS_LATEST; i++)
		if (address_equal(&g->latest[i].address, &m) && g->latest[i].l.hand_until_ms > now_ms)
			g->latest[i].l.hand_until_ms = now_ms;
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
