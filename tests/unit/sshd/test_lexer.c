/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_lexer.c - lines become the words that sshd makes of them, before and after 8.7. */
#include "sshd/lexer.h"

#include "base/scratch.h"
#include "sshd/version.h"

#include "base/banned.h"

#define NEW SSHD_RELEASE(9, 2)
#define OLD SSHD_RELEASE(8, 6)

/* "kind keyword [arg][arg] <rest>" */
static const char *shown(const char *line, unsigned release)
{
	static char out[1024];
	static const char *const kinds[] = { "blank", "line", "open", "alone" };
	struct lexer_line l = { 0 };
	struct text t = { 0 };

	assert_int_equal(lexer_read(line, strlen(line), release, &l), ERR_NONE);
	text_add(&t, "%s", kinds[l.kind]);
	if (l.keyword)
		text_add(&t, " %s ", l.keyword);
	for (size_t i = 0; i < l.args.n; i++)
		text_add(&t, "[%s]", l.args.v[i]);
	if (l.keyword)
		text_add(&t, " <%s>", l.rest);
	snprintf(out, sizeof out, "%s", text_string(&t));
	text_free(&t);
	lexer_clear(&l);
	return out;
}

/* All of them tried with the real 9.2. */
static const struct {
	const char *line, *words;
} new_cases[] = {
	{ "", "blank" },
	{ "   \t ", "blank" },
	{ "# Port 22", "blank" },
	{ "#\"open", "blank" },
	{ "\"Port 22", "blank" },
	{ "Port 22", "line Port [22] <22>" },
	{ "  Port\t22\r", "line Port [22] <22>" },
	{ "Port = 22", "line Port [22] <22>" },
	{ "Port=22", "line Port [22] <22>" },
	{ "Port =22", "line Port [22] <22>" },
	{ "=Port 22", "line Port [22] <22>" },
	{ "Port == 22", "line Port [=][22] <= 22>" },
	{ "\"Port\"=22", "line Port [=22] <=22>" },
	{ "\"Port\" 22", "line Port [22] <22>" },
	{ "Po\"rt\" 22", "line Port [22] <22>" },
	{ "Port", "alone Port  <>" },
	{ "Port =", "alone Port  <>" },
	{ "Port 22 # why", "line Port [22] <22 # why>" },
	{ "Port 22#x", "line Port [22#x] <22#x>" },
	{ "AllowUsers 'foo bar' a\\ b \"x\\\"y\" a\"b c\"d",
	  "line AllowUsers [foo bar][a b][x\"y][ab cd] <'foo bar' a\\ b \"x\\\"y\" a\"b c\"d>" },
	{ "AllowUsers a\\b \\#c d#e", "line AllowUsers [a\\b][\\#c][d#e] <a\\b \\#c d#e>" },
	{ "AllowUsers a\\\\b \"a\\ b\"", "line AllowUsers [a\\b][a\\ b] <a\\\\b \"a\\ b\">" },
	{ "AllowUsers \"foo", "open AllowUsers  <\"foo>" },
	{ "ForceCommand it's", "open ForceCommand  <it's>" },
	{ "AllowUsers \"\" x", "line AllowUsers [][x] <\"\" x>" },
	{ "AllowUsers #a", "line AllowUsers  <#a>" },
	{ "A b\f", "line A [b] <b>" },
};

static const struct {
	const char *line, *words;
} old_cases[] = {
	{ "Port 22 # why", "line Port [22][#][why] <22 # why>" },
	{ "Port", "line Port  <>" },
	{ "AcceptEnv A=B", "line AcceptEnv [A][B] <A=B>" },
	{ "AllowUsers 'a b'", "line AllowUsers ['a][b'] <'a b'>" },
	{ "AllowUsers \"a b\" c", "line AllowUsers [a b][c] <\"a b\" c>" },
	{ "AllowUsers a \"b", "line AllowUsers [a] <a \"b>" },
	{ "AllowUsers a \"\" b", "line AllowUsers [a] <a \"\" b>" },
};

static void lines_of_9_2(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(new_cases); i++)
		assert_string_equal(shown(new_cases[i].line, NEW), new_cases[i].words);
}

static void lines_before_8_7(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(old_cases); i++)
		assert_string_equal(shown(old_cases[i].line, OLD), old_cases[i].words);
}

static void every_truncation_is_some_line(void **state)
{
	static const char line[] = " \"Po rt\" = 'a \\' b' \"c\\\"\" \\\\ #d";
	struct lexer_line l;

	for (size_t len = 0; len < sizeof line; len++)
		for (unsigned r = OLD; r <= NEW; r += NEW - OLD) {
			assert_int_equal(lexer_read(line, len, r, &l), ERR_NONE);
			assert_true(l.kind == LEXER_BLANK || (l.keyword && l.rest));
			lexer_clear(&l);
		}
}

/* A line of quotes must not cost the square of its length. */
static void a_megabyte_of_quotes_is_read_quickly(void **state)
{
	size_t n = 1 << 20;
	char *line = malloc(n);
	struct lexer_line l;

	memset(line, '"', n);
	memcpy(line, "Port ", 5);
	for (size_t i = 5; i + 3 < n; i += 4)
		memcpy(line + i, "\"a\" ", 4);
	for (unsigned r = OLD; r <= NEW; r += NEW - OLD) {
		assert_int_equal(lexer_read(line, n - 3, r, &l), ERR_NONE);
		assert_true(l.args.n > 200000);
		lexer_clear(&l);
	}
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_9_2),
		cmocka_unit_test(lines_before_8_7),
		cmocka_unit_test(every_truncation_is_some_line),
		cmocka_unit_test(a_megabyte_of_quotes_is_read_quickly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
