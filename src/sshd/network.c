/* SPDX-License-Identifier: GPL-3.0-or-later */
/* network.c - arithmetic on addresses: ranges, and the networks that make them up. */
#include "sshd/network.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* OpenSSH's buffer for one network of a list. */
#define NETWORK_LONGEST 63

static unsigned family_bits(int family)
{
	return family == AF_INET ? 32 : 128;
}

/* --- addresses --- */

static uint64_t number_of(const uint8_t *bytes, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | bytes[i];
	return v;
}

struct address address_of(int family, const uint8_t addr[16])
{
	if (family == AF_INET)
		return (struct address){ 0, number_of(addr, 4) };
	return (struct address){ number_of(addr, 8), number_of(addr + 8, 8) };
}

void address_bytes(int family, struct address a, uint8_t out[16])
{
	memset(out, 0, 16);
	if (family == AF_INET) {
		for (unsigned i = 0; i < 4; i++)
			out[i] = (uint8_t)(a.lo >> (24 - 8 * i));
		return;
	}
	for (unsigned i = 0; i < 8; i++) {
		out[i] = (uint8_t)(a.hi >> (56 - 8 * i));
		out[8 + i] = (uint8_t)(a.lo >> (56 - 8 * i));
	}
}

void address_text(int family, struct address a, char out[NETWORK_TEXT])
{
	uint8_t bytes[16];

	address_bytes(family, a, bytes);
	if (!inet_ntop(family, bytes, out, NETWORK_TEXT))
		*out = '\0';
}

int address_compare(struct address a, struct address b)
{
	if (a.hi != b.hi)
		return a.hi < b.hi ? -1 : 1;
	return (a.lo > b.lo) - (a.lo < b.lo);
}

struct address address_last(int family)
{
	return family == AF_INET ? (struct address){ 0, UINT32_MAX } : (struct address){ UINT64_MAX, UINT64_MAX };
}

struct address address_next(struct address a)
{
	a.hi += a.lo == UINT64_MAX;
	a.lo++;
	return a;
}

struct address address_before(struct address a)
{
	a.hi -= !a.lo;
	a.lo--;
	return a;
}

/* The lowest n bits set. */
static struct address ones(unsigned n)
{
	if (n >= 128)
		return address_last(AF_INET6);
	if (n >= 64)
		return (struct address){ ((uint64_t)1 << (n - 64)) - 1, UINT64_MAX };
	return (struct address){ 0, ((uint64_t)1 << n) - 1 };
}

/* --- networks --- */

void networks_free(struct networks *l)
{
	free(l->v);
	*l = (struct networks){ 0 };
}

static enum err networks_add(struct networks *l, int family, struct address first, unsigned len)
{
	if (l->n == l->size) {
		size_t size = l->size ? l->size * 2 : 16;
		struct network *v = reallocarray(l->v, size, sizeof *v);

		if (!v)
			return ERR_MEMORY;
		l->v = v;
		l->size = size;
	}
	l->v[l->n].family = family;
	l->v[l->n].len = len;
	address_bytes(family, first, l->v[l->n].addr);
	l->n++;
	return ERR_NONE;
}

void network_text(const struct network *n, char out[NETWORK_TEXT])
{
	address_text(n->family, address_of(n->family, n->addr), out);
	if (n->len < family_bits(n->family)) {
		size_t used = strlen(out);
		snprintf(out + used, NETWORK_TEXT - used, "/%u", n->len);
	}
}

struct range network_range(const struct network *n)
{
	struct address first = address_of(n->family, n->addr), host = ones(family_bits(n->family) - n->len);

	return (struct range){ first, { first.hi | host.hi, first.lo | host.lo } };
}

static bool range_contains(struct range r, struct address a)
{
	return address_compare(r.first, a) <= 0 && address_compare(a, r.last) <= 0;
}

bool network_contains(const struct network *n, int family, const uint8_t addr[16])
{
	return n->family == family && range_contains(network_range(n), address_of(family, addr));
}

bool networks_contain(const struct networks *l, int family, const uint8_t addr[16])
{
	for (size_t i = 0; i < l->n; i++)
		if (network_contains(&l->v[i], family, addr))
			return true;
	return false;
}

