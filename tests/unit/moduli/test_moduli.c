/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_moduli.c - the file of groups is read as sshd reads it, and filtered without touching anything else. */
#include "moduli/moduli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define START "20220101000000 2 6 100 "
/* 32 bits, 31 in the size field: short lines keep the cases readable */
#define GOOD START "31 2 FFFFFFFB"

static enum moduli_problem problem_of(const char *line)
{
	enum moduli_problem p;
	struct moduli m;

	assert_int_equal(moduli_parse(line, strlen(line), &m), ERR_NONE);
	assert_int_equal(m.n, 1);
	p = m.v[0].problem;
	moduli_free(&m);
	return p;
}

static void judges_lines_as_sshd_does(void **state)
{
	static const struct {
		const char *line;
		enum moduli_problem problem;
	} cases[] = {
		{ GOOD, MODULI_OK },
		{ GOOD "\n", MODULI_OK },
		{ GOOD "\r\n", MODULI_OK },
		{ " \t" GOOD, MODULI_OK },
		{ "20220101000000\t2 6 100 31 2 FFFFFFFB", MODULI_OK },
		{ "20220101000000  2 6 100 31 2 FFFFFFFB", MODULI_OK },
		{ START "31 2 fffffffb", MODULI_OK },
		{ START "31 5 7FFFFFFB", MODULI_SIZE },
		{ START "32 2 FFFFFFFB", MODULI_SIZE },
		{ START "30 2 FFFFFFFB", MODULI_SIZE },
		{ START "31 2 0FFFFFFFB", MODULI_OK },
		{ START "0 2 1", MODULI_SIZE },
		{ START "65537 2 1", MODULI_SIZE },
		{ START "x 2 FFFFFFFB", MODULI_SIZE },
		{ START "-31 2 FFFFFFFB", MODULI_SIZE },
		{ START "31  2 FFFFFFFB", MODULI_FIELDS },
		{ START "31 2  FFFFFFFB", MODULI_FIELDS },
		{ START "31\t2 FFFFFFFB", MODULI_SIZE },
		{ START "31 2\tFFFFFFFB", MODULI_FIELDS },
		{ GOOD " ", MODULI_FIELDS },
		{ GOOD " comment", MODULI_FIELDS },
		{ START "31 2 ", MODULI_FIELDS },
		{ START "31 2", MODULI_FIELDS },
		{ START "31", MODULI_FIELDS },
		{ "20220101000000", MODULI_FIELDS },
		{ "x", MODULI_FIELDS },
		{ "20220101000000 4 6 100 31 2 FFFFFFFB", MODULI_TYPE },
		{ "20220101000000 0 6 100 31 2 FFFFFFFB", MODULI_TYPE },
		{ "20220101000000 x 6 100 31 2 FFFFFFFB", MODULI_TYPE },
		{ "20220101000000 2 0 100 31 2 FFFFFFFB", MODULI_TESTS },
		{ "20220101000000 2 1 100 31 2 FFFFFFFB", MODULI_TESTS },
		{ "20220101000000 2 7 100 31 2 FFFFFFFB", MODULI_TESTS },
		{ "20220101000000 2 32 100 31 2 FFFFFFFB", MODULI_TESTS },
		{ "20220101000000 2 2 100 31 2 FFFFFFFB", MODULI_OK },
		{ "20220101000000 2 6 0 31 2 FFFFFFFB", MODULI_TRIALS },
		{ "20220101000000 2 6 x 31 2 FFFFFFFB", MODULI_TRIALS },
		{ "20220101000000 2 6 99999999999 31 2 FFFFFFFB", MODULI_TRIALS },
		{ START "31 1 FFFFFFFB", MODULI_GENERATOR },
		{ START "31 0 FFFFFFFB", MODULI_GENERATOR },
		{ START "31 x FFFFFFFB", MODULI_GENERATOR },
		{ START "31 2x FFFFFFFB", MODULI_GENERATOR },
		{ START "31 2 xyz", MODULI_MODULUS },
		{ START "31 2 FFFFFFFA", MODULI_MODULUS },
		{ START "31 2 FFFFFFFBx", MODULI_MODULUS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(problem_of(cases[i].line), cases[i].problem);
}

static void every_problem_has_its_words(void **state)
{
	for (enum moduli_problem p = MODULI_OK; p <= MODULI_MODULUS; p++)
		for (enum moduli_problem q = MODULI_OK; q < p; q++)
			assert_string_not_equal(moduli_problem_text(p), moduli_problem_text(q));
}

static void passes_over_comments_and_empty_lines(void **state)
{
	static const char content[] = "# comment\n\n  \t\n  # indented\n\r\n" GOOD "\n#" GOOD "\n" GOOD;
	struct moduli m;

	assert_int_equal(moduli_parse(content, sizeof content - 1, &m), ERR_NONE);
	assert_int_equal(m.n, 2);
	assert_int_equal(m.v[0].line, 6);
	assert_int_equal(m.v[1].line, 8);
	moduli_free(&m);
	assert_int_equal(m.n, 0);
	assert_int_equal(moduli_parse(NULL, 0, &m), ERR_NONE);
	assert_int_equal(m.n, 0);
	moduli_free(&m);
}

static void gives_bits_generator_and_digest(void **state)
{
	static const char content[] = START "31 2 FFFFFFFB\n" START "31 1F fffffffb\n" START "31 123456789 FFFFFFF9\n";
	struct moduli m;

	assert_int_equal(moduli_parse(content, sizeof content - 1, &m), ERR_NONE);
	assert_int_equal(m.v[0].bits, 32);
	assert_int_equal(m.v[0].generator, 2);
	assert_int_equal(m.v[1].generator, 31);
	assert_int_equal(m.v[2].generator, 0);
	assert_int_equal(m.v[2].problem, MODULI_OK);
	/* printf fffffffb | sha256sum */
	assert_string_equal(m.v[0].modulus_digest, "1abc42af02db93f44ed643356e3fa2acca479577ea4f7007ce8a8aeb0dbe9289");
	assert_string_equal(m.v[1].modulus_digest, m.v[0].modulus_digest);
	assert_string_not_equal(m.v[2].modulus_digest, m.v[0].modulus_digest);
	moduli_free(&m);
}

static void counts_the_bits_of_every_first_digit(void **state)
{
	static const struct {
		const char *line;
		enum moduli_problem problem;
	} cases[] = {
		{ START "4 2 1F", MODULI_OK }, { START "5 2 2F", MODULI_OK },	{ START "5 2 3F", MODULI_OK },
		{ START "6 2 4F", MODULI_OK }, { START "6 2 7F", MODULI_OK },	{ START "7 2 8F", MODULI_OK },
		{ START "7 2 FF", MODULI_OK }, { START "7 2 7F", MODULI_SIZE }, { START "7 2 1FF", MODULI_SIZE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(problem_of(cases[i].line), cases[i].problem);
}

static void ends_a_line_at_a_nul_as_sshd_does(void **state)
{
	static const char content[] = GOOD "\0 more\n\0" GOOD "\n";
	struct moduli m;

	assert_int_equal(moduli_parse(content, sizeof content - 1, &m), ERR_NONE);
	assert_int_equal(m.n, 1);
	assert_int_equal(m.v[0].problem, MODULI_OK);
	moduli_free(&m);
}

static void survives_every_truncation(void **state)
{
	static const char content[] = "# c\n" GOOD "\r\n" GOOD " \n" GOOD;

	for (size_t len = 0; len <= sizeof content - 1; len++) {
		char *copy = malloc(len ? len : 1);
		struct moduli m;

		memcpy(copy, content, len);
		assert_int_equal(moduli_parse(copy, len, &m), ERR_NONE);
		assert_in_range(m.n, 0, 3);
		moduli_free(&m);
		free(copy);
	}
}

static void refuses_more_than_a_million_entries(void **state)
{
	size_t len = 2 * 1000001;
	char *content = malloc(len);
	struct moduli m;

	for (size_t i = 0; i < len; i++)
		content[i] = i % 2 ? '\n' : 'x';
	assert_int_equal(moduli_parse(content, len, &m), ERR_TOO_BIG);
	assert_int_equal(moduli_parse(content, len - 2, &m), ERR_NONE);
	assert_int_equal(m.n, 1000000);
	moduli_free(&m);
	free(content);
}

#define SMALL START "15 2 FFF1"

static void check_comment(const char *content, size_t len, const char *want, size_t want_len, size_t want_changed)
{
	struct text out = { 0 };
	size_t changed = 99;

	assert_int_equal(moduli_comment_below(content, len, 32, &out, &changed), ERR_NONE);
	assert_int_equal(out.len, want_len);
	assert_memory_equal(out.s, want, want_len);
	assert_int_equal(changed, want_changed);
	text_free(&out);
}

#define CHECK_COMMENT(content, want, changed) \
	check_comment(content, sizeof(content) - 1, want, sizeof(want) - 1, changed)

static void comments_small_groups_and_leaves_the_rest(void **state)
{
	CHECK_COMMENT(SMALL "\n" GOOD "\n", "#" SMALL "\n" GOOD "\n", 1);
	CHECK_COMMENT(GOOD "\n" SMALL, GOOD "\n#" SMALL, 1);
	CHECK_COMMENT("#" SMALL "\r\n\r\n" SMALL "\r\n" GOOD "\r\n", "#" SMALL "\r\n\r\n#" SMALL "\r\n" GOOD "\r\n", 1);
	CHECK_COMMENT("  " SMALL "\n" GOOD, "#  " SMALL "\n" GOOD, 1);
	CHECK_COMMENT(GOOD, GOOD, 0);
	CHECK_COMMENT("junk \0 \xff\n" GOOD "\n\n\n", "junk \0 \xff\n" GOOD "\n\n\n", 0);
	CHECK_COMMENT(SMALL " \n" GOOD, SMALL " \n" GOOD, 0); /* sshd drops that one by itself */
}

static void comments_what_only_sshd_finds_good(void **state)
{
	CHECK_COMMENT(START "15 2 FFF0\n" GOOD, "#" START "15 2 FFF0\n" GOOD, 1);
	CHECK_COMMENT(START "15 2 FFF1x\n" GOOD, "#" START "15 2 FFF1x\n" GOOD, 1);
	CHECK_COMMENT(START "15 2x FFF1\n" GOOD, "#" START "15 2x FFF1\n" GOOD, 1);
	CHECK_COMMENT(START "15 1 FFF1\n" GOOD, START "15 1 FFF1\n" GOOD, 0);
}

static void refuses_to_leave_nothing(void **state)
{
	static const char *const contents[] = {
		"", SMALL, "#" GOOD, "# nothing\n", SMALL "\n" GOOD " \n", START "31 2 FFFFFFFA\n"
	};

	for (size_t i = 0; i < ARRAY_SIZE(contents); i++) {
		struct text out = { 0 };
		size_t changed = 99;

		assert_int_equal(moduli_comment_below(contents[i], strlen(contents[i]), 32, &out, &changed), ERR_RANGE);
		assert_null(out.s);
		assert_int_equal(changed, 99);
	}
}

static void comments_once(void **state)
{
	static const char content[] = SMALL "\n" GOOD "\n";
	struct text once = { 0 }, twice = { 0 };
	size_t changed;

	assert_int_equal(moduli_comment_below(content, sizeof content - 1, 32, &once, &changed), ERR_NONE);
	assert_int_equal(moduli_comment_below(once.s, once.len, 32, &twice, &changed), ERR_NONE);
	assert_int_equal(changed, 0);
	assert_string_equal(once.s, twice.s);
	text_free(&once);
	text_free(&twice);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_lines_as_sshd_does),
		cmocka_unit_test(every_problem_has_its_words),
		cmocka_unit_test(passes_over_comments_and_empty_lines),
		cmocka_unit_test(gives_bits_generator_and_digest),
		cmocka_unit_test(counts_the_bits_of_every_first_digit),
		cmocka_unit_test(ends_a_line_at_a_nul_as_sshd_does),
		cmocka_unit_test(survives_every_truncation),
		cmocka_unit_test(refuses_more_than_a_million_entries),
		cmocka_unit_test(comments_small_groups_and_leaves_the_rest),
		cmocka_unit_test(comments_what_only_sshd_finds_good),
		cmocka_unit_test(refuses_to_leave_nothing),
		cmocka_unit_test(comments_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
