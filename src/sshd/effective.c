/* SPDX-License-Identifier: GPL-3.0-or-later */
/* effective.c - which lines count for a connection, and what sshd makes of them together. */
#include "sshd/effective.h"

#include "sshd/value.h"
#include "sshd/version.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

/* --- the lines that count --- */

struct lines {
	const struct sshd_line **v;
	size_t n;
};

/*
 * sshd reads its configuration twice: at start, where all that stands outside of Match and
 * in blocks that are on for everybody counts, and for the connection, where the blocks
 * that are on do. What the second reading sets replaces what the first one did.
 */
enum reading { AT_START, FOR_CONNECTION, READINGS };

struct evaluation {
	const struct sshd_config *config;
	unsigned release;
	struct lines lines[READINGS][KW_COUNT];
	const struct sshd_line **pool;
};

static bool used(const struct sshd_keyword *k, unsigned release)
{
	return sshd_keyword_known(k, release) && k->kind != KIND_BLOCK && k->kind != KIND_OBSOLETE &&
	       !(k->gone && release >= k->gone);
}

/* Whether each line counts, as one bit for each reading; blocks are long, so the last answer mostly holds. */
struct cursor {
	const struct criteria *criteria; /* NULL: only the first reading */
	const uint64_t *blocks;
	const struct sshd_match *match;
	bool on;
};

static unsigned line_readings(struct cursor *at, const struct sshd_line *l, unsigned release)
{
	unsigned bits = 0;

	if (!used(l->keyword, release))
		return 0;
	if (!l->match)
		return 1u << AT_START;
	if (l->match->at_start && !l->match->never)
		bits |= 1u << AT_START;
	if (!at->criteria || !sshd_keyword_in_match(l->keyword, release))
		return bits;
	if (at->match != l->match) {
		at->match = l->match;
		at->on = criteria_on(at->criteria, l->match, at->blocks);
	}
	return at->on ? bits | 1u << FOR_CONNECTION : bits;
}

static enum err lines_collect(struct evaluation *ev, const struct criteria *criteria, const uint64_t *on)
{
	const struct sshd_config *c = ev->config;
	struct cursor at = { .criteria = criteria, .blocks = on };
	unsigned char *bits = malloc(c->nlines + 1);
	const struct sshd_line **next;
	size_t total = 0;

	if (!bits)
		return ERR_MEMORY;
	for (size_t i = 0; i < c->nlines; i++) {
		bits[i] = (unsigned char)line_readings(&at, &c->lines[i], ev->release);
		for (unsigned r = 0; r < READINGS; r++)
			if (bits[i] & 1u << r) {
				ev->lines[r][c->lines[i].keyword->id].n++;
				total++;
			}
	}
	next = ev->pool = calloc(total + 1, sizeof(*ev->pool));
	if (!ev->pool) {
		free(bits);
		return ERR_MEMORY;
	}
	for (unsigned r = 0; r < READINGS; r++)
		for (size_t k = 0; k < KW_COUNT; k++) {
			ev->lines[r][k].v = next;
			next += ev->lines[r][k].n;
			ev->lines[r][k].n = 0;
		}
	for (size_t i = 0; i < c->nlines; i++)
		for (unsigned r = 0; r < READINGS; r++)
			if (bits[i] & 1u << r) {
				struct lines *l = &ev->lines[r][c->lines[i].keyword->id];
				l->v[l->n++] = &c->lines[i];
			}
	free(bits);
	return ERR_NONE;
}

static const struct lines *lines_of(const struct evaluation *ev, enum sshd_keyword_id id)
{
	return &ev->lines[ev->lines[FOR_CONNECTION][id].n ? FOR_CONNECTION : AT_START][id];
}

/* --- what they say together --- */

static enum err by_add(struct sshd_value *v, const struct sshd_line *l)
{
	const struct sshd_line **by;

	if (v->nby && v->by[v->nby - 1] == l)
		return ERR_NONE;
	if (!(v->nby & (v->nby - 1))) {
		by = reallocarray(v->by, v->nby ? v->nby * 2 : 1, sizeof(*by));
		if (!by)
			return ERR_MEMORY;
		v->by = by;
	}
	v->by[v->nby++] = l;
	return ERR_NONE;
}

static enum err value_take(const struct evaluation *ev, const struct sshd_line *l, struct sshd_value *out)
{
	enum err e = value_print(l, ev->release, &out->values);

	return e ? e : by_add(out, l);
}

static enum err combine_first(const struct evaluation *ev, enum sshd_keyword_id id, struct sshd_value *out)
{
	const struct lines *l = lines_of(ev, id);

