/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_script.c - first lines of scripts. */
#include "jail/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void is(const char *text, const char *interpreter, const char *program)
{
	struct script s = { 0 };
	const size_t len = strlen(text);
	char *copy = malloc(len ? len : 1); /* without a NUL */

	assert_non_null(copy);
	memcpy(copy, text, len);
	assert_int_equal(script_parse(copy, len, &s), interpreter ? ERR_NONE : ERR_SYNTAX);
	free(copy);
	if (!interpreter)
		assert_null(s.interpreter);
	else
		assert_string_equal(s.interpreter, interpreter);
	if (!program)
		assert_null(s.program);
	else
		assert_string_equal(s.program, program);
	if (interpreter)
		assert_true(s.unclear == (!program && strcmp(interpreter, "/usr/bin/env") == 0));
	script_clear(&s);
}

static void interpreters_are_read_as_the_kernel_does(void **state)
{
	is("#!/bin/sh\necho\n", "/bin/sh", NULL);
	is("#! \t/bin/sh -e  \n", "/bin/sh", NULL);
	is("#!/bin/sh", "/bin/sh", NULL);
	is("#!sh\n", "sh", NULL);
	is("#!\n/bin/sh\n", NULL, NULL);
	is("#!  \n", NULL, NULL);
	is("#!", NULL, NULL);
	is("#", NULL, NULL);
	is("", NULL, NULL);
	is(" #!/bin/sh\n", NULL, NULL);
}

static void env_looks_up_the_first_word_that_is_no_option(void **state)
{
	is("#!/usr/bin/env python3\n", "/usr/bin/env", "python3");
	is("#!/usr/bin/env python3  \n", "/usr/bin/env", "python3");
	is("#!/usr/bin/env -S python3 -x\n", "/usr/bin/env", "python3");
	is("#!/usr/bin/env -Spython3 -x\n", "/usr/bin/env", "python3");
	is("#!/usr/bin/env -iS A=1 B=2 perl\n", "/usr/bin/env", "perl");
	is("#!/usr/bin/env -S -u HOME -i perl -w\n", "/usr/bin/env", "perl");
	is("#!/usr/bin/env --split-string=perl -w\n", "/usr/bin/env", "perl");
	is("#!/usr/bin/env --split-string perl -w\n", "/usr/bin/env", "perl");
	is("#!/usr/bin/env python3 -x\n", "/usr/bin/env", "python3 -x"); /* that is what env looks for, too */
	is("#!/usr/bin/env\n", "/usr/bin/env", NULL);
	is("#!/usr/bin/env -S\n", "/usr/bin/env", NULL);
	is("#!/usr/bin/env -i\n", "/usr/bin/env", NULL);
	is("#!/usr/bin/env -i perl\n", "/usr/bin/env", NULL);
	is("#!/usr/bin/env A=b perl\n", "/usr/bin/env", NULL);
	is("#!/usr/bin/env -S A=b -i\n", "/usr/bin/env", NULL);
	is("#!/usr/bin/envoy python3\n", "/usr/bin/envoy", NULL);
}

/* The kernel reads 256 bytes: what they cut in two is another program, or none. */
static void lines_are_bounded(void **state)
{
	char text[400] = "#!/";
	struct script s = { 0 };

	memset(text + 3, 'a', 252);
	text[255] = '\n';
	assert_int_equal(script_parse(text, sizeof text, &s), ERR_NONE);
	assert_int_equal(strlen(s.interpreter), 253);
	script_clear(&s);
	text[255] = 'a';
	text[256] = '\n';
	assert_int_equal(script_parse(text, sizeof text, &s), ERR_SYNTAX);
	text[200] = ' ';
	assert_int_equal(script_parse(text, sizeof text, &s), ERR_NONE);
	assert_int_equal(strlen(s.interpreter), 198);
	script_clear(&s);
}

static void a_nul_in_the_name_is_refused(void **state)
{
	static const char text[] = "#!/bin/\0sh\n";
	struct script s = { 0 };

	assert_int_equal(script_parse(text, sizeof text - 1, &s), ERR_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interpreters_are_read_as_the_kernel_does),
		cmocka_unit_test(env_looks_up_the_first_word_that_is_no_option),
		cmocka_unit_test(lines_are_bounded),
		cmocka_unit_test(a_nul_in_the_name_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
