/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_stanza.c - our lines go in and out of an ssh_config, and nothing else of it changes. */
#include "client/stanza.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define BLOCK(host, text) "# sallyport enroll: begin " host "\n" text "# sallyport enroll: end " host "\n"

static void what_is_put_in_comes_out(void **state)
{
	static const struct {
		const char *before, *host, *lines, *after; /* after NULL: ERR_SYNTAX */
		bool found;
	} cases[] = {
		{ "", "a", "x\n", BLOCK("a", "x\n"), false },
		{ "Host q\n", "a", "x\n", "Host q\n" BLOCK("a", "x\n"), false },
		{ "Host q", "a", "x\n", "Host q\n" BLOCK("a", "x\n"), false },
		{ "1\n" BLOCK("a", "x\n") "2\n", "a", "y\n", "1\n" BLOCK("a", "y\n") "2\n", true },
		{ "1\n" BLOCK("a", "x\n") "2", "a", NULL, "1\n2", true },
		{ BLOCK("ab", "x\n") "2\n", "a", NULL, BLOCK("ab", "x\n") "2\n", false },
		{ BLOCK("a", "x\n") BLOCK("b", "z\n") BLOCK("a", "x\n"), "a", "y\n",
		  BLOCK("a", "y\n") BLOCK("b", "z\n"), true },
		{ "# sallyport enroll: begin a\r\nx\r\n# sallyport enroll: end a\r\n", "a", NULL, "", true },
		{ "# sallyport enroll: begin a\nx\n", "a", "y\n", NULL, true },
		{ "# sallyport enroll: begin a\nx\n", "b", NULL, "# sallyport enroll: begin a\nx\n", false },
		{ "# sallyport enroll: end a\n", "a", NULL, "# sallyport enroll: end a\n", false },
		{ "", "a", NULL, "", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct text out = { 0 };
		bool found = false;
		enum err e = stanza_put(cases[i].before, strlen(cases[i].before), cases[i].host, cases[i].lines, &out,
					&found);

		if (e != (cases[i].after ? ERR_NONE : ERR_SYNTAX))
			fail_msg("case %zu: %s", i, err_text(e));
		if (!e) {
			assert_string_equal(text_string(&out), cases[i].after);
			assert_int_equal(found, cases[i].found);
		}
		text_free(&out);
	}
}

static void an_option_is_read_back(void **state)
{
	static const char *const values[] = { "bastion", "a,b@c:2222", "[2001:db8::1]:22", "it's a %h \\ here",
					      "9,22" };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		const char *const options[] = { "--pin", "anna=/k --jump no", "--jump", values[i], NULL };
		struct text command = { 0 };
		char *got = NULL;
		enum err e = stanza_command(&(struct stanza){ "h", "/usr/bin/sallyport", options }, &command);

		if (strchr(values[i], '\\')) {
			assert_int_equal(e, ERR_SYNTAX);
		} else {
			assert_int_equal(e, ERR_NONE);
			assert_int_equal(stanza_option(text_string(&command), "--knock-port", &got), ERR_NONE);
			assert_null(got);
		}
		text_free(&command);
	}
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		const char *const options[] = { "--jump", values[i], "--knock-port", "7", NULL };
		struct text command = { 0 };
		char *got = NULL;

		if (stanza_command(&(struct stanza){ "h", "/usr/bin/sallyport", options }, &command) == ERR_NONE) {
			assert_int_equal(stanza_option(text_string(&command), "--jump", &got), ERR_NONE);
			assert_string_equal(got, values[i]);
			free(got);
		}
		text_free(&command);
	}
}

static void other_commands_have_no_option(void **state)
{
	static const char *const commands[] = {
		"",
		"nc --jump a",
		"sallyport connect",
		"sallyport connect --jump",
		"sallyport connect --jump ",
		"sallyport knock --jump a",
		"sallyport connect x--jump a",
		"sallyport connect --jumper a",
	};

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		char *got = NULL;

		assert_int_equal(stanza_option(commands[i], "--jump", &got), ERR_NONE);
		if (got)
			fail_msg("'%s' has '%s'", commands[i], got);
	}
}

