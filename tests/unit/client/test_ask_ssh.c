/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_ask_ssh.c - what ssh -G says is understood, and its file names become those that ssh would open. */
#include "client/ask_ssh.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static const char answer[] =
	"host foo\nuser anna\nhostname foo.example.org\nport 2222\naddressfamily inet6\n"
	"identitiesonly yes\nhostkeyalias bar\nidentityagent /run/agent\nidentityfile ~/.ssh/a b\n"
	"identityfile ~/.ssh/c\ncertificatefile ~/c-cert.pub\nproxyjump gate\nunknown word\nempty\n"
	"globalknownhostsfile /etc/ssh/known /etc/ssh/known2\nuserknownhostsfile /home/anna/k /k2\n";

static void takes_what_a_knock_needs(void **state)
{
	struct ask_ssh a;

	assert_int_equal(ask_ssh_parse(answer, sizeof answer - 1, &a), ERR_NONE);
	assert_string_equal(a.hostname, "foo.example.org");
	assert_string_equal(a.user, "anna");
	assert_int_equal(a.port, 2222);
	assert_int_equal(a.family, 6);
	assert_true(a.identities_only);
	assert_string_equal(a.alias, "bar");
	assert_string_equal(a.agent, "/run/agent");
	assert_string_equal(a.jump, "gate");
	assert_int_equal(a.identity_files.n, 2);
	assert_string_equal(a.identity_files.v[0], "~/.ssh/a b");
	assert_int_equal(a.certificate_files.n, 1);
	assert_int_equal(a.known_hosts.n, 4);
	assert_string_equal(a.known_hosts.v[0], "/home/anna/k");
	assert_string_equal(a.known_hosts.v[2], "/etc/ssh/known");
	ask_ssh_clear(&a);
}

static void none_means_none(void **state)
{
	static const char said[] =
		"hostname h\nuser u\nport 22\nproxyjump none\nidentityfile none\ncertificatefile none\n";
	struct ask_ssh a;

	assert_int_equal(ask_ssh_parse(said, sizeof said - 1, &a), ERR_NONE);
	assert_null(a.jump);
	assert_null(a.alias);
	assert_null(a.agent);
	assert_int_equal(a.identity_files.n + a.certificate_files.n + a.known_hosts.n, 0);
	assert_int_equal(a.family, 0);
	assert_false(a.identities_only);
	ask_ssh_clear(&a);
}

static void refuses_an_answer_without_host_account_or_port(void **state)
{
	static const char *const bad[] = {
		"",
		"\n",
		"hostname h\nuser u\n",
		"hostname h\nport 22\n",
		"user u\nport 22\n",
		"hostname h\nuser u\nport 0\n",
		"hostname h\nuser u\nport 65536\n",
		"hostname h\nuser u\nport 22 \n",
		"hostname h\nuser u\nport ssh\n",
	};
	struct ask_ssh a = { .port = 7 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(ask_ssh_parse(bad[i], strlen(bad[i]), &a), ERR_SYNTAX);
	assert_int_equal(ask_ssh_parse("hostname h\0\nuser u\nport 22\n", 27, &a), ERR_SYNTAX);
	assert_int_equal(a.port, 7);
}

static void every_truncation_is_read_or_refused(void **state)
{
	for (size_t len = 0; len < sizeof answer - 1; len++) {
		char *cut = malloc(len ? len : 1);
		struct ask_ssh a;

		memcpy(cut, answer, len);
		if (!ask_ssh_parse(cut, len, &a)) {
			assert_non_null(a.hostname);
			assert_non_null(a.user);
			assert_int_not_equal(a.port, 0);
			ask_ssh_clear(&a);
		}
		free(cut);
	}
}

static void expands_names_as_ssh_does(void **state)
{
	static const struct ask_ssh_tokens t = { .home = "/home/anna",
						 .typed = "foo",
						 .hostname = "foo.example.org",
						 .port = "2222",
						 .user = "berta",
						 .alias = "bar",
						 .local_user = "anna",
						 .uid = "1001",
						 .local_host = "desk.lan",
						 .local_short = "desk" };
	static const struct {
		const char *name;
		enum err e;
		const char *is;
	} cases[] = {
		{ "/a b", ERR_NONE, "/a b" },
		{ "", ERR_NONE, "" },
		{ "~", ERR_NONE, "/home/anna" },
		{ "~/x", ERR_NONE, "/home/anna/x" },
		{ "~root/x", ERR_NONE, "/root/x" },
		{ "a~/x", ERR_NONE, "a~/x" },
		{ "~nobody-has-this-name/x", ERR_NOT_FOUND, NULL },
		{ "%d/%h-%n-%p-%r-%u-%i-%k", ERR_NONE, "/home/anna/foo.example.org-foo-2222-berta-anna-1001-bar" },
		{ "%l %L %%", ERR_NONE, "desk.lan desk %" },
		{ "%C", ERR_UNSUPPORTED, NULL },
		{ "x%", ERR_UNSUPPORTED, NULL },
		{ "${SALLYPORT_TEST}/x", ERR_NONE, "/some/where/x" },
		{ "${SALLYPORT_NONE}/x", ERR_NOT_FOUND, NULL },
		{ "${SALLYPORT_TEST", ERR_UNSUPPORTED, NULL },
		{ "$x", ERR_NONE, "$x" },
	};

	setenv("SALLYPORT_TEST", "/some/where", 1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *out = NULL;

		assert_int_equal(ask_ssh_expand(&t, cases[i].name, &out), cases[i].e);
		if (cases[i].is)
			assert_string_equal(out, cases[i].is);
		else
			assert_null(out);
		free(out);
	}
}

static void what_cannot_be_expanded_is_left_out(void **state)
{
	static const char said[] = "hostname h\nuser u\nport 22\nidentityfile /a\nidentityfile /%C\nidentityfile /%r\n"
				   "hostkeyalias al-%n\n";
	struct ask_ssh a;

	assert_int_equal(ask_ssh_parse(said, sizeof said - 1, &a), ERR_NONE);
	assert_int_equal(ask_ssh_expand_all("typed", &a), ERR_NONE);
	assert_int_equal(a.identity_files.n, 2);
	assert_string_equal(a.identity_files.v[1], "/u");
	assert_string_equal(a.alias, "al-typed");
	ask_ssh_clear(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_a_knock_needs),
		cmocka_unit_test(none_means_none),
		cmocka_unit_test(refuses_an_answer_without_host_account_or_port),
		cmocka_unit_test(every_truncation_is_read_or_refused),
		cmocka_unit_test(expands_names_as_ssh_does),
		cmocka_unit_test(what_cannot_be_expanded_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
