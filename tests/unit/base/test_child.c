/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_child.c - programs run bounded in time and output, and see nothing of ours. */
#include "base/child.h"
#include "base/clock.h"

#include "base/scratch.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "base/banned.h"

#define LONG 20000
#define MUCH (4U << 20)

static enum err run_shell(const char *script, const char *input, int timeout_ms, size_t max, struct child_result *r)
{
	const char *argv[] = { "sh", "-c", script, NULL };

	return child_run(argv, input, timeout_ms, max, r);
}

static void says(const char *script, const char *input, int status, const char *out, const char *err)
{
	struct child_result r = { 0 };

	assert_int_equal(run_shell(script, input, LONG, MUCH, &r), ERR_NONE);
	assert_string_equal(text_string(&r.out), out);
	assert_string_equal(text_string(&r.err), err);
	assert_int_equal(r.status, status);
	child_result_free(&r);
}

static void gives_status_and_both_outputs(void **state)
{
	says("echo out; echo err >&2; exit 3", NULL, 3, "out\n", "err\n");
	says("exit 0", NULL, 0, "", "");
	says("kill -TERM $$", NULL, 128 + SIGTERM, "", "");
	says("kill -KILL $$", NULL, 128 + SIGKILL, "", "");
}

static void input_comes_whole_or_ends_at_once(void **state)
{
	struct child_result r = { 0 };
	struct text big = { 0 };

	says("cat", "some input", 0, "some input", "");
	says("cat", "", 0, "", "");
	says("cat; echo end", NULL, 0, "end\n", "");
	/* nobody reads it */
	for (size_t i = 0; i < 100000; i++)
		text_add(&big, "%zu ", i);
	assert_int_equal(run_shell("exit 0", big.s, LONG, MUCH, &r), ERR_NONE);
	child_result_free(&r);
	assert_int_equal(run_shell("cat; cat /dev/stdin >&2", big.s, LONG, MUCH, &r), ERR_NONE);
	assert_int_equal(r.out.len, big.len);
	assert_string_equal(r.out.s, big.s);
	child_result_free(&r);
	text_free(&big);
}

static void the_environment_is_clean(void **state)
{
	const char *argv[] = { "env", NULL };
	struct child_result r = { 0 };

	setenv("LD_PRELOAD_NOT", "x", 1);
	setenv("TZ", "UTC0", 1);
	assert_int_equal(child_run(argv, NULL, LONG, MUCH, &r), ERR_NONE);
	assert_string_equal(text_string(&r.out), "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C\nTZ=UTC0\n");
	child_result_free(&r);
	unsetenv("TZ");
	assert_int_equal(child_run(argv, NULL, LONG, MUCH, &r), ERR_NONE);
	assert_string_equal(text_string(&r.out), "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C\n");
	child_result_free(&r);
}

static void output_is_limited_to_the_byte(void **state)
{
	struct child_result r = { .status = 4242 };

	assert_int_equal(run_shell("printf 1234567890", NULL, LONG, 10, &r), ERR_NONE);
	assert_string_equal(r.out.s, "1234567890");
	child_result_free(&r);
	r.status = 4242;
	assert_int_equal(run_shell("printf 12345678901", NULL, LONG, 10, &r), ERR_TOO_BIG);
	assert_int_equal(run_shell("printf 12345678901 >&2", NULL, LONG, 10, &r), ERR_TOO_BIG);
	assert_int_equal(run_shell("yes", NULL, LONG, 100000, &r), ERR_TOO_BIG);
	assert_int_equal(r.status, 4242);
	assert_null(r.out.s);
}

/* Waits for what was left to us as its nearest living ancestor: whether it was killed. */
static bool was_killed(pid_t pid)
{
	int status = 0;

	for (size_t i = 0; i < 500; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
		usleep(10000);
	}
	return false;
}

static pid_t noted_pid(const char *path)
{
	char text[32];

	return scratch_read(path, text, sizeof text) ? (pid_t)strtol(text, NULL, 10) : 0;
}

static void a_timeout_ends_the_whole_group(void **state)
{
	char dir[SCRATCH_DIR], script[2 * PATH_MAX];
	struct child_result r = { .status = 4242 };
	uint64_t started = clock_boot_ms();
	pid_t grandchild;

	scratch_make(dir);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	snprintf(script, sizeof script, "sleep 60 & echo $! > %s/pid; wait", dir);
	assert_int_equal(run_shell(script, NULL, 300, MUCH, &r), ERR_TIMEOUT);
	assert_in_range(clock_boot_ms() - started, 300, 10000);
	assert_int_equal(r.status, 4242);
	grandchild = noted_pid(scratch_path(dir, "pid"));
	assert_true(grandchild > 1);
	assert_true(was_killed(grandchild));
	/* closed outputs are no reason to wait longer */
	assert_int_equal(run_shell("exec >&- 2>&-; sleep 60", NULL, 300, MUCH, &r), ERR_TIMEOUT);
	scratch_remove(dir);
}

