/* SPDX-License-Identifier: GPL-3.0-or-later */
/* address.c - the few facts about addresses that the daemon needs. */
#include "gate/address.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

#include "base/banned.h"

static const uint8_t zeros[16];
static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

void address_unmap(struct message_address *a)
{
	if (a->family != 6 || memcmp(a->bytes, mapped, sizeof mapped) != 0)
		return;
	memmove(a->bytes, a->bytes + 12, 4);
	memset(a->bytes + 4, 0, 12);
	a->family = 4;
}

bool address_equal(const struct message_address *a, const struct message_address *b)
{
	return a->family == b->family && !memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

static bool ipv4_may_come(const uint8_t *b)
{
	if (memcmp(b + 4, zeros, 12) != 0)
		return false;
	if (b[0] == 0 || b[0] == 127 || b[0] >= 224)
		return false;
	return !(b[0] == 169 && b[1] == 254);
}

static bool ipv6_may_come(const uint8_t *b)
{
	static const uint8_t loopback[16] = { [15] = 1 };

	if (!memcmp(b, zeros, 16) || !memcmp(b, loopback, 16) || !memcmp(b, mapped, 12))
		return false;
	return b[0] != 0xff && !(b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
}

bool address_may_come(const struct message_address *a)
{
	return a->family == 4 ? ipv4_may_come(a->bytes) : a->family == 6 && ipv6_may_come(a->bytes);
}

void address_print(const struct message_address *a, char out[ADDRESS_TEXT])
{
	out[0] = '\0';
	if (a->family)
		inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->bytes, out, ADDRESS_TEXT);
}
