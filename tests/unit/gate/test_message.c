/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_message.c - a message arrives whole at its row or not at all, and whoever sends anything else is cut off. */
#include "base/scratch.h"

#include "base/macros.h"
#include "gate/message.h"

#include <sys/socket.h>

#include "base/banned.h"

/* What a row was given. */
struct got {
	unsigned n;
	int fd;
	uint32_t id, kind;
	size_t size;
	uint8_t body[MESSAGE_MAX];
	enum err says;
};

static enum err take(struct got *g, uint32_t kind, size_t size, int fd, uint32_t id, const void *body)
{
	g->n++;
	g->kind = kind;
	g->fd = fd;
	g->id = id;
	g->size = size;
	memcpy(g->body, body, size);
	return g->says;
}

#define TAKE(name, number, bytes) \
	static enum err name(void *role, int fd, uint32_t id, const void *body) \
	{ \
		return take(role, number, bytes, fd, id, body); \
	}

TAKE(take_empty, MESSAGE_SLOTS_WANTED, 0)
TAKE(take_open, MESSAGE_OPEN, sizeof(struct message_open))
TAKE(take_knock, MESSAGE_KNOCK, sizeof(struct message_knock))

static const struct message_row rows[] = {
	{ MESSAGE_SLOTS_WANTED, 0, take_empty },
	{ MESSAGE_OPEN, sizeof(struct message_open), take_open },
	{ MESSAGE_KNOCK, sizeof(struct message_knock), take_knock },
	{ 0 },
};

