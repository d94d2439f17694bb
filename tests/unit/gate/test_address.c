/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_address.c - which addresses a client can come from, one table; and what is IPv4 in IPv6. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gate/address.h"
#include "gate/local.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/banned.h"

static struct message_address address(const char *s)
{
	struct message_address a = { .family = strchr(s, ':') ? 6 : 4 };

	assert_int_equal(inet_pton(a.family == 6 ? AF_INET6 : AF_INET, s, a.bytes), 1);
	return a;
}

static void only_what_a_client_can_have_may_come(void **state)
{
	static const struct {
		const char *address;
		bool may;
	} cases[] = {
		{ "0.0.0.0", false },
		{ "0.255.255.255", false },
		{ "1.0.0.0", true },
		{ "10.0.0.1", true },
		{ "100.64.0.1", true },
		{ "126.255.255.255", true },
		{ "127.0.0.0", false },
		{ "127.255.255.255", false },
		{ "128.0.0.0", true },
		{ "169.253.255.255", true },
		{ "169.254.0.0", false },
		{ "169.254.255.255", false },
		{ "169.255.0.0", true },
		{ "172.16.0.1", true },
		{ "192.168.1.1", true },
		{ "223.255.255.255", true },
		{ "224.0.0.0", false },
		{ "239.255.255.255", false },
		{ "240.0.0.0", false },
		{ "255.255.255.255", false },
		{ "::", false },
		{ "::1", false },
		{ "::ffff:198.51.100.7", false },
		{ "2001:db8::1", true },
		{ "fc00::1", true },
		{ "fe7f::1", true },
		{ "fe80::1", false },
		{ "febf::1", false },
		{ "fec0::1", true },
		{ "ff02::1", false },
		{ "ffff::", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct message_address a = address(cases[i].address);

		if (address_may_come(&a) != cases[i].may)
			fail_msg("%s", cases[i].address);
	}
}

static void an_address_in_another_form_may_not_come(void **state)
{
	for (int family = 0; family < 256; family++) {
		struct message_address a = address("198.51.100.7");

		a.family = (uint8_t)family;
		/* with family 6 it is c633:6407::, which is one */
		assert_int_equal(address_may_come(&a), family == 4 || family == 6);
	}
	for (int at = 4; at < 16; at++) {
		struct message_address a = address("198.51.100.7");

		a.bytes[at] = 1;
		assert_false(address_may_come(&a));
	}
}

static void ipv4_in_ipv6_becomes_ipv4_and_nothing_else_does(void **state)
{
	struct message_address a = address("::ffff:198.51.100.7"), b = address("198.51.100.7");

	address_unmap(&a);
	assert_true(address_equal(&a, &b));
	assert_memory_equal(a.bytes, b.bytes, sizeof a.bytes);
	address_unmap(&a);
	assert_true(address_equal(&a, &b));
	a = b = address("::fffe:198.51.100.7");
	address_unmap(&a);
	assert_true(address_equal(&a, &b));
}

static void an_address_is_written_as_people_do(void **state)
{
	static const char *const cases[] = { "198.51.100.7", "2001:db8::1", "::1" };
	const struct message_address none = { 0 };
	char out[ADDRESS_TEXT];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct message_address a = address(cases[i]);

		address_print(&a, out);
		assert_string_equal(out, cases[i]);
	}
	address_print(&none, out);
	assert_string_equal(out, "");
}

/* 127/8 is everybody's own; documentation's addresses are nobody's. */
static void the_kernel_knows_which_addresses_are_ours(void **state)
{
	const struct message_address ours = address("127.0.0.1"), theirs = address("198.51.100.7"),
				     six = address("2001:db8::7");
	struct local *l = NULL;

	assert_int_equal(local_open(&l), ERR_NONE);
	for (int i = 0; i < 3; i++) {
		assert_true(local_is(l, &ours));
		assert_false(local_is(l, &theirs));
		assert_false(local_is(l, &six));
	}
	local_close(l);
	local_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_a_client_can_have_may_come),
		cmocka_unit_test(an_address_in_another_form_may_not_come),
		cmocka_unit_test(ipv4_in_ipv6_becomes_ipv4_and_nothing_else_does),
		cmocka_unit_test(an_address_is_written_as_people_do),
		cmocka_unit_test(the_kernel_knows_which_addresses_are_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
