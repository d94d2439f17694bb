/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_sources.c - revoked-sources.conf: what it says is read whole, or each mistake is told. */
#include "fetch/sources.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINV5DF0oFVaaCTmNJbEZI0mGWNH7F7t5eTbtgI/kR8aM"
#define LEAST "Source a\nFrom https://h/l\nSignedBy " KEY "\n"

static const char full[] = "# lists\n"
			   "Keep anna bob@192.0.2.1\n"
			   "\n"
			   "Source example.org\n"
			   "\tFrom https://keys.example.org/revoked.list\n"
			   "\tSignedBy " KEY " ops@example.org\n"
			   "\tSignedBy " KEY "\n"
			   "\tNamespace lists@example.org\n"
			   "\tCAFile /etc/ssl/own.pem\n"
			   "\tMaxAge 7d\n"
			   "\tMaxSize 64K\n"
			   "\tTimeout 10\n"
			   "source local-copy\n"
			   "  from=/srv/list\n"
			   "  signedby \"/etc/sallyport/the signers\" ops@example.org # theirs\n";

static void reads_all_settings(void **state)
{
	struct sources s = { 0 };
	struct diags problems = { 0 };

	assert_int_equal(sources_parse(full, strlen(full), "f", &s, &problems), ERR_NONE);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.keep.n, 2);
	assert_string_equal(s.v[0].name, "example.org");
	assert_string_equal(s.v[0].from, "https://keys.example.org/revoked.list");
	assert_int_equal(s.v[0].keys.n, 2);
	assert_string_equal(s.v[0].keys.v[0], KEY);
	assert_string_equal(s.v[0].name_space, "lists@example.org");
	assert_string_equal(s.v[0].ca_file, "/etc/ssl/own.pem");
	assert_int_equal(s.v[0].max_age, 7 * 86400);
	assert_int_equal(s.v[0].max_bytes, 65536);
	assert_int_equal(s.v[0].seconds, 10);
	assert_string_equal(s.v[1].from, "/srv/list");
	assert_string_equal(s.v[1].signers, "/etc/sallyport/the signers");
	assert_string_equal(s.v[1].signer, "ops@example.org");
	assert_string_equal(s.v[1].name_space, SOURCE_NAMESPACE);
	assert_int_equal(s.v[1].max_bytes, 1 << 20);
	assert_int_equal(s.v[1].seconds, 30);
	sources_clear(&s);
	assert_int_equal(problems.n, 0);
}

/* The text of a mistake has this in it. */
static const struct {
	const char *content, *said;
	unsigned line;
} mistakes[] = {
	{ "Source a\nFrom http://h/l\nSignedBy " KEY "\n", "From is 'http://h/l'", 2 },
	{ "Source a\nFrom ftp://h/l\nSignedBy " KEY "\n", "wants an https:// address", 2 },
	{ "Source a\nFrom https://u:p@h/l\nSignedBy " KEY "\n", "From is", 2 },
	{ "Source a\nFrom https:///l\nSignedBy " KEY "\n", "From is", 2 },
	{ "Source a\nFrom file:///l\nSignedBy " KEY "\n", "From is", 2 },
	{ "Source a\nFrom l\nSignedBy " KEY "\n", "From is", 2 },
	{ "Source a\nFrom \"https://h/a b\"\nSignedBy " KEY "\n", "From is", 2 },
	{ "Source a\nFrom https://h/l\n", "has no SignedBy", 1 },
	{ "Source a\nSignedBy " KEY "\n", "has no From", 1 },
	{ LEAST LEAST, "is there already, in line 1", 4 },
	{ LEAST "From /l\n", "set twice", 4 },
	{ LEAST "SignedBy ssh-ed25519 AAAA\n", "SignedBy is 'ssh-ed25519 AAAA'", 4 },
	{ LEAST "SignedBy ssh-ed25519\n", "SignedBy is", 4 },
	{ LEAST "SignedBy /f who\n", "one too many", 4 },
	{ LEAST "MaxAge 1\n", "MaxAge is '1'", 4 },
	{ LEAST "MaxSize 100\n", "MaxSize is '100'", 4 },
	{ LEAST "MaxSize 9M\n", "MaxSize is '9M'", 4 },
	{ LEAST "MaxSize M\n", "MaxSize is 'M'", 4 },
	{ LEAST "Timeout 1h\n", "Timeout is '1h'", 4 },
	{ LEAST "Namespace a,b\n", "Namespace is 'a,b'", 4 },
	{ LEAST "CAFile own.pem\n", "CAFile is 'own.pem'", 4 },
	{ LEAST "Keep anna\n", "above the first Source", 4 },
	{ LEAST "Form /l\n", "did you mean 'From'", 4 },
	{ LEAST "From \"/l\n", "a quote has no end", 4 },
	{ "From /l\n", "above the first Source", 1 },
	{ "Source ../a\n", "Source is '../a'", 1 },
	{ "Source .a\n", "Source is '.a'", 1 },
	{ "Source -a\n", "Source is '-a'", 1 },
	{ "Source local\n", "Source is 'local'", 1 },
	{ "Source Imported\n", "Source is 'Imported'", 1 },
	{ "Source a b\n", "wants one name", 1 },
	{ "Source a\\\033b\n", "\\x1B", 1 },
};

static void each_mistake_is_told(void **state)
{
	for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
		struct sources s = { 0 };
		struct diags problems = { 0 };

		assert_int_equal(sources_parse(mistakes[i].content, strlen(mistakes[i].content), "f", &s, &problems),
				 ERR_CONFIG);
		assert_null(s.v);
		if (!problems.n || !strstr(problems.v[0].text, mistakes[i].said) ||
		    problems.v[0].line != mistakes[i].line)
			fail_msg("%s: line %u: %s", mistakes[i].content, problems.n ? problems.v[0].line : 0,
				 problems.n ? problems.v[0].text : "nothing");
		diags_free(&problems);
	}
}

static void every_truncation_is_read_or_refused(void **state)
{
	for (size_t len = 0; len < strlen(full); len++) {
		struct sources s = { 0 };
		struct diags problems = { 0 };
		char *copy = malloc(len ? len : 1);
		enum err e;

		assert_non_null(copy);
		memcpy(copy, full, len);
		e = sources_parse(copy, len, "f", &s, &problems);
		assert_int_equal(e, problems.errors ? ERR_CONFIG : ERR_NONE);
		free(copy);
		sources_clear(&s);
		diags_free(&problems);
	}
}

static void there_is_an_end_to_sources(void **state)
{
	struct text t = { 0 };
	struct sources s = { 0 };
	struct diags problems = { 0 };

	for (int i = 0; i < SOURCES_MAX; i++)
		text_add(&t, "Source a%d\nFrom /l\nSignedBy " KEY "\n", i);
	assert_int_equal(sources_parse(t.s, t.len, "f", &s, &problems), ERR_NONE);
	sources_clear(&s);
	text_add_string(&t, "Source more\nFrom /l\nSignedBy " KEY "\n");
	assert_int_equal(sources_parse(t.s, t.len, "f", &s, &problems), ERR_CONFIG);
	diags_free(&problems);
	text_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_all_settings),
		cmocka_unit_test(each_mistake_is_told),
		cmocka_unit_test(every_truncation_is_read_or_refused),
		cmocka_unit_test(there_is_an_end_to_sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