	return l->n ? value_take(ev, l->v[0], out) : ERR_NONE;
}

static enum err combine_last(const struct evaluation *ev, enum sshd_keyword_id id, struct sshd_value *out)
{
	const struct lines *l = lines_of(ev, id);

	return l->n ? value_take(ev, l->v[l->n - 1], out) : ERR_NONE;
}

static enum err combine_all(const struct evaluation *ev, enum sshd_keyword_id id, struct sshd_value *out)
{
	const struct lines *l = lines_of(ev, id);
	enum err e = ERR_NONE;

	for (size_t i = 0; i < l->n && !e; i++)
		e = value_take(ev, l->v[i], out);
	return e;
}

/* Up to 8.6 two settings, of which ChallengeResponseAuthentication yes (its default) switched the other on. */
static enum err combine_keyboard(const struct evaluation *ev, enum sshd_keyword_id id, struct sshd_value *out)
{
	const struct sshd_line *challenge = NULL, *own = NULL, *by;
	const struct lines *l = lines_of(ev, id);
	struct strings yes = { 0 };
	enum err e;

	if (ev->release >= SSHD_RELEASE(8, 7))
		return combine_first(ev, id, out);
	for (size_t i = 0; i < l->n; i++) {
		bool is_own = !strcasecmp(l->v[i]->spelling, l->v[i]->keyword->name);
		if (is_own && !own)
			own = l->v[i];
		if (!is_own && !challenge)
			challenge = l->v[i];
	}
	if (!challenge)
		return ERR_NONE;
	/* the other is off by default */
	by = challenge;
	if ((e = value_print(challenge, ev->release, &yes)))
		return e;
	if (!strings_has(&yes, "yes") && own)
		by = own;
	strings_free(&yes);
	return value_take(ev, by, out);
}

/* Until 9.3 the command was kept only while no AuthorizedKeysCommand was set, and then the last one. */
#define PRINCIPALS_FIRST SSHD_RELEASE(9, 4)

static enum err combine_principals(const struct evaluation *ev, enum sshd_keyword_id id, struct sshd_value *out)
{
	const struct lines *l = lines_of(ev, id), *keys;
	const struct sshd_line *last = NULL, *stop;

	if (ev->release >= PRINCIPALS_FIRST)
		return combine_first(ev, id, out);
	for (int r = FOR_CONNECTION; r >= AT_START && !last; r--) {
		l = &ev->lines[r][id];
		keys = &ev->lines[r][KW_AUTHORIZEDKEYSCOMMAND];
		stop = keys->n ? keys->v[0] : NULL;
		for (size_t i = 0; i < l->n && (!stop || l->v[i] < stop); i++)
			last = l->v[i];
	}
	return last ? value_take(ev, last, out) : ERR_NONE;
}

/* A size and a time, of which each keeps its first value. */
static enum err combine_rekey(const struct evaluation *ev, enum sshd_keyword_id id, struct sshd_value *out)
{
	long long size = -1, seconds = -1;
	enum err e = ERR_NONE;

	for (int r = FOR_CONNECTION; r >= AT_START; r--) {
		const struct lines *l = &ev->lines[r][id];
		for (size_t i = 0; i < l->n && !e; i++) {
			const struct strings *a = &l->v[i]->args;
			bool counts = size < 0;
			if (size < 0 && (!strcmp(a->v[0], "default") || !value_scaled(a->v[0], &size)))
				size = 0;
			if (seconds < 0 && a->n > 1 && value_time(a->v[1], &seconds))
				counts = true;
			if (counts)
				e = by_add(out, l->v[i]);
		}
	}
	if (e || size < 0)
		return e;
	return strings_add_format(&out->values, "%lld %lld", size, seconds < 0 ? 0 : seconds);
}

/* Before 10.1 each line overwrote what it named, so that a rate outlived a later line without one. */
static enum err combine_startups(const struct evaluation *ev, enum sshd_keyword_id id, struct sshd_value *out)
{
	const struct lines *l = lines_of(ev, id);
	struct value_startups now = { 10, -1, 100 }, s;
	bool first = sshd_keyword_first_wins(sshd_keyword(id), ev->release);
	enum err e;

	if (!l->n)
		return ERR_NONE;
	for (size_t i = 0; i < (first ? 1 : l->n); i++) {
		if (!value_startups(l->v[i]->args.v[0], &s))
			continue;
		now.begin = s.begin;
		now.full = s.full;
		if (s.rate >= 0)
			now.rate = s.rate;
	}
	if ((e = by_add(out, l->v[first ? 0 : l->n - 1])))
		return e;
	return strings_add_format(&out->values, "%d:%d:%d", now.begin, now.rate < 0 ? 30 : now.rate, now.full);
}

