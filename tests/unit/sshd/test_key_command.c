/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_key_command.c - words and tokens of commands; that they are run as sshd does is shown beside the real one. */
#include "sshd/key_command.h"

#include "base/scratch.h"

#include <unistd.h>

#include "base/banned.h"

static struct account anna = { .name = (char *)"anna", .home = (char *)"/home/anna", .uid = 1001 };

static const char *expanded(const char *pattern, const struct key_command_facts *facts)
{
	static char out[256];
	struct text t = { 0 };
	enum err e = key_command_expand(pattern, facts, &t);

	snprintf(out, sizeof out, "%s", e ? "!" : text_string(&t));
	text_free(&t);
	return out;
}

static void tokens_stand_for_what_is_known(void **state)
{
	const struct key_command_facts facts = {
		.account = &anna, .type = "ssh-ed25519", .fingerprint = "SHA256:x", .key = "AAAA", .serial = "7"
	};

	assert_string_equal(expanded("%h/%u/%U/%%", &facts), "/home/anna/anna/1001/%");
	assert_string_equal(expanded("%t %f %k %s", &facts), "ssh-ed25519 SHA256:x AAAA 7");
	assert_string_equal(expanded("", &facts), "");
	/* not known, no such letter, nothing behind it: sshd gives up */
	assert_string_equal(expanded("%K", &facts), "!");
	assert_string_equal(expanded("%x", &facts), "!");
	assert_string_equal(expanded("a%", &facts), "!");
}

static const char *words_of(const char *command)
{
	static char out[256];
	struct strings words = { 0 };
	struct text t = { 0 };
	enum err e = key_command_split(command, &words);

	strings_join(&words, "|", &t);
	snprintf(out, sizeof out, "%s", e ? "!" : text_string(&t));
	text_free(&t);
	strings_free(&words);
	return out;
}

static void words_are_split_with_sshds_quotes(void **state)
{
	static const char *const rows[][2] = {
		{ "", "" },
		{ "  \t ", "" },
		{ "/bin/a b  c\td ", "/bin/a|b|c|d" },
		{ "/bin/a \"b c\" 'd e'", "/bin/a|b c|d e" },
		{ "/bin/a \\\"b\\\" \\'c", "/bin/a|\"b\"|'c" },
		{ "/bin/a b\\ c \\\\d", "/bin/a|b c|\\d" },
		{ "/bin/a \"b'c\" 'd\"e'", "/bin/a|b'c|d\"e" },
		{ "/bin/a b\"c d\"", "/bin/a|b\"c|d\"" },
		{ "/bin/a \"\" ''", "/bin/a||" },
		{ "/bin/a \"b", "!" },
		{ "/bin/a 'b c", "!" },
		{ "/bin/a \\n", "/bin/a|\\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(words_of(rows[i][0]), rows[i][1]);
}

static void every_cut_command_is_split_or_refused(void **state)
{
	static const char command[] = "/bin/a \"b \\\" c\" 'd \\\\' e\\ f \\";
	char cut[sizeof command];

	for (size_t len = 0; len < sizeof command; len++) {
		snprintf(cut, len + 1, "%s", command);
		words_of(cut);
	}
}

static void the_key_is_asked_for_by_six_letters(void **state)
{
	assert_false(key_command_wants_key("/bin/a %u %h %U %%k"));
	assert_true(key_command_wants_key("/bin/a %u %k"));
	assert_true(key_command_wants_key("%t"));
	assert_true(key_command_wants_key("%%%f"));
	assert_true(key_command_wants_key("/bin/a x%sx"));
	assert_false(key_command_wants_key("/bin/a %"));
}

static enum key_command_outcome outcome_of(const struct root *r, const char *command, const char *user)
{
	const struct key_command_facts facts = { .account = &anna };
	enum key_command_outcome outcome = COMMAND_DONE;
	struct text output = { 0 }, why = { 0 };

	assert_int_equal(key_command_run(r, command, user, true, KEY_COMMAND_MS, &facts, &outcome, &output, &why),
			 ERR_NONE);
	assert_int_equal(outcome == COMMAND_DONE, !why.len);
	text_free(&output);
	text_free(&why);
	return outcome;
}

static void nothing_of_another_root_is_run(void **state)
{
	char dir[SCRATCH_DIR];
	struct root *r = NULL;

	scratch_make(dir);
	assert_int_equal(root_open(dir, &r), ERR_NONE);
	assert_int_equal(outcome_of(r, "/bin/true", "root"), COMMAND_UNCERTAIN);
	root_close(r);
	scratch_remove(dir);
}

static void what_sshd_would_not_run_is_refused(void **state)
{
	struct root *r = NULL;

	if (geteuid() != 0)
		skip();
	assert_int_equal(root_open(NULL, &r), ERR_NONE);
	assert_int_equal(outcome_of(r, "bin/true", "nobody"), COMMAND_REFUSED);
	assert_int_equal(outcome_of(r, "/nonexistent/true", "nobody"), COMMAND_REFUSED);
	assert_int_equal(outcome_of(r, "/", "nobody"), COMMAND_REFUSED);
	assert_int_equal(outcome_of(r, "/bin/true", "no such account"), COMMAND_REFUSED);
	assert_int_equal(outcome_of(r, "/bin/true", "%x"), COMMAND_REFUSED);
	assert_int_equal(outcome_of(r, "/bin/true %k", "nobody"), COMMAND_REFUSED);
	assert_int_equal(outcome_of(r, "", "nobody"), COMMAND_REFUSED);
	assert_int_equal(outcome_of(r, "/bin/false", "nobody"), COMMAND_REFUSED);
	assert_int_equal(outcome_of(r, "/bin/true", "nobody"), COMMAND_DONE);
	root_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens_stand_for_what_is_known),
		cmocka_unit_test(words_are_split_with_sshds_quotes),
		cmocka_unit_test(every_cut_command_is_split_or_refused),
		cmocka_unit_test(the_key_is_asked_for_by_six_letters),
		cmocka_unit_test(nothing_of_another_root_is_run),
		cmocka_unit_test(what_sshd_would_not_run_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
