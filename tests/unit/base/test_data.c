/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_data.c - where data is looked for: root reads it, so nobody's environment has a say. */
#include "base/data.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static void the_environment_has_no_say(void **state)
{
	static const char *const names[] = {
		"HOME", "XDG_DATA_HOME", "XDG_DATA_DIRS", "XDG_CONFIG_HOME", "SALLYPORT_DATA", "SALLYPORT_BUILD", "PWD"
	};
	struct strings before = { 0 }, after = { 0 };

	assert_int_equal(data_dirs("jail.d", &before), ERR_NONE);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(setenv(names[i], "/tmp/bob", 1), 0);
	assert_int_equal(data_dirs("jail.d", &after), ERR_NONE);
	assert_int_equal(before.n, 2);
	assert_int_equal(after.n, 2);
	assert_string_equal(after.v[0], "/etc/sallyport/jail.d");
	assert_string_equal(after.v[1], before.v[1]);
	assert_null(strstr(after.v[1], "/tmp/bob"));
	strings_free(&before);
	strings_free(&after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_environment_has_no_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