/* Before 10.1 the last line counted, and IPv6 was not set by a line without it (in practice 0: all of IPv6 is one source). */
static enum err combine_blocks(const struct evaluation *ev, enum sshd_keyword_id id, struct sshd_value *out)
{
	const struct lines *l = lines_of(ev, id);
	bool first = sshd_keyword_first_wins(sshd_keyword(id), ev->release);
	const struct sshd_line *by;
	struct value_blocks b;
	enum err e;

	if (!l->n)
		return ERR_NONE;
	by = l->v[first ? 0 : l->n - 1];
	if (!value_blocks(by->args.v[0], &b))
		return ERR_NONE;
	if (b.v6 < 0)
		b.v6 = first ? 128 : 0;
	if ((e = by_add(out, by)))
		return e;
	return strings_add_format(&out->values, "%d:%d", b.v4, b.v6);
}

/* The defaults in the order of value.c's table. */
static const double penalty_defaults[VALUE_PENALTIES] = { 90, 5, 1, 5, 10, 10, 600, 15, 65536, 65536, 0, 0 };

/* Each item keeps its first value. */
static enum err penalty_line(const struct evaluation *ev, const struct sshd_line *l, double values[], bool set[],
			     int *enabled)
{
	for (size_t i = 0; i < l->args.n; i++) {
		const char *word = l->args.v[i];
		double value = 0;
		int at;
		if (!strcasecmp(word, "no") || !strcasecmp(word, "yes")) {
			if (*enabled < 0)
				*enabled = !strcasecmp(word, "yes");
			continue;
		}
		at = value_penalty(word, ev->release, &value);
		if (at < 0 || set[at])
			continue;
		values[at] = value;
		set[at] = true;
		*enabled = 1;
	}
	return ERR_NONE;
}

static enum err combine_penalties(const struct evaluation *ev, enum sshd_keyword_id id, struct sshd_value *out)
{
	const struct lines *l = lines_of(ev, id);
	double values[VALUE_PENALTIES];
	bool set[VALUE_PENALTIES] = { false };
	struct text t = { 0 };
	int enabled = -1;
	enum err e = ERR_NONE;

	if (!l->n)
		return ERR_NONE;
	memcpy(values, penalty_defaults, sizeof values);
	for (size_t i = 0; i < l->n && !e; i++) {
		e = penalty_line(ev, l->v[i], values, set, &enabled);
		e = e ? e : by_add(out, l->v[i]);
	}
	/* overflow6 follows overflow unless it is set */
	if (!set[VALUE_PENALTIES - 1])
		values[VALUE_PENALTIES - 1] = values[VALUE_PENALTIES - 2];
	if (enabled)
		value_penalties_print(values, ev->release, &t);
	else
		text_add_string(&t, "no");
	e = e ? e : text_check(&t);
	e = e ? e : strings_add(&out->values, text_string(&t));
	text_free(&t);
	return e;
}

/* "none" overwrites what was there; a time only fills what is unset. */
static enum err combine_unused_timeout(const struct evaluation *ev, enum sshd_keyword_id id, struct sshd_value *out)
{
	const struct lines *l = lines_of(ev, id);
	const struct sshd_line *by = NULL;

	for (size_t i = 0; i < l->n; i++)
		if (!by || !strcasecmp(l->v[i]->args.v[0], "none"))
			by = l->v[i];
	return by ? value_take(ev, by, out) : ERR_NONE;
}

/* sshd has room for 256; more are not worth comparing with each other. */
#define MAX_SUBSYSTEMS 1024u

static const struct sshd_line *subsystem_find(const struct lines *l, const char *name)
{
	for (size_t i = 0; i < l->n && i < MAX_SUBSYSTEMS; i++)
		if (!strcmp(l->v[i]->args.v[0], name))
			return l->v[i];
	return NULL;
}

/* The first of each name; one inside Match takes the place of the global one of its name. */
static enum err combine_subsystems(const struct evaluation *ev, enum sshd_keyword_id id, struct sshd_value *out)
{
	const struct lines *start = &ev->lines[AT_START][id], *own = &ev->lines[FOR_CONNECTION][id];
	enum err e = ERR_NONE;

	for (size_t i = 0; i < start->n && i < MAX_SUBSYSTEMS && !e; i++) {
		const char *name = start->v[i]->args.v[0];
		const struct sshd_line *other = subsystem_find(own, name);
		if (subsystem_find(start, name) == start->v[i])
			e = value_take(ev, other ? other : start->v[i], out);
	}
	for (size_t i = 0; i < own->n && i < MAX_SUBSYSTEMS && !e; i++) {
		const char *name = own->v[i]->args.v[0];
		if (!subsystem_find(start, name) && subsystem_find(own, name) == own->v[i])
			e = value_take(ev, own->v[i], out);
	}
	return e;
}