static void what_it_left_running_is_not_waited_for(void **state)
{
	uint64_t started = clock_boot_ms();
	struct child_result r = { 0 };
	pid_t left;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	assert_int_equal(run_shell("sleep 30 & echo $!", NULL, LONG, MUCH, &r), ERR_NONE);
	assert_true(clock_boot_ms() - started < 10000);
	left = (pid_t)strtol(r.out.s, NULL, 10);
	child_result_free(&r);
	assert_true(left > 1);
	/* it still runs: a service that was started must not be killed */
	assert_int_equal(waitpid(left, NULL, WNOHANG), 0);
	assert_int_equal(kill(left, SIGKILL), 0);
	assert_true(was_killed(left));
}

static void what_cannot_be_run_says_why(void **state)
{
	const char *missing[] = { "no-such-program-anywhere", NULL };
	const char *missing_path[] = { "/no/such/program", NULL };
	const char *relative[] = { "./sh", NULL };
	const char *empty[] = { "", NULL };
	struct child_result r = { .status = 4242 };
	char dir[SCRATCH_DIR], path[PATH_MAX];
	const char *plain[] = { path, NULL };

	assert_int_equal(child_run(missing, NULL, LONG, MUCH, &r), ERR_NOT_FOUND);
	assert_int_equal(child_run(missing_path, NULL, LONG, MUCH, &r), ERR_NOT_FOUND);
	assert_int_equal(child_run(relative, NULL, LONG, MUCH, &r), ERR_NOT_FOUND);
	assert_int_equal(child_run(empty, NULL, LONG, MUCH, &r), ERR_NOT_FOUND);
	scratch_make(dir);
	snprintf(path, sizeof path, "%s", scratch_path(dir, "plain"));
	scratch_write(path, "no program");
	assert_int_equal(child_run(plain, NULL, LONG, MUCH, &r), ERR_SYSTEM);
	assert_int_equal(errno, EACCES);
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(child_run(plain, NULL, LONG, MUCH, &r), ERR_SYSTEM);
	assert_int_equal(errno, ENOEXEC);
	assert_int_equal(r.status, 4242);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	scratch_remove(dir);
}

static void programs_are_found_in_the_fixed_path_only(void **state)
{
	const char *path = getenv("PATH");
	char dir[SCRATCH_DIR], *before = strdup(path ? path : "/usr/bin"), *found = NULL;

	scratch_make(dir);
	scratch_write(scratch_path(dir, "sallyport-test-program"), "#!/bin/sh\n");
	assert_int_equal(chmod(scratch_path(dir, "sallyport-test-program"), 0755), 0);
	setenv("PATH", dir, 1);
	assert_int_equal(child_find("sallyport-test-program", &found), ERR_NOT_FOUND);
	assert_null(found);
	assert_int_equal(child_find("sh", &found), ERR_NONE);
	assert_string_equal(found, "/usr/bin/sh");
	free(found);
	setenv("PATH", before, 1);
	free(before);
	scratch_remove(dir);
}

static void no_descriptor_of_ours_is_inherited(void **state)
{
	int fd = open("/dev/null", O_RDONLY), high = fcntl(fd, F_DUPFD, 50);
	char script[200];

	assert_true(high >= 50);
	snprintf(script, sizeof script, "test -e /proc/self/fd/%d || test -e /proc/self/fd/%d || echo none", fd, high);
	says(script, NULL, 0, "none\n", "");
	close(fd);
	close(high);
}

static void ignored_and_blocked_signals_are_not_inherited(void **state)
{
	sigset_t one, before;

	signal(SIGHUP, SIG_IGN);
	sigemptyset(&one);
	sigaddset(&one, SIGTERM);
	sigprocmask(SIG_BLOCK, &one, &before);
	/* Except 32 and 33: they are glibc's own, its posix_spawn() ignores them (so make does), and nobody can undo it. */
	says("while read name mask; do case $name in SigBlk: | SigIgn:) echo $name $((0x$mask & ~0x180000000)) ;; esac; done"
	     " </proc/self/status",
	     NULL, 0, "SigBlk: 0\nSigIgn: 0\n", "");
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(SIGHUP, SIG_DFL);
}

static void ignore_alarm(int number)
{
}

