/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_wildcard.c - the ranges hold an address just when its text matches. */
#include "sshd/wildcard.h"

#include "base/scratch.h"
#include "sshd/pattern.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define LIMIT 20000

static bool is_mapped(int family, struct address a)
{
	return family == AF_INET6 && !a.hi && a.lo >> 32 == 0xffff;
}

static void check(const char *pattern, const struct ranges *l, const struct ranges *mixed, struct address a)
{
	char text[NETWORK_TEXT];

	if (is_mapped(l->family, a) || ranges_contain(mixed, a))
		return;
	address_text(l->family, a, text);
	if (ranges_contain(l, a) != pattern_match(text, pattern))
		fail_msg("'%s': %s is %s", pattern, text, ranges_contain(l, a) ? "in" : "out");
}

static uint64_t some_bits(void)
{
	return ((uint64_t)random() << 33) ^ ((uint64_t)random() << 11) ^ (uint64_t)random();
}

/* With many zero groups and many small ones, as the odd cases of the text have them. */
static struct address random_address(int family)
{
	struct address a = { 0, some_bits() & UINT32_MAX };

	if (family == AF_INET)
		return a;
	for (unsigned i = 0; i < 8; i++) {
		static const uint64_t groups[] = { 0, 0, 1, 0x2001, 0xdb8, 0xa, 0x10, 0xffff };
		uint64_t group = random() % 5 ? groups[random() % 8] : some_bits() & 0xffff >> random() % 16;
		a.hi = i < 4 ? a.hi << 16 | group : a.hi;
		a.lo = i < 4 ? a.lo : a.lo << 16 | group;
	}
	return a;
}

static void check_all(const char *pattern, const struct ranges *l, const struct ranges *mixed, unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++)
		check(pattern, l, mixed, random_address(l->family));
	for (size_t i = 0; i < l->n; i += 1 + l->n / 500) {
		check(pattern, l, mixed, l->v[i].first);
		check(pattern, l, mixed, l->v[i].last);
		if (l->v[i].first.hi || l->v[i].first.lo)
			check(pattern, l, mixed, address_before(l->v[i].first));
		if (address_compare(l->v[i].last, address_last(l->family)))
			check(pattern, l, mixed, address_next(l->v[i].last));
	}
}

static const struct {
	const char *pattern;
	size_t v4, v6, mixed4, mixed6; /* how many ranges */
} known[] = {
	{ "*", 1, 1, 0, 0 },
	{ "?*", 1, 1, 0, 0 },
	{ "*:*", 0, 1, 0, 0 },
	{ "10.*", 1, 0, 0, 0 },
	{ "192.168.1?.*", 1, 0, 0, 0 },
	{ "192.168.1.?", 1, 0, 0, 0 },
	{ "10.*.*.*", 1, 0, 0, 0 },
	{ "10.1*", 3, 0, 0, 0 },
	{ "1*.0.0.1", 111, 0, 0, 0 },
	{ "2001:db8:*", 0, 1, 0, 0 },
	{ "2001:db8::*", 0, 0, 0, 1 },
	{ "fe80::*", 0, 0, 0, 1 },
	{ "fd??:*", 0, 2, 0, 17 },
	{ "2001:db8::5", 0, 1, 0, 0 },
	{ "::1", 0, 1, 0, 0 },
	{ "::", 0, 1, 0, 0 },
	{ "2001:DB8:*", 0, 0, 0, 0 },
	{ "", 0, 0, 0, 0 },
	{ "*.example.org", 0, 0, 0, 0 },
	{ "10.0.0.1.1", 0, 0, 0, 0 },
	{ "?:?:?:?:?:?:?:?", 0, 0, 0, 255 },
	{ "2001:db8:0:0:*", 0, 0, 0, 1 },
	{ "*::", 0, 0, 0, 1 },
	{ "::ffff:*", 0, 0, 0, 2 },
	{ "2001:db8:*:1::1", 0, 0, 0, 1 },
	{ "::1.*", 0, 1, 0, 0 },
	{ "2001:db8::*:1", 0, 0, 0, 1 },
	{ "cafe*", 0, 1, 0, 0 },
	{ "0*", 1, 1, 0, 1 },
	{ "*****2001:db8:1:2:3:4:5:*6", 0, 4096, 0, 0 },
};

