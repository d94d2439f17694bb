/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_progress.c - a bar on a terminal, lines on request, and nothing anywhere else. */
#include "base/progress.h"

#include "base/message.h"

#include "base/scratch.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "base/banned.h"

static char said[65536];

/* Runs work with stderr at fd, and reads from 'from' what came of it. */
static void listen_on(int fd, int from, void (*work)(void))
{
	struct pollfd ready = { .fd = from, .events = POLLIN };
	int held = dup(STDERR_FILENO);
	size_t len = 0;

	assert_true(held >= 0 && dup2(fd, STDERR_FILENO) >= 0);
	work();
	dup2(held, STDERR_FILENO);
	close(held);
	/* a terminal hands it over piece by piece */
	while (poll(&ready, 1, 200) > 0 && len < sizeof said - 1) {
		ssize_t n = read(from, said + len, sizeof said - 1 - len);

		if (n <= 0)
			break;
		len += (size_t)n;
	}
	said[len] = '\0';
}

static void work_with(bool json, uint64_t steps)
{
	struct progress *p = progress_start("find \"primes\"", steps, json);

	assert_non_null(p);
	for (uint64_t i = 1; i <= steps; i++)
		progress_step(p, i);
	progress_end(p);
}

static void work_plain(void)
{
	work_with(false, 1000);
}

static void work_json(void)
{
	work_with(true, 2);
}

static void in_a_pipe(void (*work)(void))
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	listen_on(ends[1], ends[0], work);
	close(ends[0]);
	close(ends[1]);
}

static void on_a_terminal(unsigned short columns, void (*work)(void))
{
	struct winsize size = { .ws_row = 24, .ws_col = columns };
	int ours = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK), theirs;

	assert_true(ours >= 0 && !grantpt(ours) && !unlockpt(ours));
	theirs = open(ptsname(ours), O_RDWR | O_NOCTTY);
	assert_true(theirs >= 0);
	assert_int_equal(ioctl(theirs, TIOCSWINSZ, &size), 0);
	setenv("TERM", "xterm", 1);
	listen_on(theirs, ours, work);
	close(theirs);
	close(ours);
}

static void a_pipe_gets_nothing(void **state)
{
	in_a_pipe(work_plain);
	assert_string_equal(said, "");
}

static void json_gets_a_line_a_step(void **state)
{
	in_a_pipe(work_json);
	assert_string_equal(said, "{\"progress\":\"find \\\"primes\\\"\",\"done\":1,\"total\":2}\n"
				  "{\"progress\":\"find \\\"primes\\\"\",\"done\":2,\"total\":2}\n");
}

static void a_terminal_gets_a_bar_that_is_cleared(void **state)
{
	static const char cleared[] = "\r\033[K";
	size_t draws = 0;

	on_a_terminal(80, work_plain);
	assert_non_null(strstr(said, "find \"primes\"  [........................]   0%"));
	assert_true(strlen(said) > strlen(cleared));
	assert_string_equal(said + strlen(said) - strlen(cleared), cleared);
	for (const char *at = said; (at = strchr(at, '[')); at++)
		draws += at[1] == '#' || at[1] == '.';
	/* a thousand steps in far less than a second: hardly more than one */
	assert_in_range(draws, 1, 11);
}

static void work_and_say(void)
{
	struct progress *p = progress_start("x", 2, false);

	progress_step(p, 1);
	warn("odd");
	progress_end(p);
	warn("done");
}

static void what_is_said_meanwhile_has_a_line_of_its_own(void **state)
{
	on_a_terminal(80, work_and_say);
	assert_non_null(strstr(said, "50%\033[K\r\033[Ksallyport: warning: odd\r\n"));
	assert_non_null(strstr(said, "\r\033[Ksallyport: warning: done\r\n"));
	assert_null(strstr(said, "\r\033[K\r\033[Ksallyport: warning: done"));
}

static void a_narrow_terminal_gets_no_second_line(void **state)
{
	on_a_terminal(10, work_plain);
	assert_non_null(strstr(said, "\rfind \"pri\033[K"));
}

static void quiet_is_quiet(void **state)
{
	message_set_level(-1);
	on_a_terminal(80, work_plain);
	message_set_level(0);
	assert_string_equal(said, "");
}

static void a_missing_progress_is_accepted(void **state)
{
	struct progress *p = progress_start("nothing to do", 0, false);

	progress_step(NULL, 1);
	progress_end(NULL);
	progress_step(p, 0);
	progress_end(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pipe_gets_nothing),
		cmocka_unit_test(json_gets_a_line_a_step),
		cmocka_unit_test(a_terminal_gets_a_bar_that_is_cleared),
		cmocka_unit_test(what_is_said_meanwhile_has_a_line_of_its_own),
		cmocka_unit_test(a_narrow_terminal_gets_no_second_line),
		cmocka_unit_test(quiet_is_quiet),
		cmocka_unit_test(a_missing_progress_is_accepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