static enum err combine_host_keys(const struct evaluation *ev, enum sshd_keyword_id id, struct sshd_value *out)
{
	static const char *const types[] = { "rsa", "ecdsa", "ed25519" };
	enum err e = combine_all(ev, id, out);

	if (out->nby)
		return e;
	for (size_t i = 0; i < ARRAY_SIZE(types) && !e; i++)
		e = strings_add_format(&out->values, "/etc/ssh/ssh_host_%s_key", types[i]);
	return e;
}

/* --- ListenAddress: every address with every port that it does not name itself --- */

/* sshd takes 256 ports; how many addresses a nonsensical file makes of them is bounded here. */
#define MAX_ADDRESSES 65536u

static int family_wanted(const struct evaluation *ev)
{
	const struct lines *l = &ev->lines[AT_START][KW_ADDRESSFAMILY];
	const char *word = l->n ? l->v[0]->args.v[0] : "any";

	if (!strcasecmp(word, "inet"))
		return AF_INET;
	return strcasecmp(word, "inet6") ? AF_UNSPEC : AF_INET6;
}

static enum err address_add(const char *text, bool v6, unsigned port, const char *rdomain, struct strings *out)
{
	return strings_add_format(out, "%s%s%s:%u%s%s", v6 ? "[" : "", text, v6 ? "]" : "", port,
				  rdomain ? " rdomain " : "", rdomain ? rdomain : "");
}

/* A number as getnameinfo() prints it; a name stays a name, since no name is looked up here. */
static enum err address_print(const char *host, unsigned port, const char *rdomain, struct strings *out)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM }, *ai = NULL;
	char text[NI_MAXHOST];
	enum err e;

	if (getaddrinfo(host, NULL, &hints, &ai))
		return address_add(host, strchr(host, ':'), port, rdomain, out);
	if (getnameinfo(ai->ai_addr, ai->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST))
		e = address_add(host, strchr(host, ':'), port, rdomain, out);
	else
		e = address_add(text, ai->ai_family == AF_INET6, port, rdomain, out);
	freeaddrinfo(ai);
	return e;
}

/* All addresses: sshd prints IPv6 first. */
static enum err address_print_any(int family, unsigned port, struct strings *out)
{
	enum err e = ERR_NONE;

	if (family != AF_INET)
		e = address_add("::", true, port, NULL, out);
	if (!e && family != AF_INET6)
		e = address_add("0.0.0.0", false, port, NULL, out);
	return e;
}

static enum err listen_line(const struct sshd_line *l, const struct strings *ports, struct strings *out)
{
	struct value_listen at;
	enum err e = value_listen(&l->args, &at);

	if (e)
		return e == ERR_MEMORY ? e : ERR_NONE;
	if (at.port)
		e = address_print(at.host, at.port, at.rdomain, out);
	for (size_t i = 0; i < ports->n && !at.port && out->n < MAX_ADDRESSES && !e; i++)
		e = address_print(at.host, (unsigned)strtoul(ports->v[i], NULL, 10), at.rdomain, out);
	free(at.host);
	return e;
}

static enum err combine_listen(const struct evaluation *ev, enum sshd_keyword_id id, struct sshd_value *out)
{
	const struct lines *l = &ev->lines[AT_START][id];
	struct sshd_value ports = { 0 };
	enum err e = combine_all(ev, KW_PORT, &ports);

	if (!e && !ports.values.n)
		e = strings_add(&ports.values, "22");
	for (size_t i = 0; i < l->n && out->values.n < MAX_ADDRESSES && !e; i++) {
		e = listen_line(l->v[i], &ports.values, &out->values);
		e = e ? e : by_add(out, l->v[i]);
	}
	for (size_t i = 0; i < ports.values.n && !l->n && out->values.n < MAX_ADDRESSES && !e; i++)
		e = address_print_any(family_wanted(ev), (unsigned)strtoul(ports.values.v[i], NULL, 10), &out->values);
	strings_free(&ports.values);
	free(ports.by);
	return e;
}

typedef enum err (*combine_function)(const struct evaluation *ev, enum sshd_keyword_id id, struct sshd_value *out);

