/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hand_over.c - the descriptor itself, or byte by byte. */
#include "client/hand_over.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define BLOCK 65536u
#define WRITE_MAX 4096u /* PIPE_BUF: what a pipe that can be written to takes without blocking */

bool hand_over_possible(void)
{
	return true;
}

bool hand_over_wanted(void)
{
	struct sockaddr_storage name = { 0 };
	socklen_t len = sizeof name;
	struct stat in, out;

	return !fstat(STDIN_FILENO, &in) && !fstat(STDOUT_FILENO, &out) && S_ISSOCK(out.st_mode) &&
	       in.st_dev == out.st_dev && in.st_ino == out.st_ino &&
	       !getsockname(STDOUT_FILENO, (struct sockaddr *)&name, &len) && name.ss_family == AF_UNIX;
}

static enum err set_blocking(int fd, bool blocking)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK))
		return ERR_SYSTEM;
	return ERR_NONE;
}

enum err hand_over(int connection)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	char byte = '\0';
	struct iovec one = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &one, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room
	};
	struct cmsghdr *c;
	ssize_t n;
	enum err e = set_blocking(connection, true);

	if (e)
		return e;
	memset(&control, 0, sizeof control);
	c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof connection);
	memcpy(CMSG_DATA(c), &connection, sizeof connection);
	while ((n = sendmsg(STDOUT_FILENO, &m, 0)) < 0 && errno == EINTR)
		;
	return n == 1 ? ERR_NONE : ERR_SYSTEM;
}

/* ---- bytes ---- */

struct way {
	int from, to;
	size_t at, len; /* what of 'block' is to be written */
	bool ended;	/* nothing more comes from 'from' */
	char block[BLOCK];
};

static bool is_later(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* One read or one write, whichever is due. False: this way is broken. */
static bool way_step(struct way *w, short from_ready, short to_ready)
{
	ssize_t n;

	if (w->len && to_ready) {
		n = write(w->to, w->block + w->at, w->len < WRITE_MAX ? w->len : WRITE_MAX);
		if (n < 0)
			return is_later();
		w->at += (size_t)n;
		w->len -= (size_t)n;
	} else if (!w->len && !w->ended && from_ready) {
		n = read(w->from, w->block, sizeof w->block);
		if (n < 0)
			return is_later();
		w->at = 0;
		w->len = (size_t)n;
		w->ended = n == 0;
	}
	return true;
}

enum err hand_over_bytes(int connection)
{
	static struct way up, down;
	bool told = false;

	up = (struct way){ .from = STDIN_FILENO, .to = connection };
	down = (struct way){ .from = connection, .to = STDOUT_FILENO };
	(void)setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	if (set_blocking(connection, false))
		return ERR_SYSTEM;
	while (!down.ended || down.len) {
		const short events = (short)((up.len ? POLLOUT : 0) | (down.len || down.ended ? 0 : POLLIN));
		struct pollfd p[] = {
			{ .fd = up.ended || up.len ? -1 : STDIN_FILENO, .events = POLLIN },
			{ .fd = events ? connection : -1, .events = events },
			{ .fd = down.len ? STDOUT_FILENO : -1, .events = POLLOUT },
		};

		if (poll(p, 3, -1) < 0 && errno != EINTR)
			return ERR_SYSTEM;
		/* what the server has said last is to arrive, also where it hears no more */
		if (!way_step(&up, p[0].revents, p[1].revents & (POLLOUT | POLLERR | POLLHUP))) {
			up.ended = true;
			up.len = 0;
		}
		if (!way_step(&down, p[1].revents & (POLLIN | POLLERR | POLLHUP), p[2].revents))
			return ERR_SYSTEM;
		if (up.ended && !up.len && !told) {
			shutdown(connection, SHUT_WR);
			told = true;
		}
	}
	return ERR_NONE;
}
