/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_key_names.c - whose the names in known_hosts are. */
#include "audit/key_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void names_of_others_are_told_from_our_own(void **state)
{
	static const struct {
		const char *names, *foreign;
	} rows[] = {
		{ "web", "" },
		{ "WEB.example.org,192.0.2.7", "" },
		{ "[web]:2222", "" },
		{ "web.other.org", "" },
		{ "mail.example.org", "mail.example.org" },
		{ "web,[mail]:2222,192.0.2.8", "mail, 192.0.2.8" },
		{ "*.example.org,!x,192.0.2.?", "" },
		{ "127.0.0.5,localhost,::1", "" },
		{ "", "" },
		{ ",,[,]:", "[, ]:" },
		{ "|1|x|y", "a hashed name that is none of its own" },
		/* ssh-keygen -H of "web" */
		{ "|1|KLnOX2c57LaGk2jwAfyCFd3c+bo=|Xbnqsugi1+9C1EYVF+gEkwOeUm4=", "" },
	};
	struct root *r = NULL;
	struct strings own = { 0 };

	assert_int_equal(root_open("/usr", &r), ERR_NONE);
	assert_int_equal(key_names_own(r, "Web.example.org", &own), ERR_NONE);
	assert_int_equal(strings_add(&own, "192.0.2.7"), ERR_NONE);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct text out = { 0 };

		assert_int_equal(key_names_foreign(rows[i].names, &own, &out), ERR_NONE);
		assert_string_equal(text_string(&out), rows[i].foreign);
		text_free(&out);
	}
	strings_free(&own);
	root_close(r);
}

static void names_that_one_host_can_have_do_not_differ(void **state)
{
	static const struct {
		const char *lines[4], *differ;
	} rows[] = {
		{ { "web" }, "" },
		{ { "web", "web.example.org", "192.0.2.1", "192.0.2.2" }, "" },
		{ { "192.0.2.1,2001:db8::1" }, "" },
		{ { "192.0.2.1", "192.0.2.2" }, "192.0.2.1, 192.0.2.2" },
		{ { "web", "[Web]:2222" }, "" },
		{ { "web", "mail", "|1|x|y" }, "web, mail, and 1 hashed name" },
		{ { "|1|x|y", "|1|z|y" }, "" },
		{ { "a,b,c", "d,e" }, "a, b, c, d and 1 more" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct key_names n = { 0 };
		struct text out = { 0 };

		for (size_t j = 0; j < 4 && rows[i].lines[j]; j++)
			assert_int_equal(key_names_add(&n, rows[i].lines[j]), ERR_NONE);
		assert_int_equal(key_names_differ(&n, &out), ERR_NONE);
		assert_string_equal(text_string(&out), rows[i].differ);
		text_free(&out);
		key_names_free(&n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_others_are_told_from_our_own),
		cmocka_unit_test(names_that_one_host_can_have_do_not_differ),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
