/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_inmates.c - who lives in a folder is found, also one who would rather not be. */
#include "base/clock.h"
#include "base/file.h"
#include "inside.h"
#include "jail/inmates.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define CHAIN_MS 20000

static char dir[SCRATCH_DIR];
static int top = -1;

static int make_folder(void **unused)
{
	(void)unused;
	scratch_make(dir);
	top = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return top < 0;
}

static int remove_folder(void **unused)
{
	(void)unused;
	file_close(top);
	scratch_remove(dir);
	return 0;
}

static void only_root(void)
{
	if (geteuid() == 0)
		return;
	print_message("# skipped: only root can put a process into a folder\n");
	skip();
}

static void pause_us(long us)
{
	const struct timespec t = { .tv_nsec = us * 1000 };

	nanosleep(&t, NULL);
}

static void ends(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

static pid_t found(void)
{
	pid_t pid = -1;

	assert_int_equal(inmates_find(top, 12345, &pid), ERR_NONE);
	return pid;
}

static void finds_one_and_nobody(void **unused)
{
	pid_t pid;

	(void)unused;
	assert_int_equal(found(), 0);
	only_root();
	pid = inside(dir, NULL, NULL, inside_waits);
	assert_int_equal(found(), pid);
	kill(pid, SIGKILL);
	while (found()) /* until it has ended; nobody has asked for its status */
		pause_us(100);
	ends(pid);
	assert_int_equal(found(), 0);
}

/* Each process makes the next one and ends: none of them is on a list for long. */
static void chain(void)
{
	const uint64_t end = clock_boot_ms() + CHAIN_MS;

	signal(SIGCHLD, SIG_IGN);
	while (access("/stop", F_OK) && clock_boot_ms() < end) {
		pause_us(200);
		if (fork() > 0)
			_exit(0);
	}
}

static void finds_a_chain_of_short_lives(void **unused)
{
	pid_t first;
	int status;

	(void)unused;
	only_root();
	first = inside(dir, NULL, NULL, chain);
	assert_int_equal(waitpid(first, &status, 0), first);
	for (unsigned i = 0; i < 20; i++)
		assert_true(found() > 0);
	scratch_write(scratch_path(dir, "stop"), "");
	while (found())
		pause_us(100);
	assert_int_equal(found(), 0);
}

static void *lives_on(void *unused)
{
	(void)unused;
	inside_waits();
	return NULL;
}

static void leaves_a_thread_behind(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, lives_on, NULL))
		_exit(1);
	syscall(SYS_exit, 0); /* of this thread alone, and without the library that pthread_exit() loads */
}

static void finds_a_thread_whose_process_seems_to_have_ended(void **unused)
{
	pid_t pid;

	(void)unused;
	only_root();
	pid = inside(dir, NULL, NULL, leaves_a_thread_behind);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(found(), pid);
		pause_us(1000);
	}
	ends(pid);
	assert_int_equal(found(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(finds_one_and_nobody, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(finds_a_chain_of_short_lives, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(finds_a_thread_whose_process_seems_to_have_ended, make_folder,
						remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
