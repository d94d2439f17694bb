/* SPDX-License-Identifier: GPL-3.0-or-later */
/* knocker.c - one datagram from a name, a key and a wish. */
#include "client/knocker.h"

#include "base/file.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

enum err knocker_resolve(const char *host, unsigned port, int family, struct knocker_place *places, size_t *n)
{
	const struct addrinfo hints = { .ai_family = family == 4   ? AF_INET
						     : family == 6 ? AF_INET6
								   : AF_UNSPEC,
					.ai_socktype = SOCK_STREAM };
	struct addrinfo *all = NULL;
	char service[8];
	size_t found = 0;

	snprintf(service, sizeof service, "%u", port);
	if (getaddrinfo(host, service, &hints, &all))
		return ERR_NOT_FOUND;
	for (const struct addrinfo *ai = all; ai && found < KNOCKER_PLACES; ai = ai->ai_next) {
		struct knocker_place *p = &places[found];

		if (ai->ai_addrlen > sizeof p->to)
			continue;
		memcpy(&p->to, ai->ai_addr, ai->ai_addrlen);
		p->len = ai->ai_addrlen;
		if (!getnameinfo(ai->ai_addr, ai->ai_addrlen, p->text, sizeof p->text, NULL, 0, NI_NUMERICHOST))
			found++;
	}
	freeaddrinfo(all);
	*n = found;
	return found ? ERR_NONE : ERR_NOT_FOUND;
}

/* ---- the address to be opened ---- */

static bool ipv4_is_global(const uint8_t *b)
{
	if (b[0] == 0 || b[0] == 10 || b[0] == 127 || b[0] >= 224)
		return false;
	if ((b[0] == 100 && (b[1] & 0xc0) == 64) || (b[0] == 169 && b[1] == 254) ||
	    (b[0] == 172 && (b[1] & 0xf0) == 16))
		return false;
	return !(b[0] == 192 && (b[1] == 168 || (b[1] == 0 && b[2] == 0)));
}

static bool ipv6_is_global(const uint8_t *b)
{
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };

	/* 2000::/3 is all that is unicast and global; what a NAT64 makes of IPv4 is not ours */
	return (b[0] & 0xe0) == 0x20 && memcmp(b, nat64, sizeof nat64) != 0;
}

bool knocker_is_global(int family, const uint8_t *bytes)
{
	return family == 4 ? ipv4_is_global(bytes) : ipv6_is_global(bytes);
}

static void claim_set(struct native_knock *out, int family, const void *bytes)
{
	out->addr_type = (uint8_t)family;
	memset(out->addr, 0, sizeof out->addr);
	memcpy(out->addr, bytes, family == 4 ? 4 : 16);
}

static enum err claim_given(const char *from, struct native_knock *out)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, from, bytes) == 1)
		claim_set(out, 4, bytes);
	else if (inet_pton(AF_INET6, from, bytes) == 1)
		claim_set(out, 6, bytes);
	else
		return ERR_SYNTAX;
	return ERR_NONE;
}

enum err knocker_claim(const struct knocker_place *p, const char *from, struct native_knock *out)
{
	struct sockaddr_storage own = { 0 };
	socklen_t len = sizeof own;
	enum err e = ERR_NONE;
	int fd;

	if (from)
		return claim_given(from, out);
	/* Connecting a datagram socket sends nothing: it asks the routing table. */
	if ((fd = socket(p->to.ss_family, SOCK_DGRAM, 0)) < 0)
		return ERR_NOT_FOUND;
	if (connect(fd, (const struct sockaddr *)&p->to, p->len) || getsockname(fd, (struct sockaddr *)&own, &len))
		e = ERR_NOT_FOUND;
	file_close(fd);
	if (e)
		return e;
	out->addr_type = 0;
	memset(out->addr, 0, sizeof out->addr);
	if (own.ss_family == AF_INET && knocker_is_global(4, (const uint8_t *)&((struct sockaddr_in *)&own)->sin_addr))
		claim_set(out, 4, &((struct sockaddr_in *)&own)->sin_addr);
	if (own.ss_family == AF_INET6 && knocker_is_global(6, ((struct sockaddr_in6 *)&own)->sin6_addr.s6_addr))
		claim_set(out, 6, ((struct sockaddr_in6 *)&own)->sin6_addr.s6_addr);
	return ERR_NONE;
}

/* ---- the knock ---- */

static void use_plain(struct native_knock *k, const struct candidate *c)
{
	k->kind = NATIVE_PLAIN_KEY;
	k->cert = k->casig = NULL;
	k->cert_len = k->casig_len = 0;
	crypto_hash_sha256(k->keyid, c->key, c->key_len);
}

static bool use_certificate(struct native_knock *k, const struct candidate *c)
{
	struct native_certificate parts;

	if (!c->certificate || native_certificate_split(c->certificate, c->certificate_len, &parts))
		return false;
	k->kind = NATIVE_CERTIFICATE;
	k->cert = parts.body;
	k->cert_len = parts.body_len;
	k->casig = parts.casig;
	k->casig_len = parts.casig_len;
	crypto_hash_sha256(k->keyid, parts.ca, parts.ca_len);
	return true;
}

