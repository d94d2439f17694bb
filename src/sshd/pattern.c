/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pattern.c - wildcard, list and address matching with OpenSSH's results for every odd input. */
#include "sshd/pattern.h"

#include <arpa/inet.h>
#include <endian.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* OpenSSH's buffers: a longer item of a list never hits, a longer address is none. */
#define ITEM_MAX 1022
#define ADDRESS_MAX 63

/* --- wildcards --- */

/* ASCII alone, whatever our locale says: sshd has none. */
static inline char folded(char c, bool fold)
{
	return fold && c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Greedy with one point to come back to, so that "*a*a*a*b" costs no more than length times length. */
static bool bytes_match(const char *s, bool fold, const char *pattern, const char *end)
{
	const char *star = NULL, *retry = NULL;

	while (*s) {
		if (pattern < end && *pattern == '*') {
			star = ++pattern;
			retry = s;
		} else if (pattern < end && (*pattern == '?' || *pattern == folded(*s, fold))) {
			pattern++;
			s++;
		} else if (star) {
			pattern = star;
			s = ++retry;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}

bool pattern_match(const char *s, const char *pattern)
{
	return bytes_match(s, false, pattern, pattern + strlen(pattern));
}

void pattern_text_compile(const char *s, size_t len, struct pattern_text *out)
{
	size_t literal = 0;

	while (literal < len && s[literal] != '*' && s[literal] != '?')
		literal++;
	*out = (struct pattern_text){ .s = s, .len = len, .literal = literal, .kind = PATTERN_WILD };
	if (literal == len)
		out->kind = PATTERN_LITERAL;
	else if (literal + 1 == len && s[literal] == '*')
		out->kind = PATTERN_PREFIX;
}

/* fold: s in lower case; t is so already. */
static inline bool text_match(const char *s, bool fold, const struct pattern_text *t)
{
	/* a NUL in s differs from every byte of a pattern */
	for (size_t i = 0; i < t->literal; i++)
		if (folded(s[i], fold) != t->s[i])
			return false;
	s += t->literal;
	switch (t->kind) {
	case PATTERN_LITERAL: return !*s;
	case PATTERN_PREFIX: return true;
	case PATTERN_WILD: break;
	}
	return bytes_match(s, fold, t->s + t->literal, t->s + t->len);
}

bool pattern_text_match(const struct pattern_text *t, const char *s)
{
	return text_match(s, false, t);
}

/* --- addresses --- */

static void address_v4(const void *bytes, struct pattern_address *out)
{
	uint32_t n;

	memcpy(&n, bytes, sizeof n);
	*out = (struct pattern_address){ .family = AF_INET, .bits = 32, .high = (uint64_t)ntohl(n) << 32 };
}

static void address_v6(const void *bytes, uint32_t scope, struct pattern_address *out)
{
	uint64_t n[2];

	memcpy(n, bytes, sizeof n);
	*out = (struct pattern_address){
		.family = AF_INET6, .bits = 128, .high = be64toh(n[0]), .low = be64toh(n[1]), .scope = scope
	};
}

/* Most items are names or wildcards: no need to ask the resolver whether they are numbers. */
static bool address_possible(const char *s)
{
	return strlen(s) <= ADDRESS_MAX && (strchr(s, '%') || !s[strspn(s, "0123456789abcdefABCDEFxX.:")]);
}

bool pattern_address_parse(const char *s, struct pattern_address *out)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM }, *ai = NULL;
	struct pattern_address a = { 0 };
	uint8_t bytes[16];

	/* the usual forms, of which getaddrinfo() says the same and takes much longer */
	if (inet_pton(AF_INET, s, bytes) == 1) {
		address_v4(bytes, out);
		return true;
	}
	if (inet_pton(AF_INET6, s, bytes) == 1) {
		address_v6(bytes, 0, out);
		return true;
	}
	if (!address_possible(s) || getaddrinfo(s, NULL, &hints, &ai) || !ai)
		return false;
	if (ai->ai_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)ai->ai_addr;
		address_v4(&in->sin_addr, &a);
	} else if (ai->ai_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)ai->ai_addr;
		address_v6(&in6->sin6_addr, in6->sin6_scope_id, &a);
	}
	freeaddrinfo(ai);
	if (!a.bits)
		return false;
	*out = a;
	return true;
}

