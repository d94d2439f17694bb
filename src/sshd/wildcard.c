/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wildcard.c - turn a pattern over text into ranges of addresses, by a walk over prefixes that asks of each whether all,
 * none or some of the texts below it match.
 *
 * The matcher is a set of places in the pattern, moved on by each character. How an IPv6 address is written depends on which
 * of its eight groups are zero (the longest run becomes "::"), so the walk carries one such set for each way in which the
 * groups that are still open can be zero.
 */
#include "sshd/wildcard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define TEXT_LONGEST 45 /* of an address: longer patterns match none */
#define GROUPS 8
#define MASKS 256 /* ways in which groups can be zero; bit i: group i is */
#define COMPAT_GROUPS 6
/* Bounds to one walk, together some tenths of a second. */
#define OUTCOMES 2000000
#define NODES 150000
/* Ranges that are enough where exact ones are too many. */
#define COARSE 4096

static const char letters[] = "0123456789abcdef:.";
#define LETTER_COLON 16
#define LETTER_DOT 17
#define LETTERS 18

/* Outcomes for a set of texts, as bits so that two sets together are their "or"; the empty set is 0. */
#define ALL 1u
#define NONE 2u
#define SOME 3u

/* A set of places in the pattern: bit j for "the characters before j are matched". */
typedef uint64_t places;

/* Where "::" stands in an address with these groups zero; len 0: nowhere. */
struct run {
	unsigned base, len;
};

struct memo {
	places at;
	uint32_t key;
	uint8_t outcome; /* 0: a free slot */
};

struct search {
	places star; /* places before which a "*" stands */
	places letter[LETTERS];
	places end;
	struct run run[MASKS];
	bool dotted; /* ::1.2.3.4 is written with dots by this libc */
	struct memo *memo;
	size_t memos, room;	  /* room: a power of two */
	unsigned outcomes, nodes; /* asked for and visited by this walk */
	size_t unsplit;		  /* prefixes that it left mixed */
	size_t limit;
	unsigned depth;	     /* bits of prefix behind which nothing is split */
	unsigned wanted;     /* ALL: what matches; NONE: what does not */
	struct range within; /* the rest is left out */
	struct ranges *all, *mixed;
	enum err e;
};

/* --- the matcher --- */

/* "*" waits for anything, so what is matched from an earlier place is matched from the last "*" too. */
static places settle(const struct search *s, places at)
{
	places waiting = at & s->star;

	return waiting ? at & (places)-1 << (63 - __builtin_clzll(waiting)) : at;
}

static places step(const struct search *s, places at, unsigned letter)
{
	return settle(s, (at & s->star) | (at & s->letter[letter]) << 1);
}

static unsigned accepted(const struct search *s, places at)
{
	return at & s->end ? ALL : NONE;
}

static bool whatever_follows(const struct search *s, places at)
{
	return at & s->end & s->star;
}

/* False: no text of an address can be matched. */
static bool pattern_compile(struct search *s, const char *pattern)
{
	unsigned n = 0;

	for (const char *p = pattern; *p; p++) {
		const char *letter = strchr(letters, *p);
		if (*p == '*') {
			s->star |= (places)1 << n;
			continue;
		}
		if (n == TEXT_LONGEST || (*p != '?' && !letter))
			return false;
		for (unsigned i = 0; i < LETTERS; i++)
			if (*p == '?' || letters + i == letter)
				s->letter[i] |= (places)1 << n;
		n++;
	}
	s->end = (places)1 << n;
	return true;
}

/* --- outcomes that are known already --- */

static size_t memo_slot(const struct search *s, places at, uint32_t key)
{
	uint64_t h = (at ^ (uint64_t)key << 32 ^ key) * 0x9e3779b97f4a7c15u;
	size_t i = (size_t)(h ^ h >> 29) & (s->room - 1);

	while (s->memo[i].outcome && (s->memo[i].at != at || s->memo[i].key != key))
		i = (i + 1) & (s->room - 1);
	return i;
}