struct making {
	const struct knocker_wish *wish;
	const struct candidate *candidate;
	int agent;
	uint8_t ephemeral[32], enc[32], plain[NATIVE_PLAIN];
};

static enum err sign_and_seal(struct making *m, const struct native_knock *k, uint8_t datagram[NATIVE_DATAGRAM])
{
	struct text message = { 0 }, tbs = { 0 };
	uint8_t *sig = NULL;
	size_t len = 0, sig_len = 0;
	enum err e;

	if ((e = native_write(k, m->plain, &len)))
		return e;
	native_message(m->wish->host, m->enc, m->plain, len, &message);
	native_to_be_signed(&message, &tbs);
	if (!(e = text_check(&message)) && !(e = text_check(&tbs)) &&
	    !(e = candidate_sign(m->candidate, m->agent, &message, &tbs, &sig, &sig_len)) &&
	    !(e = native_write_signature(m->plain, len, sig, sig_len)))
		e = native_seal(m->wish->host, m->wish->site_secret, m->ephemeral, m->plain, datagram);
	free(sig);
	text_free(&message);
	text_free(&tbs);
	return e;
}

static enum err knock_fill(const struct knocker_wish *w, const struct native_knock *claim, uint64_t now_ms,
			   struct native_knock *k)
{
	*k = (struct native_knock){ .addr_type = claim->addr_type, .ts = now_ms };
	memcpy(k->addr, claim->addr, sizeof k->addr);
	/* Without an address of one's own there is no choice of port and time either. */
	if (claim->addr_type) {
		k->duration = w->seconds > UINT16_MAX ? UINT16_MAX : (uint16_t)w->seconds;
		k->ports[0] = (uint16_t)w->port;
		k->nports = w->port ? 1 : 0;
	}
	if (strlen(w->user) > NATIVE_USER)
		return ERR_SYNTAX;
	memcpy(k->user, w->user, strlen(w->user));
	return ERR_NONE;
}

enum err knocker_make(const struct knocker_wish *w, const struct native_knock *claim, const struct candidate *c,
		      int agent, uint64_t now_ms, uint8_t datagram[NATIVE_DATAGRAM], bool *plain_instead)
{
	struct making m = { .wish = w, .candidate = c, .agent = agent };
	struct native_knock k;
	enum err e;

	*plain_instead = false;
	if ((e = knock_fill(w, claim, now_ms, &k)))
		return e;
	randombytes_buf(m.ephemeral, sizeof m.ephemeral);
	if ((e = native_enc(m.ephemeral, m.enc)))
		return e;
	e = use_certificate(&k, c) ? sign_and_seal(&m, &k, datagram) : ERR_TOO_BIG;
	if (e == ERR_TOO_BIG) {
		*plain_instead = c->certificate != NULL;
		use_plain(&k, c);
		e = sign_and_seal(&m, &k, datagram);
	}
	sodium_memzero(&m, sizeof m);
	return e;
}

/* ---- the network ---- */

enum err knocker_send(const struct knocker_place *p, unsigned knock_port, const uint8_t datagram[NATIVE_DATAGRAM])
{
	struct sockaddr_storage to = p->to;
	enum err e = ERR_NONE;
	int fd = socket(to.ss_family, SOCK_DGRAM, 0);

	if (fd < 0)
		return ERR_SYSTEM;
	if (to.ss_family == AF_INET)
		((struct sockaddr_in *)&to)->sin_port = htons((uint16_t)knock_port);
	else
		((struct sockaddr_in6 *)&to)->sin6_port = htons((uint16_t)knock_port);
	if (sendto(fd, datagram, NATIVE_DATAGRAM, 0, (const struct sockaddr *)&to, p->len) != NATIVE_DATAGRAM)
		e = ERR_SYSTEM;
	file_close(fd);
	return e;
}

enum err knocker_try(const struct knocker_place *p, int wait_ms)
{
	int fd = socket(p->to.ss_family, SOCK_STREAM, 0), trouble = 0;
	struct pollfd wait = { fd, POLLOUT, 0 };
	socklen_t len = sizeof trouble;
	enum err e = ERR_TIMEOUT;

	if (fd < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) || fcntl(fd, F_SETFD, FD_CLOEXEC)) {
		file_close(fd);
		return ERR_SYSTEM;
	}
	if (connect(fd, (const struct sockaddr *)&p->to, p->len) == 0)
		e = ERR_NONE;
	else if (errno != EINPROGRESS)
		e = ERR_CLOSED;
	else if (poll(&wait, 1, wait_ms) > 0)
		e = getsockopt(fd, SOL_SOCKET, SO_ERROR, &trouble, &len) || trouble ? ERR_CLOSED : ERR_NONE;
	file_close(fd);
	return e;
}
