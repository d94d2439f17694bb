/* SPDX-License-Identifier: GPL-3.0-or-later */
/* send.c - three times the same bytes, and many tries to connect. */
#include "client/send.h"

#include "base/clock.h"
#include "base/file.h"
#include "client/dial.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define GREETING_MS 5000
#define GREETING_MAX 4096

/* When the copies go out, counted from the start. */
static const unsigned copies_ms[] = { 0, 500, 1500 };

/*
 * When connections are tried: soon, for the port may be open in a few milliseconds, and less often later, when only a slow line or
 * a lost datagram explains why nothing came of it.
 */
static const unsigned tries_ms[] = { 30, 80, 150, 300, 500, 800, 1200, 1700, 2300, 3000, 3900, 4900 };

struct attempt {
	const struct send_order *order;
	uint64_t start;
	size_t copies; /* sent so far */
	struct dial dial;
	unsigned rounds;
};

static unsigned since(const struct attempt *a)
{
	return (unsigned)(clock_boot_ms() - a->start);
}

/* Not connected, so that an ICMP message that answers one copy does not stop the next. port 0: that of the target. */
static bool send_one(const struct send_job *j, unsigned port)
{
	struct sockaddr_storage to = j->to->to;
	int fd = socket(to.ss_family, SOCK_DGRAM, 0);
	ssize_t n = -1;

	if (port)
		address_set_port(&to, port);
	if (fd >= 0)
		address_bind(fd, j->to);
	if (fd >= 0)
		n = sendto(fd, j->datagram, NATIVE_DATAGRAM, 0, (const struct sockaddr *)&to, j->to->to_len);
	file_close(fd);
	return n == NATIVE_DATAGRAM;
}

/* A datagram that went to one of its ports is sent. */
static unsigned send_round(const struct send_order *o)
{
	unsigned sent = 0;

	for (size_t i = 0; i < o->n; i++) {
		bool one = !o->nports && send_one(&o->jobs[i], 0);

		for (size_t k = 0; k < o->nports; k++)
			one |= send_one(&o->jobs[i], o->port[k]);
		sent += one;
	}
	return sent;
}

static void tries_begin(struct attempt *a)
{
	dial_begin(&a->dial, a->order->target, a->order->ntargets, a->order->ssh_port);
	a->rounds++;
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
	unsigned next = a->order->ssh_port ? a->order->wait_ms : 0;

	if (a->copies < ARRAY_SIZE(copies_ms))
		next = copies_ms[a->copies];
	if (a->order->ssh_port && try_due(a) < next)
		next = try_due(a);
	return next > now ? next - now : 0;
}

static enum err attempt_run(struct attempt *a, struct send_result *r, int *connection)
{
	const struct send_order *o = a->order;
	int open = -1;

	a->start = clock_boot_ms();
	for (;;) {
		if (a->copies < ARRAY_SIZE(copies_ms) && since(a) >= copies_ms[a->copies]) {
			unsigned sent = send_round(o);

			if (!a->copies++ && !sent)
				return ERR_CLOSED;
			r->sent = sent > r->sent ? sent : r->sent;
		}
		if (o->ssh_port && since(a) >= try_due(a))
			tries_begin(a);
		if (o->ssh_port ? since(a) >= o->wait_ms : a->copies == ARRAY_SIZE(copies_ms))
			return ERR_NONE;
		open = dial_wait(&a->dial, pause_length(a));
		if (open < 0)
			continue;
		r->open = true;
		r->waited = since(a);
		r->greeted = o->greeting && greeting_read(open);
		if (connection)
			*connection = open;
		else
			file_close(open);
		return ERR_NONE;
	}
}

enum err send_jobs(const struct send_order *o, struct send_result *out, int *connection)
{
	struct attempt a = { .order = o };
	struct send_result r = { 0 };
	enum err e = attempt_run(&a, &r, connection);

	dial_clear(&a.dial);
	if (!e)
		*out = r;
	return e;
}
