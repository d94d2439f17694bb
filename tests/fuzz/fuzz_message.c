/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_message.c - any packets from a process that was taken over: each is one whole message of the table, or the end. */
#include "gate/message.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The packet that is being taken. */
struct role {
	const uint8_t *bytes;
	size_t len;
	unsigned taken;
};

static enum err check(struct role *r, uint32_t kind, size_t size, uint32_t id, const void *body)
{
	const struct message_head head = { kind, id };

	if (r->len != sizeof head + size || memcmp(r->bytes, &head, sizeof head) != 0 ||
	    memcmp(r->bytes + sizeof head, body, size) != 0)
		abort();
	r->taken++;
	return ERR_NONE;
}

#define TAKE(name, number, bytes) \
	static enum err name(void *role, int fd, uint32_t id, const void *body) \
	{ \
		return check(role, number, bytes, id, body); \
	}

TAKE(take_empty, MESSAGE_SLOTS_WANTED, 0)
TAKE(take_knocked, MESSAGE_KNOCKED, sizeof(struct message_knocked))
TAKE(take_counts, MESSAGE_COUNTS, sizeof(struct message_counts))
TAKE(take_open, MESSAGE_OPEN, sizeof(struct message_open))
TAKE(take_knock, MESSAGE_KNOCK, sizeof(struct message_knock))

static const struct message_row rows[] = {
	{ MESSAGE_SLOTS_WANTED, 0, take_empty },
	{ MESSAGE_KNOCKED, sizeof(struct message_knocked), take_knocked },
	{ MESSAGE_COUNTS, sizeof(struct message_counts), take_counts },
	{ MESSAGE_OPEN, sizeof(struct message_open), take_open },
	{ MESSAGE_KNOCK, sizeof(struct message_knock), take_knock },
	{ 0 },
};

static bool is_message(const uint8_t *bytes, size_t len)
{
	struct message_head head;

	if (len < sizeof head)
		return false;
	memcpy(&head, bytes, sizeof head);
	for (const struct message_row *r = rows; r->take; r++)
		if (head.kind == r->kind && len == sizeof head + r->size)
			return true;
	return false;
}

/* The input is packets: the length of each (two bytes, and how many zeros follow), then its bytes as far as there are some. */
static size_t next_packet(const uint8_t *data, size_t size, uint8_t packet[2 * MESSAGE_MAX], size_t *len)
{
	size_t given;

	*len = (size_t)(data[0] << 8 | data[1]) % (2 * MESSAGE_MAX + 1);
	given = data[2] < size - 3 ? data[2] : size - 3;
	given = given < *len ? given : *len;
	memset(packet, 0, *len);
	memcpy(packet, data + 3, given);
	return 3 + given;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int ends[2] = { -1, -1 };
	uint8_t packet[2 * MESSAGE_MAX];

	if (ends[0] < 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		abort();
	while (size >= 3) {
		struct role r = { .bytes = packet };
		const size_t used = next_packet(data, size, packet, &r.len);
		bool good = is_message(packet, r.len);
		enum err e;

		data += used;
		size -= used;
		if (send(ends[0], packet, r.len, 0) != (ssize_t)r.len)
			abort();
		e = message_receive(ends[1], rows, &r, 2);
		if (e != (good ? ERR_NONE : r.len ? ERR_SYNTAX : ERR_CLOSED) || r.taken != good)
			abort();
	}
	return 0;
}
