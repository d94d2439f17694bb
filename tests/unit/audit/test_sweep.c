/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_sweep.c - lines with revoked keys are found, and what is left without them is every other byte. */
#include "audit/sweep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define GONE "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINV5DF0oFVaaCTmNJbEZI0mGWNH7F7t5eTbtgI/kR8aM"
#define GOOD "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINXOVEGqRx3cZybMT9epqEu0vqahhZ9k4Kh5d78mEe7Q"
#define RELEASE 902

static struct revoked_file list = { .path = NULL };

static int make_list(void **state)
{
	static char path[] = "/etc/ssh/revoked_keys";
	unsigned line;

	list.path = path;
	return revoked_parse((const uint8_t *)GONE "\n", strlen(GONE "\n"), RELEASE, &list.list, &line, NULL);
}

static int free_list(void **state)
{
	revoked_free(list.list);
	return 0;
}

/* Content as bytes, since a line may hold a NUL. */
static const struct {
	const char *content;
	size_t len;
	const char *left;
	size_t left_len;
	size_t found;
} cases[] = {
#define CASE(content, left, found) \
	{ \
		content, sizeof(content) - 1, left, sizeof(left) - 1, found \
	}
	CASE("", "", 0),
	CASE("\n", "\n", 0),
	CASE(GOOD "\n", GOOD "\n", 0),
	CASE(GONE "\n", "", 1),
	CASE(GONE, "", 1),
	CASE(GOOD "\n" GONE, GOOD "\n", 1),
	CASE(GONE "\n" GOOD, GOOD, 1),
	CASE("# a\r\n\r\n" GONE " laptop\r\n\t\n" GOOD "\r\n", "# a\r\n\r\n\t\n" GOOD "\r\n", 1),
	CASE(GONE "\n" GONE "\n" GONE "\n", "", 3),
	CASE("from=\"10.0.0.0/8\",command=\"a \\\" b\" " GONE " c\nx", "x", 1),
	CASE("  \t" GONE "\n\0\n" GOOD "\n", "\0\n" GOOD "\n", 1),
	CASE("#" GONE "\nnonsense " GONE "\nno-such-option " GONE "\n",
	     "#" GONE "\nnonsense " GONE "\nno-such-option " GONE "\n", 0),
	CASE("cert-authority " GONE "\n" GONE "\n", "cert-authority " GONE "\n", 2),
};

static void what_is_left_is_every_other_byte(void **state)
{
	const struct sweep_lists lists = { &list, 1 };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct sweep_lines lines = { 0 };
		struct text left = { 0 };
		bool broken = false;

		assert_int_equal(sweep_scan(&lists, RELEASE, cases[i].content, cases[i].len, &lines, &broken),
				 ERR_NONE);
		assert_int_equal(sweep_without(cases[i].content, cases[i].len, &lines, &left), ERR_NONE);
		if (lines.n != cases[i].found || left.len != cases[i].left_len ||
		    memcmp(text_string(&left), cases[i].left, left.len) != 0)
			fail_msg("case %zu: %zu lines found; left: %s", i, lines.n, text_string(&left));
		assert_false(broken);
		sweep_lines_clear(&lines);
		text_free(&left);
	}
}

static void every_truncation_keeps_what_it_does_not_find(void **state)
{
	static const char content[] = "# a\r\n" GONE " x\r\n" GOOD "\n" GONE;
	const struct sweep_lists lists = { &list, 1 };

	for (size_t len = 0; len < sizeof content; len++) {
		struct sweep_lines lines = { 0 }, again = { 0 };
		struct text left = { 0 };
		bool broken = false;

		assert_int_equal(sweep_scan(&lists, RELEASE, content, len, &lines, &broken), ERR_NONE);
		assert_int_equal(sweep_without(content, len, &lines, &left), ERR_NONE);
		assert_int_equal(sweep_scan(&lists, RELEASE, text_string(&left), left.len, &again, &broken), ERR_NONE);
		assert_int_equal(again.n, 0);
		assert_true(lines.n ? left.len < len : left.len == len);
		sweep_lines_clear(&lines);
		text_free(&left);
	}
}

static void a_broken_list_is_said_to_be_one(void **state)
{
	struct revoked_file bad = { .path = list.path };
	const struct sweep_lists lists = { &bad, 1 };
	struct sweep_lines lines = { 0 };
	bool broken = false;

	assert_int_equal(sweep_scan(&lists, RELEASE, GOOD, strlen(GOOD), &lines, &broken), ERR_NONE);
	assert_int_equal(lines.n, 0);
	assert_true(broken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left_is_every_other_byte),
		cmocka_unit_test(every_truncation_keeps_what_it_does_not_find),
		cmocka_unit_test(a_broken_list_is_said_to_be_one),
	};

	return cmocka_run_group_tests(tests, make_list, free_list);
}
