/* SPDX-License-Identifier: GPL-3.0-or-later */
/* send.c - three times the same bytes, and many tries to connect. */
#include "client/send.h"

#include "base/clock.h"
#include "base/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define GREETING_MS 5000
#define TRIES_MAX 24
#define GREETING_MAX 4096

/* When the copies go out, counted from the start. */
static const unsigned copies_ms[] = { 0, 500, 1500 };

/*
 * When connections are tried: soon, for the port may be open in a few milliseconds, and less often later, when only a slow line or
 * a lost datagram explains why nothing came of it.
 */
static const unsigned tries_ms[] = { 30, 80, 150, 300, 500, 800, 1200, 1700, 2300, 3000, 3900, 4900 };

struct attempt {
	const struct send_job *jobs;
	size_t n;
	uint64_t start;
	size_t copies;	   /* sent so far */
	unsigned ssh_port; /* 0: do not connect */
	unsigned wait_ms;
	bool greeting;
	struct pollfd tries[TRIES_MAX];
	size_t ntries;
	unsigned rounds;
};

static unsigned since(const struct attempt *a)
{
	return (unsigned)(clock_boot_ms() - a->start);
}

/* Not connected, so that an ICMP message that answers one copy does not stop the next. */
static bool send_one(const struct send_job *j)
{
	int fd = socket(j->to->to.ss_family, SOCK_DGRAM, 0);
	ssize_t n = -1;

	if (fd >= 0)
		n = sendto(fd, j->datagram, NATIVE_DATAGRAM, 0, (const struct sockaddr *)&j->to->to, j->to->to_len);
	file_close(fd);
	return n == NATIVE_DATAGRAM;
}

static unsigned send_round(const struct attempt *a)
{
	unsigned sent = 0;

	for (size_t i = 0; i < a->n; i++)
		sent += send_one(&a->jobs[i]);
	return sent;
}

static void port_set(struct sockaddr_storage *to, unsigned port)
{
	if (to->ss_family == AF_INET)
		((struct sockaddr_in *)to)->sin_port = htons((uint16_t)port);
	else
		((struct sockaddr_in6 *)to)->sin6_port = htons((uint16_t)port);
}

/* Tries overlap: on a slow line the first may be the one that comes through. */
static void try_begin(struct attempt *a, const struct address_target *t)
{
	struct sockaddr_storage to = t->to;
	int fd;

	if (a->ntries == TRIES_MAX || (fd = socket(to.ss_family, SOCK_STREAM, 0)) < 0)
		return;
	port_set(&to, a->ssh_port);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) || fcntl(fd, F_SETFL, O_NONBLOCK) ||
	    (connect(fd, (const struct sockaddr *)&to, t->to_len) && errno != EINPROGRESS)) {
		file_close(fd);
		return;
	}
	a->tries[a->ntries++] = (struct pollfd){ .fd = fd, .events = POLLOUT };
}

static bool same_target(const struct attempt *a, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (a->jobs[k].to == a->jobs[i].to)
			return true;
	return false;
}

static void tries_begin(struct attempt *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (!same_target(a, i))
			try_begin(a, a->jobs[i].to);
	a->rounds++;
}

/* Waits; the descriptor that came through, or -1. Those that were refused are closed. */
static int tries_wait(struct attempt *a, unsigned ms)
{
	size_t kept = 0;
	int open = -1;

	if (poll(a->tries, (nfds_t)a->ntries, (int)ms) <= 0)
		return -1;
	for (size_t i = 0; i < a->ntries; i++) {
		int error = 0;
		socklen_t len = sizeof error;

		if (!a->tries[i].revents || open >= 0) {
			a->tries[kept++] = a->tries[i];
			continue;
		}
		if (getsockopt(a->tries[i].fd, SOL_SOCKET, SO_ERROR, &error, &len) || error)
			file_close(a->tries[i].fd);
		else
			open = a->tries[i].fd;
	}
	a->ntries = kept;
	return open;
}

/* "SSH-" at the beginning of a line: a server may send others before (RFC 4253 section 4.2). */
static bool greeting_read(int fd)
{
	const uint64_t end = clock_boot_ms() + GREETING_MS;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char said[GREETING_MAX + 1] = "\n";
	size_t len = 1;
	uint64_t now;

	while (len < GREETING_MAX && (now = clock_boot_ms()) < end) {
		ssize_t n;

		if (poll(&p, 1, (int)(end - now)) < 0 && errno != EINTR)
			return false;
		n = recv(fd, said + len, GREETING_MAX - len, 0);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		if (n < 0)
			continue;
		for (ssize_t i = 0; i < n; i++)
			if (!said[len + (size_t)i])
				said[len + (size_t)i] = '?';
		len += (size_t)n;
		said[len] = '\0';
		if (strstr(said, "\nSSH-"))
			return true;
	}
	return false;
}

static unsigned try_due(const struct attempt *a)
{
	return a->rounds < ARRAY_SIZE(tries_ms) ? tries_ms[a->rounds] : UINT_MAX;
}

/* How long nothing is to be done but to wait. */
static unsigned pause_length(const struct attempt *a)
{
	const unsigned now = since(a);
	unsigned next = a->ssh_port ? a->wait_ms : 0;

	if (a->copies < ARRAY_SIZE(copies_ms))
		next = copies_ms[a->copies];
	if (a->ssh_port && try_due(a) < next)
		next = try_due(a);
	return next > now ? next - now : 0;
}

static void attempt_end(struct attempt *a)
{
	for (size_t i = 0; i < a->ntries; i++)
		file_close(a->tries[i].fd);
}

static enum err attempt_run(struct attempt *a, struct send_result *r)
{
	int open = -1;

	a->start = clock_boot_ms();
	for (;;) {
		if (a->copies < ARRAY_SIZE(copies_ms) && since(a) >= copies_ms[a->copies]) {
			unsigned sent = send_round(a);

			if (!a->copies++ && !sent)
				return ERR_CLOSED;
			r->sent = sent > r->sent ? sent : r->sent;
		}
		if (a->ssh_port && since(a) >= try_due(a))
			tries_begin(a);
		if (a->ssh_port ? since(a) >= a->wait_ms : a->copies == ARRAY_SIZE(copies_ms))
			return ERR_NONE;
		open = tries_wait(a, pause_length(a));
		if (open < 0)
			continue;
		r->open = true;
		r->waited = since(a);
		r->greeted = a->greeting && greeting_read(open);
		file_close(open);
		return ERR_NONE;
	}
}

enum err send_jobs(const struct send_job *jobs, size_t n, unsigned ssh_port, unsigned wait_ms, bool greeting,
		   struct send_result *out)
{
	struct attempt a = { .jobs = jobs, .n = n, .ssh_port = ssh_port, .wait_ms = wait_ms, .greeting = greeting };
	struct send_result r = { 0 };
	enum err e = attempt_run(&a, &r);

	attempt_end(&a);
	if (!e)
		*out = r;
	return e;
}
