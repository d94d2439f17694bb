/* SPDX-License-Identifier: GPL-3.0-or-later */
/* message.c - whole messages over a socket pair, each checked against a table before anybody looks into it. */
#include "gate/message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/banned.h"

/* The layout is shared by programs that are built together; a hole would carry what lay in memory before. */
_Static_assert(sizeof(struct message_slots) == 328, "no holes");
_Static_assert(sizeof(struct message_open) == 8 + NATIVE_DATAGRAM, "no holes");
_Static_assert(sizeof(struct message_opened) == 8 + NATIVE_PLAIN, "no holes");
_Static_assert(sizeof(struct message_question) == 1440, "no holes");
_Static_assert(sizeof(struct message_answer) == 8 + MESSAGE_KEY_MAX + 128, "no holes");
_Static_assert(sizeof(struct message_knock) == 88 + sizeof(struct message_question), "no holes");

enum err message_send(int fd, uint32_t kind, uint32_t id, const void *body, size_t size)
{
	struct message_head head = { .kind = kind, .id = id };
	struct iovec parts[] = { { &head, sizeof head }, { (void *)body, size } };
	const struct msghdr m = { .msg_iov = parts, .msg_iovlen = size ? 2 : 1 };
	ssize_t sent;

	do
		sent = sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent == (ssize_t)(sizeof head + size))
		return ERR_NONE;
	if (sent >= 0)
		return ERR_SYNTAX; /* not a SOCK_SEQPACKET */
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
		return ERR_BUSY;
	return errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN ? ERR_CLOSED : ERR_SYSTEM;
}

static const struct message_row *row_of(const struct message_row *rows, uint32_t kind, size_t size)
{
	for (; rows->take; rows++)
		if (rows->kind == kind && rows->size == size)
			return rows;
	return NULL;
}

/* One packet; ERR_NOT_FOUND: none is there. */
static enum err take_one(int fd, const struct message_row *rows, void *role)
{
	/* One byte more than any message has, so that a longer one is noticed. */
	union {
		struct message_head head;
		unsigned char bytes[MESSAGE_MAX + 1];
		max_align_t align;
	} in;
	const struct message_row *row;
	ssize_t n;

	do
		n = recv(fd, &in, sizeof in, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return ERR_CLOSED;
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return ERR_NOT_FOUND;
	if (n < 0)
		return errno == ECONNRESET ? ERR_CLOSED : ERR_SYSTEM;
	if ((size_t)n < sizeof in.head || !(row = row_of(rows, in.head.kind, (size_t)n - sizeof in.head)))
		return ERR_SYNTAX;
	return row->take(role, fd, in.head.id, in.bytes + sizeof in.head);
}

enum err message_receive(int fd, const struct message_row *rows, void *role, unsigned most)
{
	enum err e = ERR_NONE;

	while (most-- && !e)
		e = take_one(fd, rows, role);
	return e == ERR_NOT_FOUND ? ERR_NONE : e;
}
