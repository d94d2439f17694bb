/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_console.c - terminals that need no network are told from those that do. */
#include "audit/console.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static void terminals_have_their_names(void **state)
{
	/* tty_nr: the minor number's low byte, the major number above it */
	static const struct {
		const char *stat, *name;
	} cases[] = {
		{ "7 (agetty) S 1 7 7 1025 7 4194560", "tty1" },    { "7 (agetty) S 1 7 7 1088 7 4194560", "ttyS0" },
		{ "7 (login) S 1 7 7 58624 7 4194560", "hvc0" },    { "7 (a b) (c) S 1 7 7 1031 7 4194560", "tty7" },
		{ "7 (getty) S 1 7 7 52288 7 4194560", "ttyAMA0" },
	};
	static const char *const none[] = { "7 (bash) S 1 7 7 34816 7 4194560", "7 (init) S 0 1 1 0 -1 4194560",
					    "7 (x) S 1", "" };
	char name[16];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(console_terminal(cases[i].stat, name), ERR_NONE);
		assert_string_equal(name, cases[i].name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		assert_int_equal(console_terminal(none[i], name), ERR_NOT_FOUND);
}

static void who_can_log_in_there_has_a_password_and_a_shell(void **state)
{
	char shell[] = "/bin/bash", no_shell[] = "/usr/sbin/nologin";
	char names[][5] = { "anna", "bert", "carl", "dora", "emil" };
	struct account a[] = {
		{ .name = names[0], .shell = shell, .password = PASSWORD_SET },
		{ .name = names[1], .shell = shell, .password = PASSWORD_LOCKED },
		{ .name = names[2], .shell = no_shell, .password = PASSWORD_SET },
		{ .name = names[3], .shell = shell, .password = PASSWORD_SET, .pam_expired = true },
		{ .name = names[4], .shell = shell, .password = PASSWORD_UNKNOWN },
	};
	struct account *list[ARRAY_SIZE(a)];
	struct console c = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(a); i++)
		list[i] = &a[i];
	assert_int_equal(console_look(list, ARRAY_SIZE(a), &c), ERR_NONE);
	assert_int_equal(c.accounts.n, 1);
	assert_string_equal(c.accounts.v[0], "anna");
	console_clear(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(terminals_have_their_names),
		cmocka_unit_test(who_can_log_in_there_has_a_password_and_a_shell),
	};

	return cmocka_run_group_tests_name("audit/console", tests, NULL, NULL);
}
