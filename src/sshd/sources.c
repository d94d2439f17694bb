/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sources.c - cut the addresses where a rule could tell them apart, decide one of each piece, put the pieces together. */
#include "sshd/sources.h"

#include "key/certificate.h"
#include "sshd/place.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Ranges of one pattern that are taken exactly. */
#define PATTERN_PIECES 100000
/* --- cuts: where pieces begin --- */

struct cuts {
	int family;
	struct address *v;
	size_t n, size;
};

static enum err cut_add(struct cuts *c, struct address at)
{
	if (c->n == c->size) {
		size_t size = c->size ? c->size * 2 : 64;
		struct address *v = reallocarray(c->v, size, sizeof *v);

		if (!v)
			return ERR_MEMORY;
		c->v = v;
		c->size = size;
	}
	c->v[c->n++] = at;
	return ERR_NONE;
}

static enum err cuts_add_ranges(struct cuts *c, const struct ranges *l)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < l->n && !e; i++) {
		e = cut_add(c, l->v[i].first);
		if (!e && address_compare(l->v[i].last, address_last(c->family)))
			e = cut_add(c, address_next(l->v[i].last));
	}
	return e;
}

static int cut_compare(const void *a, const void *b)
{
	return address_compare(*(const struct address *)a, *(const struct address *)b);
}

static void cuts_tidy(struct cuts *c)
{
	size_t kept = 0;

	if (c->n)
		qsort(c->v, c->n, sizeof *c->v, cut_compare);
	for (size_t i = 0; i < c->n; i++)
		if (!kept || address_compare(c->v[kept - 1], c->v[i]))
			c->v[kept++] = c->v[i];
	c->n = kept;
}

/* The piece that begins with cut i. */
static struct range piece(const struct cuts *c, size_t i)
{
	return (struct range){ c->v[i], i + 1 < c->n ? address_before(c->v[i + 1]) : address_last(c->family) };
}

/* --- the search --- */

/* A pattern that no list of pieces can hold, as it is matched, and where that is so. */
struct blur {
	char *pattern;
	size_t place;
	struct ranges mixed[2];
	bool matters;
};

enum { V4, V6, FAMILIES };

enum verdict { ALLOWED, DENIED, UNKNOWN, MIXED, VERDICTS };

struct search {
	struct access *access;
	struct access_login who;
	char addr[NETWORK_TEXT];
	struct places places;
	struct cuts cuts[FAMILIES];
	struct blur *blurs;
	size_t nblurs;
	const struct credentials **seen; /* whose from= are among the places */
	size_t nseen;
	struct ranges sets[VERDICTS][FAMILIES];
};

static void search_clear(struct search *s)
{
	for (size_t f = 0; f < FAMILIES; f++) {
		free(s->cuts[f].v);
		for (size_t v = 0; v < VERDICTS; v++)
			ranges_free(&s->sets[v][f]);
		for (size_t i = 0; i < s->nblurs; i++)
			ranges_free(&s->blurs[i].mixed[f]);
	}
	for (size_t i = 0; i < s->nblurs; i++)
		free(s->blurs[i].pattern);
	free(s->blurs);
	free(s->seen);
	places_free(&s->places);
}

/* IPv4 in IPv6: such a client is an IPv4 one for sshd. */
static const struct range mapped = { { 0, 0xffff00000000 }, { 0, 0xffffffffffff } };

static bool is_mapped(int family, struct range r)
{
	return family == AF_INET6 && address_compare(mapped.first, r.first) <= 0 &&
	       address_compare(r.last, mapped.last) <= 0;
}

static enum err cuts_start(struct search *s)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct ranges never = { .family = AF_INET6 };
	enum err e = ERR_NONE;

	for (size_t f = 0; f < FAMILIES; f++) {
		s->cuts[f].family = families[f];
		for (size_t v = 0; v < VERDICTS; v++)
			s->sets[v][f].family = families[f];
		if (!e)
			e = cut_add(&s->cuts[f], (struct address){ 0, 0 });
	}
	if (!e)
		e = ranges_add(&never, mapped.first, mapped.last);
	if (!e)
		e = cuts_add_ranges(&s->cuts[V6], &never);
	ranges_free(&never);
	return e;
}

