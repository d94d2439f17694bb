/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_content.c - what may be shared with the host, what is copied, and the digest of it. */
#include "jail/work.h"
#include "jail_scratch.h"

#include <time.h>

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
	const struct jail j = { 0 };
	struct diags problems = { 0 };
	struct work w;
	struct stat st;
	bool may;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	work_init(&w, h->r, &j, BUILD_SHARE, &problems);
	may = content_may_share(&w, &e, fd, &st);
	work_clear(&w);
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

static struct content_folder folder_open(const struct host *h)
{
	struct content_folder dir = { .fd = open(h->dir, O_RDONLY | O_DIRECTORY) };
	struct stat st;

	assert_true(dir.fd >= 0);
	assert_int_equal(fstat(dir.fd, &st), 0);
	dir.device = st.st_dev;
	return dir;
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
	struct content_folder dir;

	(void)unused;
	host_start(&h);
	assert_int_equal(utimensat(AT_FDCWD, scratch_path(h.dir, "usr/bin/sh"), then, 0), 0);
	work_init(&w, h.r, &j, BUILD_SHARE, &h.problems);
	dir = folder_open(&h);
	assert_int_equal(content_put(&w, &dir, "s", &e, buffer), ERR_NONE);
	scratch_is(scratch_path(h.dir, "s"), "shell");
	assert_int_equal(lstat(scratch_path(h.dir, "s"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0500);
	assert_int_equal(st.st_mtim.tv_sec, 1000000000);
	assert_int_equal(st.st_mtim.tv_nsec, 5);
	assert_string_equal(e.digest, SHELL_SUM);
	close(dir.fd);
	work_clear(&w);
	free(buffer);
	host_end(&h);
}

/* It was found with mode 0755; another file stands there by now. */
static void gives_no_mode_that_the_source_has_not(void **unused)
{
	unsigned char *buffer = malloc(WORK_BUFFER);
	struct entry e = { .kind = ENTRY_FILE, .path = (char *)"/s", .source = (char *)"/etc/secret", .mode = 0755 };
	const struct jail j = { 0 };
	struct host h;
	struct work w;
	struct stat st;
	struct content_folder dir;

	(void)unused;
	host_start(&h);
	host_write(&h, "/etc/secret", "secret", 0640);
	work_init(&w, h.r, &j, BUILD_SHARE, &h.problems);
	dir = folder_open(&h);
	assert_int_equal(content_put(&w, &dir, "s", &e, buffer), ERR_NONE);
	assert_int_equal(lstat(scratch_path(h.dir, "s"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(e.mode, 0640); /* what the manifest will say */
	close(dir.fd);
	work_clear(&w);
	free(buffer);
	host_end(&h);
}

/* Every member counts, and what was changed just now, or in the future, is not trusted. */
static void knows_a_file_again_by_all_of_it(void **unused)
{
	const struct stat base = {
		.st_dev = 1,
		.st_ino = 2,
		.st_size = 3,
		.st_mtim = { 4, 5 },
		.st_ctim = { 6, 7 },
	};
	struct stat others[] = { base, base, base, base, base, base, base };
	char first[ENTRY_SEEN], again[ENTRY_SEEN];

	(void)unused;
	others[0].st_dev++;
	others[1].st_ino++;
	others[2].st_size++;
	others[3].st_mtim.tv_sec++;
	others[4].st_mtim.tv_nsec++;
	others[5].st_ctim.tv_sec++;
	others[6].st_ctim.tv_nsec++;
	content_see(&base, first);
	assert_int_equal(strlen(first), ENTRY_SEEN - 1);
	content_see(&base, again);
	assert_string_equal(first, again);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		content_see(&others[i], again);
		assert_string_not_equal(first, again);
	}
	others[0].st_ctim.tv_sec = time(NULL);
	content_see(&others[0], again);
	assert_string_equal(again, "");
	others[0].st_ctim.tv_sec += 3600;
	content_see(&others[0], again);
	assert_string_equal(again, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_as_b2sum_does),
		cmocka_unit_test(shares_only_what_nobody_changes),
		cmocka_unit_test(copies_owner_mode_and_time),
		cmocka_unit_test(gives_no_mode_that_the_source_has_not),
		cmocka_unit_test(knows_a_file_again_by_all_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
