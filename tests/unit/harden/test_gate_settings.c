/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_gate_settings.c - a setting replaces all lines that set it and leaves everything else as it stands. */
#include "harden/gate_settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static void check(const char *text, const char *keyword, const char *values, const char *want)
{
	struct strings list = { 0 };
	struct text out = { 0 };

	assert_int_equal(strings_split(&list, values, " "), ERR_NONE);
	assert_int_equal(gate_text_set(text, keyword, &list, &out), ERR_NONE);
	assert_string_equal(text_string(&out), want);
	/* once more changes nothing */
	if (strcmp(text, want) != 0)
		check(want, keyword, values, want);
	text_free(&out);
	strings_free(&list);
}

static void a_setting_is_replaced_wherever_it_stands(void **state)
{
	check("", "Port", "22", "Port 22\n");
	check("# Port 1\nport=1\n\tPORT 2 3\nPortX 4\nKnockPort 5", "Port", "22 23",
	      "# Port 1\nPortX 4\nKnockPort 5\nPort 22 23\n");
	check("Port\t1\n\"Port\" 2\n", "Port", "", "");
	check("a\n\n#\n", "Except", "192.0.2.0/24", "a\n\n#\nExcept 192.0.2.0/24\n");
}

static void a_setting_is_found(void **state)
{
	assert_true(gate_text_has("x\n  exCept=1\n", "Except"));
	assert_true(gate_text_has("Except", "Except"));
	assert_false(gate_text_has("#Except 1\nExceptInterface lo\n", "Except"));
	assert_false(gate_text_has("", "Except"));
}

static void values_are_those_of_the_keyword_alone(void **state)
{
	struct gate_settings s = { 0 };
	struct strings got = { 0 };

	assert_int_equal(strings_split(&s.lines, "Port 22,KnockPort 5,Port 2222,PortX 7", ","), ERR_NONE);
	assert_int_equal(gate_settings_values(&s, "Port", &got), ERR_NONE);
	assert_int_equal(got.n, 2);
	assert_string_equal(got.v[1], "2222");
	strings_free(&got);
	gate_settings_clear(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_setting_is_replaced_wherever_it_stands),
		cmocka_unit_test(a_setting_is_found),
		cmocka_unit_test(values_are_those_of_the_keyword_alone),
	};

	return cmocka_run_group_tests_name("harden/gate_settings", tests, NULL, NULL);
}
