/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netlink.c - talk to the kernel: every answer is read, none is waited for that cannot come. */
#include "gate/netlink.h"

#include "base/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/banned.h"

#define ANSWER_SIZE 65536
/* 20,000 grants are 4 MiB of messages; the kernel takes none that is longer than its buffer. */
#define SEND_BUFFER (64 << 20)
#define RECEIVE_BUFFER (8 << 20)

/* Takes over the socket, which is bound; NULL: there is none. */
static enum err socket_take(struct netlink *n, struct mnl_socket *socket)
{
	int on = 1, send_size = SEND_BUFFER, receive_size = RECEIVE_BUFFER, fd;

	*n = (struct netlink){ .socket = socket };
	if (!socket)
		return ERR_SYSTEM;
	n->answer = malloc(ANSWER_SIZE);
	if (!n->answer) {
		netlink_close(n);
		return ERR_MEMORY;
	}
	fd = mnl_socket_get_fd(socket);
	/* Without these it works too, with smaller batches and longer errors. */
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &send_size, sizeof send_size);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_size, sizeof receive_size);
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
	n->port = mnl_socket_get_portid(socket);
	n->seq = (uint32_t)time(NULL);
	return ERR_NONE;
}

enum err netlink_open(struct netlink *n, int bus)
{
	struct mnl_socket *socket = mnl_socket_open2(bus, SOCK_CLOEXEC);

	if (socket && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(socket);
		socket = NULL;
	}
	return socket_take(n, socket);
}

enum err netlink_adopt(struct netlink *n, int fd)
{
	struct mnl_socket *socket = mnl_socket_fdopen(fd);
	enum err e;

	if (!socket)
		file_close(fd);
	if ((e = socket_take(n, socket)))
		return e;
	/* A dump that was broken off goes on while it is read, and ends. */
	while (recv(fd, n->answer, ANSWER_SIZE, MSG_DONTWAIT) >= 0 || errno == ENOBUFS || errno == EINTR)
		;
	return ERR_NONE;
}

void netlink_close(struct netlink *n)
{
	int saved = errno;

	if (n->socket)
		mnl_socket_close(n->socket);
	free(n->answer);
	*n = (struct netlink){ 0 };
	errno = saved;
}

static struct nlmsghdr *head_put(void *buffer, uint16_t type, uint16_t flags, uint32_t seq)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(buffer);

	m->nlmsg_type = type;
	m->nlmsg_flags = NLM_F_REQUEST | flags;
	m->nlmsg_seq = seq;
	return m;
}

struct nlmsghdr *netlink_request(struct netlink *n, void *buffer, uint16_t type, uint16_t flags, size_t payload)
{
	struct nlmsghdr *m = head_put(buffer, type, flags, ++n->seq);

	if (payload)
		memset(mnl_nlmsg_put_extra_header(m, payload), 0, payload);
	return m;
}

static void family_put(struct nlmsghdr *m, uint8_t family, uint16_t resource)
{
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(m, sizeof *g);

	g->nfgen_family = family;
	g->version = NFNETLINK_V0;
	g->res_id = htons(resource);
}

struct nlmsghdr *netlink_filter_request(struct netlink *n, void *buffer, uint16_t type, uint16_t flags, uint8_t family)
{
	struct nlmsghdr *m = head_put(buffer, type, flags, ++n->seq);

	family_put(m, family, 0);
	return m;
}

static enum err error_of(const struct nlmsghdr *m)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(m);

	if (mnl_nlmsg_get_payload_len(m) < sizeof e->error) {
		errno = EPROTO;
		return ERR_SYSTEM;
	}
	if (e->error == 0)
		return ERR_NONE;
	errno = -e->error;
	return errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM;
}

/* One buffer full of messages. *all: the last of the answer was among them. */
static enum err answer_take(const struct netlink *n, const struct nlmsghdr *request, size_t got,
			    enum err (*take)(void *arg, const struct nlmsghdr *m), void *arg, bool *all)
{
	int left = (int)got;
	enum err e;

	for (const struct nlmsghdr *m = (const struct nlmsghdr *)n->answer; mnl_nlmsg_ok(m, left);
	     m = mnl_nlmsg_next(m, &left)) {
		if (m->nlmsg_seq != request->nlmsg_seq || m->nlmsg_pid != n->port)
			continue;
		if (m->nlmsg_flags & NLM_F_DUMP_INTR)
			return ERR_CHANGED;
		if (m->nlmsg_type == NLMSG_ERROR || m->nlmsg_type == NLMSG_DONE) {
			*all = true;
			return m->nlmsg_type == NLMSG_ERROR ? error_of(m) : ERR_NONE;
		}
		if (take && (e = take(arg, m)))
			return e;
		if (!(m->nlmsg_flags & NLM_F_MULTI) && !(request->nlmsg_flags & NLM_F_ACK))
			*all = true;
	}
	return ERR_NONE;
}

/* What is left of an answer that was given up would be taken for the next one's. */
static void answer_drop(const struct netlink *n)
{
	int saved = errno;
	ssize_t got;

	do
		got = recv(mnl_socket_get_fd(n->socket), n->answer, ANSWER_SIZE, MSG_DONTWAIT);
	while (got >= 0 || errno == EINTR || errno == ENOBUFS);
	errno = saved;
}

