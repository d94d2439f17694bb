/* SPDX-License-Identifier: GPL-3.0-or-later */
/* probe.c - connect to one SSH server and read no more than its identification and KEXINIT. */
#include "wire/probe.h"

#include "base/file.h"
#include "base/reader.h"
#include "wire/identification.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define READ_MAX 65536
#define PACKET_MIN 5	 /* the padding's length and four bytes of padding */
#define PACKET_MAX 35000 /* RFC 4253 section 6.1 */
#define PADDING_MIN 4
#define PACKET_ALIGN 8
#define MESSAGE_DISCONNECT 1
#define TOO_MANY_CONNECTIONS 12 /* RFC 4253 section 11.1 */

/* All that the server sent so far, and how much of it was used. */
struct stream {
	int fd;
	int64_t deadline;
	bool ended; /* it will send nothing more */
	size_t used, len;
	uint8_t bytes[READ_MAX];
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static enum err wait_for(int fd, short events, int64_t deadline)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = events };
		int64_t left = deadline - now_ms();
		int n;

		if (left <= 0)
			return ERR_TIMEOUT;
		n = poll(&p, 1, left > INT_MAX ? INT_MAX : (int)left);
		if (n > 0)
			return p.revents & POLLNVAL ? (errno = EBADF, ERR_SYSTEM) : ERR_NONE;
		if (n < 0 && errno != EINTR)
			return ERR_SYSTEM;
	}
}

static bool hung_up(int error)
{
	return error == ECONNRESET || error == EPIPE;
}

/* A server that hung up may have said why: that its end is closed to us shows when reading. */
static enum err stream_send(struct stream *s, const char *text)
{
	size_t len = strlen(text);
	enum err e;

	while (len) {
		ssize_t n = send(s->fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0) {
			text += n;
			len -= (size_t)n;
			continue;
		}
		if (hung_up(errno))
			return ERR_NONE;
		if (errno != EAGAIN && errno != EINTR)
			return ERR_SYSTEM;
		if ((e = wait_for(s->fd, POLLOUT, s->deadline)))
			return e;
	}
	return ERR_NONE;
}

/* Reads whatever has come, at least a byte, or finds that the server ended. */
static enum err stream_more(struct stream *s)
{
	enum err e;

	if (s->len == sizeof s->bytes)
		return ERR_TOO_BIG;
	for (;;) {
		ssize_t n;

		/* first, so that a server that never stops sending cannot outlast the deadline */
		if ((e = wait_for(s->fd, POLLIN, s->deadline)))
			return e;
		n = recv(s->fd, s->bytes + s->len, sizeof s->bytes - s->len, MSG_DONTWAIT);
		if (n > 0) {
			s->len += (size_t)n;
			return ERR_NONE;
		}
		if (n == 0 || hung_up(errno)) {
			s->ended = true;
			return ERR_NONE;
		}
		if (errno != EAGAIN && errno != EINTR)
			return ERR_SYSTEM;
	}
}

/* ERR_SHORT while the packet is not complete. The payload is borrowed. */
static enum err packet_read(struct reader *in, const uint8_t **payload, size_t *len)
{
	struct reader r = *in;
	uint32_t length;
	uint8_t padding;
	enum err e;

	if ((e = read_u32(&r, &length)))
		return e;
	if (length > PACKET_MAX)
		return ERR_TOO_BIG;
	if (length < PACKET_MIN || (length + sizeof length) % PACKET_ALIGN)
		return ERR_SYNTAX;
	if (r.left < length)
		return ERR_SHORT;
	if ((e = read_u8(&r, &padding)))
		return e;
	if (padding < PADDING_MIN || padding > length - 1)
		return ERR_SYNTAX;
	*payload = r.at;
	*len = length - 1 - padding;
	return ERR_NONE;
}

static enum err identification_read(struct stream *s, char **out)
{
	struct identification_scan found;
	struct text t = { 0 };
	enum err e;

	while ((e = identification_scan(s->bytes, s->len, s->ended, &found)) == ERR_SHORT)
		if ((e = stream_more(s)))
			return e;
	if (e)
		return e;
	s->used = found.used;
	text_add_escaped(&t, found.line, found.len);
	if ((e = text_check(&t))) {
		text_free(&t);
		return e;
	}
	*out = text_take(&t);
	return ERR_NONE;
}

/* RFC 4253 section 11.1: why the server says goodbye instead of offering anything. */
static enum err disconnect_classify(const uint8_t *payload, size_t len)
{
	struct reader in = { .at = payload, .left = len };
	uint32_t reason;

	if (read_skip(&in, 1) || read_u32(&in, &reason))
		return ERR_SYNTAX;
	return reason == TOO_MANY_CONNECTIONS ? ERR_PENALTY : ERR_CLOSED;
}

static enum err kexinit_read(struct stream *s, struct kexinit *out)
{
	const uint8_t *payload;
	size_t len;
	enum err e;

	for (;;) {
		struct reader in = { .at = s->bytes + s->used, .left = s->len - s->used };

		if ((e = packet_read(&in, &payload, &len)) != ERR_SHORT)
			break;
		if (s->ended)
			return ERR_CLOSED;
		if ((e = stream_more(s)))
			return e;
	}
	if (e)
		return e;
	if (len && payload[0] == MESSAGE_DISCONNECT)
		return disconnect_classify(payload, len);
	e = kexinit_parse(payload, len, out);
	/* the packet is complete: what does not fit inside it is a mistake in it */
	return e == ERR_SHORT || e == ERR_TRAILING ? ERR_SYNTAX : e;
}

