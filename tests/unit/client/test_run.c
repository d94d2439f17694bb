/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_run.c - programs get their input, their output is bounded, and none is waited for too long. */
#include "client/run.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static enum err shell(const char *script, int timeout_ms, size_t max, struct text *out, int *status)
{
	const char *const argv[] = { "sh", "-c", script, NULL };

	return run_program(&(struct run_order){ .argv = argv,
						.input = "in",
						.input_len = 2,
						.timeout_ms = timeout_ms,
						.max_output = max,
						.silent = true },
			   out, status);
}

static void gives_input_and_takes_output(void **state)
{
	struct text out = { 0 };
	int status = -1;

	assert_int_equal(shell("cat; echo out; echo err >&2; exit 3", 20000, 100, &out, &status), ERR_NONE);
	assert_string_equal(text_string(&out), "inout\n");
	assert_int_equal(status, 3);
	text_reset(&out);
	assert_int_equal(shell("kill -9 $$", 20000, 100, &out, &status), ERR_NONE);
	assert_int_equal(status, 137);
	text_free(&out);
}

static void ends_what_takes_too_long_or_says_too_much(void **state)
{
	struct text out = { 0 };
	int status = -1;

	assert_int_equal(shell("exec sleep 600", 100, 100, &out, &status), ERR_TIMEOUT);
	assert_int_equal(shell("exec yes", 20000, 1000, &out, &status), ERR_TOO_BIG);
	assert_int_equal(status, -1);
	text_free(&out);
}

static void does_not_wait_for_what_a_program_left_running(void **state)
{
	uint64_t before = clock_boot_ms();
	struct text out = { 0 };
	int status = -1;

	assert_int_equal(shell("sleep 30 & echo done", 20000, 100, &out, &status), ERR_NONE);
	assert_string_equal(text_string(&out), "done\n");
	assert_true(clock_boot_ms() - before < 15000);
	text_free(&out);
}

static void says_that_there_is_no_such_program(void **state)
{
	const char *const argv[] = { "sallyport-has-no-such-program", NULL };
	struct text out = { 0 };
	int status = -1;

	assert_int_equal(run_program(&(struct run_order){ .argv = argv, .timeout_ms = 1000 }, &out, &status),
			 ERR_NOT_FOUND);
	assert_int_equal(
		run_program(&(struct run_order){ .argv = argv, .input_len = RUN_INPUT_MAX + 1 }, &out, &status),
		ERR_TOO_BIG);
	text_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_input_and_takes_output),
		cmocka_unit_test(ends_what_takes_too_long_or_says_too_much),
		cmocka_unit_test(does_not_wait_for_what_a_program_left_running),
		cmocka_unit_test(says_that_there_is_no_such_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