static unsigned memo_get(const struct search *s, places at, uint32_t key)
{
	return s->room ? s->memo[memo_slot(s, at, key)].outcome : 0;
}

static void memo_grow(struct search *s)
{
	struct search bigger = { .room = s->room ? s->room * 2 : 1024 };

	bigger.memo = calloc(bigger.room, sizeof *bigger.memo);
	if (!bigger.memo) {
		s->e = ERR_MEMORY;
		return;
	}
	for (size_t i = 0; i < s->room; i++)
		if (s->memo[i].outcome)
			bigger.memo[memo_slot(&bigger, s->memo[i].at, s->memo[i].key)] = s->memo[i];
	free(s->memo);
	s->memo = bigger.memo;
	s->room = bigger.room;
}

static unsigned memo_put(struct search *s, places at, uint32_t key, unsigned outcome)
{
	if (s->memos * 2 >= s->room)
		memo_grow(s);
	if (s->e || !outcome)
		return outcome;
	s->memo[memo_slot(s, at, key)] = (struct memo){ at, key, (uint8_t)outcome };
	s->memos++;
	return outcome;
}

/* Whether to go on; what a stopped search says does not matter. */
static bool may_go_on(struct search *s, unsigned *count, unsigned most)
{
	if (!s->e && ++*count > most)
		s->e = ERR_TOO_BIG;
	return !s->e;
}

static bool is_outside(const struct search *s, struct range r)
{
	return address_compare(r.last, s->within.first) < 0 || address_compare(s->within.last, r.first) < 0;
}

/* What of a range is wanted, into a result. */
static void emit(struct search *s, struct ranges *to, struct range r)
{
	if (s->e || is_outside(s, r))
		return;
	if (address_compare(r.first, s->within.first) < 0)
		r.first = s->within.first;
	if (address_compare(s->within.last, r.last) < 0)
		r.last = s->within.last;
	s->e = ranges_add(to, r.first, r.last);
	if (!s->e && to->n > s->limit)
		s->e = ERR_TOO_BIG;
}

/* In every one a range begins or ends: of too many, no finer walk has few enough. */
static void emit_mixed(struct search *s, struct range r)
{
	emit(s, s->mixed, r);
	if (!s->e && ++s->unsplit / 2 > s->limit)
		s->e = ERR_TOO_BIG;
}

/* --- IPv4 --- */

static places octet_read(const struct search *s, unsigned i, places at, unsigned value)
{
	if (i)
		at = step(s, at, LETTER_DOT);
	if (value >= 100)
		at = step(s, at, value / 100);
	if (value >= 10)
		at = step(s, at, value / 10 % 10);
	return step(s, at, value % 10);
}

/* Of all texts with octets from i on. */
static unsigned octets_outcome(struct search *s, unsigned i, places at)
{
	unsigned outcome;

	if (!at)
		return NONE;
	if (whatever_follows(s, at))
		return ALL;
	if (i == 4)
		return accepted(s, at);
	if ((outcome = memo_get(s, at, i)) || !may_go_on(s, &s->outcomes, OUTCOMES))
		return outcome;
	for (unsigned v = 0; v < 256 && outcome != SOME; v++)
		outcome |= octets_outcome(s, i + 1, octet_read(s, i, at, v));
	return memo_put(s, at, i, outcome);
}

/* Emits what is wanted below a prefix of i octets, from 'lowest' on. */
static void octets_walk(struct search *s, unsigned i, places at, uint32_t prefix, uint32_t lowest)
{
	uint32_t last = i ? prefix | (uint32_t)(((uint64_t)1 << (32 - 8 * i)) - 1) : UINT32_MAX;
	struct range r = { { 0, prefix > lowest ? prefix : lowest }, { 0, last } };
	unsigned outcome;

	if (s->e || last < lowest || is_outside(s, r))
		return;
	outcome = octets_outcome(s, i, at);
	if (!(outcome & s->wanted))
		return;
	if (outcome == s->wanted) {
		emit(s, s->all, r);
		return;
	}
	if (8 * i >= s->depth) {
		emit_mixed(s, r);
		return;
	}
	for (unsigned v = 0; v < 256 && !s->e; v++)
		octets_walk(s, i + 1, octet_read(s, i, at, v), prefix | (uint32_t)v << (24 - 8 * i), lowest);
}

