/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_recent.c - what came of the last knock is known to the next connection, and to nobody else. */
#include "client/recent.h"

#include "base/clock.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

static char folder[] = "/tmp/sallyport-test-XXXXXX";

static int at_home(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	unsetenv("XDG_RUNTIME_DIR");
	unsetenv("XDG_CACHE_HOME");
	return setenv("HOME", folder, 1);
}

static int drop(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	return remove(path);
}

static int leave(void **state)
{
	return nftw(folder, drop, 8, FTW_DEPTH | FTW_PHYS);
}

static int opened(const char *subject)
{
	int fd = -1;

	assert_int_equal(recent_open(subject, &fd), ERR_NONE);
	assert_true(fd >= 0);
	return fd;
}

static void what_was_written_is_read(void **state)
{
	const uint64_t now = clock_boot_ms();
	int one = opened("host 22"), same = opened("host 22"), other = opened("host 2222"), third = opened("host 2");

	assert_int_equal(recent_read(one, now).outcome, RECENT_NONE);
	recent_write(one, &(struct recent){ now, RECENT_OPENED, 17, now, 1790000000000 });
	assert_int_equal(recent_read(same, now).outcome, RECENT_OPENED);
	assert_int_equal(recent_read(same, now).waited, 17);
	assert_true(recent_read(same, now).when == now && recent_read(same, now).opened == now);
	assert_true(recent_read(same, now).opened_wall == 1790000000000);
	assert_int_equal(recent_read(other, now).outcome, RECENT_NONE);
	assert_int_equal(recent_read(third, now).outcome, RECENT_NONE);
	/* of the time before a boot */
	assert_int_equal(recent_read(same, now - 1).outcome, RECENT_NONE);
	close(one);
	close(same);
	close(other);
	close(third);
}

static void one_at_a_time(void **state)
{
	int one = opened("host 22"), other = opened("host 22");

	assert_int_equal(recent_lock(one, 0), ERR_NONE);
	assert_int_equal(recent_lock(other, 30), ERR_TIMEOUT);
	recent_unlock(one);
	assert_int_equal(recent_lock(other, 0), ERR_NONE);
	close(other); /* unlocks */
	assert_int_equal(recent_lock(one, 0), ERR_NONE);
	close(one);
}

static void what_is_no_entry_is_none(void **state)
{
	struct {
		char magic[8];
		uint64_t when, opened, opened_wall;
		uint32_t outcome, waited;
	} e = { "recent ", 1, 1, 99, 1, 1 };
	int fd = opened("broken");

	e.magic[7] = '2';
	for (size_t len = 0; len <= sizeof e; len++) {
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, &e, len, 0), len);
		assert_int_equal(recent_read(fd, 5).outcome, len == sizeof e ? RECENT_OPENED : RECENT_NONE);
	}
	e.outcome = 5;
	assert_int_equal(pwrite(fd, &e, sizeof e, 0), sizeof e);
	assert_int_equal(recent_read(fd, 5).outcome, RECENT_NONE);
	close(fd);
}

static void only_a_place_of_our_own_will_do(void **state)
{
	char path[200];
	int fd = -1;

	snprintf(path, sizeof path, "%s/shared", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	setenv("XDG_RUNTIME_DIR", path, 1);
	setenv("HOME", "/nonexistent", 1);
	snprintf(path, sizeof path, "%s/shared/sallyport", folder);
	assert_int_equal(mkdir(path, 0777), 0);
	assert_int_equal(chmod(path, 0777), 0);
	assert_int_equal(recent_open("host", &fd), ERR_NOT_FOUND);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink(folder, path), 0);
	assert_int_equal(recent_open("host", &fd), ERR_NOT_FOUND);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(recent_open("host", &fd), ERR_NONE);
	close(fd);
	unsetenv("XDG_RUNTIME_DIR");
	setenv("HOME", folder, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(one_at_a_time),
		cmocka_unit_test(what_is_no_entry_is_none),
		cmocka_unit_test(only_a_place_of_our_own_will_do),
	};

	return cmocka_run_group_tests(tests, at_home, leave);
}