static void the_hosts_are_those_of_our_marks(void **state)
{
	static const char config[] = "Host q\n" BLOCK("a", "x\n") "# sallyport enroll: begin \n" BLOCK(
		"b.c", "y\n") "# sallyport enroll: end d\n";
	struct strings hosts = { 0 };

	assert_int_equal(stanza_hosts(config, sizeof config - 1, &hosts), ERR_NONE);
	assert_int_equal(hosts.n, 2);
	assert_string_equal(hosts.v[0], "a");
	assert_string_equal(hosts.v[1], "b.c");
	strings_free(&hosts);
}

static void the_include_stands_first(void **state)
{
	static const struct {
		const char *before;
		bool there;
	} cases[] = {
		{ "", false },
		{ "Host *\n\tUser a\n", false },
		{ "Include sallyport/config\n", true },
		{ "# x\n\n  include\t=  \"sallyport/config\"\nHost *\n", true },
		{ "INCLUDE ~/.ssh/sallyport/config", true },
		{ "Include sallyport/config.d/x\n", false },
		{ "Host a\nInclude sallyport/config\n", false },
		{ "match all\nInclude sallyport/config\n", false },
		{ "HostKeyAlias x\nInclude sallyport/config\n", true },
		{ "#Include sallyport/config\n", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct text out = { 0 }, wanted = { 0 };
		bool changed = false;

		text_add(&wanted, "%s%s", cases[i].there ? "" : "Include sallyport/config\n", cases[i].before);
		assert_int_equal(stanza_include(cases[i].before, strlen(cases[i].before), &out, &changed), ERR_NONE);
		if (changed == cases[i].there)
			fail_msg("case %zu", i);
		assert_string_equal(text_string(&out), text_string(&wanted));
		text_free(&out);
		text_free(&wanted);
	}
}

static void names_are_quoted_as_ssh_and_the_shell_read_them(void **state)
{
	const char *const options[] = { "--site-secret", "/home/a b/it's 100%", NULL };
	struct text out = { 0 };

	assert_int_equal(stanza_print(&(struct stanza){ "web1", "/usr/bin/sallyport", options, true }, &out), ERR_NONE);
	assert_string_equal(text_string(&out),
			    "Host web1\n"
			    "\tProxyCommand /usr/bin/sallyport connect --alias %n --user %r --site-secret "
			    "'/home/a b/it'\\''s 100%%' %h %p\n"
			    "\tProxyUseFdpass yes\n");
	text_reset(&out);
	assert_int_equal(stanza_print(&(struct stanza){ "web1", "/usr/bin/sallyport", NULL, false }, &out), ERR_NONE);
	assert_string_equal(text_string(&out),
			    "Host web1\n\tProxyCommand /usr/bin/sallyport connect --alias %n --user %r %h %p\n"
			    "\tProxyUseFdpass no\n");
	text_free(&out);
}

static void what_ssh_config_cannot_hold_is_refused(void **state)
{
	static const char *const hosts[] = { "",    "-x",  "a b", "a*",	   "!a",   "a,b", "a#",
					     "a\"", "a\n", "a%h", "a\x7f", "../a", "/a" };
	static const char *const paths[] = { "/a\"b", "/a\nb", "/a\\b" };
	struct text out = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
		assert_false(stanza_host_fits(hosts[i]));
	assert_true(stanza_host_fits("web1.example.org"));
	assert_true(stanza_host_fits("2001:db8::1"));
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		assert_int_equal(stanza_print(&(struct stanza){ "h", paths[i], NULL }, &out), ERR_SYNTAX);
		assert_int_equal(
			stanza_print(&(struct stanza){ "h", "/s", (const char *const[]){ paths[i], NULL } }, &out),
			ERR_SYNTAX);
	}
	text_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_in_comes_out),
		cmocka_unit_test(an_option_is_read_back),
		cmocka_unit_test(other_commands_have_no_option),
		cmocka_unit_test(the_hosts_are_those_of_our_marks),
		cmocka_unit_test(the_include_stands_first),
		cmocka_unit_test(names_are_quoted_as_ssh_and_the_shell_read_them),
		cmocka_unit_test(what_ssh_config_cannot_hold_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
