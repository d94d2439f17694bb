/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ruleset.c - rule sets found by which Match blocks are on; lists that stand in many of them are kept once. */
#include "sshd/ruleset.h"

#include "sshd/criteria.h"
#include "sshd/hash.h"
#include "sshd/key_policy.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

struct keys_rules {
	const struct sshd_line *by[KEY_POLICY_LINES];
};

struct rulesets {
	const struct sshd_config *config;
	struct criteria *criteria;
	size_t words;
	uint64_t *asked; /* the set of blocks of the last question */
	char *laddr;	 /* its local address, mostly that of the next one */
	struct pattern_from local;
	bool use_dns;
	struct hash sets, lists, keys;
};

static uint64_t set_key(const struct rulesets *r, const uint64_t *on)
{
	return hash_bytes(HASH_START, on, r->words * sizeof *on);
}

static uint64_t list_key(enum sshd_keyword_id id, const struct sshd_value *v)
{
	return hash_bytes(HASH_START + id, v->by, v->nby * sizeof(*v->by));
}

static enum err list_make(struct rulesets *r, enum sshd_keyword_id id, const struct sshd_value *v, struct words **out)
{
	bool users = id == KW_ALLOWUSERS || id == KW_DENYUSERS;
	struct words *w = NULL;
	enum err e = users ? words_users_new(v, &w) : words_groups_new(v, &w);

	if (!e && (e = hash_add(&r->lists, list_key(id, v), w)))
		words_free(w);
	if (!e)
		*out = w;
	return e;
}

static enum err list_find(struct rulesets *r, const struct ruleset *s, enum sshd_keyword_id id,
			  const struct words **out)
{
	const struct sshd_value *v = &s->values->v[id];
	struct words *w;
	enum err e;

	if (!v->nby)
		return ERR_NONE;
	for (size_t at = 0; (w = hash_next(&r->lists, list_key(id, v), &at));)
		if (words_made_of(w, v)) {
			*out = w;
			return ERR_NONE;
		}
	if ((e = list_make(r, id, v, &w)))
		return e;
	*out = w;
	return ERR_NONE;
}

static enum err keys_find(struct rulesets *r, const struct ruleset *s, const struct keys_rules **out)
{
	struct keys_rules now, *k;
	uint64_t key;
	enum err e;

	key_policy_identify(s->values, now.by);
	key = hash_bytes(HASH_START, now.by, sizeof now.by);
	for (size_t at = 0; (k = hash_next(&r->keys, key, &at));)
		if (!memcmp(k->by, now.by, sizeof now.by)) {
			*out = k;
			return ERR_NONE;
		}
	if (!(k = malloc(sizeof *k)))
		return ERR_MEMORY;
	*k = now;
	if ((e = hash_add(&r->keys, key, k))) {
		free(k);
		return e;
	}
	*out = k;
	return ERR_NONE;
}

static enum root_login root_login(const struct sshd_effective *values)
{
	const char *word = sshd_value(values, KW_PERMITROOTLOGIN);

	if (!strcmp(word, "yes"))
		return ROOT_YES;
	if (!strcmp(word, "no"))
		return ROOT_NO;
	return strcmp(word, "forced-commands-only") ? ROOT_NO_PASSWORD : ROOT_COMMANDS;
}

static bool is_on(const struct sshd_effective *values, enum sshd_keyword_id id)
{
	return !strcmp(sshd_value(values, id), "yes");
}

static void set_free(struct ruleset *s)
{
	if (!s)
		return;
	methods_clear(&s->methods);
	sshd_effective_free(s->values);
	free(s->on);
	free(s);
}

static enum err set_fill(struct rulesets *r, const uint64_t *on, struct ruleset *s)
{
	enum err e;

