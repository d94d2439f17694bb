/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_wildcard.c - a pattern or network of a rule as addresses, held against the text of those at the edges. */
#include "sshd/pattern.h"
#include "sshd/wildcard.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define EDGES 50

/* Addresses that stand for IPv4 ones never come. */
static void check(const char *pattern, const struct wildcard *w, int family, struct address a)
{
	const struct ranges *all = family == AF_INET ? &w->v4 : &w->v6;
	const struct ranges *mixed = family == AF_INET ? &w->mixed4 : &w->mixed6;
	char text[NETWORK_TEXT];

	if (ranges_contain(mixed, a) || (family == AF_INET6 && !a.hi && a.lo >> 32 == 0xffff))
		return;
	address_text(family, a, text);
	if (ranges_contain(all, a) != pattern_match(text, pattern))
		abort();
}

static void check_edges(const char *pattern, const struct wildcard *w, int family)
{
	const struct ranges *all = family == AF_INET ? &w->v4 : &w->v6;

	for (size_t i = 0; i < all->n && i < EDGES; i++) {
		check(pattern, w, family, all->v[i].first);
		check(pattern, w, family, all->v[i].last);
		if (all->v[i].first.hi || all->v[i].first.lo)
			check(pattern, w, family, address_before(all->v[i].first));
		if (address_compare(all->v[i].last, address_last(family)))
			check(pattern, w, family, address_next(all->v[i].last));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *pattern = malloc(size + 1), text[NETWORK_TEXT];
	struct network n, again;
	struct wildcard w;

	if (!pattern)
		return 0;
	if (size)
		memcpy(pattern, data, size);
	pattern[size] = '\0';
	if (!network_parse(pattern, &n)) {
		network_text(&n, text);
		if (network_parse(text, &again) || memcmp(n.addr, again.addr, sizeof n.addr) || n.len != again.len)
			abort();
	}
	if (!wildcard_find(pattern, 200, &w)) {
		check_edges(pattern, &w, AF_INET);
		check_edges(pattern, &w, AF_INET6);
		wildcard_clear(&w);
	}
	free(pattern);
	return 0;
}