/* --- IPv6 --- */

static struct run run_of(unsigned mask)
{
	struct run best = { 0 };

	for (unsigned i = 0; i < GROUPS; i++) {
		unsigned len = 0;
		while (i + len < GROUPS && mask & 1u << (i + len))
			len++;
		if (len > best.len && len > 1)
			best = (struct run){ i, len };
		i += len;
	}
	return best;
}

static bool in_run(struct run r, unsigned i)
{
	return i >= r.base && i < r.base + r.len;
}

/* Six zero groups and then one that is not: written as ::1.2.3.4. */
static bool is_dotted(const struct search *s, unsigned mask)
{
	return s->dotted && s->run[mask].base == 0 && s->run[mask].len == COMPAT_GROUPS;
}

/* What stands before the digits of a group. */
static places group_open(const struct search *s, unsigned mask, unsigned i, places at)
{
	struct run r = s->run[mask];

	if (in_run(r, i))
		return i == r.base ? step(s, at, LETTER_COLON) : at;
	return i ? step(s, at, LETTER_COLON) : at;
}

static places group_zero(const struct search *s, unsigned mask, unsigned i, places at)
{
	at = group_open(s, mask, i, at);
	if (!in_run(s->run[mask], i))
		return step(s, at, 0);
	return i == GROUPS - 1 ? step(s, at, LETTER_COLON) : at;
}

/* left: digits of the group that are not read yet; open: one of those read was not zero. */
static uint32_t group_key(unsigned mask, unsigned i, unsigned left, bool open)
{
	return 1u << 31 | mask << 16 | i << 8 | left << 1 | open;
}

static unsigned groups_outcome(struct search *s, unsigned mask, unsigned i, places at);

static unsigned digits_outcome(struct search *s, unsigned mask, unsigned i, places at, unsigned left, bool open)
{
	uint32_t key = group_key(mask, i, left, open);
	unsigned outcome;

	if (!left)
		return open ? groups_outcome(s, mask, i + 1, at) : 0;
	if (!at)
		return NONE;
	if (whatever_follows(s, at))
		return ALL;
	if ((outcome = memo_get(s, at, key)) || !may_go_on(s, &s->outcomes, OUTCOMES))
		return outcome;
	for (unsigned v = 0; v < 16 && outcome != SOME; v++) {
		bool leading = !v && !open;
		outcome |= digits_outcome(s, mask, i, leading ? at : step(s, at, v), left - 1, !leading);
	}
	return memo_put(s, at, key, outcome);
}

/* Of all addresses whose groups from i on are zero as the mask says. */
static unsigned groups_outcome(struct search *s, unsigned mask, unsigned i, places at)
{
	if (!at)
		return NONE;
	if (i == GROUPS)
		return accepted(s, at);
	if (mask & 1u << i)
		return groups_outcome(s, mask, i + 1, group_zero(s, mask, i, at));
	return digits_outcome(s, mask, i, group_open(s, mask, i, at), 4, false);
}

static places colons_read(const struct search *s)
{
	return step(s, step(s, settle(s, 1), LETTER_COLON), LETTER_COLON);
}

/* Of ::0.1.0.0 to ::255.255.255.255. */
static unsigned dotted_outcome(struct search *s)
{
	places at = colons_read(s), zero = octet_read(s, 0, at, 0);
	unsigned outcome = 0;

	for (unsigned v = 1; v < 256; v++) {
		outcome |= octets_outcome(s, 1, octet_read(s, 0, at, v));
		outcome |= octets_outcome(s, 2, octet_read(s, 1, zero, v));
	}
	return outcome;
}