	s->on = calloc(r->words + 1, sizeof *on);
	if (!s->on)
		return ERR_MEMORY;
	if (r->words)
		memcpy(s->on, on, r->words * sizeof *on);
	if ((e = sshd_effective_on(r->config, r->criteria, on, &s->values)) ||
	    (e = list_find(r, s, KW_DENYUSERS, &s->deny_users)) ||
	    (e = list_find(r, s, KW_ALLOWUSERS, &s->allow_users)) ||
	    (e = list_find(r, s, KW_DENYGROUPS, &s->deny_groups)) ||
	    (e = list_find(r, s, KW_ALLOWGROUPS, &s->allow_groups)) || (e = methods_compile(s->values, &s->methods)) ||
	    (e = keys_find(r, s, &s->keys)))
		return e;
	s->root = root_login(s->values);
	s->use_pam = is_on(s->values, KW_USEPAM);
	s->empty_passwords = is_on(s->values, KW_PERMITEMPTYPASSWORDS);
	s->chroot = strcmp(sshd_value(s->values, KW_CHROOTDIRECTORY), "none") != 0;
	return ERR_NONE;
}

static enum err set_make(struct rulesets *r, const uint64_t *on, const struct ruleset **out)
{
	struct ruleset *s = calloc(1, sizeof *s);
	enum err e = s ? set_fill(r, on, s) : ERR_MEMORY;

	if (!e)
		e = hash_add(&r->sets, set_key(r, on), s);
	if (e)
		set_free(s);
	else
		*out = s;
	return e;
}

static enum err local_read(struct rulesets *r, const char *laddr)
{
	char *copy;

	if (!laddr) {
		pattern_from_set(&r->local, NULL, NULL);
	} else if (!r->local.addr || strcmp(r->local.addr, laddr)) {
		copy = strdup(laddr);
		if (!copy)
			return ERR_MEMORY;
		free(r->laddr);
		r->laddr = copy;
		pattern_from_set(&r->local, NULL, copy);
	}
	return ERR_NONE;
}

enum err rulesets_find(struct rulesets *r, const struct sshd_connection *connection, const struct pattern_from *from,
		       const struct ruleset **out)
{
	enum err e = local_read(r, connection->laddr);
	const struct ruleset *s;
	uint64_t key;

	if (e)
		return e;
	criteria_evaluate(r->criteria, connection, from, &r->local, r->asked);
	key = set_key(r, r->asked);
	for (size_t at = 0; (s = hash_next(&r->sets, key, &at));)
		if (!memcmp(s->on, r->asked, r->words * sizeof *r->asked)) {
			*out = s;
			return ERR_NONE;
		}
	return set_make(r, r->asked, out);
}

bool rulesets_use_dns(const struct rulesets *r)
{
	return r->use_dns;
}

/* UseDNS cannot stand in Match, so what it says does not depend on the name it gives. */
static enum err use_dns_find(struct rulesets *r)
{
	struct sshd_effective *global = NULL;
	enum err e = sshd_effective(r->config, NULL, &global);

	if (e)
		return e;
	r->use_dns = is_on(global, KW_USEDNS);
	sshd_effective_free(global);
	return ERR_NONE;
}

enum err rulesets_new(const struct sshd_config *c, struct rulesets **out)
{
	struct rulesets *r = calloc(1, sizeof *r);
	enum err e = r ? ERR_NONE : ERR_MEMORY;

	if (!e) {
		r->config = c;
		e = criteria_new(c, &r->criteria);
	}
	if (!e) {
		r->words = criteria_words(r->criteria);
		r->asked = calloc(r->words + 1, sizeof *r->asked);
		e = r->asked ? use_dns_find(r) : ERR_MEMORY;
	}
	if (e) {
		rulesets_free(r);
		return e;
	}
	*out = r;
	return ERR_NONE;
}

void rulesets_free(struct rulesets *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->sets.size; i++)
		set_free(r->sets.v[i].value);
	for (size_t i = 0; i < r->lists.size; i++)
		words_free(r->lists.v[i].value);
	for (size_t i = 0; i < r->keys.size; i++)
		free(r->keys.v[i].value);
	hash_free(&r->sets);
	hash_free(&r->lists);
	hash_free(&r->keys);
	criteria_free(r->criteria);
	free(r->asked);
	free(r->laddr);
	free(r);
}
