/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_policy.c - policies say what they set, and every mistake has its file and line. */
#include "made.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

static void reads_values_and_severities(void **state)
{
	static const char text[] =
		"# comment\nTitle my own words\n\nset moduli-bits 4096\nSet kex a b c\r\n"
		"Set idle-timeout 15m\nSeverity kex-weak low\nSeverity startups off\nSet macs none\n";
	struct diags problems = { 0 };
	struct policy *p = NULL;
	enum severity s;

	assert_int_equal(policy_parse(text, strlen(text), &p, &problems), ERR_NONE);
	assert_string_equal(policy_title(p), "my own words");
	assert_int_equal(policy_number(p, "moduli-bits", 1), 4096);
	assert_int_equal(policy_number(p, "rsa-bits", 7), 7);
	assert_int_equal(policy_number(p, "idle-timeout", 0), 900);
	assert_int_equal(policy_words(p, "kex")->n, 3);
	assert_string_equal(policy_words(p, "kex")->v[2], "c");
	assert_int_equal(policy_words(p, "macs")->n, 0);
	assert_null(policy_word(p, "ciphers"));
	assert_int_equal(policy_words(p, "no such value")->n, 0);
	assert_true(policy_severity(p, "kex-weak", SEVERITY_HIGH, &s));
	assert_int_equal(s, SEVERITY_LOW);
	assert_true(policy_severity(p, "mac-weak", SEVERITY_HIGH, &s));
	assert_int_equal(s, SEVERITY_HIGH);
	assert_false(policy_severity(p, "startups", SEVERITY_HIGH, &s));
	policy_free(p);
}

static void tells_every_mistake_with_its_line(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *says;
	} cases[] = {
		{ "Set kx a\n", 1, "did you mean 'kex'?" },
		{ "\n\nSet\n", 3, "wants the name of a value" },
		{ "Set kex\n", 1, "wants one to 200 words" },
		{ "Set moduli-bits 12\n", 1, "wants a number from 1024 to 16384" },
		{ "Set moduli-bits 2048 4096\n", 1, "one word" },
		{ "Set moduli-bits 0x800\n", 1, "wants a number" },
		{ "Set login-grace soon\n", 1, "login-grace is 'soon'" },
		{ "Set login-grace 0\n", 1, "wants a time" },
		{ "Set kex a\nSet kex b\n", 2, "set already in line 1" },
		{ "Severity kex-weka high\n", 1, "did you mean 'kex-weak'?" },
		{ "Severity kex-weak enormous\n", 1, "wants critical, high, medium, low, info or off" },
		{ "Severity kex-weak\n", 1, "wants a rule and" },
		{ "Severity kex-weak low\n#\nSeverity kex-weak high\n", 3, "already in line 1" },
		{ "Base modern\n", 1, "no other policy" },
		{ "Title\n", 1, "wants a text" },
		{ "Colour red\n", 1, "'Colour' is no setting" },
		{ "Set \033[31m x\n", 1, "\\x1B[31m" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct diags problems = { 0 };
		struct policy *p = NULL;

		assert_int_equal(policy_parse(cases[i].text, strlen(cases[i].text), &p, &problems), ERR_CONFIG);
		assert_null(p);
		assert_int_equal(problems.n, 1);
		assert_int_equal(problems.v[0].line, cases[i].line);
		if (!strstr(problems.v[0].text, cases[i].says))
			fail_msg("'%s' does not say '%s'", problems.v[0].text, cases[i].says);
		diags_free(&problems);
	}
}

static void a_nul_byte_is_a_mistake(void **state)
{
	struct diags problems = { 0 };
	struct policy *p = NULL;

	assert_int_equal(policy_parse("Set k\0ex a\n", 11, &p, &problems), ERR_CONFIG);
	assert_int_equal(problems.v[0].line, 1);
	diags_free(&problems);
}

static void survives_every_truncation(void **state)
{
	static const char text[] = "Title a\nSet kex a b\nSet login-grace 30\nSeverity kex-weak off\n";

	for (size_t len = 0; len < sizeof text; len++) {
		struct diags problems = { 0 };
		struct policy *p = NULL;
		char *cut = malloc(len ? len : 1);
		enum err e;

		memcpy(cut, text, len);
		e = policy_parse(cut, len, &p, &problems);
		assert_true(e == ERR_NONE || e == ERR_CONFIG);
		assert_int_equal(e == ERR_CONFIG, problems.errors > 0);
		policy_free(p);
		diags_free(&problems);
		free(cut);
	}
}

static void the_policies_that_we_ship_are_sound(void **state)
{
	static const char *const names[] = { "modern", "guide", "cis" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct policy *p = made_policy(names[i]);

		assert_non_null(policy_notice(p));
		assert_int_not_equal(policy_title(p)[0], '\0');
		policy_free(p);
	}
}

