/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_der.c - values are taken whole or not at all, and numbers of any size have an answer. */
#include "key/der.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define IN(s) ((struct reader){ .at = (const uint8_t *)(s), .left = sizeof(s) - 1 })

static void lengths_are_short_long_or_refused(void **state)
{
	static const struct {
		struct reader in;
		enum err e;
		size_t left;
	} cases[] = {
		{ { (const uint8_t *)"\x04\x00", 2 }, ERR_NONE, 0 },
		{ { (const uint8_t *)"\x04\x01x", 3 }, ERR_NONE, 1 },
		{ { (const uint8_t *)"\x04\x81\x01x", 4 }, ERR_NONE, 1 },
		{ { (const uint8_t *)"\x04\x84\0\0\0\x01x", 7 }, ERR_NONE, 1 },
		{ { (const uint8_t *)"", 0 }, ERR_SHORT, 0 },
		{ { (const uint8_t *)"\x04", 1 }, ERR_SHORT, 0 },
		{ { (const uint8_t *)"\x04\x02x", 3 }, ERR_SHORT, 0 },
		{ { (const uint8_t *)"\x04\x82\x01", 3 }, ERR_SHORT, 0 },
		{ { (const uint8_t *)"\x04\x84\xff\xff\xff\xff", 6 }, ERR_SHORT, 0 },
		{ { (const uint8_t *)"\x04\x80x\0\0", 5 }, ERR_SYNTAX, 0 }, /* without a length */
		{ { (const uint8_t *)"\x04\x85\0\0\0\0\x01x", 8 }, ERR_SYNTAX, 0 },
		{ { (const uint8_t *)"\x05\x00", 2 }, ERR_SYNTAX, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct reader in = cases[i].in, out = { .left = 4711 };

		assert_int_equal(der_take(&in, DER_OCTETS, &out), cases[i].e);
		assert_int_equal(out.left, cases[i].e ? 4711 : cases[i].left);
		assert_int_equal(in.left, cases[i].e ? cases[i].in.left : 0);
	}
}

static void numbers_saturate_and_are_never_negative(void **state)
{
	static const struct {
		struct reader in;
		enum err e;
		uint64_t count;
	} cases[] = {
		{ { (const uint8_t *)"\x02\x01\x00", 3 }, ERR_NONE, 0 },
		{ { (const uint8_t *)"\x02\x01\x7f", 3 }, ERR_NONE, 127 },
		{ { (const uint8_t *)"\x02\x02\x00\x80", 4 }, ERR_NONE, 128 },
		{ { (const uint8_t *)"\x02\x05\x00\xee\x6b\x28\x00", 7 }, ERR_NONE, 4000000000 },
		{ { (const uint8_t *)"\x02\x09\x00\xff\xff\xff\xff\xff\xff\xff\xff", 11 }, ERR_NONE, UINT64_MAX },
		{ { (const uint8_t *)"\x02\x09\x01\0\0\0\0\0\0\0\0", 11 }, ERR_NONE, UINT64_MAX },
		{ { (const uint8_t *)"\x02\x0a\x00\x80\0\0\0\0\0\0\0\0", 12 }, ERR_NONE, UINT64_MAX },
		{ { (const uint8_t *)"\x02\x00", 2 }, ERR_SYNTAX, 0 },
		{ { (const uint8_t *)"\x02\x01\x80", 3 }, ERR_SYNTAX, 0 },
		{ { (const uint8_t *)"\x02\x02\x00\x7f", 4 }, ERR_SYNTAX, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct reader in = cases[i].in;
		uint64_t count = 0;

		assert_int_equal(der_take_count(&in, &count), cases[i].e);
		assert_true(count == cases[i].count);
	}
}

static void bits_are_whole_bytes(void **state)
{
	struct reader in = IN("\x03\x02\x00x"), out = { 0 };

	assert_int_equal(der_take_bits(&in, &out), ERR_NONE);
	assert_int_equal(out.left, 1);
	in = IN("\x03\x02\x01x");
	assert_int_equal(der_take_bits(&in, &out), ERR_SYNTAX);
	in = IN("\x03\x00");
	assert_int_equal(der_take_bits(&in, &out), ERR_SHORT);
}

static void names_are_openssl_s_or_the_numbers(void **state)
{
	struct der_algorithm a;
	uint8_t longest[2 + 40] = { DER_OID, 40 };
	struct reader in = IN("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d\x05\x00");
	int nid = 4711;

	assert_int_equal(der_take_algorithm(&in, &a), ERR_NONE);
	assert_string_equal(a.name, "PBES2");
	assert_int_equal(a.parameters.left, 2);
	in = IN("\x30\x05\x06\x03\x2a\x03\x04");
	assert_int_equal(der_take_algorithm(&in, &a), ERR_NONE);
	assert_string_equal(a.name, "1.2.3.4");
	assert_int_equal(a.nid, 0);
	memset(longest + 2, 0xff, 40);
	longest[41] = 1;
	in = (struct reader){ .at = longest, .left = sizeof longest };
	assert_int_equal(der_take_oid(&in, &nid, a.name), ERR_SYNTAX); /* would take long to print */
	in = IN("\x06\x02\x2a\x80");
	assert_int_equal(der_take_oid(&in, &nid, a.name), ERR_SYNTAX); /* goes on behind its end */
	assert_int_equal(nid, 4711);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_are_short_long_or_refused),
		cmocka_unit_test(numbers_saturate_and_are_never_negative),
		cmocka_unit_test(bits_are_whole_bytes),
		cmocka_unit_test(names_are_openssl_s_or_the_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