/* A prefix on the walk: i groups and 4 - left digits of the next. */
struct node {
	uint8_t bytes[16];
	unsigned i, left;
	bool open;     /* a digit of group i was not zero */
	unsigned zero; /* which of the groups before i are */
	places at
		[MASKS]; /* before group i, or where it is open behind the digits read; of masks that agree with 'zero' */
};

static unsigned node_outcome(struct search *s, const struct node *n)
{
	unsigned outcome = 0;

	if (n->i == GROUPS)
		return accepted(s, n->at[n->zero]);
	for (unsigned k = 0; k < 1u << (GROUPS - n->i) && outcome != SOME; k++) {
		unsigned mask = n->zero | k << n->i;
		if (n->open && k & 1)
			continue;
		if (is_dotted(s, mask))
			outcome |= n->i < COMPAT_GROUPS || n->left == 4 ? dotted_outcome(s) : 0;
		else if (k & 1)
			outcome |= groups_outcome(s, mask, n->i, n->at[mask]);
		else if (n->open)
			outcome |= digits_outcome(s, mask, n->i, n->at[mask], n->left, true);
		else
			outcome |=
				digits_outcome(s, mask, n->i, group_open(s, mask, n->i, n->at[mask]), n->left, false);
	}
	return outcome;
}

static unsigned node_bits(const struct node *n)
{
	return 16 * n->i + 4 * (4 - n->left);
}

static struct range node_range(const struct node *n)
{
	struct network net = { .family = AF_INET6, .len = node_bits(n) };

	memcpy(net.addr, n->bytes, sizeof net.addr);
	return network_range(&net);
}

/* The child of n by one more digit. */
static void node_descend(const struct search *s, const struct node *n, unsigned digit, struct node *child)
{
	unsigned nibble = n->i * 4 + 4 - n->left;
	bool open = n->open || digit, whole = n->left == 1;

	memcpy(child->bytes, n->bytes, sizeof child->bytes);
	child->bytes[nibble / 2] |= (uint8_t)(nibble % 2 ? digit : digit << 4);
	child->i = n->i + whole;
	child->left = whole ? 4 : n->left - 1;
	child->open = open && !whole;
	child->zero = n->zero | (unsigned)(whole && !open) << n->i;
	for (unsigned k = 0; k < 1u << (GROUPS - n->i); k++) {
		unsigned mask = n->zero | k << n->i;
		places at = n->at[mask];

		if (k & 1)
			at = whole ? group_zero(s, mask, n->i, at) : at;
		else if (open)
			at = step(s, n->open ? at : group_open(s, mask, n->i, at), digit);
		child->at[mask] = at;
	}
}

static void node_walk(struct search *s, const struct node *n);

/* ::/96: the addresses that end in a small number, then those written with dots. */
static void compat_walk(struct search *s, const struct node *n)
{
	struct node child = { .i = n->i + 1, .left = 4, .zero = n->zero | 1u << n->i };

	for (unsigned k = 0; k < 2; k++) {
		unsigned mask = child.zero | k << child.i;
		child.at[mask] = group_zero(s, mask, n->i, n->at[mask]);
	}
	node_walk(s, &child);
	octets_walk(s, 0, colons_read(s), 0, 0x10000);
}

static void node_walk(struct search *s, const struct node *n)
{
	struct range r = node_range(n);
	unsigned outcome;
	struct node child;

	if (is_outside(s, r))
		return;
	outcome = node_outcome(s, n);
	if (!(outcome & s->wanted) || !may_go_on(s, &s->nodes, NODES))
		return;
	if (outcome == s->wanted) {
		emit(s, s->all, r);
		return;
	}
	if (node_bits(n) >= s->depth) {
		emit_mixed(s, r);
		return;
	}
	if (s->dotted && n->i == COMPAT_GROUPS && n->left == 4 && n->zero == (1u << COMPAT_GROUPS) - 1) {
		compat_walk(s, n);
		return;
	}
	for (unsigned digit = 0; digit < 16 && !s->e; digit++) {
		node_descend(s, n, digit, &child);
		node_walk(s, &child);
	}
}