enum err netlink_ask(struct netlink *n, const struct nlmsghdr *request,
		     enum err (*take)(void *arg, const struct nlmsghdr *m), void *arg)
{
	enum err e = ERR_NONE;
	bool all = false;
	ssize_t got;

	if (mnl_socket_sendto(n->socket, request, request->nlmsg_len) < 0)
		return ERR_SYSTEM;
	while (!all && !e) {
		got = mnl_socket_recvfrom(n->socket, n->answer, ANSWER_SIZE);
		if (got < 0 && errno == EINTR)
			continue;
		e = got < 0 ? ERR_SYSTEM : answer_take(n, request, (size_t)got, take, arg, &all);
	}
	if (e && !all)
		answer_drop(n);
	return e;
}

/* Batches */

static bool batch_room(struct netlink_batch *b)
{
	size_t size = b->size;
	char *grown;

	if (b->failed)
		return false;
	if (b->len + NETLINK_MESSAGE <= size)
		return true;
	size = size ? size * 2 : (size_t)NETLINK_MESSAGE * 2;
	grown = realloc(b->buffer, size);
	if (!grown) {
		b->failed = true;
		return false;
	}
	b->buffer = grown;
	b->size = size;
	return true;
}

static void mark_put(struct netlink_batch *b, uint16_t type)
{
	struct nlmsghdr *m;

	if (!batch_room(b))
		return;
	m = head_put(b->buffer + b->len, type, 0, ++b->n->seq);
	family_put(m, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	b->len += MNL_ALIGN(m->nlmsg_len);
}

void netlink_begin(struct netlink_batch *b, struct netlink *n)
{
	b->n = n;
	b->len = 0;
	b->failed = false;
	mark_put(b, NFNL_MSG_BATCH_BEGIN);
	b->first = b->last = n->seq;
}

struct nlmsghdr *netlink_add(struct netlink_batch *b, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *m;

	if (!batch_room(b))
		return NULL;
	m = head_put(b->buffer + b->len, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, ++b->n->seq);
	family_put(m, NFPROTO_INET, 0);
	return m;
}

void netlink_added(struct netlink_batch *b, const struct nlmsghdr *m)
{
	b->last = m->nlmsg_seq;
	b->len += MNL_ALIGN(m->nlmsg_len);
}

/* The last message asks for an answer, so that there is one also where all is well; errors come unasked, in order, before it. */
static void last_asks(struct netlink_batch *b)
{
	for (size_t at = 0; at < b->len;) {
		struct nlmsghdr *m = (struct nlmsghdr *)(b->buffer + at);

		if (m->nlmsg_seq == b->last)
			m->nlmsg_flags |= NLM_F_ACK;
		at += MNL_ALIGN(m->nlmsg_len);
	}
}

/* An error of the first message is one of the whole; of the others, the first that failed is the reason. */
static void refusals_take(const struct netlink_batch *b, size_t got, int *reason, unsigned *refused, bool *all)
{
	int left = (int)got;

	for (const struct nlmsghdr *m = (const struct nlmsghdr *)b->n->answer; mnl_nlmsg_ok(m, left);
	     m = mnl_nlmsg_next(m, &left)) {
		if (m->nlmsg_type != NLMSG_ERROR || m->nlmsg_seq - b->first > b->last - b->first)
			continue;
		if (error_of(m) && !*reason) {
			*reason = errno;
			*refused = m->nlmsg_seq - b->first;
		}
		if (m->nlmsg_seq == b->last || m->nlmsg_seq == b->first)
			*all = true;
	}
}

enum err netlink_commit(struct netlink_batch *b, unsigned *refused)
{
	unsigned number = 0;
	bool all = false;
	int reason = 0;
	ssize_t got;

	last_asks(b);
	mark_put(b, NFNL_MSG_BATCH_END);
	if (b->failed)
		return ERR_MEMORY;
	if (b->last == b->first)
		return ERR_NONE;
	answer_drop(b->n);
	if (mnl_socket_sendto(b->n->socket, b->buffer, b->len) < 0)
		return ERR_SYSTEM;
	while (!all) {
		got = mnl_socket_recvfrom(b->n->socket, b->n->answer, ANSWER_SIZE);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return ERR_SYSTEM;
		refusals_take(b, (size_t)got, &reason, &number, &all);
	}
	/* What fails at the end of all, in the commit itself, is told after the answers. */
	got = recv(mnl_socket_get_fd(b->n->socket), b->n->answer, ANSWER_SIZE, MSG_DONTWAIT);
	if (got > 0)
		refusals_take(b, (size_t)got, &reason, &number, &all);
	if (!reason)
		return ERR_NONE;
	if (refused)
		*refused = number ? number - 1 : 0;
	errno = reason;
	return ERR_SYSTEM;
}

void netlink_batch_free(struct netlink_batch *b)
{
	free(b->buffer);
	*b = (struct netlink_batch){ 0 };
}