void pattern_from_set(struct pattern_from *f, const char *host, const char *addr)
{
	f->host = host;
	f->addr = addr;
	f->parsed = addr && pattern_address_parse(addr, &f->address);
}

/* The first n bits of a word. */
static uint64_t mask(unsigned n)
{
	if (!n)
		return 0;
	return n >= 64 ? UINT64_MAX : UINT64_MAX << (64 - n);
}

/* "ADDRESS" or "ADDRESS/LENGTH"; wrong: an address, but the length or the host bits do not fit. */
static enum pattern_item_kind network_parse(const char *s, struct pattern_item *out)
{
	char text[ADDRESS_MAX + 1], *slash, *end;
	struct pattern_item item = { 0 };
	unsigned long n = 0;

	if (strlen(s) > ADDRESS_MAX)
		return ITEM_TEXT;
	memcpy(text, s, strlen(s) + 1);
	slash = strchr(text, '/');
	if (slash) {
		*slash++ = '\0';
		n = strtoul(slash, &end, 10);
		if (!*slash || *end || n > 128)
			return ITEM_TEXT;
	}
	if (!pattern_address_parse(text, &item.network))
		return ITEM_TEXT;
	if (!slash)
		n = item.network.bits;
	if (n > item.network.bits)
		return ITEM_WRONG;
	item.length = (unsigned)n;
	item.mask_high = mask(item.length);
	item.mask_low = mask(item.length > 64 ? item.length - 64 : 0);
	if (item.network.high & ~item.mask_high || item.network.low & ~item.mask_low)
		return ITEM_WRONG;
	out->network = item.network;
	out->length = item.length;
	out->mask_high = item.mask_high;
	out->mask_low = item.mask_low;
	return ITEM_NETWORK;
}

static bool network_has(const struct pattern_item *net, const struct pattern_address *a)
{
	return a->family == net->network.family && a->scope == net->network.scope &&
	       !((a->high ^ net->network.high) & net->mask_high) && !((a->low ^ net->network.low) & net->mask_low);
}

/* --- lists --- */

static void item_compile(char *item, char *lower, struct pattern_item *out)
{
	size_t len;

	out->negated = *item == '!';
	item += out->negated;
	lower += out->negated;
	len = strlen(item);
	pattern_text_compile(item, len, &out->text);
	for (size_t i = 0; i < len; i++)
		lower[i] = folded(item[i], true);
	pattern_text_compile(lower, len, &out->lower);
	out->kind = len ? network_parse(item, out) : ITEM_WRONG;
}

enum err pattern_list_compile(const char *list, struct pattern_list *out)
{
	size_t len = strlen(list), n = 1;
	struct pattern_list l = { 0 };
	char *at, *item;

	for (size_t i = 0; i < len; i++)
		n += list[i] == ',';
	l.v = calloc(n, sizeof *l.v);
	l.copy = calloc(2, len + 1);
	if (!l.v || !l.copy) {
		pattern_list_clear(&l);
		return ERR_MEMORY;
	}
	memcpy(l.copy, list, len + 1);
	at = l.copy;
	while ((item = strsep(&at, ",")))
		item_compile(item, item + len + 1, &l.v[l.n++]);
	l.ntext = l.n - (!len || list[len - 1] == ',');
	*out = l;
	return ERR_NONE;
}

void pattern_list_clear(struct pattern_list *l)
{
	free(l->v);
	free(l->copy);
	*l = (struct pattern_list){ 0 };
}

int pattern_list_text(const struct pattern_list *l, const char *s, bool lower)
{
	int hit = 0;

	for (size_t i = 0; i < l->ntext; i++) {
		const struct pattern_item *item = &l->v[i];
		if (item->text.len > ITEM_MAX)
			return 0;
		if (!text_match(s, lower, lower ? &item->lower : &item->text))
			continue;
		if (item->negated)
			return -1;
		hit = 1;
	}
	return hit;
}

/* from NULL: the form only. */
static bool item_has(const struct pattern_item *item, const struct pattern_from *from)
{
	if (!from)
		return false;
	return item->kind == ITEM_NETWORK ? network_has(item, &from->address)
					  : text_match(from->addr, false, &item->text);
}

