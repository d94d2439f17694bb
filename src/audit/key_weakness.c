/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_weakness.c - each key once: primes in common, and the lists. */
#include "audit/key_weakness.h"

#include "key/batch_gcd.h"
#include "key/known_weak.h"
#include "key/weak.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

uint64_t key_weakness_of(const uint8_t *blob, size_t len)
{
	unsigned bits = 0;

	/* a key of another kind, or none, is nothing to weigh */
	if (weak_rsa(blob, len, &bits) && weak_point(blob, len, &bits))
		return 0;
	return bits;
}

static int compare_keys(const void *a, const void *b)
{
	const struct sighting *const *x = a, *const *y = b;
	int order = strcmp((*x)->key.fingerprint, (*y)->key.fingerprint);

	if (order)
		return order;
	return *x < *y ? -1 : *x > *y;
}

/* Those with a key, the same ones side by side. */
struct keys {
	struct sighting **v;
	size_t n;
};

static enum err keys_sort(struct sightings *l, struct keys *out)
{
	struct keys k = { calloc(l->n + 1, sizeof(*k.v)), 0 };

	if (!k.v)
		return ERR_MEMORY;
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].blob && l->v[i].key.fingerprint[0])
			k.v[k.n++] = &l->v[i];
	qsort(k.v, k.n, sizeof(*k.v), compare_keys);
	*out = k;
	return ERR_NONE;
}

static bool is_first(const struct keys *k, size_t i)
{
	return i == 0 || strcmp(k->v[i - 1]->key.fingerprint, k->v[i]->key.fingerprint) != 0;
}

/* To all sightings of the key whose first one is i. */
static enum err key_note(const struct keys *k, size_t i, uint64_t bit, const char *known)
{
	do {
		struct sighting *s = k->v[i];
		s->weak |= bit;
		if (!s->known && !(s->known = strdup(known)))
			return ERR_MEMORY;
	} while (++i < k->n && !is_first(k, i));
	return ERR_NONE;
}

/* ---- primes in common ---- */

static enum err hit_note(const struct keys *k, const size_t *which, const struct batch_hit *hit)
{
	struct text known = { 0 };
	enum err e;

	if (hit->with != BATCH_UNKNOWN) {
		const struct sighting *other = k->v[which[hit->with]];
		text_add(&known, "with that of %s", other->file);
		if (other->line)
			text_add(&known, ":%" PRIu64, other->line);
	}
	e = text_check(&known);
	if (!e)
		e = key_note(k, which[hit->index], SIGHT_SHARED_PRIME, text_string(&known));
	text_free(&known);
	return e;
}

static enum err primes_compare(const struct keys *k)
{
	struct batch_modulus *moduli = calloc(k->n + 1, sizeof *moduli);
	size_t *which = calloc(k->n + 1, sizeof *which), n = 0;
	struct batch_hits hits = { 0 };
	enum err e = moduli && which ? ERR_NONE : ERR_MEMORY;

	for (size_t i = 0; i < k->n && !e; i++)
		if (is_first(k, i) &&
		    !weak_rsa_modulus(k->v[i]->blob, k->v[i]->blob_len, &moduli[n].at, &moduli[n].len))
			which[n++] = i;
	if (!e && n > 1)
		e = batch_gcd(moduli, n, 0, 0, &hits);
	for (size_t i = 0; i < hits.n && !e; i++)
		e = hit_note(k, which, &hits.v[i]);
	batch_hits_clear(&hits);
	free(moduli);
	free(which);
	return e;
}

/* ---- lists ---- */

static enum err lists_load(struct known_weak *known, const struct strings *files, struct diags *problems,
			   const char **bad)
{
	struct root *live = NULL;
	enum err e = root_open("/", &live);

	for (size_t i = 0; i < files->n && !e; i++)
		if ((e = known_weak_load(known, live, files->v[i], problems)))
			*bad = files->v[i];
	root_close(live);
	return e;
}

static enum err list_ask(const struct keys *k, const struct known_weak *known, uint64_t bit)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < k->n && !e; i++) {
		struct known_weak_hit hit = { 0 };
		struct text text = { 0 };
		bool is_known = false;
		if (!is_first(k, i))
			continue;
		e = known_weak_look(known, k->v[i]->blob, k->v[i]->blob_len, &is_known, &hit);
		if (e && e != ERR_MEMORY)
			e = ERR_NONE; /* of a type that no list has */
		if (e || !is_known)
			continue;
		text_add(&text, "%s:%u%s%s", hit.file, hit.line, hit.note[0] ? ": " : "", hit.note);
		e = text_check(&text);
		if (!e)
			e = key_note(k, i, bit, text.s);
		text_free(&text);
	}
	return e;
}

static enum err lists_compare(const struct keys *k, const struct key_weakness_lists *lists, struct diags *problems,
			      const char **bad)
{
	struct known_weak *debian = NULL, *given = NULL;
	size_t found = 0;
	enum err e;

	if ((e = known_weak_new(&debian)) || (e = known_weak_new(&given)))
		goto out;
	e = known_weak_load_debian(debian, lists->root, problems, &found);
	if (!e && found)
		e = list_ask(k, debian, SIGHT_DEBIAN);
	if (!e && lists->files->n && !(e = lists_load(given, lists->files, problems, bad)))
		e = list_ask(k, given, SIGHT_LISTED);
out:
	known_weak_free(debian);
	known_weak_free(given);
	return e;
}

enum err key_weakness_find(struct sightings *l, const struct key_weakness_lists *lists, struct diags *problems,
			   const char **bad)
{
	struct keys k = { 0 };
	enum err e = keys_sort(l, &k);

	if (!e && !(e = primes_compare(&k)))
		e = lists_compare(&k, lists, problems, bad);
	free(k.v);
	return e;
}
