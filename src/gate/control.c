/* SPDX-License-Identifier: GPL-3.0-or-later */
/* control.c - the asking side of the control socket. */
#include "gate/control.h"

#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/banned.h"

#define WAIT_SECONDS 2
#define ENTRIES_MAX 100000

enum err control_open(const char *path, int *out)
{
	const struct timeval wait = { .tv_sec = WAIT_SECONDS };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	enum err e = ERR_NONE;
	int fd;

	if ((size_t)snprintf(to.sun_path, sizeof to.sun_path, "%s", path) >= sizeof to.sun_path)
		return ERR_TOO_BIG;
	if ((fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) < 0)
		return ERR_SYSTEM;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait))
		e = ERR_SYSTEM;
	else if (connect(fd, (const struct sockaddr *)&to, sizeof to))
		e = errno == ENOENT || errno == ECONNREFUSED ? ERR_NOT_FOUND : ERR_SYSTEM;
	if (e) {
		file_close(fd);
		return e;
	}
	*out = fd;
	return ERR_NONE;
}

/* One packet into body, which has 'size' bytes; *len is what it really had. */
static enum err receive(int fd, uint32_t *kind, void *body, size_t size, size_t *len)
{
	struct message_head head;
	struct iovec parts[] = { { &head, sizeof head }, { body, size } };
	struct msghdr m = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t n = recvmsg(fd, &m, 0);

	if (n == 0)
		return ERR_CLOSED;
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? ERR_TIMEOUT
		       : errno == ECONNRESET		       ? ERR_CLOSED
							       : ERR_SYSTEM;
	if ((size_t)n < sizeof head || m.msg_flags & MSG_TRUNC)
		return ERR_SYNTAX;
	*kind = head.kind;
	*len = (size_t)n - sizeof head;
	return ERR_NONE;
}

static enum err entry_add(struct control_entry **v, size_t *n, const struct control_entry *e)
{
	struct control_entry *more;

	if (*n == ENTRIES_MAX)
		return ERR_TOO_BIG;
	if (!(*n & (*n - 1))) {
		if (!(more = reallocarray(*v, *n ? *n * 2 : 1, sizeof *more)))
			return ERR_MEMORY;
		*v = more;
	}
	(*v)[*n] = *e;
	(*v)[(*n)++].user[sizeof e->user - 1] = '\0';
	return ERR_NONE;
}

enum err control_who(int fd, struct control_entry **entries, size_t *n, struct control_status *status)
{
	union {
		struct control_entry entry;
		struct control_status status;
	} in;
	struct control_entry *v = NULL;
	size_t found = 0, len;
	uint32_t kind = 0;
	enum err e = message_send(fd, CONTROL_WHO, 1, NULL, 0);

	while (!e && kind != CONTROL_STATUS) {
		if ((e = receive(fd, &kind, &in, sizeof in, &len)))
			break;
		if (kind == CONTROL_ENTRY && len == sizeof in.entry)
			e = entry_add(&v, &found, &in.entry);
		else if (kind != CONTROL_STATUS || len != sizeof in.status)
			e = ERR_SYNTAX;
	}
	if (e) {
		free(v);
		return e;
	}
	*entries = v;
	*n = found;
	*status = in.status;
	return ERR_NONE;
}

static enum err ask(int fd, uint32_t kind, const void *body, size_t size, struct control_done *done)
{
	struct control_done in;
	uint32_t answered;
	size_t len;
	enum err e = message_send(fd, kind, 1, body, size);

	if (e || (e = receive(fd, &answered, &in, sizeof in, &len)))
		return e;
	if (answered != CONTROL_DONE || len != sizeof in || in.error >= ERR_COUNT)
		return ERR_SYNTAX;
	*done = in;
	return ERR_NONE;
}

enum err control_grant(int fd, const struct control_grant *g, struct control_done *done)
{
	return ask(fd, CONTROL_GRANT, g, sizeof *g, done);
}

enum err control_revoke(int fd, const struct control_close *c, struct control_done *done)
{
	return ask(fd, CONTROL_CLOSE, c, sizeof *c, done);
}