/* getaddrinfo() and not inet_pton(), as sshd does. ERR_RANGE: with a scope. */
static enum err address_read(const char *s, struct network *out)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM }, *ai = NULL;
	enum err e = ERR_SYNTAX;

	/* most words of rules are names or wildcards: no need to ask the resolver */
	if (!strchr(s, '%') && s[strspn(s, "0123456789abcdefABCDEFxX.:")])
		return ERR_SYNTAX;
	if (getaddrinfo(s, NULL, &hints, &ai) || !ai)
		return ERR_SYNTAX;
	out->family = ai->ai_family;
	memset(out->addr, 0, sizeof out->addr);
	if (ai->ai_family == AF_INET) {
		memcpy(out->addr, &((const struct sockaddr_in *)(const void *)ai->ai_addr)->sin_addr, 4);
		e = ERR_NONE;
	} else if (ai->ai_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)ai->ai_addr;
		memcpy(out->addr, &in6->sin6_addr, 16);
		e = in6->sin6_scope_id ? ERR_RANGE : ERR_NONE;
	}
	freeaddrinfo(ai);
	return e;
}

enum err network_parse(const char *text, struct network *out)
{
	char copy[NETWORK_LONGEST + 1], *slash, *end;
	struct network n = { 0 };
	unsigned long len = 0;
	struct address a, host;
	enum err e;

	if (strlen(text) > NETWORK_LONGEST)
		return ERR_SYNTAX;
	memcpy(copy, text, strlen(text) + 1);
	if ((slash = strchr(copy, '/'))) {
		*slash++ = '\0';
		len = strtoul(slash, &end, 10);
		if (!*slash || *end || len > 128)
			return ERR_SYNTAX;
	}
	if ((e = address_read(copy, &n)))
		return e;
	if (!slash)
		len = family_bits(n.family);
	if (len > family_bits(n.family))
		return ERR_RANGE;
	n.len = (unsigned)len;
	a = address_of(n.family, n.addr);
	host = ones(family_bits(n.family) - n.len);
	if (a.hi & host.hi || a.lo & host.lo)
		return ERR_RANGE;
	*out = n;
	return ERR_NONE;
}

/* --- ranges --- */

enum err ranges_add(struct ranges *l, struct address first, struct address last)
{
	struct range *before = l->n ? &l->v[l->n - 1] : NULL;

	if (before && address_compare(before->last, address_last(l->family)) &&
	    !address_compare(address_next(before->last), first)) {
		before->last = last;
		return ERR_NONE;
	}
	if (!l->v || l->n == l->size) {
		size_t size = l->size ? l->size * 2 : 16;
		struct range *v = reallocarray(l->v, size, sizeof *v);

		if (!v)
			return ERR_MEMORY;
		l->v = v;
		l->size = size;
	}
	l->v[l->n++] = (struct range){ first, last };
	return ERR_NONE;
}

static int range_compare(const void *a, const void *b)
{
	return address_compare(((const struct range *)a)->first, ((const struct range *)b)->first);
}

void ranges_tidy(struct ranges *l)
{
	size_t kept = 0;

	if (!l->n)
		return;
	qsort(l->v, l->n, sizeof *l->v, range_compare);
	for (size_t i = 1; i < l->n; i++) {
		struct range *to = &l->v[kept];

		if (!address_compare(to->last, address_last(l->family)))
			break;
		if (address_compare(l->v[i].first, address_next(to->last)) > 0)
			l->v[++kept] = l->v[i];
		else if (address_compare(l->v[i].last, to->last) > 0)
			to->last = l->v[i].last;
	}
	l->n = kept + 1;
}

bool ranges_contain(const struct ranges *l, struct address a)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (address_compare(l->v[middle].last, a) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < l->n && range_contains(l->v[low], a);
}

static unsigned trailing_zeros(int family, struct address a)
{
	unsigned n = a.lo ? (unsigned)__builtin_ctzll(a.lo) : a.hi ? 64 + (unsigned)__builtin_ctzll(a.hi) : 128;

	return n < family_bits(family) ? n : family_bits(family);
}

/* The largest network that begins where the range does, again and again: no other way needs fewer. */
static enum err range_networks(int family, struct range r, struct networks *out)
{
	for (;;) {
		unsigned host = trailing_zeros(family, r.first);
		struct address end;
		enum err e;

		for (;; host--) {
			struct address mask = ones(host);
			end = (struct address){ r.first.hi | mask.hi, r.first.lo | mask.lo };
			if (address_compare(end, r.last) <= 0)
				break;
		}
		if ((e = networks_add(out, family, r.first, family_bits(family) - host)))
			return e;
		if (!address_compare(end, r.last))
			return ERR_NONE;
		r.first = address_next(end);
	}
}

enum err ranges_networks(const struct ranges *l, struct networks *out)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < l->n && !e; i++)
		e = range_networks(l->family, l->v[i], out);
	return e;
}

void ranges_free(struct ranges *l)
{
	free(l->v);
	l->v = NULL;
	l->n = l->size = 0;
}
