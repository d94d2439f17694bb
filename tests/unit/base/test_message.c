/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_message.c - messages have one form, keep errno, and carry nothing that disturbs a terminal. */
#include "base/message.h"

#include "base/scratch.h"

#include <errno.h>

#include "base/banned.h"

#undef fail /* cmocka's macro; here it is ours that counts */

static int held = -1, log_fd = -1;

static void listen_to_stderr(void)
{
	FILE *f = tmpfile();

	assert_non_null(f);
	log_fd = dup(fileno(f));
	fclose(f);
	held = dup(STDERR_FILENO);
	assert_true(log_fd >= 0 && held >= 0);
	assert_true(dup2(log_fd, STDERR_FILENO) >= 0);
}

static const char *what_was_said(void)
{
	static char said[4096];
	ssize_t n = pread(log_fd, said, sizeof said - 1, 0);

	dup2(held, STDERR_FILENO);
	close(held);
	close(log_fd);
	said[n > 0 ? n : 0] = '\0';
	return said;
}

static void a_failure_names_subject_and_reason_and_keeps_errno(void **state)
{
	int status;

	listen_to_stderr();
	errno = EACCES;
	status = fail(ERR_SYSTEM, "cannot read keys from '%s'", "/x");
	assert_int_equal(errno, EACCES);
	errno = ENOSPC;
	fail(ERR_SYSTEM, "cannot write");
	assert_int_equal(errno, ENOSPC);
	fail(ERR_NOT_FILE, "cannot read '%s'", "/dev");
	assert_int_equal(status, 2);
	assert_string_equal(what_was_said(), "sallyport: cannot read keys from '/x': Permission denied\n"
					     "sallyport: cannot write: No space left on device\n"
					     "sallyport: cannot read '/dev': it is not a regular file\n");
}

static void outside_text_cannot_disturb_a_terminal(void **state)
{
	listen_to_stderr();
	assert_int_equal(complain("no key '%s'\nhint: %s", "a\x1b[2Jb\r\x07", "caf\xc3\xa9 \\x1B \xff"), 2);
	assert_string_equal(what_was_said(),
			    "sallyport: no key 'a\\x1B[2Jb\\x0D\\x07'\nhint: caf\xc3\xa9 \\x1B \\xFF\n");
}

static void say_all(void)
{
	errno = ENOENT;
	complain("c");
	hint("h");
	warn("w");
	inform("i");
	verbose("v");
	assert_int_equal(errno, ENOENT);
}

static void the_level_decides_what_is_said(void **state)
{
	static const struct {
		int level;
		const char *said;
	} cases[] = {
		{ -1, "sallyport: c\nhint: h\n" },
		{ 0, "sallyport: c\nhint: h\nsallyport: warning: w\ni\n" },
		{ 1, "sallyport: c\nhint: h\nsallyport: warning: w\ni\nv\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		message_set_level(cases[i].level);
		assert_int_equal(message_quiet(), cases[i].level < 0);
		listen_to_stderr();
		say_all();
		assert_string_equal(what_was_said(), cases[i].said);
	}
	message_set_level(0);
}

static void colour_is_for_terminals_that_want_it(void **state)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY), file = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_true(terminal >= 0 && file >= 0);
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	assert_true(message_color_on(terminal));
	assert_false(message_color_on(file));
	setenv("TERM", "dumb", 1);
	assert_false(message_color_on(terminal));
	setenv("TERM", "xterm", 1);
	setenv("NO_COLOR", "", 1);
	assert_true(message_color_on(terminal));
	setenv("NO_COLOR", "1", 1);
	assert_false(message_color_on(terminal));
	message_set_color(1);
	assert_true(message_color_on(file));
	message_set_color(2);
	unsetenv("NO_COLOR");
	assert_false(message_color_on(terminal));
	message_set_color(0);
	close(terminal);
	close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_names_subject_and_reason_and_keeps_errno),
		cmocka_unit_test(outside_text_cannot_disturb_a_terminal),
		cmocka_unit_test(the_level_decides_what_is_said),
		cmocka_unit_test(colour_is_for_terminals_that_want_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
