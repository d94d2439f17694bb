/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_text.c - text grows, failures stick, and nothing from outside reaches a terminal unescaped. */
#include "base/text.h"

#include "base/scratch.h"

#include "base/macros.h"

#include "base/banned.h"

static void grows_by_every_kind_of_append(void **state)
{
	struct text t = { 0 };

	assert_string_equal(text_string(&t), "");
	text_add(&t, "%d-%s", 42, "x");
	text_add_string(&t, " y");
	text_add_bytes(&t, "\0z", 2);
	assert_int_equal(t.len, 8);
	assert_memory_equal(t.s, "42-x y\0z", 9);
	assert_int_equal(text_check(&t), ERR_NONE);
	text_free(&t);
	assert_null(t.s);
}

static void holds_what_was_appended_byte_by_byte(void **state)
{
	struct text t = { 0 };

	for (size_t i = 0; i < 10000; i++) {
		char c = (char)('a' + i % 26);

		text_add_bytes(&t, &c, 1);
		assert_int_equal(t.s[t.len], '\0');
	}
	assert_int_equal(t.len, 10000);
	for (size_t i = 0; i < t.len; i++)
		assert_int_equal(t.s[i], 'a' + (int)(i % 26));
	text_free(&t);
}

static void a_failed_append_sticks(void **state)
{
	struct text t = { 0 };

	text_add_string(&t, "kept");
	text_add_bytes(&t, "", SIZE_MAX / 2);
	text_add_string(&t, "too late");
	assert_int_equal(text_check(&t), ERR_MEMORY);
	assert_string_equal(text_string(&t), "kept");
	assert_null(text_take(&t));
	assert_null(t.s);
}

static void a_taken_string_leaves_an_empty_text(void **state)
{
	struct text t = { 0 };
	char *s;

	s = text_take(&t);
	assert_string_equal(s, "");
	free(s);
	text_add_string(&t, "abc");
	s = text_take(&t);
	assert_string_equal(s, "abc");
	assert_null(t.s);
	assert_int_equal(t.len, 0);
	free(s);
}

static void a_reset_text_is_empty_and_usable(void **state)
{
	struct text t = { 0 };

	text_reset(&t);
	text_add_string(&t, "abc");
	text_reset(&t);
	assert_string_equal(text_string(&t), "");
	text_add_string(&t, "d");
	assert_string_equal(text_string(&t), "d");
	text_free(&t);
}

static size_t encode(uint32_t c, uint8_t out[4])
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xc0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (uint8_t)(0xe0 | c >> 12);
		out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | c >> 18);
	out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (c & 0x3f));
	return 4;
}

/* The slow judge: read the bits as the lead byte says, and see whether the shortest encoding gives the same bytes. */
static size_t judge_length(const uint8_t *b, size_t len)
{
	size_t n = b[0] < 0x80 ? 1 : b[0] >= 0xf0 ? 4 : b[0] >= 0xe0 ? 3 : 2;
	uint32_t c = n == 1 ? b[0] : b[0] & (0xffU >> (n + 1));
	uint8_t again[4];

	if (n > len || b[0] >= 0xf8)
		return 0;
	for (size_t i = 1; i < n; i++)
		c = c << 6 | (b[i] & 0x3f);
	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return encode(c, again) == n && !memcmp(again, b, n) ? n : 0;
}

static void utf8_is_judged_as_by_encoding_again(void **state)
{
	static const uint8_t edges[] = { 0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff };
	uint8_t b[4];
	size_t valid = 0;

	for (unsigned i = 0; i < 256 * 256; i++) {
		b[0] = (uint8_t)(i >> 8);
		b[1] = (uint8_t)i;
		for (size_t k = 0; k < ARRAY_SIZE(edges) * ARRAY_SIZE(edges); k++) {
			b[2] = edges[k / ARRAY_SIZE(edges)];
			b[3] = edges[k % ARRAY_SIZE(edges)];
			for (size_t len = 1; len <= 4; len++) {
				if (text_utf8_length(b, len) != judge_length(b, len))
					fail_msg("%02x %02x %02x %02x, %zu bytes", b[0], b[1], b[2], b[3], len);
				valid += judge_length(b, len) > 0;
			}
		}
	}
	assert_true(valid > 1000);
	assert_int_equal(text_utf8_length("x", 0), 0);
}

static void every_code_point_is_valid_but_surrogates(void **state)
{
	uint8_t b[4];

	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		size_t n = encode(c, b);

		if (text_utf8_length(b, n) != (c >= 0xd800 && c <= 0xdfff ? 0 : n))
			fail_msg("U+%04X", c);
	}
}

