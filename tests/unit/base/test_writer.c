/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_writer.c - what a writer puts is what RFC 4251 shows, and what a reader takes. */
#include "base/writer.h"

#include "base/reader.h"
#include "base/scratch.h"

#include "base/banned.h"

static void numbers_are_in_network_order(void **state)
{
	uint8_t out[8];

	store_u32(out, 0x29b7f4aa); /* RFC 4251 section 5 "uint32" */
	assert_memory_equal(out, "\x29\xb7\xf4\xaa", 4);
	store_u64(out, 0x0123456789abcdef);
	assert_memory_equal(out, "\x01\x23\x45\x67\x89\xab\xcd\xef", 8);
	assert_true(load_u64(out) == 0x0123456789abcdef);
	store_u64(out, UINT64_MAX);
	assert_true(load_u64(out) == UINT64_MAX);
}

static void what_is_written_is_read_again(void **state)
{
	struct text t = { 0 };
	struct reader r;
	const uint8_t *s;
	uint64_t u64 = 0;
	uint32_t u32 = 0;
	size_t len = 1;

	write_u32(&t, 699921578);
	write_u64(&t, 1ull << 63);
	write_string(&t, "testing", 7);
	write_string(&t, NULL, 0);
	assert_int_equal(text_check(&t), ERR_NONE);
	assert_int_equal(t.len, 4 + 8 + 11 + 4);
	assert_memory_equal(t.s + 12, "\0\0\0\x07testing\0\0\0\0", 15);
	r = (struct reader){ .at = (const uint8_t *)t.s, .left = t.len };
	assert_int_equal(read_u32(&r, &u32), ERR_NONE);
	assert_int_equal(read_u64(&r, &u64), ERR_NONE);
	assert_int_equal(u32, 699921578);
	assert_true(u64 == 1ull << 63);
	assert_int_equal(read_string(&r, &s, &len), ERR_NONE);
	assert_int_equal(len, 7);
	assert_memory_equal(s, "testing", 7);
	assert_int_equal(read_string(&r, &s, &len), ERR_NONE);
	assert_int_equal(len, 0);
	assert_int_equal(read_end(&r), ERR_NONE);
	text_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_in_network_order),
		cmocka_unit_test(what_is_written_is_read_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
