/* SPDX-License-Identifier: GPL-3.0-or-later */
/* health.c - connect, say who we are, read until the key exchange begins. */
#include "gate/health.h"

#include "base/clock.h"
#include "base/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

#define IDENTIFICATION "SSH-2.0-sallyport\r\n"
#define PACKET_HEAD 5u /* RFC 4253, section 6: length, length of the padding */
#define KEXINIT 20
#define AT_MOST 8 /* addresses */

static bool begins(const uint8_t *bytes, size_t len, const char *with)
{
	return len >= strlen(with) && memcmp(bytes, with, strlen(with)) == 0;
}

/* What sshd says to who it does not even talk to: MaxStartups, PerSourcePenalties. */
static bool is_busy(const uint8_t *line, size_t len)
{
	return begins(line, len, "Exceeded MaxStartups") || begins(line, len, "Not allowed at this time");
}

enum health health_judge(const uint8_t *bytes, size_t len)
{
	const uint8_t *at = bytes, *end = bytes + len;
	const uint8_t *newline;

	while ((newline = memchr(at, '\n', (size_t)(end - at)))) {
		const size_t n = (size_t)(newline - at);

		if (is_busy(at, n))
			return HEALTH_GOOD;
		if (begins(at, n, "SSH-2.0-") || begins(at, n, "SSH-1.99-")) {
			at = newline + 1;
			if ((size_t)(end - at) <= PACKET_HEAD)
				return len < HEALTH_BYTES ? HEALTH_MORE : HEALTH_BAD;
			return at[PACKET_HEAD] == KEXINIT ? HEALTH_GOOD : HEALTH_BAD;
		}
		at = newline + 1;
	}
	return len < HEALTH_BYTES ? HEALTH_MORE : HEALTH_BAD;
}

static int left_ms(uint64_t until_ms)
{
	const uint64_t now = clock_boot_ms();

	return now < until_ms ? (int)(until_ms - now) : 0;
}

static enum health ask_until(int fd, uint64_t until_ms)
{
	uint8_t bytes[HEALTH_BYTES];
	size_t len = 0;
	enum health h = HEALTH_MORE;

	if (send(fd, IDENTIFICATION, strlen(IDENTIFICATION), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return HEALTH_BAD;
	while (h == HEALTH_MORE) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int ready = poll(&p, 1, left_ms(until_ms));
		ssize_t n;

		if (ready < 0 && errno == EINTR)
			continue;
		n = ready > 0 ? recv(fd, bytes + len, sizeof bytes - len, MSG_DONTWAIT) : 0;
		if (n <= 0) {
			/* what was refused in a word has no end of line, or may have none */
			return is_busy(bytes, len) ? HEALTH_GOOD : HEALTH_BAD;
		}
		len += (size_t)n;
		h = health_judge(bytes, len);
	}
	return h;
}

enum health health_ask(int fd, int timeout_ms)
{
	return ask_until(fd, clock_boot_ms() + (uint64_t)timeout_ms);
}

/* --- from this host itself --- */

/* One that listens on every address is asked on loopback. */
static socklen_t listen_address(const struct spare_listen *l, struct sockaddr_storage *out)
{
	static const uint8_t every[16];
	struct sockaddr_in *a4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *a6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof *out);
	if (l->address.family == AF_INET) {
		a4->sin_family = AF_INET;
		a4->sin_port = htons(l->port);
		memcpy(&a4->sin_addr, l->address.addr, sizeof a4->sin_addr);
		if (!memcmp(l->address.addr, every, sizeof a4->sin_addr))
			a4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof *a4;
	}
	a6->sin6_family = AF_INET6;
	a6->sin6_port = htons(l->port);
	memcpy(&a6->sin6_addr, l->address.addr, sizeof a6->sin6_addr);
	if (!memcmp(l->address.addr, every, sizeof a6->sin6_addr))
		a6->sin6_addr = in6addr_loopback;
	return sizeof *a6;
}

static enum err listen_look(const struct spare_listen *l, uint64_t until_ms)
{
	struct sockaddr_storage to;
	const socklen_t len = listen_address(l, &to);
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	enum err e = ERR_CLOSED;
	int error = 0;
	socklen_t size = sizeof error;

	if (fd < 0)
		return e;
	if (!connect(fd, (const struct sockaddr *)&to, len) ||
	    (errno == EINPROGRESS && poll(&p, 1, left_ms(until_ms)) == 1 &&
	     !getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) && !error))
		e = ask_until(fd, until_ms) == HEALTH_GOOD ? ERR_NONE : ERR_CHILD;
	file_close(fd);
	return e;
}

static bool is_among(uint16_t port, const uint16_t *ports, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (ports[i] == port)
			return true;
	return false;
}

enum err health_look(const struct spare *s, const uint16_t *ports, unsigned nports)
{
	const uint64_t until_ms = clock_boot_ms() + HEALTH_MS;
	enum err worst = ERR_NOT_FOUND;

	for (unsigned i = 0, asked = 0; i < s->nlistens && asked < AT_MOST; i++) {
		enum err e;

		if (!is_among(s->listen[i].port, ports, nports))
			continue;
		asked++;
		if (!(e = listen_look(&s->listen[i], until_ms)))
			return ERR_NONE;
		if (worst != ERR_CHILD)
			worst = e;
	}
	return worst;
}
