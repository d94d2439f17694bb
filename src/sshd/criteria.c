/* SPDX-License-Identifier: GPL-3.0-or-later */
/* criteria.c - Match blocks as compiled pattern lists, in the order of the configuration, so that a block follows its parent. */
#include "sshd/criteria.h"

#include "sshd/value.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define WORD_BITS 64u
#define NO_PARENT SIZE_MAX

struct criterion {
	enum sshd_criterion_kind kind;
	struct pattern_list list;
	unsigned port; /* 0: none, never hits */
	bool hit;
};

struct block {
	size_t parent; /* index, or NO_PARENT */
	bool never;
	struct criterion *v;
	size_t n;
};

/* Where a block of the configuration stands among them all, by address. */
struct place {
	const struct sshd_match *match;
	size_t index;
};

struct criteria {
	struct block *blocks;
	struct place *places;
	size_t n;
};

static int place_compare(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)((const struct place *)a)->match, y = (uintptr_t)((const struct place *)b)->match;

	return x < y ? -1 : x > y;
}

static size_t block_index(const struct criteria *c, const struct sshd_match *m)
{
	const struct place key = { .match = m }, *found;

	if (!m || !c->n)
		return NO_PARENT;
	found = bsearch(&key, c->places, c->n, sizeof *c->places, place_compare);
	return found ? found->index : NO_PARENT;
}

static enum err criterion_compile(const struct sshd_criterion *from, struct criterion *out)
{
	out->kind = from->kind;
	out->hit = from->hit;
	switch (from->kind) {
	case CRITERION_USER:
	case CRITERION_GROUP:
	case CRITERION_HOST:
	case CRITERION_ADDRESS:
	case CRITERION_LOCAL_ADDRESS:
	case CRITERION_RDOMAIN: return pattern_list_compile(from->pattern, &out->list);
	case CRITERION_LOCAL_PORT:
		if (!value_port(from->pattern, &out->port))
			out->port = 0;
		break;
	default: break;
	}
	return ERR_NONE;
}

static enum err block_compile(const struct criteria *c, const struct sshd_match *m, struct block *out)
{
	enum err e = ERR_NONE;

	out->parent = block_index(c, m->parent);
	out->never = m->never;
	out->v = calloc(m->ncriteria + 1, sizeof *out->v);
	if (!out->v)
		return ERR_MEMORY;
	for (; out->n < m->ncriteria && !e; out->n++)
		e = criterion_compile(&m->criteria[out->n], &out->v[out->n]);
	return e;
}

enum err criteria_new(const struct sshd_config *config, struct criteria **out)
{
	struct criteria *c = calloc(1, sizeof *c);
	enum err e = ERR_NONE;

	if (!c)
		return ERR_MEMORY;
	c->blocks = calloc(config->nmatches + 1, sizeof *c->blocks);
	c->places = calloc(config->nmatches + 1, sizeof *c->places);
	if (!c->blocks || !c->places) {
		criteria_free(c);
		return ERR_MEMORY;
	}
	c->n = config->nmatches;
	for (size_t i = 0; i < c->n; i++)
		c->places[i] = (struct place){ config->matches[i], i };
	qsort(c->places, c->n, sizeof *c->places, place_compare);
	for (size_t i = 0; i < c->n && !e; i++)
		e = block_compile(c, config->matches[i], &c->blocks[i]);
	if (e) {
		criteria_free(c);
		return e;
	}
	*out = c;
	return ERR_NONE;
}

void criteria_free(struct criteria *c)
{
	if (!c)
		return;
	for (size_t i = 0; c->blocks && i < c->n; i++) {
		for (size_t k = 0; k < c->blocks[i].n; k++)
			pattern_list_clear(&c->blocks[i].v[k].list);
		free(c->blocks[i].v);
	}
	free(c->blocks);
	free(c->places);
	free(c);
}

size_t criteria_words(const struct criteria *c)
{
	return (c->n + WORD_BITS - 1) / WORD_BITS;
}

/* A connection with its addresses read. */
struct asked {
	const struct sshd_connection *to;
	const struct pattern_from *from, *local;
};

/* Any group may hit, but one that hits a negated item ends it. */
static bool groups_hit(const struct strings *groups, const struct pattern_list *list)
{
	bool hit = false;

	for (size_t i = 0; groups && i < groups->n; i++) {
		int r = pattern_list_text(list, groups->v[i], false);
		if (r < 0)
			return false;
		hit |= r > 0;
	}
	return hit;
}

static bool criterion_hits(const struct criterion *c, const struct asked *a)
{
	const struct sshd_connection *to = a->to;

	switch (c->kind) {
	case CRITERION_ALL: return true;
	case CRITERION_USER: return to->user && pattern_list_text(&c->list, to->user, false) == 1;
	case CRITERION_GROUP: return to->user && groups_hit(to->groups, &c->list);
	case CRITERION_HOST: return to->host && pattern_list_text(&c->list, to->host, true) == 1;
	case CRITERION_ADDRESS: return to->addr && pattern_list_address(&c->list, a->from) == 1;
	case CRITERION_LOCAL_ADDRESS: return to->laddr && pattern_list_address(&c->list, a->local) == 1;
	case CRITERION_LOCAL_PORT: return c->port && c->port == to->lport;
	case CRITERION_RDOMAIN: return to->rdomain && pattern_list_text(&c->list, to->rdomain, false) == 1;
	case CRITERION_INVALID_USER: return to->invalid_user;
	case CRITERION_VERSION: return c->hit;
	}
	return false;
}

static bool bit_of(const uint64_t *on, size_t i)
{
	return on[i / WORD_BITS] >> i % WORD_BITS & 1;
}

static bool block_on(const struct block *b, const struct asked *a, const uint64_t *on)
{
	if (b->never || (b->parent != NO_PARENT && !bit_of(on, b->parent)))
		return false;
	for (size_t i = 0; i < b->n; i++)
		if (!criterion_hits(&b->v[i], a))
			return false;
	return true;
}

void criteria_evaluate(const struct criteria *c, const struct sshd_connection *connection,
		       const struct pattern_from *from, const struct pattern_from *local, uint64_t *on)
{
	const struct asked a = { .to = connection, .from = from, .local = local };

	memset(on, 0, criteria_words(c) * sizeof *on);
	for (size_t i = 0; i < c->n; i++)
		if (block_on(&c->blocks[i], &a, on))
			on[i / WORD_BITS] |= UINT64_C(1) << i % WORD_BITS;
}

bool criteria_on(const struct criteria *c, const struct sshd_match *m, const uint64_t *on)
{
	size_t i = block_index(c, m);

	return i != NO_PARENT && bit_of(on, i);
}