static enum err probe_until(int fd, int64_t deadline, struct probe_result *out)
{
	struct stream s = { .fd = fd, .deadline = deadline };
	struct probe_result r = { 0 };
	enum err e;

	if ((e = stream_send(&s, "SSH-2.0-sallyport_" SALLYPORT_VERSION "\r\n")) ||
	    (e = identification_read(&s, &r.identification)) || (e = kexinit_read(&s, &r.kexinit))) {
		probe_result_free(&r);
		return e;
	}
	*out = r; /* the caller owns it now */
	return ERR_NONE;
}

enum err probe_socket(int fd, int timeout_ms, struct probe_result *out)
{
	return probe_until(fd, now_ms() + timeout_ms, out);
}

static enum err address_parse(const char *addr, unsigned port, struct sockaddr_storage *out, socklen_t *len)
{
	struct addrinfo want = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *found;
	char service[16];
	int n = snprintf(service, sizeof service, "%u", port);

	if (port > 65535 || n < 0 || (size_t)n >= sizeof service)
		return ERR_RANGE;
	if (getaddrinfo(addr, service, &want, &found))
		return ERR_RANGE;
	memcpy(out, found->ai_addr, found->ai_addrlen);
	*len = found->ai_addrlen;
	freeaddrinfo(found);
	return ERR_NONE;
}

/* An address of this host, so that what we send to it never leaves over a wire. */
static bool ipv4_is_local(struct in_addr addr)
{
	struct ifaddrs *all, *i;
	bool found = false;

	if (addr.s_addr == htonl(INADDR_ANY) || ntohl(addr.s_addr) >> 24 == IN_LOOPBACKNET)
		return true;
	if (getifaddrs(&all))
		return false;
	for (i = all; i && !found; i = i->ifa_next) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)i->ifa_addr;

		found = in && in->sin_family == AF_INET && in->sin_addr.s_addr == addr.s_addr;
	}
	freeifaddrs(all);
	return found;
}

/* A penalty for what we do then hits nobody else: neither 127.0.0.1 nor another run of us. */
static bool source_of_our_own(const struct sockaddr_storage *to, struct sockaddr_storage *from, socklen_t *len)
{
	const struct sockaddr_in *target = (const struct sockaddr_in *)(const void *)to;
	struct sockaddr_in own = { .sin_family = AF_INET };

	if (to->ss_family != AF_INET || !ipv4_is_local(target->sin_addr))
		return false;
	own.sin_addr.s_addr = htonl(0x7f530000 | ((uint32_t)getpid() & 0xffff));
	memset(from, 0, sizeof *from);
	memcpy(from, &own, sizeof own);
	*len = sizeof own;
	return true;
}

static enum err connect_error(int error)
{
	errno = error;
	if (error == ECONNREFUSED || hung_up(error))
		return ERR_CLOSED;
	return error == ETIMEDOUT ? ERR_TIMEOUT : ERR_SYSTEM;
}

static enum err socket_connect(int fd, const struct sockaddr_storage *to, socklen_t len, int64_t deadline)
{
	int error = 0;
	socklen_t size = sizeof error;
	enum err e;

	if (!connect(fd, (const struct sockaddr *)to, len))
		return ERR_NONE;
	if (errno != EINPROGRESS && errno != EINTR)
		return connect_error(errno);
	if ((e = wait_for(fd, POLLOUT, deadline)))
		return e;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size))
		return ERR_SYSTEM;
	return error ? connect_error(error) : ERR_NONE;
}

/* A connected socket; from NULL: the system chooses where it comes from. */
static enum err socket_open(const struct sockaddr_storage *to, socklen_t to_len, const struct sockaddr_storage *from,
			    socklen_t from_len, int64_t deadline, int *out)
{
	int fd = socket(to->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	enum err e = ERR_SYSTEM;

	if (fd < 0)
		return ERR_SYSTEM;
	if (from && bind(fd, (const struct sockaddr *)from, from_len))
		goto out;
	if ((e = socket_connect(fd, to, to_len, deadline)))
		goto out;
	*out = fd;
	fd = -1; /* the caller's now */
out:
	file_close(fd);
	return e;
}

static enum err target_connect(const struct probe_target *t, int64_t deadline, int *fd)
{
	struct sockaddr_storage to, from;
	socklen_t to_len, from_len;
	enum err e;

	if (!t->port)
		return ERR_RANGE;
	if ((e = address_parse(t->addr, t->port, &to, &to_len)))
		return e;
	if (t->source) {
		if ((e = address_parse(t->source, 0, &from, &from_len)))
			return e;
		return socket_open(&to, to_len, &from, from_len, deadline, fd);
	}
	if (!source_of_our_own(&to, &from, &from_len))
		return socket_open(&to, to_len, NULL, 0, deadline, fd);
	if ((e = socket_open(&to, to_len, &from, from_len, deadline, fd)) != ERR_SYSTEM)
		return e;
	/* some firewall or routing does not let 127.83.0.0/16 reach that address */
	return socket_open(&to, to_len, NULL, 0, deadline, fd);
}

enum err probe_server(const struct probe_target *t, struct probe_result *out)
{
	int64_t deadline = now_ms() + t->timeout_ms;
	int fd = -1;
	enum err e;

	if (!(e = target_connect(t, deadline, &fd)))
		e = probe_until(fd, deadline, out);
	file_close(fd);
	return e;
}

void probe_result_free(struct probe_result *r)
{
	free(r->identification);
	r->identification = NULL;
	kexinit_free(&r->kexinit);
}
