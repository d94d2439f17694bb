/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pattern.c - wildcard, list and address matching with OpenSSH's results for every odd input. */
#include "sshd/pattern.h"

#include <ctype.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* OpenSSH's buffers: a longer item of a list never hits, a longer address is none. */
#define ITEM_MAX 1022
#define ADDRESS_MAX 63

/* Greedy with one point to come back to, so that "*a*a*a*b" costs no more than length times length. */
static bool bytes_match(const char *s, const char *pattern, const char *end)
{
	const char *star = NULL, *retry = NULL;

	while (*s) {
		if (pattern < end && *pattern == '*') {
			star = ++pattern;
			retry = s;
		} else if (pattern < end && (*pattern == '?' || *pattern == *s)) {
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
	return bytes_match(s, pattern, pattern + strlen(pattern));
}

static void lower(char *s)
{
	for (; *s; s++)
		*s = (char)tolower((unsigned char)*s);
}

static int list_match(const char *s, const char *list)
{
	int hit = 0;

	while (*list) {
		bool negated = *list == '!';
		size_t len;
		list += negated;
		len = strcspn(list, ",");
		if (len > ITEM_MAX)
			return 0;
		if (bytes_match(s, list, list + len)) {
			if (negated)
				return -1;
			hit = 1;
		}
		list += len;
		if (*list)
			list++;
	}
	return hit;
}

int pattern_list_match(const char *s, const char *list, bool fold)
{
	char *s_low, *list_low;
	int hit = 0;

	if (!fold)
		return list_match(s, list);
	s_low = strdup(s);
	list_low = strdup(list);
	if (s_low && list_low) {
		lower(s_low);
		lower(list_low);
		hit = list_match(s_low, list_low);
	}
	free(s_low);
	free(list_low);
	return hit;
}

/* An address as bytes; the scope counts only for equality, as in OpenSSH. */
struct address {
	int family;
	unsigned bits;
	uint8_t bytes[16];
	uint32_t scope;
};

/* Most items are names or wildcards: no need to ask the resolver whether they are numbers. */
static bool address_possible(const char *s)
{
	return strlen(s) <= ADDRESS_MAX && (strchr(s, '%') || !s[strspn(s, "0123456789abcdefABCDEFxX.:")]);
}

/* getaddrinfo() and not inet_pton(): "10.1" and "fe80::1%2" are addresses for sshd. */
static bool address_parse(const char *s, struct address *out)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM }, *ai = NULL;
	struct address a = { 0 };

	if (!address_possible(s) || getaddrinfo(s, NULL, &hints, &ai) || !ai)
		return false;
	a.family = ai->ai_family;
	if (a.family == AF_INET) {
		const struct sockaddr_in *in = (const void *)ai->ai_addr;
		a.bits = 32;
		memcpy(a.bytes, &in->sin_addr, 4);
	} else if (a.family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)ai->ai_addr;
		a.bits = 128;
		a.scope = in6->sin6_scope_id;
		memcpy(a.bytes, &in6->sin6_addr, 16);
	}
	freeaddrinfo(ai);
	if (!a.bits)
		return false;
	*out = a;
	return true;
}

static bool bit(const struct address *a, unsigned i)
{
	return a->bytes[i / 8] & (0x80u >> i % 8);
}

enum network { NETWORK_NONE, NETWORK_FINE, NETWORK_WRONG };

/* "ADDRESS" or "ADDRESS/LENGTH"; wrong: an address, but the length or the host bits do not fit. */
static enum network network_parse(const char *s, struct address *net, unsigned *length)
{
	char text[ADDRESS_MAX + 1], *slash, *end;
	unsigned long n = 0;

	if (strlen(s) > ADDRESS_MAX)
		return NETWORK_NONE;
	memcpy(text, s, strlen(s) + 1);
	slash = strchr(text, '/');
	if (slash) {
		*slash++ = '\0';
		n = strtoul(slash, &end, 10);
		if (!*slash || *end || n > 128)
			return NETWORK_NONE;
	}
	if (!address_parse(text, net))
		return NETWORK_NONE;
	if (!slash)
		n = net->bits;
	if (n > net->bits)
		return NETWORK_WRONG;
	for (unsigned i = (unsigned)n; i < net->bits; i++)
		if (bit(net, i))
			return NETWORK_WRONG;
	*length = (unsigned)n;
	return NETWORK_FINE;
}

static bool network_has(const struct address *net, unsigned length, const struct address *a)
{
	if (a->family != net->family || a->scope != net->scope)
		return false;
	for (unsigned i = 0; i < length; i++)
		if (bit(net, i) != bit(a, i))
			return false;
	return true;
}

/* One item, without its "!": 1, 0, -2. a NULL: the form only. */
static int item_match(const char *item, const char *text, const struct address *a)
{
	struct address net;
	unsigned length;

	switch (network_parse(item, &net, &length)) {
	case NETWORK_WRONG: return -2;
	case NETWORK_FINE: return a && network_has(&net, length, a);
	default: return text && pattern_match(text, item);
	}
}

static int list_match_address(char *list, const char *text, const struct address *a)
{
	const char *item;
	int hit = 0;

	while ((item = strsep(&list, ","))) {
		bool negated = *item == '!';
		int r;
		item += negated;
		r = *item ? item_match(item, text, a) : -2;
		if (r < 0)
			return r;
		if (r && negated)
			return -1;
		hit |= r;
	}
	return hit;
}

int pattern_list_match_addr(const char *addr, const char *list)
{
	struct address a;
	char *copy;
	int r;

	if (addr && !address_parse(addr, &a))
		return 0;
	copy = strdup(list);
	if (!copy)
		return 0;
	r = list_match_address(copy, addr, addr ? &a : NULL);
	free(copy);
	return r;
}

int pattern_list_match_cidr(const char *addr, const char *list)
{
	struct address a, net;
	char *copy, *at;
	const char *item;
	unsigned length;
	int r = 0;

	if (addr && !address_parse(addr, &a))
		return 0;
	at = copy = strdup(list);
	while (copy && (item = strsep(&at, ","))) {
		if (!*item || strlen(item) > INET6_ADDRSTRLEN + 3 || item[strspn(item, "0123456789abcdefABCDEF.:/")] ||
		    network_parse(item, &net, &length) != NETWORK_FINE) {
			r = -2;
			break;
		}
		if (addr && network_has(&net, length, &a))
			r = 1;
	}
	free(copy);
	return r;
}

/* The part behind "@": 1, 0, -1 malformed. host NULL: the form only. */
static int hosts_match(const char *host, const char *addr, const char *list)
{
	int by_addr = pattern_list_match_addr(host ? addr : NULL, list), by_name;

	if (by_addr == -2)
		return -1;
	if (!host || !addr || by_addr == -1)
		return 0;
	by_name = pattern_list_match(host, list, true);
	if (by_name == -1)
		return 0;
	return by_name || by_addr;
}

int pattern_match_user(const char *user, const char *host, const char *addr, const char *word)
{
	const char *at = strrchr(word, '@');

	if (!at)
		return pattern_match(user, word);
	if (!bytes_match(user, word, at))
		return 0;
	return hosts_match(host, addr, at + 1);
}

enum err pattern_check_user(const char *word, const char **why)
{
	const char *at = strrchr(word, '@');

	if (!*word) {
		*why = "a name must not be empty";
		return ERR_SYNTAX;
	}
	if (at && hosts_match(NULL, NULL, at + 1) < 0) {
		*why = "behind the '@' wants hosts and addresses without an empty item, and networks whose length fits "
		       "and whose host bits are zero";
		return ERR_SYNTAX;
	}
	return ERR_NONE;
}
