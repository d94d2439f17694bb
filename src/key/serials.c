/* SPDX-License-Identifier: GPL-3.0-or-later */
/* serials.c - joins ranges and bitmaps of serials. */
#include "key/serials.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

void serials_free(struct serials *s)
{
	free(s->v);
	*s = (struct serials){ 0 };
}

/* How many runs of ones there are. */
static size_t page_runs(uint64_t bits)
{
	return (size_t)__builtin_popcountll(bits & ~(bits << 1));
}

static void page_take(struct serials *s, const struct revoked_page *p)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t serial = p->page * 64 + bit;

		if (!(p->bits >> bit & 1))
			continue;
		if (bit && p->bits >> (bit - 1) & 1)
			s->v[s->n - 1].last = serial;
		else
			s->v[s->n++] = (struct revoked_range){ serial, serial };
	}
}

static int order(const void *a, const void *b)
{
	const struct revoked_range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

static void join(struct serials *s)
{
	size_t n = 0;

	qsort(s->v, s->n, sizeof *s->v, order);
	for (size_t i = 1; i < s->n; i++) {
		if (s->v[n].last == UINT64_MAX || s->v[i].first <= s->v[n].last + 1) {
			if (s->v[i].last > s->v[n].last)
				s->v[n].last = s->v[i].last;
		} else {
			s->v[++n] = s->v[i];
		}
	}
	s->n = n + 1;
}

enum err serials_of(const struct revoked_certificates *c, struct serials *out)
{
	struct serials s = { 0 };
	size_t most = c->ranges.n;

	for (size_t i = 0; i < c->pages.n; i++)
		most += page_runs(c->pages.v[i].bits);
	if (most > SIZE_MAX / sizeof *s.v || !(s.v = malloc((most ? most : 1) * sizeof *s.v)))
		return ERR_MEMORY;
	if (c->ranges.n)
		memcpy(s.v, c->ranges.v, c->ranges.n * sizeof *s.v);
	s.n = c->ranges.n;
	for (size_t i = 0; i < c->pages.n; i++)
		page_take(&s, &c->pages.v[i]);
	if (s.n)
		join(&s);
	*out = s;
	return ERR_NONE;
}
