/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_names.c - takes the names of known_hosts apart. */
#include "audit/key_names.h"

#include "key/known_hosts.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define NAMES_SHOWN 4

static enum err add_once(struct strings *l, const char *name)
{
	return strings_has(l, name) ? ERR_NONE : strings_add(l, name);
}

/* "[Host]:2222" -> "host", in lower case; false for what speaks of no host by its name: a pattern, "!name". */
static bool name_normal(char *word)
{
	char *end = word[0] == '[' ? strchr(word, ']') : NULL;

	if (end) {
		*end = '\0';
		memmove(word, word + 1, strlen(word + 1) + 1);
	}
	for (char *p = word; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return word[0] && word[0] != '!' && !word[strcspn(word, "*?")];
}

static bool is_address(const char *name, int *family)
{
	struct in6_addr a;

	*family = inet_pton(AF_INET, name, &a) == 1 ? AF_INET : inet_pton(AF_INET6, name, &a) == 1 ? AF_INET6 : 0;
	return *family != 0;
}

static enum err own_addresses(struct strings *out)
{
	struct ifaddrs *all = NULL;
	char name[NI_MAXHOST];
	enum err e = ERR_NONE;

	if (getifaddrs(&all))
		return errno == ENOMEM ? ERR_MEMORY : ERR_NONE;
	for (const struct ifaddrs *i = all; i && !e; i = i->ifa_next) {
		socklen_t len;
		if (!i->ifa_addr || (i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6))
			continue;
		len = i->ifa_addr->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
		if (getnameinfo(i->ifa_addr, len, name, sizeof name, NULL, 0, NI_NUMERICHOST))
			continue;
		name[strcspn(name, "%")] = '\0';
		e = add_once(out, name);
	}
	freeifaddrs(all);
	return e;
}

enum err key_names_own(const struct root *r, const char *hostname, struct strings *out)
{
	static const char *const usual[] = { "localhost", "localhost.localdomain", "ip6-localhost", "127.0.0.1",
					     "::1" };
	struct strings l = { 0 };
	char *name = strdup(hostname);
	enum err e = name ? ERR_NONE : ERR_MEMORY;

	for (size_t i = 0; i < ARRAY_SIZE(usual) && !e; i++)
		e = strings_add(&l, usual[i]);
	if (!e && name_normal(name)) {
		e = add_once(&l, name);
		name[strcspn(name, ".")] = '\0';
		if (!e)
			e = add_once(&l, name);
	}
	if (!e && root_is_live(r))
		e = own_addresses(&l);
	free(name);
	if (e)
		strings_free(&l);
	else
		*out = l;
	return e;
}

/* "web" is "web.example.org", as seen from inside of its domain. */
static bool is_own(const struct strings *own, const char *name)
{
	const size_t len = strcspn(name, ".");
	int family;

	if (strings_has(own, name))
		return true;
	if (is_address(name, &family))
		return family == AF_INET && !strncmp(name, "127.", 4);
	for (size_t i = 0; i < own->n; i++)
		if (strlen(own->v[i]) == len && !strncmp(own->v[i], name, len))
			return true;
	return false;
}

static bool is_own_hashed(const struct strings *own, const char *names)
{
	const struct known_host h = { .names = (char *)names };

	for (size_t i = 0; i < own->n; i++)
		if (known_host_is(&h, own->v[i]))
			return true;
	return false;
}

enum err key_names_foreign(const char *names, const struct strings *own, struct text *out)
{
	struct strings words = { 0 };
	enum err e = ERR_NONE;

	if (names[0] == '|') {
		if (!is_own_hashed(own, names))
			text_add_string(out, "a hashed name that is none of its own");
		return text_check(out);
	}
	e = strings_split(&words, names, ",");
	for (size_t i = 0; i < words.n && !e; i++)
		if (name_normal(words.v[i]) && !is_own(own, words.v[i]))
			text_add(out, "%s%s", out->len ? ", " : "", words.v[i]);
	strings_free(&words);
	return e ? e : text_check(out);
}

enum err key_names_add(struct key_names *n, const char *names)
{
	struct strings words = { 0 };
	int family;
	enum err e = ERR_NONE;

	if (names[0] == '|') {
		n->hashed++;
		return ERR_NONE;
	}
	e = strings_split(&words, names, ",");
	for (size_t i = 0; i < words.n && !e; i++)
		if (name_normal(words.v[i]))
			e = add_once(is_address(words.v[i], &family) ? &n->addresses : &n->hosts, words.v[i]);
	strings_free(&words);
	return e;
}

static bool hosts_differ(const struct strings *hosts)
{
	for (size_t i = 1; i < hosts->n; i++) {
		const char *a = hosts->v[0], *b = hosts->v[i];
		if (strcspn(a, ".") != strcspn(b, ".") || strncmp(a, b, strcspn(a, ".")) != 0)
			return true;
	}
	return false;
}

static bool addresses_differ(const struct strings *addresses)
{
	int first, family;

	for (size_t i = 1; i < addresses->n; i++)
		if (is_address(addresses->v[0], &first) && is_address(addresses->v[i], &family) && first == family)
			return true;
	return false;
}

enum err key_names_differ(const struct key_names *n, struct text *out)
{
	const struct strings *l = hosts_differ(&n->hosts) ? &n->hosts : &n->addresses;

	if (l == &n->addresses && (n->hosts.n || !addresses_differ(l)))
		return ERR_NONE;
	for (size_t i = 0; i < l->n && i < NAMES_SHOWN; i++)
		text_add(out, "%s%s", i ? ", " : "", l->v[i]);
	if (l->n > NAMES_SHOWN)
		text_add(out, " and %zu more", l->n - NAMES_SHOWN);
	if (n->hashed)
		text_add(out, ", and %zu hashed name%s", n->hashed, n->hashed > 1 ? "s" : "");
	return text_check(out);
}

void key_names_free(struct key_names *n)
{
	strings_free(&n->hosts);
	strings_free(&n->addresses);
}
