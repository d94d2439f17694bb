/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_knock.c - what is inside of a seal is taken by the rules and by them alone, and is written again the same. */
#include "knock/native.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* Section 4.1 once more, by its offsets. */

static unsigned two(const uint8_t *p, size_t at)
{
	return p[at] * 256u + p[at + 1];
}

static size_t nonzero(const uint8_t *p, size_t from, size_t to)
{
	size_t n = 0;

	for (size_t i = from; i < to; i++)
		n += p[i] != 0;
	return n;
}

static bool address_allowed(const uint8_t *p)
{
	if (p[1] == 4)
		return nonzero(p, 12, 16) && !nonzero(p, 16, 28);
	if (p[1] == 6)
		return nonzero(p, 12, 28) && (nonzero(p, 12, 22) || p[22] != 255 || p[23] != 255);
	return p[1] == 0 && !nonzero(p, 12, 28);
}

static bool ports_allowed(const uint8_t *p)
{
	for (size_t at = 28; at < 34; at += 2)
		if (!two(p, at) && two(p, at + 2))
			return false;
	return true;
}

static bool user_allowed(const uint8_t *p, unsigned len)
{
	if (len < 1 || len > 255 || p[74] == '-')
		return false;
	for (size_t at = 74; at < 74u + len; at++)
		if (p[at] <= ' ' || p[at] == 127 || strchr("/:", p[at]))
			return false;
	return true;
}

static bool allowed(const uint8_t *p)
{
	const unsigned user = two(p, 68), cert = two(p, 70), casig = two(p, 72);
	const size_t end = (size_t)74 + user + cert + casig; /* of what is signed */

	if (p[0] == 1 ? cert || casig : p[0] != 2 || !cert || !casig)
		return false;
	if (!address_allowed(p) || !ports_allowed(p) || end + 2 > NATIVE_PLAIN || !user_allowed(p, user))
		return false;
	return two(p, end) && end + 2 + two(p, end) <= NATIVE_PLAIN && !nonzero(p, end + 2 + two(p, end), NATIVE_PLAIN);
}

static void check_written_again(const struct native_knock *k, const uint8_t *plain)
{
	uint8_t again[NATIVE_PLAIN];
	size_t len = 0;

	memset(again, 0xa5, sizeof again);
	check(!native_write(k, again, &len));
	check(len == k->signed_len && !memcmp(again, plain, len));
	check(!native_write_signature(again, len, k->sig, k->sig_len));
	check(!memcmp(again, plain, sizeof again));
}

/* Of 1176 bytes those that the input lacks are zeros, as they are in a knock. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct native_knock before = { .ts = 4711 };
	struct native_knock k = before;
	uint8_t plain[NATIVE_PLAIN] = { 0 };
	enum err e;

	if (size > sizeof plain)
		return 0;
	if (size)
		memcpy(plain, data, size);
	e = native_parse(plain, &k);
	check((e == ERR_NONE) == allowed(plain));
	if (!e)
		check_written_again(&k, plain);
	else
		check(e == ERR_SYNTAX && k.ts == before.ts && !k.kind && !k.sig); /* as it was */
	return 0;
}
