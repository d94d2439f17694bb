/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_edit.c - one line changes, every other byte stays. */
#include "sshd/edit.h"

#include "sshd.h"

#include "base/banned.h"

static void text_set(struct text *t, const char *s)
{
	text_reset(t);
	text_add_string(t, s);
}

static const struct {
	const char *before;
	unsigned line;
	const char *args, *after;
} settings[] = {
	{ "  PermitRootLogin yes  # why\n", 1, "no", "  PermitRootLogin no  # why\n" },
	{ "PermitRootLogin yes", 1, "no", "PermitRootLogin no" },
	{ "a\r\nPort = 22\t# x\r\nb\r\n", 2, "2222", "a\r\nPort = 2222\t# x\r\nb\r\n" },
	{ "Port=22\n", 1, "2222", "Port=2222\n" },
	{ "Port\t \"22\"\n", 1, "2222", "Port\t 2222\n" },
	{ "AllowUsers a \"b # c\" 'd # e' f\\ #g # h\n", 1, "x y", "AllowUsers x y # h\n" },
	{ "AllowUsers a\\# b#c #d\n", 1, "x", "AllowUsers x #d\n" },
	{ "ForceCommand echo # no comment\n", 1, "internal-sftp", "ForceCommand internal-sftp\n" },
	{ "versionaddendum a # b", 1, "none", "versionaddendum none" },
	{ "Port 22 # why\n", 1, "", "Port # why\n" },
	{ "Port\n", 1, "22", "Port 22\n" },
	{ "Port #x\n", 1, "22", "Port 22 #x\n" },
	{ "\"Port\" 22\n", 1, "23", "\"Port\" 23\n" },
	{ "AllowUsers \"open # x\n", 1, "a", "AllowUsers a\n" },
	{ "a\nb\nUsePAM no\nc", 3, "yes", "a\nb\nUsePAM yes\nc" },
};

static void arguments_are_replaced_and_nothing_else(void **state)
{
	struct text t = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		text_set(&t, settings[i].before);
		assert_int_equal(edit_set_args(&t, settings[i].line, settings[i].args), ERR_NONE);
		assert_string_equal(text_string(&t), settings[i].after);
	}
	text_free(&t);
}

/* What was set is what sshd reads. */
static void a_set_value_is_the_one_that_counts(void **state)
{
	struct text t = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		const struct sshd_keyword *k;
		struct sshd_config *c = NULL;
		struct diags problems = { 0 };
		text_set(&t, settings[i].after);
		assert_true(sshd_config_parse(t.s, t.len, R92, &c, &problems) != ERR_MEMORY);
		for (size_t l = 0; l < c->nlines; l++) {
			struct text joined = { 0 };
			k = c->lines[l].keyword;
			strings_join(&c->lines[l].args, " ", &joined);
			if (c->lines[l].line == settings[i].line && k->kind != KIND_REST)
				assert_string_equal(text_string(&joined), settings[i].args);
			text_free(&joined);
		}
		sshd_config_free(c);
		diags_free(&problems);
	}
	text_free(&t);
}

static void words_come_and_go_and_nothing_else_does(void **state)
{
	static const struct {
		const char *without;
		const char *word, *with;
	} cases[] = {
		{ "AllowUsers anna  # why\n", "bert", "AllowUsers anna bert  # why\n" },
		{ "  DenyUsers\tanna", "bert", "  DenyUsers\tanna bert" },
		{ "a\r\nAllowUsers = anna\r\n", "b@10.0.0.0/8", "a\r\nAllowUsers = anna b@10.0.0.0/8\r\n" },
		{ "AllowGroups \"domain users\" #x\n", "other users",
		  "AllowGroups \"domain users\" \"other users\" #x\n" },
		{ "AllowUsers a\\ b 'c d'\n", "bert", "AllowUsers a\\ b 'c d' bert\n" },
	};
	struct text t = { 0 };
	size_t left;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned line = cases[i].without[0] == 'a' ? 2 : 1;

		text_set(&t, cases[i].without);
		assert_int_equal(edit_add_word(&t, line, cases[i].word), ERR_NONE);
		assert_string_equal(text_string(&t), cases[i].with);
		left = 0;
		assert_int_equal(edit_remove_word(&t, line, cases[i].word, &left), ERR_NONE);
		assert_string_equal(text_string(&t), cases[i].without);
		assert_true(left > 0);
		assert_int_equal(edit_remove_word(&t, line, "nobody", &left), ERR_NOT_FOUND);
		assert_int_equal(edit_add_word(&t, 3, "x"), ERR_NOT_FOUND);
		assert_string_equal(text_string(&t), cases[i].without);
	}
	text_free(&t);
}