static void what_is_planned_would_pass(void **state)
{
	static const char *const lists[][3] = { { "kex", "kex-refuse", "kex-avoid" },
						{ "ciphers", "ciphers-refuse", "ciphers-avoid" },
						{ "macs", "macs-refuse", "macs-avoid" } };
	struct policy *p = made_policy("modern");

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		const struct strings *wanted = policy_words(p, lists[i][0]);

		assert_true(wanted->n > 0);
		for (size_t w = 0; w < wanted->n; w++) {
			assert_false(policy_matches(p, lists[i][1], wanted->v[w]));
			assert_false(policy_matches(p, lists[i][2], wanted->v[w]));
		}
	}
	assert_true(policy_number(p, "login-grace", 0) <= policy_number(p, "login-grace-max", 0));
	assert_true(policy_number(p, "client-alive-interval", 0) <= policy_number(p, "client-alive-interval-max", 0));
	policy_free(p);
}

/* Policies in a folder of their own. */
static char folder[] = "/tmp/sallyport-policy-XXXXXX";

static void put(const char *name, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fputs(text, f) < 0, 0);
	assert_int_equal(fclose(f), 0);
}

static enum err load(const char *name, struct policy **p, struct diags *problems)
{
	char path[512];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return policy_load(path, p, problems);
}

static int make_folder(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	put("a.policy", "Title a\nSet moduli-bits 2048\nSet rsa-bits 2048\nSeverity startups off\n");
	put("b.policy", "Base a\nTitle b\nSet rsa-bits 4096\nSeverity startups high\n");
	put("loop.policy", "Base loop\n");
	put("late.policy", "Set rsa-bits 4096\nBase a\n");
	put("lost.policy", "Base nowhere-to-be-found\n");
	put("wrong.policy", "Base broken\n");
	put("broken.policy", "#\nSet colour red\n");
	return 0;
}

static int remove_folder(void **state)
{
	static const char *const names[] = { "a", "b", "loop", "late", "lost", "wrong", "broken" };
	char path[512];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof path, "%s/%s.policy", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

static void a_base_is_read_first_and_can_be_overruled(void **state)
{
	struct diags problems = { 0 };
	struct policy *p = NULL;
	enum severity s;

	assert_int_equal(load("b.policy", &p, &problems), ERR_NONE);
	assert_string_equal(policy_title(p), "b");
	assert_int_equal(policy_number(p, "moduli-bits", 0), 2048);
	assert_int_equal(policy_number(p, "rsa-bits", 0), 4096);
	assert_true(policy_severity(p, "startups", SEVERITY_LOW, &s));
	assert_int_equal(s, SEVERITY_HIGH);
	policy_free(p);
}

static void a_bad_base_is_told_with_its_place(void **state)
{
	static const struct {
		const char *name, *file;
		unsigned line;
	} cases[] = {
		{ "loop.policy", "loop.policy", 1 },
		{ "late.policy", "late.policy", 2 },
		{ "lost.policy", "lost.policy", 1 },
		{ "wrong.policy", "broken.policy", 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct diags problems = { 0 };
		struct policy *p = NULL;

		assert_int_equal(load(cases[i].name, &p, &problems), ERR_CONFIG);
		assert_null(p);
		assert_non_null(strstr(problems.v[0].file, cases[i].file));
		assert_int_equal(problems.v[0].line, cases[i].line);
		diags_free(&problems);
	}
}

static void a_name_that_is_not_there_is_not_found(void **state)
{
	struct diags problems = { 0 };
	struct policy *p = NULL;

	assert_int_equal(policy_load("no-such-policy", &p, &problems), ERR_NOT_FOUND);
	assert_int_equal(policy_load("..", &p, &problems), ERR_NOT_FOUND);
	assert_int_equal(policy_load("", &p, &problems), ERR_NOT_FOUND);
	assert_int_not_equal(load("nothing.policy", &p, &problems), ERR_NONE);
	assert_null(p);
	diags_free(&problems);
}

static void the_build_folder_has_its_own_policies(void **state)
{
	struct strings names = { 0 };

	assert_int_equal(policy_list(&names), ERR_NONE);
	assert_true(strings_has(&names, "modern"));
	assert_true(strings_has(&names, "guide"));
	strings_free(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_values_and_severities),
		cmocka_unit_test(tells_every_mistake_with_its_line),
		cmocka_unit_test(a_nul_byte_is_a_mistake),
		cmocka_unit_test(survives_every_truncation),
		cmocka_unit_test(the_policies_that_we_ship_are_sound),
		cmocka_unit_test(what_is_planned_would_pass),
		cmocka_unit_test(a_base_is_read_first_and_can_be_overruled),
		cmocka_unit_test(a_bad_base_is_told_with_its_place),
		cmocka_unit_test(a_name_that_is_not_there_is_not_found),
		cmocka_unit_test(the_build_folder_has_its_own_policies),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
