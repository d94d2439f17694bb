/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dial.c - tries overlap: on a slow line the first may be the one that comes through. */
#include "client/dial.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "base/banned.h"

#define NEXT_MS 40 /* between two addresses: an answer of most hosts is there by then */

static void try_begin(struct dial *d, const struct address_target *t)
{
	struct sockaddr_storage to = t->to;
	int fd;

	if (d->n == DIAL_MAX || (fd = socket(to.ss_family, SOCK_STREAM, 0)) < 0)
		return;
	address_set_port(&to, d->port);
	address_bind(fd, t);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) || fcntl(fd, F_SETFL, O_NONBLOCK) ||
	    (connect(fd, (const struct sockaddr *)&to, t->to_len) && errno != EINPROGRESS)) {
		file_close(fd);
		return;
	}
	d->tries[d->n++] = (struct pollfd){ .fd = fd, .events = POLLOUT };
}

/* Begins what has its turn; no more than that many milliseconds are to be waited then. */
static unsigned turns_take(struct dial *d, unsigned ms)
{
	uint64_t now = clock_boot_ms();

	while (d->next < d->ntargets && (!d->n || now >= d->due)) {
		try_begin(d, &d->target[d->next++]);
		d->due = now + NEXT_MS;
	}
	return d->next < d->ntargets && d->due - now < ms ? (unsigned)(d->due - now) : ms;
}

void dial_begin(struct dial *d, const struct address_target *target, size_t n, unsigned port)
{
	if (d->next < d->ntargets)
		return;
	d->target = target;
	d->ntargets = n;
	d->port = port;
	d->next = 0;
	d->due = clock_boot_ms();
	turns_take(d, 0);
}

bool dial_idle(const struct dial *d)
{
	return !d->n && d->next == d->ntargets;
}

int dial_wait(struct dial *d, unsigned ms)
{
	size_t kept = 0;
	int open = -1;

	ms = turns_take(d, ms);
	if (poll(d->tries, (nfds_t)d->n, (int)ms) <= 0)
		return -1;
	for (size_t i = 0; i < d->n; i++) {
		int error = 0;
		socklen_t len = sizeof error;

		if (!d->tries[i].revents || open >= 0) {
			d->tries[kept++] = d->tries[i];
			continue;
		}
		if (getsockopt(d->tries[i].fd, SOL_SOCKET, SO_ERROR, &error, &len) || error)
			file_close(d->tries[i].fd);
		else
			open = d->tries[i].fd;
	}
	d->n = kept;
	return open;
}

void dial_clear(struct dial *d)
{
	for (size_t i = 0; i < d->n; i++)
		file_close(d->tries[i].fd);
	*d = (struct dial){ 0 };
}
