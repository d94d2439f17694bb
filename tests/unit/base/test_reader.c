/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_reader.c - a reader gives what is there, and at every truncation nothing at all. */
#include "base/reader.h"

#include "base/scratch.h"

#include "base/banned.h"

static const uint8_t good[] = {
	0x07,						/* u8 */
	0x01, 0x02, 0x03, 0x04,				/* u32 */
	0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa, 0x99, 0x88, /* u64 */
	'r',  'a',  'w',				/* bytes */
	0x00, 0x00, 0x00, 0x02, 'o',  'k',		/* string */
	'-',  '-',					/* skipped */
};

struct all {
	uint8_t u8;
	uint32_t u32;
	uint64_t u64;
	char raw[3];
	const uint8_t *s;
	size_t len;
};

static enum err read_everything(const uint8_t *bytes, size_t len, struct all *a)
{
	struct reader r = { .at = bytes, .left = len };
	enum err e;

	if ((e = read_u8(&r, &a->u8)) || (e = read_u32(&r, &a->u32)) || (e = read_u64(&r, &a->u64)) ||
	    (e = read_bytes(&r, a->raw, sizeof a->raw)) || (e = read_string(&r, &a->s, &a->len)) ||
	    (e = read_skip(&r, 2)) || (e = read_end(&r)))
		return e;
	return ERR_NONE;
}

static void reads_every_kind_of_value(void **state)
{
	struct all a;

	assert_int_equal(read_everything(good, sizeof good, &a), ERR_NONE);
	assert_int_equal(a.u8, 7);
	assert_int_equal(a.u32, 0x01020304);
	assert_true(a.u64 == 0xffeeddccbbaa9988);
	assert_memory_equal(a.raw, "raw", 3);
	assert_int_equal(a.len, 2);
	assert_ptr_equal(a.s, good + 20);
}

static void refuses_every_truncation(void **state)
{
	for (size_t len = 0; len < sizeof good; len++) {
		/* of exactly that size, so that a sanitizer sees one byte too many */
		uint8_t *cut = malloc(len ? len : 1);
		struct all a;

		memcpy(cut, good, len);
		assert_int_equal(read_everything(cut, len, &a), ERR_SHORT);
		free(cut);
	}
}

static void says_when_something_is_left(void **state)
{
	uint8_t more[sizeof good + 1] = { 0 };
	struct all a;

	memcpy(more, good, sizeof good);
	assert_int_equal(read_everything(more, sizeof more, &a), ERR_TRAILING);
}

static void a_failure_consumes_nothing_and_gives_nothing(void **state)
{
	static const uint8_t few[] = { 0, 0, 0 }, lying[] = { 0, 0, 0, 3, 'o', 'k' },
			     huge[] = { 0xff, 0xff, 0xff, 0xff, 1 };
	struct reader r = { .at = few, .left = sizeof few };
	uint32_t u32 = 42;
	uint64_t u64 = 42;
	const uint8_t *s = few;
	size_t len = 42;
	char raw[8] = "before";

	assert_int_equal(read_u32(&r, &u32), ERR_SHORT);
	assert_int_equal(read_u64(&r, &u64), ERR_SHORT);
	assert_int_equal(read_bytes(&r, raw, 4), ERR_SHORT);
	assert_int_equal(read_skip(&r, SIZE_MAX), ERR_SHORT);
	assert_int_equal(read_string(&r, &s, &len), ERR_SHORT);
	assert_ptr_equal(r.at, few);
	assert_int_equal(r.left, sizeof few);
	r = (struct reader){ .at = lying, .left = sizeof lying };
	assert_int_equal(read_string(&r, &s, &len), ERR_SHORT);
	assert_ptr_equal(r.at, lying);
	assert_int_equal(r.left, sizeof lying);
	r = (struct reader){ .at = huge, .left = sizeof huge };
	assert_int_equal(read_string(&r, &s, &len), ERR_SHORT);
	assert_ptr_equal(r.at, huge);
	assert_int_equal(u32, 42);
	assert_int_equal(u64, 42);
	assert_ptr_equal(s, few);
	assert_int_equal(len, 42);
	assert_string_equal(raw, "before");
}

static void nothing_at_all_is_read_safely(void **state)
{
	struct reader r = { 0 };
	uint8_t u8;

	assert_int_equal(read_u8(&r, &u8), ERR_SHORT);
	assert_int_equal(read_bytes(&r, &u8, 0), ERR_NONE);
	assert_int_equal(read_skip(&r, 0), ERR_NONE);
	assert_int_equal(read_end(&r), ERR_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_kind_of_value),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(says_when_something_is_left),
		cmocka_unit_test(a_failure_consumes_nothing_and_gives_nothing),
		cmocka_unit_test(nothing_at_all_is_read_safely),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