static void the_ranges_are_the_texts_that_match(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		struct wildcard w;

		assert_int_equal(wildcard_find(known[i].pattern, LIMIT, &w), ERR_NONE);
		if (w.v4.n != known[i].v4 || w.v6.n != known[i].v6 || w.mixed4.n != known[i].mixed4 ||
		    w.mixed6.n != known[i].mixed6)
			fail_msg("'%s': %zu %zu %zu %zu", known[i].pattern, w.v4.n, w.v6.n, w.mixed4.n, w.mixed6.n);
		check_all(known[i].pattern, &w.v4, &w.mixed4, 2000);
		check_all(known[i].pattern, &w.v6, &w.mixed6, 2000);
		wildcard_clear(&w);
	}
}

static void examples_match_or_do_not(void **state)
{
	static const struct range all4 = { { 0, 0 }, { 0, UINT32_MAX } },
				  all6 = { { 0, 0 }, { UINT64_MAX, UINT64_MAX } };
	/* 2001:db8::/64: only where three later groups are zero "::" stands elsewhere */
	static const struct range local = { { 0x20010db800000000, 0 }, { 0x20010db800000000, UINT64_MAX } };
	static const struct {
		const char *pattern;
		int family;
		const struct range *within;
		bool matching;
		const char *wanted; /* NULL: none */
	} cases[] = {
		{ "*.5", AF_INET, &all4, true, "0.0.0.5" },
		{ "*.5", AF_INET, &all4, false, "0.0.0.0" },
		{ "*.5", AF_INET6, &all6, true, "::0.1.0.5" },
		{ "2001:db8::*", AF_INET6, &local, true, "2001:db8::" },
		{ "2001:db8::*", AF_INET6, &local, false, "2001:db8:0:0:1::" },
		{ "2001:db8:*", AF_INET6, &local, false, NULL },
		{ "*", AF_INET, &all4, false, NULL },
		{ "*.example.org", AF_INET, &all4, true, NULL },
		{ "*.example.org", AF_INET6, &local, false, "2001:db8::" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct address a = { 7, 7 };
		char text[NETWORK_TEXT];
		enum err e =
			wildcard_example(cases[i].pattern, cases[i].family, *cases[i].within, cases[i].matching, &a);

		assert_int_equal(e, cases[i].wanted ? ERR_NONE : ERR_NOT_FOUND);
		address_text(cases[i].family, a, text);
		if (cases[i].wanted)
			assert_string_equal(text, cases[i].wanted);
		else
			assert_int_equal(a.lo, 7);
	}
}

/* Text of random characters that stand in addresses. */
static void patterns_at_random_are_right_too(void **state)
{
	static const char letters[] = "0123456789abcdef:::...****??";
	char pattern[16];

	for (int round = 0; round < 150; round++) {
		struct wildcard w;
		size_t len = 1 + (size_t)random() % 10;

		for (size_t i = 0; i < len; i++)
			pattern[i] = letters[(size_t)random() % (sizeof letters - 1)];
		pattern[len] = '\0';
		assert_int_equal(wildcard_find(pattern, 1000, &w), ERR_NONE);
		check_all(pattern, &w.v4, &w.mixed4, 500);
		check_all(pattern, &w.v6, &w.mixed6, 500);
		wildcard_clear(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ranges_are_the_texts_that_match),
		cmocka_unit_test(examples_match_or_do_not),
		cmocka_unit_test(patterns_at_random_are_right_too),
	};

	srandom(1);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
