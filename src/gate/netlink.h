/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netlink.h - talk to the kernel: dumps, single requests, and batches that are one transaction of the firewall. */
#ifndef GATE_NETLINK_H
#define GATE_NETLINK_H

#include "base/err.h"
#include "base/macros.h"

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room that each message of a batch may use. */
#define NETLINK_MESSAGE 65536

struct netlink {
	struct mnl_socket *socket;
	uint32_t port; /* who we are in the kernel's eyes */
	uint32_t seq;
	char *answer; /* the buffer that answers come to */
};

/* A socket for one of NETLINK_NETFILTER, NETLINK_SOCK_DIAG. ERR_SYSTEM. */
MUST_USE enum err netlink_open(struct netlink *n, int bus);
/*
 * The same with a bound socket that another process has opened and may go on holding; it is ours now, also after an error. What an
 * earlier user of it left unread is thrown away.
 */
MUST_USE enum err netlink_adopt(struct netlink *n, int fd);
void netlink_close(struct netlink *n); /* { 0 } is fine */

/* A request that starts with 'payload' bytes after the head, all zero; its buffer has NETLINK_MESSAGE bytes. */
struct nlmsghdr *netlink_request(struct netlink *n, void *buffer, uint16_t type, uint16_t flags, size_t payload);
/* The same with the head that all of netfilter's messages have. */
struct nlmsghdr *netlink_filter_request(struct netlink *n, void *buffer, uint16_t type, uint16_t flags, uint8_t family);
/*
 * Sends the request and gives each message of the answer to 'take' (may be NULL), until all came. A dump that was disturbed by a
 * change gives ERR_CHANGED: forget what was taken and ask again. ERR_NOT_FOUND: there is no such thing. ERR_SYSTEM. What 'take' gives
 * ends it.
 */
MUST_USE enum err netlink_ask(struct netlink *n, const struct nlmsghdr *request,
			      enum err (*take)(void *arg, const struct nlmsghdr *m), void *arg);

/* A transaction of nf_tables. Start with { 0 }. A failed addition sticks and is told by netlink_commit(). */
struct netlink_batch {
	struct netlink *n;
	char *buffer;
	size_t len, size;
	uint32_t first, last; /* sequence numbers */
	bool failed;
};

/* Empties the batch and begins a new one. */
void netlink_begin(struct netlink_batch *b, struct netlink *n);
/* Where the next message goes; NULL where there is no memory. End it with netlink_added() before the next. */
struct nlmsghdr *netlink_add(struct netlink_batch *b, uint16_t type, uint16_t flags);
void netlink_added(struct netlink_batch *b, const struct nlmsghdr *m);
/*
 * All of it happens, or nothing: then ERR_SYSTEM with the first reason, and *refused (may be NULL) is the number of the message, from 0.
 */
MUST_USE enum err netlink_commit(struct netlink_batch *b, unsigned *refused);
void netlink_batch_free(struct netlink_batch *b);

#endif
