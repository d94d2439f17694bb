/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_header.c - version and date of a list stand above its first entry, once. */
#include "fetch/header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static void reads_version_and_date(void **state)
{
	static const struct {
		const char *text;
		enum err err;
		uint64_t version;
		time_t date;
		unsigned line;
	} cases[] = {
		{ "# version 42\n", ERR_NONE, 42, 0, 0 },
		{ "# version 42", ERR_NONE, 42, 0, 0 },
		{ "#version 1\r\n# date 1970-01-02T00:00:00Z\r\nkey: x\n", ERR_NONE, 1, 86400, 0 },
		{ "\n \n# a list\n#\tversion\t7  \n# versions count\n", ERR_NONE, 7, 0, 0 },
		{ "# version 18446744073709551615\n", ERR_NONE, UINT64_MAX, 0, 0 },
		{ "", ERR_NOT_FOUND, 0, 0, 0 },
		{ "key: x\n# version 42\n", ERR_NOT_FOUND, 0, 0, 0 },
		{ "# version\n# versio 1\n# Version 1\n", ERR_NOT_FOUND, 0, 0, 0 },
		{ "# version 0\n", ERR_SYNTAX, 0, 0, 1 },
		{ "# version 18446744073709551616\n", ERR_SYNTAX, 0, 0, 1 },
		{ "# version 4 2\n", ERR_SYNTAX, 0, 0, 1 },
		{ "# version 1\n# version 2\n", ERR_SYNTAX, 0, 0, 2 },
		{ "# version 1\n# date soon\n", ERR_SYNTAX, 0, 0, 2 },
		{ "# date 2026-11-29T12:00:00Z\n# date 2026-11-29T12:00:00Z\n", ERR_SYNTAX, 0, 0, 2 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct header h = { 0 };
		unsigned line = 0;

		if (header_parse(cases[i].text, strlen(cases[i].text), &h, &line) != cases[i].err ||
		    h.version != cases[i].version || h.date != cases[i].date || line != cases[i].line)
			fail_msg("%s", cases[i].text);
	}
}

static void a_nul_is_no_digit_and_a_long_value_is_none(void **state)
{
	static const char nul[] = "# version 1\0"
				  "2\n";
	struct header h = { 0 };
	char text[200];
	unsigned line;

	assert_int_equal(header_parse(nul, sizeof nul - 1, &h, &line), ERR_SYNTAX);
	memset(text, '1', sizeof text);
	memcpy(text, "# version ", 10);
	assert_int_equal(header_parse(text, sizeof text, &h, &line), ERR_SYNTAX);
	assert_int_equal(h.version, 0);
}

static void every_truncation_is_a_smaller_version_or_none(void **state)
{
	static const char text[] = "# a list\n# version 4321\n# date 2026-11-29T12:00:00Z\nkey: ";

	for (size_t len = 0; len < sizeof text; len++) {
		struct header h = { 0 };
		unsigned line = 0;
		enum err e = header_parse(text, len, &h, &line);

		if (e == ERR_NONE)
			assert_in_range(h.version, 4, 4321);
		else
			assert_int_equal(h.version, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_version_and_date),
		cmocka_unit_test(a_nul_is_no_digit_and_a_long_value_is_none),
		cmocka_unit_test(every_truncation_is_a_smaller_version_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
