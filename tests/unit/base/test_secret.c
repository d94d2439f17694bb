/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_secret.c - a process with secrets leaves no core, and its files have no name. */
#include "base/secret.h"

#include "base/scratch.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/banned.h"

/* In a child: what was given up does not come back. */
static int in_child(int (*check)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid)
		_exit(check());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int limits(void)
{
	struct rlimit l;

	if (secret_begin() != ERR_NONE || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0 || getrlimit(RLIMIT_CORE, &l))
		return 1;
	if (l.rlim_cur != 1 || l.rlim_max != 1)
		return 2;
	return secret_begin() == ERR_NONE ? 0 : 3; /* a second time is fine */
}

static int crash(void)
{
	if (secret_begin() == ERR_NONE)
		abort();
	return 1;
}

static void no_core_is_written(void **state)
{
	int status = in_child(crash);

	assert_int_equal(in_child(limits), 0);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && !WCOREDUMP(status));
}

static void a_file_has_no_name_and_one_reader(void **state)
{
	char path[40], back[8];
	struct stat st;
	int fd = -1, again;

	assert_int_equal(secret_file("secret", 6, &fd), ERR_NONE);
	assert_true(fd > STDERR_FILENO);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(st.st_nlink, 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(again, back, sizeof back), 6);
	assert_memory_equal(back, "secret", 6);
	close(again);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_core_is_written),
		cmocka_unit_test(a_file_has_no_name_and_one_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