/* w's mixed ranges are the blur's now. */
static enum err blur_add(struct search *s, size_t place, struct wildcard *w)
{
	struct blur *v = reallocarray(s->blurs, s->nblurs + 1, sizeof *v), b = { .place = place };

	if (!v)
		return ERR_MEMORY;
	s->blurs = v;
	b.pattern = strdup(s->places.v[place].item);
	if (!b.pattern)
		return ERR_MEMORY;
	for (char *c = b.pattern; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	b.mixed[V4] = w->mixed4;
	b.mixed[V6] = w->mixed6;
	w->mixed4 = w->mixed6 = (struct ranges){ 0 };
	s->blurs[s->nblurs++] = b;
	return ERR_NONE;
}

/* A pattern that stands in an earlier rule too costs nothing more. */
static bool is_repeated(const struct search *s, size_t place)
{
	if (!s->places.v[place].by_name)
		return false;
	for (size_t i = 0; i < place; i++)
		if (s->places.v[i].by_name && !strcmp(s->places.v[i].item, s->places.v[place].item))
			return true;
	return false;
}

static enum err place_cut(struct search *s, size_t place)
{
	struct wildcard w;
	enum err e;

	if (is_repeated(s, place))
		return ERR_NONE;
	e = place_find(&s->places.v[place], PATTERN_PIECES, &w);
	if (e)
		return e;
	if ((e = cuts_add_ranges(&s->cuts[V4], &w.v4)) || (e = cuts_add_ranges(&s->cuts[V4], &w.mixed4)) ||
	    (e = cuts_add_ranges(&s->cuts[V6], &w.v6)) || (e = cuts_add_ranges(&s->cuts[V6], &w.mixed6)))
		goto out;
	if (w.mixed4.n || w.mixed6.n)
		e = blur_add(s, place, &w);
out:
	wildcard_clear(&w);
	return e;
}

static enum err too_big(const struct place *p, char **why)
{
	struct text t = { 0 };

	text_add(&t, "%s: this and the rules before it tell more than %d networks apart", p->rule, SOURCES_PIECES);
	if (text_check(&t)) {
		text_free(&t);
		return ERR_MEMORY;
	}
	*why = text_take(&t);
	return ERR_TOO_BIG;
}

/* Cuts by all places from 'first' on. */
static enum err places_cut(struct search *s, size_t first, char **why)
{
	enum err e = ERR_NONE;

	for (size_t i = first; i < s->places.n && !e; i++) {
		e = place_cut(s, i);
		for (size_t f = 0; f < FAMILIES && !e; f++) {
			if (s->cuts[f].n > SOURCES_PIECES)
				cuts_tidy(&s->cuts[f]);
			if (s->cuts[f].n > SOURCES_PIECES)
				e = too_big(&s->places.v[i], why);
		}
	}
	for (size_t f = 0; f < FAMILIES; f++)
		cuts_tidy(&s->cuts[f]);
	return e;
}

/* From here the login is decided next. */
static void stand_at(struct search *s, int family, struct address at)
{
	address_text(family, at, s->addr);
}

/* --- keys --- */

static enum err credentials_add(struct search *s, const struct credentials *c)
{
	const struct credentials **v;

	for (size_t i = s->nseen; i-- > 0;)
		if (s->seen[i] == c)
			return ERR_NONE;
	v = reallocarray(s->seen, s->nseen + 1, sizeof *v);
	if (!v)
		return ERR_MEMORY;
	s->seen = v;
	s->seen[s->nseen++] = c;
	return places_of_credentials(c, &s->places);
}

/* Which keys count can depend on where somebody comes from: a Match block may name other files. */
static enum err credentials_collect(struct search *s)
{
	enum err e = ERR_NONE;

