/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_process.c - titles of sshd's processes and /proc/PID/stat, whatever a user is called. */
#include "audit/process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

static void titles_say_who_is_logged_in(void **state)
{
	static const struct {
		const char *title;
		enum title_kind kind;
		const char *user;
	} cases[] = {
		{ "sshd: anna [priv]", TITLE_MONITOR, "anna" },
		{ "sshd-session: anna [priv]", TITLE_MONITOR, "anna" },
		{ "sshd: anna [priv]   ", TITLE_MONITOR, "anna" },
		{ "sshd: anna@pts/0", TITLE_USER, "anna" },
		{ "sshd: anna@pts/0,pts/12", TITLE_USER, "anna" },
		{ "sshd: anna@notty", TITLE_USER, "anna" },
		{ "sshd-session: root@tty1", TITLE_USER, "root" },
		{ "sshd: anna", TITLE_USER, "anna" },
		{ "sshd: anna@corp.example@pts/3", TITLE_USER, "anna@corp.example" },
		{ "sshd: anna@corp.example", TITLE_USER, "anna@corp.example" },
		{ "sshd: anna@", TITLE_USER, "anna@" },
		{ "sshd: anna@pts/0,", TITLE_USER, "anna@pts/0," },
		{ "sshd: DOM\\anna@notty", TITLE_USER, "DOM\\anna" },
		{ "sshd: unknown [net]", TITLE_OTHER, NULL },
		{ "sshd: anna [preauth]", TITLE_OTHER, NULL },
		{ "sshd: anna [pam]", TITLE_OTHER, NULL },
		{ "sshd: [accepted]", TITLE_OTHER, NULL },
		{ "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups", TITLE_OTHER, NULL },
		{ "sshd: ", TITLE_OTHER, NULL },
		{ "sshd:  [priv]", TITLE_OTHER, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct process_title t;

		assert_int_equal(process_title_parse(cases[i].title, &t), ERR_NONE);
		if (t.kind != cases[i].kind)
			fail_msg("'%s' is of kind %d, wanted %d", cases[i].title, t.kind, cases[i].kind);
		if (cases[i].user &&
		    (strlen(cases[i].user) != t.user_len || memcmp(cases[i].user, t.user, t.user_len) != 0))
			fail_msg("'%s' is of %.*s, wanted %s", cases[i].title, (int)t.user_len, t.user, cases[i].user);
	}
}

static void what_is_no_title_of_sshd_is_refused(void **state)
{
	static const char *const other[] = { "",     "sshd",	    "sshd:",	       "/usr/sbin/sshd -i",
					     "bash", "nsshd: anna", "sshd-sessionx: a" };

	for (size_t i = 0; i < ARRAY_SIZE(other); i++) {
		struct process_title t;

		assert_int_equal(process_title_parse(other[i], &t), ERR_SYNTAX);
	}
}

static void survives_every_truncation_of_a_title(void **state)
{
	static const char title[] = "sshd-session: anna@corp.example@pts/0,pts/1 [priv]";

	for (size_t len = 0; len < sizeof title; len++) {
		char *cut = strndup(title, len);
		struct process_title t = { 0 };

		if (process_title_parse(cut, &t) == ERR_NONE)
			assert_true(t.user >= cut && t.user + t.user_len <= cut + len);
		free(cut);
	}
}

#define STAT " S 7 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2 3\n"

static void stat_survives_any_name_of_a_program(void **state)
{
	static const char *const names[] = { "(sshd)", "(a) S 1 (b)", "())", "(x y)", "((()" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char stat[256];
		uint64_t ticks = 0;
		pid_t parent = 0;

		snprintf(stat, sizeof stat, "42 %s" STAT, names[i]);
		if (strchr(names[i], ')')) {
			assert_int_equal(process_stat_parse(stat, &parent, &ticks), ERR_NONE);
			assert_int_equal(parent, 7);
			assert_int_equal(ticks, 987654);
		} else {
			assert_int_equal(process_stat_parse(stat, &parent, &ticks), ERR_SYNTAX);
			assert_int_equal(parent, 0);
		}
	}
}

static void a_short_stat_is_refused(void **state)
{
	static const char stat[] = "42 (sshd) S 7 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 ";

	for (size_t len = 0; len < sizeof stat; len++) {
		char *cut = strndup(stat, len);
		uint64_t ticks = 0;
		pid_t parent = 0;

		assert_int_equal(process_stat_parse(cut, &parent, &ticks), ERR_SYNTAX);
		assert_int_equal(ticks, 0);
		free(cut);
	}
}

static void this_process_is_its_own_ancestor(void **state)
{
	pid_t ancestors[16];
	size_t n = process_ancestors(ancestors, ARRAY_SIZE(ancestors));

	assert_true(n >= 2);
	assert_int_equal(ancestors[0], getpid());
	assert_int_equal(ancestors[1], getppid());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(titles_say_who_is_logged_in),
		cmocka_unit_test(what_is_no_title_of_sshd_is_refused),
		cmocka_unit_test(survives_every_truncation_of_a_title),
		cmocka_unit_test(stat_survives_any_name_of_a_program),
		cmocka_unit_test(a_short_stat_is_refused),
		cmocka_unit_test(this_process_is_its_own_ancestor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