static const combine_function combines[KW_COUNT] = {
	[KW_AUTHORIZEDPRINCIPALSCOMMAND] = combine_principals,
	[KW_HOSTKEY] = combine_host_keys,
	[KW_KBDINTERACTIVEAUTHENTICATION] = combine_keyboard,
	[KW_LISTENADDRESS] = combine_listen,
	[KW_MAXSTARTUPS] = combine_startups,
	[KW_PERSOURCENETBLOCKSIZE] = combine_blocks,
	[KW_PERSOURCEPENALTIES] = combine_penalties,
	[KW_REKEYLIMIT] = combine_rekey,
	[KW_SUBSYSTEM] = combine_subsystems,
	[KW_UNUSEDCONNECTIONTIMEOUT] = combine_unused_timeout,
};

static combine_function combine_of(const struct sshd_keyword *k, unsigned release)
{
	if (combines[k->id])
		return combines[k->id];
	if (k->order == ORDER_ADD)
		return combine_all;
	return sshd_keyword_first_wins(k, release) ? combine_first : combine_last;
}

static enum err keyword_evaluate(const struct evaluation *ev, enum sshd_keyword_id id, struct sshd_value *out)
{
	const struct sshd_keyword *k = sshd_keyword(id);
	const char *value;
	enum err e;

	if (!used(k, ev->release))
		return ERR_NONE;
	e = combine_of(k, ev->release)(ev, id, out);
	if (e || out->nby || out->values.n)
		return e;
	value = sshd_keyword_default(k, ev->release);
	return value ? strings_add(&out->values, value) : ERR_NONE;
}

enum err sshd_effective_on(const struct sshd_config *c, const struct criteria *criteria, const uint64_t *on,
			   struct sshd_effective **out)
{
	struct evaluation *ev = calloc(1, sizeof *ev);
	struct sshd_effective *new = calloc(1, sizeof *new);
	enum err e = ev && new ? ERR_NONE : ERR_MEMORY;

	if (!e) {
		new->config = c;
		ev->config = c;
		ev->release = c->release;
		e = lines_collect(ev, criteria, on);
	}
	for (unsigned id = 0; id < KW_COUNT && !e; id++)
		e = keyword_evaluate(ev, id, &new->v[id]);
	if (ev)
		free(ev->pool);
	free(ev);
	if (e) {
		sshd_effective_free(new);
		return e;
	}
	*out = new;
	return ERR_NONE;
}

enum err sshd_effective(const struct sshd_config *c, const struct sshd_connection *connection,
			struct sshd_effective **out)
{
	struct criteria *criteria = NULL;
	struct pattern_from from, local;
	uint64_t *on = NULL;
	enum err e;

	if (!connection)
		return sshd_effective_on(c, NULL, NULL, out);
	if ((e = criteria_new(c, &criteria)))
		return e;
	on = calloc(criteria_words(criteria) + 1, sizeof *on);
	if (on) {
		pattern_from_set(&from, connection->host, connection->addr);
		pattern_from_set(&local, NULL, connection->laddr);
		criteria_evaluate(criteria, connection, &from, &local, on);
		e = sshd_effective_on(c, criteria, on, out);
	} else {
		e = ERR_MEMORY;
	}
	free(on);
	criteria_free(criteria);
	return e;
}

void sshd_effective_free(struct sshd_effective *e)
{
	if (!e)
		return;
	for (unsigned id = 0; id < KW_COUNT; id++) {
		strings_free(&e->v[id].values);
		free(e->v[id].by);
	}
	free(e);
}

const char *sshd_value(const struct sshd_effective *e, enum sshd_keyword_id id)
{
	const char *value;

	if (e->v[id].values.n)
		return e->v[id].values.v[0];
	value = e->v[id].nby ? NULL : sshd_keyword_default(sshd_keyword(id), e->config->release);
	return value ? value : "";
}

const struct strings *sshd_values(const struct sshd_effective *e, enum sshd_keyword_id id)
{
	return &e->v[id].values;
}

const struct sshd_line *sshd_decider(const struct sshd_effective *e, enum sshd_keyword_id id)
{
	return e->v[id].nby ? e->v[id].by[0] : NULL;
}

enum err sshd_lines_of(const struct sshd_config *c, enum sshd_keyword_id id, const struct sshd_line ***out, size_t *n)
{
	const struct sshd_line **v;
	size_t count = 0;

	for (size_t i = 0; i < c->nlines; i++)
		count += c->lines[i].keyword->id == id;
	v = calloc(count + 1, sizeof(*v));
	if (!v)
		return ERR_MEMORY;
	count = 0;
	for (size_t i = 0; i < c->nlines; i++)
		if (c->lines[i].keyword->id == id)
			v[count++] = &c->lines[i];
	*out = v;
	*n = count;
	return ERR_NONE;
}
