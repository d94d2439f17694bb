/* SPDX-License-Identifier: GPL-3.0-or-later */
/* address.c - routes by a connected UDP socket, and the special addresses of RFC 6890. */
#include "client/address.h"

#include "base/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

struct network {
	uint8_t bytes[16];
	unsigned bits;
};

/* The IANA registry of special-purpose addresses: what no server sees a client come from, or what is translated on its way. */
static const struct network special4[] = {
	{ { 0 }, 8 },	      { { 10 }, 8 },	   { { 100, 64 }, 10 },	     { { 127 }, 8 },
	{ { 169, 254 }, 16 }, { { 172, 16 }, 12 }, { { 192, 0, 0 }, 24 },    { { 192, 0, 2 }, 24 },
	{ { 192, 168 }, 16 }, { { 198, 18 }, 15 }, { { 198, 51, 100 }, 24 }, { { 203, 0, 113 }, 24 },
	{ { 224 }, 3 },
};
static const struct network global6 = { { 0x20 }, 3 }; /* 2000::/3, all that is given out */
static const struct network special6[] = {
	{ { 0x20, 0x01, 0, 0x02 }, 48 },    /* benchmarks */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation */
	{ { 0x3f, 0xff }, 20 },		    /* documentation */
};

static bool network_has(const struct network *n, const uint8_t *bytes)
{
	for (unsigned bit = 0; bit < n->bits; bit++)
		if ((n->bytes[bit / 8] ^ bytes[bit / 8]) & (0x80 >> (bit % 8)))
			return false;
	return true;
}

static bool any_has(const struct network *v, size_t n, const uint8_t *bytes)
{
	for (size_t i = 0; i < n; i++)
		if (network_has(&v[i], bytes))
			return true;
	return false;
}

bool address_is_global(const struct address_claim *c)
{
	if (c->type == 4)
		return !any_has(special4, ARRAY_SIZE(special4), c->bytes);
	return c->type == 6 && network_has(&global6, c->bytes) && !any_has(special6, ARRAY_SIZE(special6), c->bytes);
}

/* IPv4 that came as IPv6 is IPv4. */
static void claim_unmap(struct address_claim *c)
{
	static const struct network mapped = { { [10] = 0xff, [11] = 0xff }, 96 };

	if (c->type != 6 || !network_has(&mapped, c->bytes))
		return;
	memmove(c->bytes, c->bytes + 12, 4);
	memset(c->bytes + 4, 0, 12);
	c->type = 4;
}

/* What a server refuses whatever its settings: the unspecified, loopback, link-local and multicast addresses. */
static bool may_come(const struct address_claim *c)
{
	static const struct network never4[] = { { { 0 }, 8 }, { { 127 }, 8 }, { { 169, 254 }, 16 }, { { 224 }, 3 } };
	static const struct network never6[] = {
		{ { 0 }, 128 }, { { [15] = 1 }, 128 }, { { 0xfe, 0x80 }, 10 }, { { 0xff }, 8 }
	};

	return c->type == 4 ? !any_has(never4, ARRAY_SIZE(never4), c->bytes)
			    : !any_has(never6, ARRAY_SIZE(never6), c->bytes);
}

enum err address_claim_parse(const char *text, struct address_claim *out)
{
	struct address_claim c = { 0 };

	if (inet_pton(AF_INET, text, c.bytes) == 1)
		c.type = 4;
	else if (inet_pton(AF_INET6, text, c.bytes) == 1)
		c.type = 6;
	else
		return ERR_SYNTAX;
	claim_unmap(&c);
	if (!may_come(&c))
		return ERR_RANGE;
	*out = c;
	return ERR_NONE;
}

void address_claim_print(const struct address_claim *c, char out[CLAIM_TEXT])
{
	out[0] = '\0';
	if (c->type)
		inet_ntop(c->type == 4 ? AF_INET : AF_INET6, c->bytes, out, CLAIM_TEXT);
}

