/* SPDX-License-Identifier: GPL-3.0-or-later */
/* holding.c - of most accounts all keys are of use from anywhere or from nowhere; only from= has to be asked again. */
#include "sshd/holding.h"

#include "sshd/hash.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Usable, and whether there may be more. */
struct count {
	unsigned keys;
	bool unsure;
};

struct holding {
	const struct keys_rules *rules;
	const struct credentials *all;
	bool wants_command;    /* PermitRootLogin forced-commands-only, and this is root */
	bool depends;	       /* on where one comes from, */
	struct count anywhere; /* else this is what there is */
	char *name;
};

struct holdings {
	struct credential_store *store;
	struct hash known;
};

/* Whether the whole lot is out for one reason. */
static bool all_out(const struct credentials *c)
{
	return c->obstacle != OBSTACLE_NONE && c->obstacle != OBSTACLE_UNKNOWN;
}

static bool is_ca(const struct credential *c)
{
	return c->trusted_ca || c->key->options.cert_authority;
}

static void count_one(const struct holding *h, const struct credential *c, struct count *n)
{
	/* the certificates of a CA, which nobody can list, may bring a command */
	bool may_bring = !c->obstacle && h->wants_command && is_ca(c) && !c->key->options.command;

	if (c->obstacle == OBSTACLE_UNKNOWN || may_bring)
		n->unsure = true;
	else if (!c->obstacle)
		n->keys++;
}

static bool depends_on_place(const struct credential *c)
{
	return !c->obstacle && credential_depends(c);
}

/* From one place: of the same key in several lines only one counts, since sshd wants others of an AuthenticationMethods list. */
static struct count count_at(const struct holding *h, const char *host, const char *addr)
{
	struct count n = { .unsure = h->all->unsure || h->all->obstacle == OBSTACLE_UNKNOWN };

	for (size_t i = 0; i < h->all->n && !all_out(h->all); i++) {
		const struct credential *c = &h->all->v[i];

		if (!depends_on_place(c) || credential_admits(c, host, addr))
			if (!credential_repeats(c, host, addr))
				count_one(h, c, &n);
	}
	return n;
}

static void holding_sum(struct holding *h)
{
	for (size_t i = 0; i < h->all->n && !all_out(h->all); i++)
		h->depends |= depends_on_place(&h->all->v[i]);
	if (!h->depends)
		h->anywhere = count_at(h, NULL, NULL);
}

static struct holding *holding_new(const struct ruleset *rules, const struct account *a)
{
	struct holding *h = calloc(1, sizeof *h);

	if (!h)
		return NULL;
	h->rules = rules->keys;
	h->wants_command = !a->uid && rules->root == ROOT_COMMANDS;
	h->name = strdup(a->name);
	if (h->name)
		return h;
	free(h);
	return NULL;
}

static void holding_free(struct holding *h)
{
	if (!h)
		return;
	free(h->name);
	free(h);
}

static uint64_t holding_key(const struct ruleset *rules, uint64_t name)
{
	return name ^ (uintptr_t)rules->keys * HASH_SPREAD;
}

static enum err holding_make(struct holdings *all, const struct ruleset *rules, const struct account *a, uint64_t key,
			     struct holding **out)
{
	struct holding *h = holding_new(rules, a);
	enum err e = h ? credentials_find(all->store, rules->values, a, &h->all) : ERR_MEMORY;

	if (!e)
		e = hash_add(&all->known, key, h);
	if (e) {
		holding_free(h);
		return e;
	}
	holding_sum(h);
	*out = h;
	return ERR_NONE;
}

enum err holdings_find(struct holdings *all, const struct ruleset *rules, const struct account *a, uint64_t name,
		       const struct holding **out)
{
	const uint64_t key = holding_key(rules, name);
	struct holding *h;
	enum err e;

	for (size_t at = 0; (h = hash_next(&all->known, key, &at));)
		if (h->rules == rules->keys && !strcmp(h->name, a->name)) {
			*out = h;
			return ERR_NONE;
		}
	if ((e = holding_make(all, rules, a, key, &h)))
		return e;
	*out = h;
	return ERR_NONE;
}

/* What to blame when nothing is of use: the lot, else a key that only the place keeps out, else the first. */
static void blame(const struct holding *h, struct holding_use *out)
{
	const struct credentials *all = h->all;

	out->obstacle = all->obstacle;
	out->by = all->by;
	out->detail = all->detail;
	for (size_t i = 0; i < all->n && !all->obstacle; i++) {
		const struct credential *c = &all->v[i];
		if (depends_on_place(c)) {
			out->obstacle = OBSTACLE_FROM;
			out->by = NULL;
			out->detail = "from= keeps every key of the account out from there";
			return;
		}
		if (!out->obstacle) {
			out->obstacle = c->obstacle;
			out->by = c->by;
			out->detail = c->detail;
		}
	}
	if (!out->obstacle)
		out->obstacle = h->anywhere.unsure ? OBSTACLE_UNKNOWN : OBSTACLE_NO_KEYS;
}

void holding_ask(const struct holding *h, const char *host, const char *addr, struct holding_use *out)
{
	const struct count n = h->depends ? count_at(h, host, addr) : h->anywhere;

	*out = (struct holding_use){ .keys = n.keys, .unsure = n.unsure };
	if (!n.keys)
		blame(h, out);
}

const struct credentials *holding_credentials(const struct holding *h)
{
	return h->all;
}

struct credential_store *holdings_store(struct holdings *h)
{
	return h->store;
}

enum err holdings_new(const struct root *r, const struct sshd_config *c, time_t now, struct holdings **out)
{
	struct holdings *h = calloc(1, sizeof *h);
	enum err e = h ? credential_store_new(r, c, now, &h->store) : ERR_MEMORY;

	if (e) {
		free(h);
		return e;
	}
	*out = h;
	return ERR_NONE;
}

void holdings_free(struct holdings *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->known.size; i++)
		holding_free(h->known.v[i].value);
	hash_free(&h->known);
	credential_store_free(h->store);
	free(h);
}
