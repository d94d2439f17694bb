/* SPDX-License-Identifier: GPL-3.0-or-later */
/* grants.c - a table of what is open, by address and port. */
#include "gate/grants.h"

#include "gate/address.h"

#include <stdlib.h>

#include "base/banned.h"

struct grants {
	size_t n;
	struct grant_known {
		struct control_entry e;
		uint64_t until_ms; /* of the boot clock */
	} v[GRANTS_MAX];
};

enum err grants_new(struct grants **out)
{
	*out = calloc(1, sizeof **out);
	return *out ? ERR_NONE : ERR_MEMORY;
}

void grants_free(struct grants *g)
{
	free(g);
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
	struct grant_known *k = place_for(g, e, now_ms);

	if (!k || (is_of(k, &e->address, e->port) && k->until_ms > until))
		return;
	k->e = *e;
	k->until_ms = until;
}

void grants_forget(struct grants *g, const struct message_address *a, uint16_t port)
{
	for (size_t i = 0; i < g->n; i++)
		if (is_of(&g->v[i], a, port))
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
