/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_network.c - addresses, ranges, and that no shorter list of networks exists. */
#include "sshd/network.h"

#include "base/scratch.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static void networks_are_read_and_written(void **state)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{ "10.0.0.0/8", "10.0.0.0/8" },
		{ "10.1", "10.0.0.1" },
		{ "0.0.0.0/0", "0.0.0.0/0" },
		{ "192.0.2.1/32", "192.0.2.1" },
		{ "2001:DB8::/32", "2001:db8::/32" },
		{ "::", "::" },
		{ "::/0", "::/0" },
		{ "::1/128", "::1" },
		{ "::ffff:10.0.0.1", "::ffff:10.0.0.1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct network n = { 0 };
		char text[NETWORK_TEXT];

		assert_int_equal(network_parse(cases[i].text, &n), ERR_NONE);
		network_text(&n, text);
		assert_string_equal(text, cases[i].wanted);
	}
}

static void what_is_no_network_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum err wanted;
	} cases[] = {
		{ "", ERR_SYNTAX },
		{ "10.0.0.*", ERR_SYNTAX },
		{ "example.org", ERR_SYNTAX },
		{ "10.0.0.0/", ERR_SYNTAX },
		{ "10.0.0.0/8x", ERR_SYNTAX },
		{ "10.0.0.0/129", ERR_SYNTAX },
		{ "10.0.0.0/-1", ERR_SYNTAX },
		{ "10.0.0.0/33", ERR_RANGE },
		{ "10.0.0.5/8", ERR_RANGE },
		{ "2001:db8::1/64", ERR_RANGE },
		{ "fe80::1%lo", ERR_RANGE },
		{ "000000000000000000000000000000000000000000000000000000000000010.0.0.1", ERR_SYNTAX },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct network n = { .len = 77 };

		if (network_parse(cases[i].text, &n) != cases[i].wanted)
			fail_msg("'%s': not %s", cases[i].text, err_text(cases[i].wanted));
		assert_int_equal(n.len, 77);
	}
}

static struct address random_address(int family)
{
	struct address a = { ((uint64_t)random() << 33) ^ ((uint64_t)random() << 11) ^ (uint64_t)random(),
			     ((uint64_t)random() << 33) ^ ((uint64_t)random() << 11) ^ (uint64_t)random() };

	return family == AF_INET ? (struct address){ 0, a.lo & UINT32_MAX } : a;
}

static void addresses_count_across_the_halves(void **state)
{
	struct address a = { 1, UINT64_MAX }, b = { 2, 0 };

	assert_int_equal(address_compare(address_next(a), b), 0);
	assert_int_equal(address_compare(address_before(b), a), 0);
	assert_true(address_compare(a, b) < 0 && address_compare(b, a) > 0);
	for (int i = 0; i < 200; i++) {
		int family = i % 2 ? AF_INET : AF_INET6;
		struct address r = random_address(family);
		uint8_t bytes[16];

		address_bytes(family, r, bytes);
		assert_int_equal(address_compare(address_of(family, bytes), r), 0);
	}
}

/* The slow way: sets of numbers from 0 to 63 as bits, mapped to the ends and the middle of the space. */
static struct address spread(int family, unsigned place, unsigned i)
{
	struct address base = { 0, 0 };

	if (place == 1)
		base = family == AF_INET ? (struct address){ 0, UINT32_MAX - 63 }
					 : (struct address){ UINT64_MAX, UINT64_MAX - 63 };
	if (place == 2)
		base = family == AF_INET ? (struct address){ 0, 0x7fffffe0 } : (struct address){ 5, UINT64_MAX - 31 };
	for (; i; i--)
		base = address_next(base);
	return base;
}

/* The fewest networks for bits [low, low + size) by asking both halves. */
static unsigned fewest(uint64_t set, unsigned low, unsigned size)
{
	uint64_t mask = (size == 64 ? ~(uint64_t)0 : (((uint64_t)1 << size) - 1)) << low;

	if (!(set & mask))
		return 0;
	if ((set & mask) == mask)
		return 1;
	return fewest(set, low, size / 2) + fewest(set, low + size / 2, size / 2);
}

static void ranges_become_the_fewest_networks(void **state)
{
	for (int round = 0; round < 3000; round++) {
		int family = round % 2 ? AF_INET : AF_INET6;
		unsigned place = (unsigned)round / 2 % 3;
		struct ranges l = { .family = family };
		struct networks nets = { 0 };
		uint64_t set = 0;

		for (int i = 0; i < 1 + round % 7; i++) {
			unsigned a = (unsigned)random() % 64, b = (unsigned)random() % 64, last = a > b ? a : b;
			for (unsigned k = a < b ? a : b; k <= last; k++)
				set |= (uint64_t)1 << k;
			assert_int_equal(
				ranges_add(&l, spread(family, place, a < b ? a : b), spread(family, place, last)),
				ERR_NONE);
		}
		ranges_tidy(&l);
		for (size_t i = 1; i < l.n; i++)
			assert_true(address_compare(address_next(l.v[i - 1].last), l.v[i].first) < 0);
		assert_int_equal(ranges_networks(&l, &nets), ERR_NONE);
		for (unsigned k = 0; k < 64; k++) {
			uint8_t bytes[16];
			struct address at = spread(family, place, k);
			bool wanted = set >> k & 1;

			address_bytes(family, at, bytes);
			assert_int_equal(ranges_contain(&l, at), wanted);
			assert_int_equal(networks_contain(&nets, family, bytes), wanted);
		}
		/* the middle of the space is the edge of two blocks of 32 */
		if (place < 2)
			assert_int_equal(nets.n, fewest(set, 0, 64));
		else
			assert_int_equal(nets.n, fewest(set, 0, 32) + fewest(set, 32, 32));
		ranges_free(&l);
		networks_free(&nets);
	}
}

static void the_whole_space_is_one_network(void **state)
{
	struct ranges l = { .family = AF_INET6 };
	struct networks nets = { 0 };
	char text[NETWORK_TEXT];

	assert_int_equal(ranges_add(&l, (struct address){ 0, 0 }, (struct address){ 9, 9 }), ERR_NONE);
	assert_int_equal(ranges_add(&l, (struct address){ 9, 10 }, address_last(AF_INET6)), ERR_NONE);
	assert_int_equal(l.n, 1);
	ranges_tidy(&l);
	assert_int_equal(ranges_networks(&l, &nets), ERR_NONE);
	assert_int_equal(nets.n, 1);
	network_text(&nets.v[0], text);
	assert_string_equal(text, "::/0");
	ranges_free(&l);
	networks_free(&nets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_are_read_and_written),
		cmocka_unit_test(what_is_no_network_is_refused),
		cmocka_unit_test(addresses_count_across_the_halves),
		cmocka_unit_test(ranges_become_the_fewest_networks),
		cmocka_unit_test(the_whole_space_is_one_network),
	};

	srandom(1);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