static void interruptions_are_survived(void **state)
{
	const struct itimerval often = { { 0, 3000 }, { 0, 3000 } }, never = { 0 };
	struct sigaction sa = { .sa_handler = ignore_alarm };

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	says("cat; sleep 0.3; echo done; echo and >&2", "in ", 0, "in done\n", "and\n");
	setitimer(ITIMER_REAL, &never, NULL);
	signal(SIGALRM, SIG_DFL);
}

static int run_without_descriptors(void)
{
	struct child_result r = { 0 };

	close(0);
	close(1);
	close(2);
	if (run_shell("cat; echo err >&2", "input", LONG, MUCH, &r))
		return 1;
	if (strcmp(text_string(&r.out), "input") != 0)
		return 2;
	return strcmp(text_string(&r.err), "err\n") == 0 ? 0 : 3;
}

static void closed_descriptors_of_ours_do_not_confuse_it(void **state)
{
	pid_t pid = fork();
	int status = -1;

	assert_true(pid >= 0);
	if (!pid)
		_exit(run_without_descriptors());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void dies_with_us(void **state)
{
	char dir[SCRATCH_DIR], script[2 * PATH_MAX], note[PATH_MAX];
	struct child_result r = { 0 };
	pid_t us, shell = 0;

	scratch_make(dir);
	snprintf(note, sizeof note, "%s/pid", dir);
	snprintf(script, sizeof script, "echo $$ > %s/new; mv %s/new %s; sleep 60; :", dir, dir, note);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	us = fork();
	assert_true(us >= 0);
	if (!us)
		_exit((int)run_shell(script, NULL, LONG, MUCH, &r));
	for (size_t i = 0; i < 1000 && !scratch_exists(note); i++)
		usleep(10000);
	shell = noted_pid(note);
	assert_true(shell > 1);
	kill(us, SIGKILL);
	assert_true(was_killed(us));
	assert_true(was_killed(shell));
	/* what the shell itself started has lost its parent too, but nobody told it */
	kill(-shell, SIGKILL);
	scratch_remove(dir);
}

static int nothing_is_left(void **state)
{
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	return 0;
}

/* An account that every system has, with ids of nobody. */
static const gid_t nogroup[] = { 65534 };
static const struct child_user nobody = {
	.name = "nobody",
	.home = "/nonexistent",
	.uid = 65534,
	.gid = 65534,
	.groups = nogroup,
	.ngroups = 1,
};

static enum err run_as(const char *script, int timeout_ms, struct child_result *r)
{
	const char *argv[] = { "/bin/sh", "-c", script, NULL };

	return child_run_as(&nobody, argv, timeout_ms, MUCH, r);
}

static void another_user_is_all_that_is_left(void **state)
{
	struct child_result r = { 0 };

	if (geteuid() != 0)
		skip();
	assert_int_equal(setenv("SECRET", "1", 1), 0);
	assert_int_equal(run_as("id -u; id -ru; id -g; pwd; env | grep -v ^PWD= | sort; cat; "
				"grep -E '^(Groups|CapEff|SigIgn|SigBlk)' /proc/self/status | tr -d '\\t'",
				LONG, &r),
			 ERR_NONE);
	unsetenv("SECRET");
	assert_int_equal(r.status, 0);
	assert_true(strstr(text_string(&r.out), "65534\n65534\n65534\n/\n"));
	assert_null(strstr(text_string(&r.out), "SECRET"));
	assert_true(strstr(text_string(&r.out), "HOME=/nonexistent\n"));
	assert_true(strstr(text_string(&r.out), "LOGNAME=nobody\nPATH=/usr/bin:/bin:/usr/sbin:/sbin\nUSER=nobody\n"));
	assert_true(strstr(text_string(&r.out), "Groups:65534"));
	assert_true(strstr(text_string(&r.out), "CapEff:0000000000000000"));
	child_result_free(&r);
}

static void another_user_is_bounded_too(void **state)
{
	const char *missing[] = { "/nonexistent/program", NULL };
	struct child_result r = { 0 };

	if (geteuid() != 0)
		skip();
	assert_int_equal(run_as("sleep 60 & sleep 60", 200, &r), ERR_TIMEOUT);
	assert_int_equal(child_run_as(&nobody, missing, LONG, MUCH, &r), ERR_NOT_FOUND);
	assert_int_equal(run_as("exit 3", LONG, &r), ERR_NONE);
	assert_int_equal(r.status, 3);
	child_result_free(&r);
}

static void without_root_there_is_no_other_user(void **state)
{
	struct child_result r = { 0 };
	enum err e;
	pid_t pid;
	int status;

	if (geteuid() != 0)
		skip();
	pid = fork();
	if (!pid) {
		e = setresuid(1, 1, 1) ? ERR_NONE : run_as("true", LONG, &r);
		_exit(e == ERR_SYSTEM && errno == EPERM ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* A program that asks as ssh-keygen does: without an echo, and only what its terminal tells it. */
#define ASKS \
	"ask() { stty -echo </dev/tty; printf '%s: ' \"$1\" >/dev/tty; read -r got </dev/tty; stty echo </dev/tty; echo \"$got\"; }; "

static enum err run_asked(const char *script, const struct child_answer *answers, size_t n, int keep, int timeout_ms,
			  struct child_result *r)
{
	const char *argv[] = { "sh", "-c", script, NULL };

	return child_run_asked(argv, answers, n, keep, timeout_ms, MUCH, r);
}

static void it_is_told_on_its_terminal_what_it_asks_there(void **state)
{
	static const struct child_answer answers[] = { { "first", "one & two" },
						       { "again", "one" },
						       { "again", "two" } };
	struct child_result r = { 0 };

	assert_int_equal(run_asked(ASKS "ask 'The first'; ask 'And again'; ask 'And again'; cat; exit 3", answers,
				   ARRAY_SIZE(answers), -1, LONG, &r),
			 ERR_NONE);
	assert_string_equal(text_string(&r.out), "one & two\none\ntwo\n");
	assert_int_equal(r.status, 3);
	child_result_free(&r);
}

static void what_it_is_told_stands_nowhere_else(void **state)
{
	static const struct child_answer answers[] = { { "Name", "one-two-three" } };
	struct child_result r = { 0 };

	assert_int_equal(
		run_asked(ASKS "ask Name >/dev/null; tr '\\0' '\\n' </proc/$$/cmdline; env", answers, 1, -1, LONG, &r),
		ERR_NONE);
	assert_null(strstr(text_string(&r.out), "one-two-three"));
	child_result_free(&r);
}

static void a_question_without_an_answer_ends_it(void **state)
{
	static const struct child_answer answers[] = { { "Name", "anna" } };
	struct child_result r = { 0 };

	assert_int_equal(run_asked(ASKS "ask Town", answers, 1, -1, LONG, &r), ERR_UNSUPPORTED);
	assert_int_equal(run_asked(ASKS "ask Name; ask Name", answers, 1, -1, LONG, &r), ERR_UNSUPPORTED);
	/* a question that shows what is typed is none for a secret */
	assert_int_equal(run_asked("printf 'Name: ' >/dev/tty; sleep 60", answers, 1, -1, 300, &r), ERR_TIMEOUT);
	assert_int_equal(run_asked("exit 4", answers, 1, -1, LONG, &r), ERR_NONE);
	assert_int_equal(r.status, 4);
	child_result_free(&r);
}

static void one_descriptor_may_be_inherited(void **state)
{
	struct child_result r = { 0 };
	char script[64];
	int fd = memfd_create("kept", MFD_CLOEXEC);

	assert_true(fd > 2);
	assert_int_equal(write(fd, "kept", 4), 4);
	snprintf(script, sizeof script, "cat /proc/self/fd/%d; ls /proc/self/fd | wc -l", fd);
	assert_int_equal(run_asked(script, NULL, 0, fd, LONG, &r), ERR_NONE);
	assert_string_equal(text_string(&r.out), "kept5\n"); /* three streams, this one, and that of ls */
	child_result_free(&r);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_status_and_both_outputs),
		cmocka_unit_test(input_comes_whole_or_ends_at_once),
		cmocka_unit_test(the_environment_is_clean),
		cmocka_unit_test(output_is_limited_to_the_byte),
		cmocka_unit_test(what_cannot_be_run_says_why),
		cmocka_unit_test(programs_are_found_in_the_fixed_path_only),
		cmocka_unit_test(no_descriptor_of_ours_is_inherited),
		cmocka_unit_test(ignored_and_blocked_signals_are_not_inherited),
		cmocka_unit_test(interruptions_are_survived),
		cmocka_unit_test(closed_descriptors_of_ours_do_not_confuse_it),
		cmocka_unit_test(a_timeout_ends_the_whole_group),
		cmocka_unit_test(what_it_left_running_is_not_waited_for),
		cmocka_unit_test(dies_with_us),
		cmocka_unit_test(it_is_told_on_its_terminal_what_it_asks_there),
		cmocka_unit_test(what_it_is_told_stands_nowhere_else),
		cmocka_unit_test(a_question_without_an_answer_ends_it),
		cmocka_unit_test(one_descriptor_may_be_inherited),
		cmocka_unit_test(another_user_is_all_that_is_left),
		cmocka_unit_test(another_user_is_bounded_too),
		cmocka_unit_test(without_root_there_is_no_other_user),
	};

	return cmocka_run_group_tests(tests, NULL, nothing_is_left);
}
