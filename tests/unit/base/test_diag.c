/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_diag.c - mistakes keep their file and line, up to a bound. */
#include "base/diag.h"

#include "base/scratch.h"

#include "base/banned.h"

static void prints_file_and_line_as_far_as_known(void **state)
{
	struct diags d = { 0 };
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	diag_error(&d, "/etc/x", 12, "%s is '%d'", "GrantTime", 2);
	diag_warning(&d, "/etc/x", 0, "is empty");
	diag_error(&d, NULL, 0, "nothing to read");
	diag_error(&d, "/etc/\x1b", 1, "odd name");
	diags_print(&d, "sallyport: ", f);
	fclose(f);
	assert_string_equal(text, "sallyport: /etc/x:12: GrantTime is '2'\n"
				  "sallyport: /etc/x: warning: is empty\n"
				  "sallyport: nothing to read\n"
				  "sallyport: /etc/\\x1B:1: odd name\n");
	assert_int_equal(d.errors, 3);
	free(text);
	diags_free(&d);
	assert_int_equal(d.n, 0);
}

static void stops_noting_but_not_counting(void **state)
{
	struct diags d = { 0 };

	for (unsigned i = 0; i < 5000; i++)
		diag_error(&d, "f", i + 1, "wrong");
	assert_int_equal(d.n, 1000);
	assert_int_equal(d.errors, 5000);
	for (unsigned i = 0; i < d.n; i++)
		assert_int_equal(d.v[i].line, i + 1);
	diags_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_file_and_line_as_far_as_known),
		cmocka_unit_test(stops_noting_but_not_counting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