static int list_has(const struct pattern_list *l, const struct pattern_from *from)
{
	int hit = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct pattern_item *item = &l->v[i];
		if (item->kind == ITEM_WRONG)
			return -2;
		if (!item_has(item, from))
			continue;
		if (item->negated)
			return -1;
		hit = 1;
	}
	return hit;
}

int pattern_list_address(const struct pattern_list *l, const struct pattern_from *from)
{
	if (from && from->addr && !from->parsed)
		return 0;
	return list_has(l, from && from->addr ? from : NULL);
}

int pattern_list_hosts(const struct pattern_list *l, const struct pattern_from *from)
{
	int by_addr = pattern_list_address(l, from && from->host ? from : NULL), by_name;

	if (by_addr == -2)
		return -1;
	if (!from || !from->host || !from->addr || by_addr == -1)
		return 0;
	by_name = pattern_list_text(l, from->host, true);
	if (by_name == -1)
		return 0;
	return by_name || by_addr;
}

int pattern_list_match(const char *s, const char *list, bool fold)
{
	struct pattern_list l = { 0 };
	int hit = 0;

	if (!pattern_list_compile(list, &l))
		hit = pattern_list_text(&l, s, fold);
	pattern_list_clear(&l);
	return hit;
}

int pattern_list_match_addr(const char *addr, const char *list)
{
	struct pattern_list l = { 0 };
	struct pattern_from from;
	int hit = 0;

	pattern_from_set(&from, addr, addr);
	if (!pattern_list_compile(list, &l))
		hit = pattern_list_address(&l, &from);
	pattern_list_clear(&l);
	return hit;
}

/* Whether sshd takes it where nothing but addresses and networks may stand. */
static bool item_is_cidr(const struct pattern_item *item)
{
	const char *s = item->text.s;

	return !item->negated && item->kind == ITEM_NETWORK && item->text.len <= INET6_ADDRSTRLEN + 3 &&
	       !s[strspn(s, "0123456789abcdefABCDEF.:/")];
}

int pattern_list_match_cidr(const char *addr, const char *list)
{
	struct pattern_list l = { 0 };
	struct pattern_from from;
	int hit = 0;

	pattern_from_set(&from, addr, addr);
	if ((addr && !from.parsed) || pattern_list_compile(list, &l))
		return 0;
	for (size_t i = 0; i < l.n && hit >= 0; i++) {
		if (!item_is_cidr(&l.v[i]))
			hit = -2;
		else if (addr && network_has(&l.v[i], &from.address))
			hit = 1;
	}
	pattern_list_clear(&l);
	return hit;
}

/* --- words of AllowUsers and DenyUsers --- */

enum err pattern_user_compile(const char *word, struct pattern_user *out)
{
	const char *at = strrchr(word, '@');
	struct pattern_user u = { .has_hosts = at };
	enum err e = at ? pattern_list_compile(at + 1, &u.hosts) : ERR_NONE;

	if (e)
		return e;
	pattern_text_compile(word, at ? (size_t)(at - word) : strlen(word), &u.name);
	*out = u;
	return ERR_NONE;
}

void pattern_user_clear(struct pattern_user *u)
{
	pattern_list_clear(&u->hosts);
}

int pattern_user_match(const struct pattern_user *u, const char *user, const struct pattern_from *from)
{
	if (!text_match(user, false, &u->name))
		return 0;
	return u->has_hosts ? pattern_list_hosts(&u->hosts, from) : 1;
}

int pattern_match_user(const char *user, const char *host, const char *addr, const char *word)
{
	struct pattern_user u = { 0 };
	struct pattern_from from;
	int hit = 0;

	pattern_from_set(&from, host, addr);
	if (!pattern_user_compile(word, &u))
		hit = pattern_user_match(&u, user, &from);
	pattern_user_clear(&u);
	return hit;
}

enum err pattern_check_user(const char *word, const char **why)
{
	struct pattern_user u = { 0 };
	enum err e;

	if (!*word) {
		*why = "a name must not be empty";
		return ERR_SYNTAX;
	}
	if ((e = pattern_user_compile(word, &u))) {
		*why = err_text(e);
		return e;
	}
	if (u.has_hosts && pattern_list_hosts(&u.hosts, NULL) < 0) {
		*why = "behind the '@' wants hosts and addresses without an empty item, and networks whose length fits "
		       "and whose host bits are zero";
		e = ERR_SYNTAX;
	}
	pattern_user_clear(&u);
	return e;
}