static bool dots_are_written(void)
{
	char text[NETWORK_TEXT];

	address_text(AF_INET6, (struct address){ 0, 0x01020304 }, text);
	return strchr(text, '.');
}

static void v6_walk(struct search *s)
{
	struct node top = { .left = 4 };

	for (unsigned mask = 0; mask < MASKS; mask++)
		top.at[mask] = settle(s, 1);
	node_walk(s, &top);
}

static void v4_walk(struct search *s)
{
	octets_walk(s, 0, settle(s, 1), 0, 0);
}

static void swap(struct ranges *a, struct ranges *b)
{
	struct ranges t = *a;

	*a = *b;
	*b = t;
}

/* Finer and finer: exact if the limit allows, else the finest with not too many pieces. */
static enum err walk(struct search *s, void (*family_walk)(struct search *s), struct ranges *all, struct ranges *mixed)
{
	static const unsigned depths[] = { 0, 8, 16, 24, 32, 48, 64, 96, 128 };
	struct ranges all_now = { .family = all->family }, mixed_now = { .family = all->family };

	s->all = &all_now;
	s->mixed = &mixed_now;
	s->within = (struct range){ { 0, 0 }, address_last(all->family) };
	s->e = ranges_add(mixed, s->within.first, s->within.last);
	for (size_t i = 0; i < ARRAY_SIZE(depths) && !s->e; i++) {
		s->outcomes = s->nodes = 0;
		s->unsplit = 0;
		s->depth = depths[i];
		all_now.n = mixed_now.n = 0;
		family_walk(s);
		if (s->e || (mixed_now.n && all_now.n + mixed_now.n > COARSE))
			continue;
		swap(all, &all_now);
		swap(mixed, &mixed_now);
		if (!mixed->n)
			break;
	}
	ranges_free(&all_now);
	ranges_free(&mixed_now);
	s->all = s->mixed = NULL;
	return s->e == ERR_TOO_BIG ? ERR_NONE : s->e;
}

static void search_start(struct search *s, unsigned wanted, size_t limit)
{
	*s = (struct search){ .dotted = dots_are_written(), .wanted = wanted, .limit = limit };
	for (unsigned mask = 0; mask < MASKS; mask++)
		s->run[mask] = run_of(mask);
}

enum err wildcard_find(const char *pattern, size_t limit, struct wildcard *out)
{
	struct wildcard w = {
		{ .family = AF_INET }, { .family = AF_INET6 }, { .family = AF_INET }, { .family = AF_INET6 }
	};
	struct search s;
	enum err e = ERR_NONE;

	search_start(&s, ALL, limit);
	if (pattern_compile(&s, pattern) && !(e = walk(&s, v4_walk, &w.v4, &w.mixed4)))
		e = walk(&s, v6_walk, &w.v6, &w.mixed6);
	free(s.memo);
	if (e) {
		wildcard_clear(&w);
		return e;
	}
	*out = w;
	return ERR_NONE;
}

enum err wildcard_example(const char *pattern, int family, struct range within, bool matching, struct address *out)
{
	struct ranges found = { .family = family };
	struct search s;

	search_start(&s, matching ? ALL : NONE, 0);
	s.depth = 128;
	s.within = within;
	s.all = s.mixed = &found;
	/* a pattern that no text can match moves nowhere: every walk finds that none does */
	if (!pattern_compile(&s, pattern))
		s.star = s.end = 0;
	if (family == AF_INET)
		v4_walk(&s);
	else
		v6_walk(&s);
	free(s.memo);
	/* the first one stops the walk, since it is more than none */
	if (found.n) {
		*out = found.v[0].first;
		s.e = ERR_NONE;
	} else if (!s.e) {
		s.e = ERR_NOT_FOUND;
	}
	ranges_free(&found);
	return s.e;
}

void wildcard_clear(struct wildcard *w)
{
	ranges_free(&w->v4);
	ranges_free(&w->v6);
	ranges_free(&w->mixed4);
	ranges_free(&w->mixed6);
}
