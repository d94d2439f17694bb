/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_content.c - what may be shared with the host, what is copied, and the digest of it. */
#include "jail/work.h"
#include "jail_scratch.h"

#include "base/banned.h"

/* printf shell | b2sum -l 256; printf '' | b2sum -l 256 */
#define SHELL_SUM "fc0a23f03e54f37cf197bb993c86a80ecf35436b6cf3829ffe4ce6f4a785bcf8"
#define EMPTY_SUM "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"

static void digests_as_b2sum_does(void **unused)
{
	struct entry shell = { .kind = ENTRY_FILE, .path = (char *)"/s", .source = (char *)"/usr/bin/sh" };
	struct entry empty = { .kind = ENTRY_FILE, .path = (char *)"/e", .content = (char *)"" };
	const struct jail j = { 0 };
	struct host h;
	struct work w;
	struct stat st;

	(void)unused;
	host_start(&h);
	work_init(&w, h.r, &j, BUILD_SHARE, &h.problems);
	assert_int_equal(content_digest(&w, &shell, &st), ERR_NONE);
	assert_string_equal(shell.digest, SHELL_SUM);
	assert_int_equal(st.st_size, 5);
	assert_int_equal(content_digest(&w, &empty, &st), ERR_NONE);
	assert_string_equal(empty.digest, EMPTY_SUM);
	work_clear(&w);
	host_end(&h);
}

static bool may_share(const struct host *h, const char *source, mode_t mode)
{
	const struct entry e = { .kind = ENTRY_FILE, .path = (char *)source, .source = (char *)source, .mode = mode };
	const int fd = open(scratch_path(h->dir, source + 1), O_RDONLY);
	struct stat st;
	bool may;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	may = content_may_share(&e, fd, &st);
	close(fd);
	return may;
}

static void shares_only_what_nobody_changes(void **unused)
{
	struct host h;

	(void)unused;
	host_start(&h);
	assert_true(may_share(&h, "/usr/bin/sh", 0755));
	assert_false(may_share(&h, "/usr/bin/sh", 0555)); /* a link has the host's mode */
	assert_false(may_share(&h, "/etc/hosts", 0644));
	assert_int_equal(chmod(scratch_path(h.dir, "usr/bin/sh"), 0775), 0);
	assert_false(may_share(&h, "/usr/bin/sh", 0775));
	assert_int_equal(chmod(scratch_path(h.dir, "usr/bin/sh"), 04755), 0);
	assert_false(may_share(&h, "/usr/bin/sh", 04755));
	assert_false(may_share(&h, "/usr/bin/sh", 0755));
	if (!getuid()) {
		assert_int_equal(chmod(scratch_path(h.dir, "usr/bin/sh"), 0755), 0);
		assert_int_equal(chown(scratch_path(h.dir, "usr/bin/sh"), 1001, 0), 0);
		assert_false(may_share(&h, "/usr/bin/sh", 0755));
	}
	host_end(&h);
}

static void copies_owner_mode_and_time(void **unused)
{
	const struct timespec then[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000, .tv_nsec = 5 } };
	unsigned char *buffer = malloc(WORK_BUFFER);
	struct entry e = { .kind = ENTRY_FILE, .path = (char *)"/s", .source = (char *)"/usr/bin/sh", .mode = 0500 };
	const struct jail j = { 0 };
	struct host h;
	struct work w;
	struct stat st;
	int dir;

	(void)unused;
	host_start(&h);
	assert_int_equal(utimensat(AT_FDCWD, scratch_path(h.dir, "usr/bin/sh"), then, 0), 0);
	work_init(&w, h.r, &j, BUILD_SHARE, &h.problems);
	dir = open(h.dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(content_put(&w, dir, "s", &e, buffer), ERR_NONE);
	scratch_is(scratch_path(h.dir, "s"), "shell");
	assert_int_equal(lstat(scratch_path(h.dir, "s"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0500);
	assert_int_equal(st.st_mtim.tv_sec, 1000000000);
	assert_int_equal(st.st_mtim.tv_nsec, 5);
	assert_string_equal(e.digest, SHELL_SUM);
	close(dir);
	work_clear(&w);
	free(buffer);
	host_end(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_as_b2sum_does),
		cmocka_unit_test(shares_only_what_nobody_changes),
		cmocka_unit_test(copies_owner_mode_and_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