static void the_first_of_equal_words_goes_wherever_it_stands(void **state)
{
	static const struct {
		const char *before, *word, *after;
		size_t left;
	} cases[] = {
		{ "DenyUsers a b a # c\n", "a", "DenyUsers b a # c\n", 2 },
		{ "DenyUsers a b  c\n", "b", "DenyUsers a c\n", 2 },
		{ "DenyUsers 'a' # why\n", "a", "DenyUsers # why\n", 0 },
		{ "DenyUsers=a\n", "a", "DenyUsers=\n", 0 },
		{ "DenyGroups \"x y\" x y\n", "x y", "DenyGroups x y\n", 2 },
	};
	struct text t = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t left = 9;

		text_set(&t, cases[i].before);
		assert_int_equal(edit_remove_word(&t, 1, cases[i].word, &left), ERR_NONE);
		assert_string_equal(text_string(&t), cases[i].after);
		assert_int_equal(left, cases[i].left);
	}
	text_free(&t);
}

static void a_line_goes_with_its_end(void **state)
{
	struct text t = { 0 };

	text_set(&t, "a\r\nb\r\nc");
	assert_int_equal(edit_remove(&t, 2), ERR_NONE);
	assert_string_equal(text_string(&t), "a\r\nc");
	assert_int_equal(edit_remove(&t, 2), ERR_NONE);
	assert_int_equal(edit_remove(&t, 2), ERR_NOT_FOUND);
	assert_string_equal(text_string(&t), "a\r\n");
	text_free(&t);
}

static void lines_are_commented_out(void **state)
{
	static const struct {
		const char *before;
		unsigned line;
		const char *why, *after;
	} cases[] = {
		{ "a\n  Port 22\nb\n", 2, NULL, "a\n  # Port 22\nb\n" },
		{ "a\n\tPort 22 # x\nb\n", 2, "moved", "a\n\t# sallyport: moved\n\t# Port 22 # x\nb\n" },
		{ "a\r\nPort 22\r\n", 2, "moved", "a\r\n# sallyport: moved\r\n# Port 22\r\n" },
		{ "Port 22", 1, "two\nlines", "# sallyport: two lines\n# Port 22" },
	};
	struct text t = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		text_set(&t, cases[i].before);
		assert_int_equal(edit_comment_out(&t, cases[i].line, cases[i].why), ERR_NONE);
		assert_string_equal(text_string(&t), cases[i].after);
	}
	text_free(&t);
}

static void lines_are_inserted(void **state)
{
	static const struct {
		const char *before;
		unsigned line;
		const char *text, *after;
	} cases[] = {
		{ "", 1, "x", "x\n" },
		{ "a\nb\n", 1, "x", "x\na\nb\n" },
		{ "a\nb\n", 2, "x", "a\nx\nb\n" },
		{ "a\nb\n", 3, "x", "a\nb\nx\n" },
		{ "a\nb", 3, "x", "a\nb\nx\n" },
		{ "a\nb", 2, "x", "a\nx\nb" },
		{ "a\r\nb\r\n", 3, "x\ny", "a\r\nb\r\nx\r\ny\r\n" },
		{ "a\r\nb", 3, "x", "a\r\nb\r\nx\r\n" },
	};
	struct text t = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		text_set(&t, cases[i].before);
		assert_int_equal(edit_insert(&t, cases[i].line, cases[i].text), ERR_NONE);
		assert_string_equal(text_string(&t), cases[i].after);
	}
	text_free(&t);
}

static void lines_that_are_not_there(void **state)
{
	static const char *const contents[] = { "", "a\n", "a\nb" };
	static const unsigned counts[] = { 0, 1, 2 };
	struct text t = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(contents); i++) {
		text_set(&t, contents[i]);
		assert_int_equal(edit_set_args(&t, counts[i] + 1, "x"), ERR_NOT_FOUND);
		assert_int_equal(edit_set_args(&t, 0, "x"), ERR_NOT_FOUND);
		assert_int_equal(edit_comment_out(&t, counts[i] + 1, NULL), ERR_NOT_FOUND);
		assert_int_equal(edit_insert(&t, counts[i] + 2, "x"), ERR_NOT_FOUND);
		assert_int_equal(edit_insert(&t, 0, "x"), ERR_NOT_FOUND);
		assert_string_equal(text_string(&t), contents[i]);
	}
	text_free(&t);
}

static void the_global_part_ends_at_the_first_block(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
	} cases[] = {
		{ "", 1 },
		{ "Port 22\n", 2 },
		{ "Port 22", 2 },
		{ "Port 22\n# Match all\n match all\nx\n", 3 },
		{ "Port 22\nINCLUDE x\nMatch all\n", 2 },
		{ "Banner match\n\"Match\" all\n", 2 },
	};
	struct text t = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		text_set(&t, cases[i].text);
		assert_int_equal(edit_global_end(&t), cases[i].line);
	}
	text_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_are_replaced_and_nothing_else),
		cmocka_unit_test(a_set_value_is_the_one_that_counts),
		cmocka_unit_test(words_come_and_go_and_nothing_else_does),
		cmocka_unit_test(the_first_of_equal_words_goes_wherever_it_stands),
		cmocka_unit_test(a_line_goes_with_its_end),
		cmocka_unit_test(lines_are_commented_out),
		cmocka_unit_test(lines_are_inserted),
		cmocka_unit_test(lines_that_are_not_there),
		cmocka_unit_test(the_global_part_ends_at_the_first_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