	for (size_t f = 0; f < FAMILIES; f++)
		for (size_t i = 0; i < s->cuts[f].n && !e; i++) {
			const struct credentials *c = NULL;
			if (is_mapped(s->cuts[f].family, piece(&s->cuts[f], i)))
				continue;
			stand_at(s, s->cuts[f].family, s->cuts[f].v[i]);
			e = access_credentials(s->access, &s->who, &c);
			if (!e && c)
				e = credentials_add(s, c);
		}
	return e;
}

/* The addresses that the certificate in hand may be used from. */
static enum err certificate_collect(struct search *s)
{
	const struct offered_key *key = s->who.key;
	struct certificate c;
	enum err e;

	if (!key || !key->blob)
		return ERR_NONE;
	e = certificate_parse(key->blob, key->len, &c);
	if (e)
		return e == ERR_MEMORY ? e : ERR_NONE;
	if (c.source_address)
		e = places_of_list(c.source_address, "source-address of the certificate", &s->places);
	certificate_clear(&c);
	return e;
}

static enum err keys_cut(struct search *s, char **why)
{
	size_t before = s->places.n;
	enum err e;

	if (!s->who.account || (s->who.assume && !s->who.key))
		return ERR_NONE;
	if ((e = credentials_collect(s)) || (e = certificate_collect(s)))
		return e;
	return places_cut(s, before, why);
}

/* --- decisions --- */

static enum err decide_at(struct search *s, int family, struct address at, enum verdict *out)
{
	static const enum verdict verdicts[] = {
		[ACCESS_ALLOWED] = ALLOWED, [ACCESS_DENIED] = DENIED, [ACCESS_UNKNOWN] = UNKNOWN
	};
	struct access_decision d = { 0 };
	enum err e;

	stand_at(s, family, at);
	if ((e = access_decide(s->access, &s->who, &d)))
		return e;
	*out = verdicts[d.verdict];
	access_decision_clear(&d);
	return ERR_NONE;
}

/* The only pattern that is blurred there; *several where there are more. */
static struct blur *blur_at(struct search *s, size_t f, struct address at, bool *several)
{
	struct blur *found = NULL;

	*several = false;
	for (size_t i = 0; i < s->nblurs; i++) {
		if (!ranges_contain(&s->blurs[i].mixed[f], at))
			continue;
		if (found && strcmp(found->pattern, s->blurs[i].pattern))
			*several = true;
		found = &s->blurs[i];
	}
	return found;
}

static void blurs_matter(struct search *s, size_t f, struct address at)
{
	for (size_t i = 0; i < s->nblurs; i++)
		s->blurs[i].matters |= ranges_contain(&s->blurs[i].mixed[f], at);
}

/* The verdict where the pattern hits, or does not; MIXED where no such address was found. */
static enum err side_decide(struct search *s, int family, struct range r, const struct blur *b, bool hit,
			    enum verdict *out)
{
	struct address at;
	enum err e = wildcard_example(b->pattern, family, r, hit, &at);

	*out = MIXED;
	if (e)
		return e == ERR_MEMORY ? e : ERR_NONE;
	return decide_at(s, family, at, out);
}

/* Where a single pattern is all that changes within a piece, two addresses tell whether it matters. */
static enum err blurred_decide(struct search *s, size_t f, struct range r, const struct blur *b, enum verdict *out)
{
	enum verdict hit = MIXED, miss = MIXED;
	enum err e = side_decide(s, s->cuts[f].family, r, b, true, &hit);

	if (!e)
		e = side_decide(s, s->cuts[f].family, r, b, false, &miss);
	*out = hit == miss ? hit : MIXED;
	return e;
}

static enum err piece_decide(struct search *s, size_t f, struct range r, enum verdict *out)
{
	bool several;
	const struct blur *b = blur_at(s, f, r.first, &several);
	enum err e = ERR_NONE;

	if (!b)
		return decide_at(s, s->cuts[f].family, r.first, out);
	*out = MIXED;
	if (!several)
		e = blurred_decide(s, f, r, b, out);
	if (!e && *out == MIXED)
		blurs_matter(s, f, r.first);
	return e;
}

static enum err family_decide(struct search *s, size_t f)
{
	enum verdict v = DENIED;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < s->cuts[f].n && !e; i++) {
		struct range r = piece(&s->cuts[f], i);
		/* nobody comes from there, and going on as before never takes more networks */
		if (!is_mapped(s->cuts[f].family, r))
			e = piece_decide(s, f, r, &v);
		if (!e)
			e = ranges_add(&s->sets[v][f], r.first, r.last);
	}
	return e;
}