static void pair(int ends[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
}

static void unpair(const int ends[2])
{
	close(ends[0]);
	close(ends[1]);
}

static void each_message_comes_to_its_row(void **state)
{
	struct got g = { 0 };
	uint8_t body[MESSAGE_MAX];
	int ends[2];

	for (size_t i = 0; i < sizeof body; i++)
		body[i] = (uint8_t)(i * 7);
	pair(ends);
	for (const struct message_row *r = rows; r->take; r++) {
		assert_int_equal(message_send(ends[0], r->kind, r->kind + 1000, body, r->size), ERR_NONE);
		assert_int_equal(message_receive(ends[1], rows, &g, 10), ERR_NONE);
		assert_int_equal(g.kind, r->kind);
		assert_int_equal(g.id, r->kind + 1000);
		assert_int_equal(g.fd, ends[1]);
		assert_int_equal(g.size, r->size);
		assert_memory_equal(g.body, body, r->size);
	}
	assert_int_equal(g.n, 3);
	unpair(ends);
}

static void where_none_is_there_nobody_waits(void **state)
{
	struct got g = { 0 };
	int ends[2];

	pair(ends);
	assert_int_equal(message_receive(ends[1], rows, &g, 10), ERR_NONE);
	assert_int_equal(g.n, 0);
	unpair(ends);
}

static void no_more_are_taken_than_wanted(void **state)
{
	struct got g = { 0 };
	int ends[2];

	pair(ends);
	for (int i = 0; i < 5; i++)
		assert_int_equal(message_send(ends[0], MESSAGE_SLOTS_WANTED, 0, NULL, 0), ERR_NONE);
	assert_int_equal(message_receive(ends[1], rows, &g, 0), ERR_NONE);
	assert_int_equal(g.n, 0);
	assert_int_equal(message_receive(ends[1], rows, &g, 3), ERR_NONE);
	assert_int_equal(g.n, 3);
	assert_int_equal(message_receive(ends[1], rows, &g, 3), ERR_NONE);
	assert_int_equal(g.n, 5);
	unpair(ends);
}

/* Of every length that is not right, up to far longer than any message. */
static void another_length_cuts_off(void **state)
{
	static uint8_t bytes[4 * MESSAGE_MAX];
	struct message_head head = { .kind = MESSAGE_OPEN };

	memcpy(bytes, &head, sizeof head);
	for (size_t len = 0; len < sizeof bytes; len++) {
		const bool right = len == sizeof head + sizeof(struct message_open);
		struct got g = { 0 };
		enum err e;
		int ends[2];

		pair(ends);
		assert_int_equal(send(ends[0], bytes, len, 0), (ssize_t)len);
		e = message_receive(ends[1], rows, &g, 10);
		assert_int_equal(e, right ? ERR_NONE : len ? ERR_SYNTAX : ERR_CLOSED);
		assert_int_equal(g.n, right);
		unpair(ends);
	}
}

static void another_kind_cuts_off(void **state)
{
	static const uint32_t kinds[] = {
		0, MESSAGE_SLOTS, MESSAGE_KIND_COUNT, 0xffffffff, MESSAGE_OPEN << 8, 1u << 24
	};
	struct message_open body = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		for (size_t size = 0; size <= sizeof body; size += sizeof body) {
			struct got g = { 0 };
			int ends[2];

			pair(ends);
			assert_int_equal(message_send(ends[0], kinds[i], 1, &body, size), ERR_NONE);
			assert_int_equal(message_send(ends[0], MESSAGE_SLOTS_WANTED, 1, NULL, 0), ERR_NONE);
			assert_int_equal(message_receive(ends[1], rows, &g, 10), ERR_SYNTAX);
			assert_int_equal(g.n, 0);
			unpair(ends);
		}
}

static void what_a_row_says_ends_the_turn(void **state)
{
	struct got g = { .says = ERR_RANGE };
	int ends[2];

	pair(ends);
	for (int i = 0; i < 2; i++)
		assert_int_equal(message_send(ends[0], MESSAGE_SLOTS_WANTED, 0, NULL, 0), ERR_NONE);
	assert_int_equal(message_receive(ends[1], rows, &g, 10), ERR_RANGE);
	assert_int_equal(g.n, 1);
	unpair(ends);
}

static void who_is_gone_is_noticed_after_what_he_said(void **state)
{
	struct got g = { 0 };
	int ends[2];

	pair(ends);
	assert_int_equal(message_send(ends[0], MESSAGE_SLOTS_WANTED, 0, NULL, 0), ERR_NONE);
	close(ends[0]);
	assert_int_equal(message_receive(ends[1], rows, &g, 10), ERR_CLOSED);
	assert_int_equal(g.n, 1);
	assert_int_equal(message_send(ends[1], MESSAGE_SLOTS_WANTED, 0, NULL, 0), ERR_CLOSED);
	close(ends[1]);

	pair(ends); /* with something that he has not read */
	assert_int_equal(message_send(ends[1], MESSAGE_SLOTS_WANTED, 0, NULL, 0), ERR_NONE);
	close(ends[0]);
	assert_int_equal(message_receive(ends[1], rows, &g, 10), ERR_CLOSED);
	assert_int_equal(message_send(ends[1], MESSAGE_SLOTS_WANTED, 0, NULL, 0), ERR_CLOSED);
	close(ends[1]);
}

static void a_peer_that_does_not_read_is_not_waited_for(void **state)
{
	static const struct message_knock knock = { .ts = 1 };
	struct got g = { 0 };
	unsigned sent = 0;
	enum err e;
	int ends[2];

	pair(ends);
	while (!(e = message_send(ends[0], MESSAGE_KNOCK, sent, &knock, sizeof knock)) && sent < 100000)
		sent++;
	assert_int_equal(e, ERR_BUSY);
	assert_int_equal(message_receive(ends[1], rows, &g, 100000), ERR_NONE);
	assert_int_equal(g.n, sent);
	assert_int_equal(g.id, sent - 1);
	assert_int_equal(message_send(ends[0], MESSAGE_KNOCK, 0, &knock, sizeof knock), ERR_NONE);
	unpair(ends);
}

/* Whoever has been taken over must not fill our table of descriptors. */
static void descriptors_are_not_taken(void **state)
{
	struct message_head head = { .kind = MESSAGE_SLOTS_WANTED };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct iovec part = { &head, sizeof head };
	struct msghdr m = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	struct got g = { 0 };
	int ends[2], before, after;

	pair(ends);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &ends[0], sizeof(int));
	before = dup(ends[0]);
	close(before);
	assert_int_equal(sendmsg(ends[0], &m, 0), (ssize_t)sizeof head);
	assert_int_equal(message_receive(ends[1], rows, &g, 10), ERR_NONE);
	assert_int_equal(g.n, 1);
	after = dup(ends[0]);
	close(after);
	assert_int_equal(after, before);
	unpair(ends);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_message_comes_to_its_row),
		cmocka_unit_test(where_none_is_there_nobody_waits),
		cmocka_unit_test(no_more_are_taken_than_wanted),
		cmocka_unit_test(another_length_cuts_off),
		cmocka_unit_test(another_kind_cuts_off),
		cmocka_unit_test(what_a_row_says_ends_the_turn),
		cmocka_unit_test(who_is_gone_is_noticed_after_what_he_said),
		cmocka_unit_test(a_peer_that_does_not_read_is_not_waited_for),
		cmocka_unit_test(descriptors_are_not_taken),
	};

	return cmocka_run_group_tests_name("gate/message", tests, NULL, NULL);
}
