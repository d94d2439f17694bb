/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_jump.c - which ways are taken, and how ssh is called for them. tests/net/test_jump.py goes them. */
#include "client/jump.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static void takes_what_ssh_takes_behind_j(void **state)
{
	static const char *const good[] = {
		"bastion",     "anna@bastion", "anna@bastion:2222", "a,b@c:1,[2001:db8::1]:22", "ssh://anna@bastion:22",
		"2001:db8::1",
	};
	static const char *const bad[] = {
		"",	",",   "a,",   ",a",   "a,,b", "-oProxyCommand=x", "a,-J", "a b", "a;b", "a'b",
		"$(a)", "a%h", "a\nb", "a`b`", "a\"b",
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (!jump_fits(good[i]))
			fail_msg("'%s' does not fit", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (jump_fits(bad[i]))
			fail_msg("'%s' fits", bad[i]);
}

static const char *value_of(const struct jump *j, const char *option)
{
	for (size_t i = 0; i + 1 < j->words.n; i++)
		if (!strcmp(j->words.v[i], option))
			return j->words.v[i + 1];
	return "";
}

static void the_last_host_is_the_one_that_connects(void **state)
{
	static const struct {
		const char *way, *before, *user, *port, *host;
	} cases[] = {
		{ "bastion", "", "", "", "bastion" },
		{ "anna@bastion:2222", "", "anna", "2222", "bastion" },
		{ "a,b@c,anna@[2001:db8::1]:22", "a,b@c", "anna", "22", "2001:db8::1" },
		{ "[2001:db8::1]", "", "", "", "2001:db8::1" },
		{ "2001:db8::1", "", "", "", "2001:db8::1" },
		{ "a@b@c", "", "a@b", "", "c" },
		{ "ssh://anna@bastion:2222", "", "", "", "ssh://anna@bastion:2222" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct jump j = { 0 };

		assert_int_equal(jump_open(cases[i].way, "/dev/null", &j), ERR_NONE);
		assert_string_equal(value_of(&j, "-J"), cases[i].before);
		assert_string_equal(value_of(&j, "-l"), cases[i].user);
		assert_string_equal(value_of(&j, "-p"), cases[i].port);
		assert_string_equal(value_of(&j, "-F"), "/dev/null");
		assert_string_equal(j.host, cases[i].host);
		jump_clear(&j);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_ssh_takes_behind_j),
		cmocka_unit_test(the_last_host_is_the_one_that_connects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