/* --- what else plays a part --- */

static bool names_count(struct search *s, enum err *e)
{
	const struct sshd_effective *rules = NULL;

	stand_at(s, AF_INET, (struct address){ 0, 0x7f000001 });
	*e = access_rules(s->access, &s->who, &rules);
	return !*e && !strcmp(sshd_value(rules, KW_USEDNS), "yes");
}

static enum err condition_add(struct strings *out, const char *rule, const char *what)
{
	struct text t = { 0 };
	enum err e;

	text_add(&t, "%s: %s", rule, what);
	e = text_check(&t);
	if (!e && !strings_has(out, text_string(&t)))
		e = strings_add(out, text_string(&t));
	text_free(&t);
	return e;
}

/* The network fe80::/10, where sshd takes the interface as a part of the address. */
static bool is_link_local(const struct place *p)
{
	static const struct range local = { { 0xfe80000000000000, 0 }, { 0xfebfffffffffffff, UINT64_MAX } };
	struct network n;
	struct range r;

	if (network_parse(p->item, &n) || n.family != AF_INET6)
		return false;
	r = network_range(&n);
	return address_compare(r.first, local.last) <= 0 && address_compare(local.first, r.last) <= 0;
}

static enum err place_conditions(const struct place *p, bool names, struct strings *out)
{
	enum err e = ERR_NONE;

	if (names && p->by_name)
		e = condition_add(out, p->rule, "a host name decides too");
	if (!e && (p->on_interface || is_link_local(p)))
		e = condition_add(
			out, p->rule,
			"a link-local address comes with its interface (fe80::1%eth0) and is in no network without it");
	return e;
}

static enum err conditions_find(struct search *s, struct strings *out)
{
	enum err e;
	bool names = names_count(s, &e);

	for (size_t i = 0; i < s->places.n && !e; i++)
		e = place_conditions(&s->places.v[i], names, out);
	for (size_t i = 0; i < s->nblurs && !e; i++)
		if (s->blurs[i].matters)
			e = condition_add(out, s->places.v[s->blurs[i].place].rule,
					  "the text of each single address decides; it holds too many pieces to list");
	return e;
}

/* --- the answer --- */

static enum err sources_collect(const struct search *s, enum verdict v, struct networks *out)
{
	enum err e = ranges_networks(&s->sets[v][V4], out);

	return e ? e : ranges_networks(&s->sets[v][V6], out);
}

static enum err sources_find(struct search *s, const struct sshd_config *c, struct access_sources *out, char **why)
{
	enum err e;

	if ((e = cuts_start(s)) || (e = places_of_config(c, s->who.user, &s->places)) || (e = places_cut(s, 0, why)) ||
	    (e = keys_cut(s, why)) || (e = family_decide(s, V4)) || (e = family_decide(s, V6)) ||
	    (e = conditions_find(s, &out->conditions)) || (e = sources_collect(s, ALLOWED, &out->allowed)) ||
	    (e = sources_collect(s, UNKNOWN, &out->unknown)))
		return e;
	return sources_collect(s, MIXED, &out->mixed);
}

enum err access_sources_find(struct access *a, const struct sshd_config *c, const struct access_login *l,
			     struct access_sources *out, char **why)
{
	struct search s = { .access = a, .who = *l };
	struct access_sources found = { 0 };
	enum err e;

	s.who.host = NULL;
	s.who.addr = s.addr;
	e = sources_find(&s, c, &found, why);
	search_clear(&s);
	if (e) {
		access_sources_clear(&found);
		return e;
	}
	*out = found;
	return ERR_NONE;
}

void access_sources_clear(struct access_sources *s)
{
	networks_free(&s->allowed);
	networks_free(&s->unknown);
	networks_free(&s->mixed);
	strings_free(&s->conditions);
}
