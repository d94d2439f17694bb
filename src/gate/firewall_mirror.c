/* SPDX-License-Identifier: GPL-3.0-or-later */
/* firewall_mirror.c - what is granted and until when: a balanced tree of libc. */
#include "gate/firewall_mirror.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define PRUNE_MS 60000

enum err mirror_key_make(const struct message_address *a, uint16_t port, unsigned ipv6_bits, struct mirror_key *out)
{
	struct mirror_key k;

	if ((a->family != 4 && a->family != 6) || !port)
		return ERR_RANGE;
	memset(&k, 0, sizeof k);
	k.family = a->family;
	k.port = port;
	memcpy(k.bytes, a->bytes, a->family == 4 ? 4 : 16);
	if (a->family == 6)
		for (unsigned i = ipv6_bits; i < 128; i++)
			k.bytes[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	*out = k;
	return ERR_NONE;
}

static int compare(const void *a, const void *b)
{
	const struct mirror_key *x = a, *y = b;
	int order = memcmp(x->bytes, y->bytes, sizeof x->bytes);

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	if (order)
		return order;
	return (x->port > y->port) - (x->port < y->port);
}

struct mirror_entry *mirror_find(const struct mirror *m, const struct mirror_key *k)
{
	void *const *node = tfind(k, &m->root, compare);

	return node ? *node : NULL;
}

enum err mirror_add(struct mirror *m, const struct mirror_key *k, uint64_t until_ms)
{
	struct mirror_entry *e = malloc(sizeof *e);

	if (!e)
		return ERR_MEMORY;
	*e = (struct mirror_entry){ *k, until_ms };
	/* The key is the entry's first field, so that the tree compares entries and keys alike. */
	if (!tsearch(e, &m->root, compare)) {
		free(e);
		return ERR_MEMORY;
	}
	m->n++;
	return ERR_NONE;
}

void mirror_remove(struct mirror *m, const struct mirror_key *k)
{
	struct mirror_entry *e = mirror_find(m, k);

	if (!e)
		return;
	tdelete(k, &m->root, compare);
	free(e);
	m->n--;
}

struct walk {
	void (*take)(void *arg, struct mirror_entry *e);
	void *arg;
};

static void visit(const void *node, VISIT which, void *closure)
{
	const struct walk *w = closure;

	if (which == postorder || which == leaf)
		w->take(w->arg, *(struct mirror_entry *const *)node);
}

void mirror_each(const struct mirror *m, void (*take)(void *arg, struct mirror_entry *e), void *arg)
{
	struct walk w = { take, arg };

	twalk_r(m->root, visit, &w);
}

struct ended {
	struct mirror_key *keys;
	size_t n;
	uint64_t now_ms;
};

static void ended_take(void *arg, struct mirror_entry *e)
{
	struct ended *over = arg;

	if (e->until_ms < over->now_ms)
		over->keys[over->n++] = e->key;
}

void mirror_prune(struct mirror *m, uint64_t now_ms)
{
	struct ended over = { .now_ms = now_ms };

	if (!m->n || now_ms < m->pruned_ms + PRUNE_MS)
		return;
	m->pruned_ms = now_ms;
	over.keys = calloc(m->n, sizeof *over.keys);
	/* Without memory they are forgotten the next time. */
	if (!over.keys)
		return;
	mirror_each(m, ended_take, &over);
	for (size_t i = 0; i < over.n; i++)
		mirror_remove(m, &over.keys[i]);
	free(over.keys);
}

void mirror_free(struct mirror *m)
{
	tdestroy(m->root, free);
	*m = (struct mirror){ 0 };
}
