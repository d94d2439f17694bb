/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_address.c - which addresses may be claimed, and how they are written. */
#include "client/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static void only_addresses_of_the_internet_are_global(void **state)
{
	static const struct {
		const char *address;
		bool global;
	} cases[] = {
		{ "8.8.8.8", true },	      { "9.255.255.255", true },    { "10.0.0.1", false },
		{ "11.0.0.0", true },	      { "100.63.255.255", true },   { "100.64.0.1", false },
		{ "100.127.255.255", false }, { "100.128.0.0", true },	    { "172.15.0.1", true },
		{ "172.16.0.1", false },      { "172.31.255.255", false },  { "172.32.0.1", true },
		{ "192.0.0.8", false },	      { "192.0.1.1", true },	    { "192.168.1.1", false },
		{ "192.169.0.1", true },      { "198.18.0.1", false },	    { "198.20.0.1", true },
		{ "203.0.113.5", false },     { "223.255.255.255", true },  { "2a00:1450::1", true },
		{ "2001:4860::8888", true },  { "2001:db8::1", false },	    { "2002:c000:204::1", true },
		{ "fc00::1", false },	      { "fd83::1", false },	    { "64:ff9b::808:808", false },
		{ "64:ff9b:1::1", false },    { "::ffff:10.1.1.1", false }, { "::ffff:8.8.8.8", true },
	};
	struct address_claim c;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(address_claim_parse(cases[i].address, &c), ERR_NONE);
		assert_int_equal(address_is_global(&c), cases[i].global);
	}
	assert_false(address_is_global(&(struct address_claim){ 0 }));
}

static void refuses_what_nobody_can_come_from(void **state)
{
	static const struct {
		const char *address;
		enum err e;
	} cases[] = {
		{ "0.0.0.0", ERR_RANGE },
		{ "0.1.2.3", ERR_RANGE },
		{ "127.0.0.1", ERR_RANGE },
		{ "169.254.1.1", ERR_RANGE },
		{ "224.0.0.1", ERR_RANGE },
		{ "240.0.0.1", ERR_RANGE },
		{ "255.255.255.255", ERR_RANGE },
		{ "::", ERR_RANGE },
		{ "::1", ERR_RANGE },
		{ "fe80::1", ERR_RANGE },
		{ "ff02::1", ERR_RANGE },
		{ "::ffff:127.0.0.1", ERR_RANGE },
		{ "", ERR_SYNTAX },
		{ "1.2.3", ERR_SYNTAX },
		{ "1.2.3.4/24", ERR_SYNTAX },
		{ "host", ERR_SYNTAX },
		{ "fe80::1%eth0", ERR_SYNTAX },
		{ "1.2.3.4 ", ERR_SYNTAX },
	};
	struct address_claim c = { .type = 9 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(address_claim_parse(cases[i].address, &c), cases[i].e);
	assert_int_equal(c.type, 9);
}

static void mapped_addresses_are_ipv4(void **state)
{
	char text[CLAIM_TEXT];
	struct address_claim c;

	assert_int_equal(address_claim_parse("::ffff:192.0.2.7", &c), ERR_NONE);
	assert_int_equal(c.type, 4);
	address_claim_print(&c, text);
	assert_string_equal(text, "192.0.2.7");
	for (size_t i = 4; i < sizeof c.bytes; i++)
		assert_int_equal(c.bytes[i], 0);
	address_claim_print(&(struct address_claim){ 0 }, text);
	assert_string_equal(text, "");
}

static void a_number_needs_no_resolver(void **state)
{
	const struct address_claim any = { 0 }, other = { 4, { 127, 0, 0, 9 } }, foreign = { 4, { 8, 8, 8, 8 } };
	struct address_target t[ADDRESS_TARGETS];
	const char *why = NULL;
	size_t n = 0;

	assert_int_equal(address_resolve("127.0.0.1", 22, 0, &any, t, &n, &why), ERR_NONE);
	assert_int_equal(n, 1);
	assert_int_equal(t[0].local.type, 4);
	assert_int_equal(t[0].local.bytes[0], 127);
	assert_int_equal(address_resolve("127.0.0.1", 22, 6, &any, t, &n, &why), ERR_NOT_FOUND);
	assert_non_null(why);
	/* the address to leave by may be chosen, if it is ours */
	assert_int_equal(address_resolve("127.0.0.1", 22, 0, &other, t, &n, &why), ERR_NONE);
	assert_int_equal(t[0].local.bytes[3], 9);
	assert_int_equal(address_resolve("127.0.0.1", 22, 0, &foreign, t, &n, &why), ERR_NONE);
	assert_int_equal(t[0].local.bytes[3], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_addresses_of_the_internet_are_global),
		cmocka_unit_test(refuses_what_nobody_can_come_from),
		cmocka_unit_test(mapped_addresses_are_ipv4),
		cmocka_unit_test(a_number_needs_no_resolver),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
