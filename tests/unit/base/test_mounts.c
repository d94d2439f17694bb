/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_mounts.c - what is mounted in a namespace of one's own is seen nowhere else, in a chroot too. */
#include "base/mounts.h"

#include "base/macros.h"
#include "base/scratch.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

/* In a child, whose exit status is 0, 77 where this cannot be tried, or the number of what went wrong. */
static void in_child(int (*run)(const char *dir))
{
	char dir[SCRATCH_DIR];
	int status = 0;
	pid_t pid;

	scratch_make(dir);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(geteuid() != 0 || unshare(CLONE_NEWNS) ? 77 : run(dir));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	scratch_remove(dir);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("# skipped: only root makes a mount namespace\n");
		skip();
	}
	assert_int_equal(status, 0);
}

static bool is_mount(const char *path, const char *parent)
{
	struct stat a, b;

	return !stat(path, &a) && !stat(parent, &b) && a.st_dev != b.st_dev;
}

static int plainly(const char *dir)
{
	if (mounts_make_private())
		return 1;
	return mount("none", dir, "tmpfs", 0, NULL) ? 2 : 0;
}

/* As debootstrap leaves one: a folder like any other, with /proc in it. Once more inside it is as with any other root. */
static int in_a_chroot(const char *dir)
{
	char name[64] = "";

	if (mounts_make_private() || chdir(dir) || mkdir("proc", 0755) || mkdir("mnt", 0755) || mkdir("inner", 0755) ||
	    mount("/proc", "proc", NULL, MS_BIND | MS_REC, NULL) || chroot(".") || chdir("/inner"))
		return 1;
	if (unshare(CLONE_NEWNS) || mounts_make_private())
		return 2;
	if (!getcwd(name, sizeof name) || strcmp(name, "/inner") != 0)
		return 3;
	if (mount("none", "/mnt", "tmpfs", 0, NULL) || !is_mount("/mnt", "/"))
		return 4;
	if (unshare(CLONE_NEWNS) || mounts_make_private() || !is_mount("/mnt", "/") || umount("/mnt"))
		return 5;
	return access("/proc/self/stat", R_OK) ? 6 : 0;
}

static void a_mount_stays_where_it_is(void **state)
{
	in_child(plainly);
}

static void so_it_does_in_a_plain_chroot(void **state)
{
	in_child(in_a_chroot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mount_stays_where_it_is),
		cmocka_unit_test(so_it_does_in_a_plain_chroot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
