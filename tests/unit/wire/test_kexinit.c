/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_kexinit.c - KEXINIT is read exactly, or not at all. */
#include "wire/probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define LISTS 10

/* A payload that is put together list by list. */
struct payload {
	uint8_t bytes[2 * 1024 * 1024];
	size_t len;
};

static struct payload p;

static void put(const void *bytes, size_t len)
{
	memcpy(p.bytes + p.len, bytes, len);
	p.len += len;
}

static void put_list(const char *list, size_t len)
{
	const uint8_t be[4] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len };

	put(be, sizeof be);
	put(list, len);
}

static void start(void)
{
	static const uint8_t cookie[16] = "0123456789abcde";

	p.len = 0;
	put("\x14", 1);
	put(cookie, sizeof cookie);
}

static void finish(void)
{
	put("\0\0\0\0", 5);
}

/* All lists are "x", but one. */
static void build(size_t which, const char *list, size_t len)
{
	start();
	for (size_t i = 0; i < LISTS; i++)
		put_list(i == which ? list : "x", i == which ? len : 1);
	finish();
}

static enum err parse_with(size_t which, const char *list)
{
	struct kexinit k = { 0 };
	enum err e;

	build(which, list, strlen(list));
	e = kexinit_parse(p.bytes, p.len, &k);
	kexinit_free(&k);
	return e;
}

static void keeps_every_list_in_its_order(void **state)
{
	static const char *const lists[LISTS] = {
		"k2,k1", "h1", "c1,c2,c3", "d1", "m1,m2", "n1", "none,zlib@openssh.com", "none", "", ""
	};
	struct kexinit k;

	start();
	for (size_t i = 0; i < LISTS; i++)
		put_list(lists[i], strlen(lists[i]));
	finish();
	assert_int_equal(kexinit_parse(p.bytes, p.len, &k), ERR_NONE);
	assert_int_equal(k.kex.n, 2);
	assert_string_equal(k.kex.v[0], "k2");
	assert_string_equal(k.kex.v[1], "k1");
	assert_string_equal(k.host_key.v[0], "h1");
	assert_int_equal(k.cipher_c2s.n, 3);
	assert_string_equal(k.cipher_c2s.v[2], "c3");
	assert_string_equal(k.cipher_s2c.v[0], "d1");
	assert_int_equal(k.mac_c2s.n, 2);
	assert_string_equal(k.mac_s2c.v[0], "n1");
	assert_string_equal(k.compression_c2s.v[1], "zlib@openssh.com");
	assert_int_equal(k.compression_s2c.n, 1);
	assert_false(k.strict);
	kexinit_free(&k);
	assert_int_equal(k.kex.n, 0);
}

static void knows_strict_key_exchange_only_in_the_first_list(void **state)
{
	static const char strict[] = "a,kex-strict-s-v00@openssh.com";

	for (size_t i = 0; i < 8; i++) {
		struct kexinit k;

		build(i, strict, strlen(strict));
		assert_int_equal(kexinit_parse(p.bytes, p.len, &k), ERR_NONE);
		assert_int_equal(k.strict, i == 0);
		kexinit_free(&k);
	}
}

static void refuses_every_truncation(void **state)
{
	build(0, "curve25519-sha256,ext-info-s", 28);
	for (size_t len = 0; len < p.len; len++) {
		/* on the heap, so that a read beyond the end is seen */
		uint8_t *copy = malloc(len ? len : 1);
		struct kexinit k = { .strict = true };

		memcpy(copy, p.bytes, len);
		assert_int_equal(kexinit_parse(copy, len, &k), ERR_SHORT);
		assert_true(k.strict);
		assert_null(k.kex.v);
		free(copy);
	}
}

static void refuses_what_is_left_over(void **state)
{
	struct kexinit k;

	build(0, "a", 1);
	put("", 1);
	assert_int_equal(kexinit_parse(p.bytes, p.len, &k), ERR_TRAILING);
}

static void refuses_another_message_and_a_reserved_value(void **state)
{
	struct kexinit k;

	build(0, "a", 1);
	p.bytes[p.len - 1] = 1;
	assert_int_equal(kexinit_parse(p.bytes, p.len, &k), ERR_SYNTAX);
	p.bytes[p.len - 1] = 0;
	p.bytes[0] = 21;
	assert_int_equal(kexinit_parse(p.bytes, p.len, &k), ERR_SYNTAX);
}

static void refuses_names_that_are_none(void **state)
{
	static const char *const bad[] = { ",", "a,", ",a", "a,,b", "a b", "a\tb", "a\x1b[0m", "\x7f", "a\xc3\xa4" };

	for (size_t list = 0; list < LISTS; list++)
		for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
			assert_int_equal(parse_with(list, bad[i]), ERR_SYNTAX);
}

static void refuses_a_nul_in_a_name(void **state)
{
	struct kexinit k;

	build(3, "a\0b", 3);
	assert_int_equal(kexinit_parse(p.bytes, p.len, &k), ERR_SYNTAX);
}

static void limits_the_length_of_a_name(void **state)
{
	char name[258] = { 0 };

	memset(name, 'a', 256);
	assert_int_equal(parse_with(1, name), ERR_NONE);
	name[256] = 'a';
	assert_int_equal(parse_with(1, name), ERR_SYNTAX);
}

static void limits_the_number_of_names(void **state)
{
	char list[2 * 1025];
	struct kexinit k;

	for (size_t i = 0; i < sizeof list; i++)
		list[i] = i % 2 ? ',' : 'a';
	build(2, list, 2 * 1024 - 1);
	assert_int_equal(kexinit_parse(p.bytes, p.len, &k), ERR_NONE);
	assert_int_equal(k.cipher_c2s.n, 1024);
	kexinit_free(&k);
	build(2, list, 2 * 1025 - 1);
	assert_int_equal(kexinit_parse(p.bytes, p.len, &k), ERR_TOO_BIG);
}

static void refuses_a_list_longer_than_the_packet(void **state)
{
	struct kexinit k;

	build(0, "a", 1);
	memset(p.bytes + 17, 0xff, 4);
	assert_int_equal(kexinit_parse(p.bytes, p.len, &k), ERR_SHORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_every_list_in_its_order),
		cmocka_unit_test(knows_strict_key_exchange_only_in_the_first_list),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(refuses_what_is_left_over),
		cmocka_unit_test(refuses_another_message_and_a_reserved_value),
		cmocka_unit_test(refuses_names_that_are_none),
		cmocka_unit_test(refuses_a_nul_in_a_name),
		cmocka_unit_test(limits_the_length_of_a_name),
		cmocka_unit_test(limits_the_number_of_names),
		cmocka_unit_test(refuses_a_list_longer_than_the_packet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