void address_set_port(struct sockaddr_storage *to, unsigned port)
{
	if (to->ss_family == AF_INET)
		((struct sockaddr_in *)to)->sin_port = htons((uint16_t)port);
	else
		((struct sockaddr_in6 *)to)->sin6_port = htons((uint16_t)port);
}

static void claim_set(struct address_claim *c, const struct sockaddr_storage *from)
{
	*c = (struct address_claim){ 0 };
	if (from->ss_family == AF_INET) {
		c->type = 4;
		memcpy(c->bytes, &((const struct sockaddr_in *)from)->sin_addr, 4);
	} else if (from->ss_family == AF_INET6) {
		c->type = 6;
		memcpy(c->bytes, &((const struct sockaddr_in6 *)from)->sin6_addr, 16);
	}
	claim_unmap(c);
}

void address_bind(int fd, const struct address_target *t)
{
	if (t->from_len && bind(fd, (const struct sockaddr *)&t->from, t->from_len))
		return;
}

/* An address that is none of ours is no source: it may be the one that a router puts in the place of ours. */
static void source_wish(int fd, int family, const struct address_claim *ours)
{
	struct address_target t = { .from = { .ss_family = (sa_family_t)family } };

	if (family == AF_INET && ours->type == 4) {
		memcpy(&((struct sockaddr_in *)&t.from)->sin_addr, ours->bytes, 4);
		t.from_len = sizeof(struct sockaddr_in);
	} else if (family == AF_INET6 && ours->type == 6) {
		memcpy(&((struct sockaddr_in6 *)&t.from)->sin6_addr, ours->bytes, 16);
		t.from_len = sizeof(struct sockaddr_in6);
	}
	address_bind(fd, &t);
}

/* The kernel chooses a route and an address of ours for it; no packet leaves. */
static bool route_find(const struct addrinfo *a, const struct address_claim *ours, struct address_target *out)
{
	struct address_target t = { .to_len = a->ai_addrlen, .from_len = sizeof t.from };
	int fd = socket(a->ai_family, SOCK_DGRAM, 0);
	bool found;

	if (fd >= 0)
		source_wish(fd, a->ai_family, ours);
	found = fd >= 0 && !connect(fd, a->ai_addr, a->ai_addrlen) &&
		!getsockname(fd, (struct sockaddr *)&t.from, &t.from_len);
	file_close(fd);
	if (!found)
		return false;
	memcpy(&t.to, a->ai_addr, a->ai_addrlen);
	address_set_port(&t.from, 0);
	claim_set(&t.local, &t.from);
	*out = t;
	return true;
}

/* The resolver may say one twice: as glibc does of "::1 localhost" where IPv4 is asked for. */
static bool is_listed(const struct address_target *v, size_t n, const struct addrinfo *a)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].to_len == a->ai_addrlen && !memcmp(&v[i].to, a->ai_addr, a->ai_addrlen))
			return true;
	return false;
}

enum err address_resolve(const char *host, unsigned port, unsigned family, const struct address_claim *ours,
			 struct address_target out[ADDRESS_TARGETS], size_t *n, const char **why)
{
	const struct addrinfo wanted = { .ai_family = family == 4   ? AF_INET
						      : family == 6 ? AF_INET6
								    : AF_UNSPEC,
					 .ai_socktype = SOCK_DGRAM,
					 .ai_flags = AI_NUMERICSERV };
	struct addrinfo *list = NULL;
	char number[16];
	size_t found = 0;
	int status, reason;

	snprintf(number, sizeof number, "%u", port);
	status = getaddrinfo(host, number, &wanted, &list);
	if (status) {
		*why = status == EAI_SYSTEM ? strerror(errno) : gai_strerror(status);
		return ERR_NOT_FOUND;
	}
	for (const struct addrinfo *a = list; a && found < ADDRESS_TARGETS; a = a->ai_next)
		if ((a->ai_family == AF_INET || a->ai_family == AF_INET6) && !is_listed(out, found, a) &&
		    route_find(a, ours, &out[found]))
			found++;
	reason = errno;
	freeaddrinfo(list);
	errno = reason;
	if (!found)
		return ERR_CLOSED;
	*n = found;
	return ERR_NONE;
}
