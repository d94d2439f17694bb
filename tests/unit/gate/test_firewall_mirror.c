/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_firewall_mirror.c - what is granted and until when. */
#include "gate/firewall_mirror.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct mirror_key key_of(uint8_t family, uint8_t first, uint8_t last, uint16_t port, unsigned bits)
{
	struct message_address a = { .family = family };
	struct mirror_key k;

	a.bytes[0] = first;
	a.bytes[family == 4 ? 3 : 15] = last;
	assert_int_equal(mirror_key_make(&a, port, bits, &k), ERR_NONE);
	return k;
}

static void an_address_without_family_or_port_is_no_key(void **state)
{
	struct message_address a = { .family = 4, .bytes = { 1 } };
	struct mirror_key k;

	assert_int_equal(mirror_key_make(&a, 0, 128, &k), ERR_RANGE);
	for (unsigned family = 0; family < 256; family++) {
		a.family = (uint8_t)family;
		assert_int_equal(mirror_key_make(&a, 22, 128, &k), family == 4 || family == 6 ? ERR_NONE : ERR_RANGE);
	}
}

static void only_the_first_bits_of_ipv6_count(void **state)
{
	struct message_address a = { .family = 6 };
	struct mirror_key k;

	memset(a.bytes, 0xff, sizeof a.bytes);
	for (unsigned bits = 64; bits <= 128; bits++) {
		assert_int_equal(mirror_key_make(&a, 22, bits, &k), ERR_NONE);
		for (unsigned i = 0; i < 128; i++)
			assert_int_equal(k.bytes[i / 8] >> (7 - i % 8) & 1, i < bits);
	}
	a.family = 4;
	assert_int_equal(mirror_key_make(&a, 22, 64, &k), ERR_NONE);
	assert_memory_equal(k.bytes, "\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0", 16);
}

static void families_and_ports_are_told_apart(void **state)
{
	struct mirror m = { 0 };
	const struct mirror_key keys[] = { key_of(4, 1, 0, 22, 128), key_of(6, 1, 0, 22, 128), key_of(4, 1, 0, 23, 128),
					   key_of(4, 1, 1, 22, 128) };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		assert_null(mirror_find(&m, &keys[i]));
		assert_int_equal(mirror_add(&m, &keys[i], i), ERR_NONE);
	}
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		assert_int_equal(mirror_find(&m, &keys[i])->until_ms, i);
	mirror_free(&m);
	assert_null(mirror_find(&m, &keys[0]));
}

/* Against an array: random additions, removals and prunings. */
static void holds_what_an_array_holds(void **state)
{
	struct mirror m = { 0 };
	uint64_t until[256] = { 0 }, now = 1;
	unsigned seed = 7;

	for (unsigned round = 0; round < 20000; round++) {
		uint8_t which = (uint8_t)rand_r(&seed);
		struct mirror_key k = key_of(which % 2 ? 4 : 6, which, which, (uint16_t)(1 + which % 3), 128);

		if (rand_r(&seed) % 3 == 0) {
			mirror_remove(&m, &k);
			until[which] = 0;
		} else if (!mirror_find(&m, &k)) {
			until[which] = now + (uint64_t)rand_r(&seed) % 1000000;
			assert_int_equal(mirror_add(&m, &k, until[which]), ERR_NONE);
		}
		if (round % 500 == 0) {
			now += 70000;
			mirror_prune(&m, now);
			for (unsigned i = 0; i < 256; i++)
				until[i] = until[i] < now ? 0 : until[i];
		}
		assert_int_equal(mirror_find(&m, &k) ? mirror_find(&m, &k)->until_ms : 0, until[which]);
	}
	for (unsigned i = 0, n = 0; i < 256; i++) {
		n += until[i] != 0;
		if (i == 255)
			assert_int_equal(m.n, n);
	}
	mirror_free(&m);
}

static void prunes_once_a_minute_at_most(void **state)
{
	struct mirror m = { 0 };
	struct mirror_key k = key_of(4, 1, 1, 22, 128);

	mirror_prune(&m, 100000);
	assert_int_equal(mirror_add(&m, &k, 100001), ERR_NONE);
	mirror_prune(&m, 200000);
	assert_int_equal(m.n, 0);
	assert_int_equal(mirror_add(&m, &k, 200001), ERR_NONE);
	mirror_prune(&m, 259999);
	assert_int_equal(m.n, 1);
	mirror_prune(&m, 260000);
	assert_int_equal(m.n, 0);
	mirror_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_without_family_or_port_is_no_key),
		cmocka_unit_test(only_the_first_bits_of_ipv6_count),
		cmocka_unit_test(families_and_ports_are_told_apart),
		cmocka_unit_test(holds_what_an_array_holds),
		cmocka_unit_test(prunes_once_a_minute_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