static const struct {
	const char *in;
	size_t len;
	const char *out;
} escapes[] = {
	{ "plain", 5, "plain" },
	{ "", 0, "" },
	{ "a\0b", 3, "a\\x00b" },
	{ "\x1b[31m", 5, "\\x1B[31m" },
	{ "tab\t nl\n cr\r", 12, "tab\\x09 nl\\x0A cr\\x0D" },
	{ "\x7f", 1, "\\x7F" },
	{ "C:\\dir", 6, "C:\\\\dir" },
	{ "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80", 15, "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80" },
	{ "\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", 8, "\\xC2\\x80\\xC2\\x9B\\xC2\\x9F\xc2\xa0" },
	{ "\xc0\xaf", 2, "\\xC0\\xAF" },
	{ "\xe0\x80\xaf", 3, "\\xE0\\x80\\xAF" },
	{ "\xed\xa0\x80", 3, "\\xED\\xA0\\x80" },
	{ "\xf4\x90\x80\x80", 4, "\\xF4\\x90\\x80\\x80" },
	{ "\xff\xfe", 2, "\\xFF\\xFE" },
	{ "cut \xe2\x82", 6, "cut \\xE2\\x82" },
	{ "\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9", 9, "\xe2\x80\xa7\\xE2\\x80\\xA8\\xE2\\x80\\xA9" },
	{ "\xe2\x80\xaa\xe2\x80\xae\xe2\x80\xaf", 9, "\\xE2\\x80\\xAA\\xE2\\x80\\xAE\xe2\x80\xaf" },
	{ "\xe2\x81\xa5\xe2\x81\xa6\xe2\x81\xa9\xe2\x81\xaa", 12,
	  "\xe2\x81\xa5\\xE2\\x81\\xA6\\xE2\\x81\\xA9\xe2\x81\xaa" },
};

static void outside_bytes_cannot_disturb_a_terminal(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(escapes); i++) {
		struct text t = { 0 };

		text_add_escaped(&t, escapes[i].in, escapes[i].len);
		assert_string_equal(text_string(&t), escapes[i].out);
		text_free(&t);
	}
}

static void a_list_owns_copies_and_ends_in_null(void **state)
{
	struct strings l = { 0 };
	char word[] = "one";

	assert_int_equal(strings_add(&l, word), ERR_NONE);
	word[0] = 'X';
	assert_int_equal(strings_add_bytes(&l, "two and more", 3), ERR_NONE);
	assert_int_equal(strings_add_format(&l, "%s-%d", "three", 3), ERR_NONE);
	assert_int_equal(l.n, 3);
	assert_string_equal(l.v[0], "one");
	assert_string_equal(l.v[1], "two");
	assert_string_equal(l.v[2], "three-3");
	assert_null(l.v[3]);
	for (size_t i = 3; i < 100; i++) {
		assert_int_equal(strings_add_format(&l, "%zu", i), ERR_NONE);
		assert_null(l.v[l.n]);
	}
	strings_free(&l);
	assert_null(l.v);
	assert_int_equal(l.n, 0);
}

static const struct {
	const char *in, *separators, *out;
} splits[] = {
	{ "a,b,c", ",", "a|b|c" },    { "", ",", "" },	     { ",,", ",", "" }, { ",a,,b,", ",", "a|b" },
	{ "a b\tc", " \t", "a|b|c" }, { "abc", ",", "abc" },
};

static void splits_leave_out_empty_parts(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(splits); i++) {
		struct strings l = { 0 };
		struct text joined = { 0 };

		assert_int_equal(strings_split(&l, splits[i].in, splits[i].separators), ERR_NONE);
		strings_join(&l, "|", &joined);
		assert_string_equal(text_string(&joined), splits[i].out);
		text_free(&joined);
		strings_free(&l);
	}
}

static void sorts_by_byte_value(void **state)
{
	struct strings l = { 0 }, wanted = { 0 };

	assert_int_equal(strings_split(&l, "b a B \xc3\xa4 10 9 a", " "), ERR_NONE);
	assert_int_equal(strings_split(&wanted, "10 9 B a a b \xc3\xa4", " "), ERR_NONE);
	assert_false(strings_equal(&l, &wanted));
	strings_sort(&l);
	assert_true(strings_equal(&l, &wanted));
	assert_true(strings_has(&l, "B"));
	assert_false(strings_has(&l, "c"));
	strings_free(&l);
	strings_sort(&l);
	assert_false(strings_equal(&l, &wanted));
	strings_free(&wanted);
}

static void a_list_can_be_copied_onto_itself(void **state)
{
	struct strings l = { 0 };

	assert_int_equal(strings_split(&l, "a b c d e f g", " "), ERR_NONE);
	assert_int_equal(strings_copy(&l, &l), ERR_NONE);
	assert_int_equal(l.n, 14);
	for (size_t i = 0; i < 7; i++)
		assert_string_equal(l.v[i], l.v[i + 7]);
	strings_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_by_every_kind_of_append),
		cmocka_unit_test(holds_what_was_appended_byte_by_byte),
		cmocka_unit_test(a_failed_append_sticks),
		cmocka_unit_test(a_taken_string_leaves_an_empty_text),
		cmocka_unit_test(a_reset_text_is_empty_and_usable),
		cmocka_unit_test(utf8_is_judged_as_by_encoding_again),
		cmocka_unit_test(every_code_point_is_valid_but_surrogates),
		cmocka_unit_test(outside_bytes_cannot_disturb_a_terminal),
		cmocka_unit_test(a_list_owns_copies_and_ends_in_null),
		cmocka_unit_test(splits_leave_out_empty_parts),
		cmocka_unit_test(sorts_by_byte_value),
		cmocka_unit_test(a_list_can_be_copied_onto_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
