/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_ahead.c - what was read ahead counts as long as the file is the one that was read, and nothing else does. */
#include "jail/ahead.h"

#include "jail/entry_digest.h"
#include "jail/resolve.h"
#include "jail_scratch.h"

#include <time.h>

#include "base/banned.h"

#define MANY 300
#define MAX_MS 20000

static bool has_a_second_processor(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN) > 1;
}

static void wait_until_settled(const struct host *h, const char *last)
{
	const struct timespec moment = { .tv_nsec = 10000000 };
	struct stat st;

	assert_int_equal(stat(scratch_path(h->dir, last + 1), &st), 0);
	for (unsigned ms = 0; !entry_digest_settles(&st); ms += 10) {
		assert_true(ms < MAX_MS);
		nanosleep(&moment, NULL);
	}
}

/* A host whose files nobody has changed of late. */
static void host_settle(struct host *h)
{
	host_start(h);
	wait_until_settled(h, "/etc/hosts");
}

static void look(const struct host *h, const char *path, int *fd, struct stat *st)
{
	*fd = open(scratch_path(h->dir, path + 1), O_RDONLY | O_CLOEXEC);
	assert_true(*fd >= 0);
	assert_int_equal(fstat(*fd, st), 0);
}

/* Each file is closed once it was read. */
static void wait_until_closed(size_t files)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	for (unsigned ms = 0; scratch_descriptors() > files; ms++) {
		assert_true(ms < MAX_MS);
		nanosleep(&moment, NULL);
	}
}

static struct ahead *read_ahead(const struct host *h, const char *path, struct stat *st)
{
	const size_t files = scratch_descriptors();
	struct ahead *a = NULL;
	int fd;

	assert_int_equal(ahead_new(&a), ERR_NONE);
	look(h, path, &fd, st);
	ahead_give(a, path, fd, st);
	wait_until_closed(files);
	ahead_stop(a);
	return a;
}

static void a_digest_holds_for_the_file_that_was_read(void **unused)
{
	char want[ENTRY_DIGEST];
	struct stat st, now;
	struct ahead *a;
	struct host h;

	(void)unused;
	if (!has_a_second_processor())
		skip();
	host_settle(&h);
	entry_digest_bytes("shell", 5, want);
	a = read_ahead(&h, "/usr/bin/sh", &st);
	assert_non_null(ahead_digest(a, "/usr/bin/sh", &st));
	assert_string_equal(ahead_digest(a, "/usr/bin/sh", &st), want);
	assert_null(ahead_digest(a, "/usr/bin", &st));
	assert_null(ahead_digest(NULL, "/usr/bin/sh", &st));
	now = st;
	now.st_ino++;
	assert_null(ahead_digest(a, "/usr/bin/sh", &now));
	now = st;
	now.st_ctim.tv_nsec ^= 1;
	assert_null(ahead_digest(a, "/usr/bin/sh", &now));
	now = st;
	now.st_mtim.tv_sec++;
	assert_null(ahead_digest(a, "/usr/bin/sh", &now));
	ahead_free(a);
	host_end(&h);
}

static void a_file_of_this_moment_has_none(void **unused)
{
	struct stat st;
	struct ahead *a;
	struct host h;

	(void)unused;
	host_start(&h);
	/* the clock of a machine that stands still meanwhile goes on all the same */
	for (bool young = false; !young;) {
		host_write(&h, "/usr/bin/sh", "shell", 0755);
		a = read_ahead(&h, "/usr/bin/sh", &st);
		young = !entry_digest_settles(&st);
		if (young)
			assert_null(ahead_digest(a, "/usr/bin/sh", &st));
		ahead_free(a);
	}
	host_end(&h);
}

static void a_file_that_changed_before_it_was_read_has_none(void **unused)
{
	const size_t files = scratch_descriptors();
	struct ahead *a = NULL;
	struct stat st;
	struct host h;
	int fd;

	(void)unused;
	if (!has_a_second_processor())
		skip();
	host_settle(&h);
	assert_int_equal(ahead_new(&a), ERR_NONE);
	look(&h, "/usr/bin/sh", &fd, &st);
	host_write(&h, "/usr/bin/sh", "other shell", 0755);
	ahead_give(a, "/usr/bin/sh", fd, &st);
	wait_until_closed(files + 1); /* the root's */
	ahead_stop(a);
	assert_null(ahead_digest(a, "/usr/bin/sh", &st));
	ahead_free(a);
	host_end(&h);
}

static const char *many_path(size_t i)
{
	static char path[32];

	snprintf(path, sizeof path, "/usr/lib/%zu", i);
	return path;
}

static const char *many_content(size_t i)
{
	static char content[32];

	snprintf(content, sizeof content, "file %zu", i);
	return content;
}

static void nothing_stays_open(void **unused)
{
	const size_t files = scratch_descriptors();
	struct ahead *a = NULL;
	size_t known = 0;
	struct stat st;
	struct host h;
	int fd;

	(void)unused;
	host_start(&h);
	for (size_t i = 0; i < MANY; i++)
		host_write(&h, many_path(i), many_content(i), 0644);
	wait_until_settled(&h, many_path(MANY - 1));
	assert_int_equal(ahead_new(&a), ERR_NONE);
	for (size_t i = 0; i < MANY; i++) {
		look(&h, many_path(i), &fd, &st);
		ahead_give(a, many_path(i), fd, &st);
		if (i % 3)
			continue;
		look(&h, many_path(i), &fd, &st);
		ahead_give(a, many_path(i), fd, &st); /* once more */
	}
	ahead_stop(a);
	look(&h, "/usr/bin/sh", &fd, &st);
	ahead_give(a, "/usr/bin/sh", fd, &st); /* too late */
	assert_null(ahead_digest(a, "/usr/bin/sh", &st));
	look(&h, "/usr/bin/sh", &fd, &st);
	ahead_give(NULL, "/usr/bin/sh", fd, &st);
	assert_int_equal(scratch_descriptors(), files + 1);
	for (size_t i = 0; i < MANY; i++) {
		char want[ENTRY_DIGEST];
		const char *got;

		entry_digest_bytes(many_content(i), strlen(many_content(i)), want);
		assert_int_equal(stat(scratch_path(h.dir, many_path(i) + 1), &st), 0);
		if (!(got = ahead_digest(a, many_path(i), &st)))
			continue;
		assert_string_equal(got, want);
		known++;
	}
	print_message("%zu of %d were read ahead\n", known, MANY);
	ahead_free(a);
	host_end(&h);
}

static void what_the_resolver_looks_into_is_read(void **unused)
{
	struct resolver *rv = NULL;
	struct entries all = { 0 };
	struct ahead *a = NULL;
	char want[ENTRY_DIGEST];
	struct stat st;
	struct host h;
	size_t files;

	(void)unused;
	if (!has_a_second_processor())
		skip();
	host_settle(&h);
	assert_int_equal(resolver_new(h.r, &rv), ERR_NONE);
	assert_int_equal(ahead_new(&a), ERR_NONE);
	resolver_read_ahead(rv, a);
	files = scratch_descriptors();
	assert_int_equal(resolver_add_file(rv, "/usr/lib/lib.so.1", &all, &h.problems), ERR_NONE);
	wait_until_closed(files);
	ahead_stop(a);
	resolver_free(rv);
	assert_int_equal(stat(scratch_path(h.dir, "usr/lib/lib.so.1"), &st), 0);
	entry_digest_bytes("library 1", 9, want);
	assert_non_null(ahead_digest(a, "/usr/lib/lib.so.1", &st));
	assert_string_equal(ahead_digest(a, "/usr/lib/lib.so.1", &st), want);
	ahead_free(a);
	entries_clear(&all);
	host_end(&h);
}

static void a_file_that_is_long_is_left_to_others(void **unused)
{
	const size_t files = scratch_descriptors();
	struct ahead *a = NULL;
	struct stat st;
	struct host h;
	int fd;

	(void)unused;
	host_start(&h);
	assert_int_equal(truncate(scratch_path(h.dir, "usr/lib/lib.so.1"), (off_t)1 << 40), 0);
	assert_int_equal(ahead_new(&a), ERR_NONE);
	look(&h, "/usr/lib/lib.so.1", &fd, &st);
	ahead_give(a, "/usr/lib/lib.so.1", fd, &st);
	assert_int_equal(scratch_descriptors(), files + 1);
	ahead_free(a);
	host_end(&h);
}

/* Of three files one is as it was, one was written to, one is another file by now. */
static void a_jail_has_what_is_there_and_not_what_was_read(void **unused)
{
	static const char *const paths[] = { "/usr/bin/sh", "/usr/lib/lib.so.1", "/etc/hosts" };
	static const char *const contents[] = { "shell", "library 2", "::1 localhost" };
	const enum build_how ways[] = { BUILD_SHARE, BUILD_COPY };

	(void)unused;
	for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
		const size_t files = scratch_descriptors();
		struct ahead *a = NULL;
		struct manifest m;
		struct host h;

		host_settle(&h);
		assert_int_equal(ahead_new(&a), ERR_NONE);
		for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
			struct stat st;
			int fd;

			look(&h, paths[i], &fd, &st);
			ahead_give(a, paths[i], fd, &st);
		}
		wait_until_closed(files + 1);
		ahead_stop(a);
		host_write(&h, paths[1], contents[1], 0644);
		assert_int_equal(unlink(scratch_path(h.dir, paths[2] + 1)), 0);
		host_write(&h, paths[2], contents[2], 0644);
		manifest_usual(&m);
		assert_int_equal(build_create(h.r, &m, ways[w], a, &h.told, &h.problems), ERR_NONE);
		for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
			char want[ENTRY_DIGEST];

			entry_digest_bytes(contents[i], strlen(contents[i]), want);
			assert_string_equal(entries_find(&m.entries, paths[i])->digest, want);
			scratch_is(in_jail(&h, paths[i] + 1), contents[i]);
		}
		ahead_free(a);
		manifest_clear(&m);
		host_end(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_digest_holds_for_the_file_that_was_read),
		cmocka_unit_test(a_file_of_this_moment_has_none),
		cmocka_unit_test(a_file_that_changed_before_it_was_read_has_none),
		cmocka_unit_test(nothing_stays_open),
		cmocka_unit_test(what_the_resolver_looks_into_is_read),
		cmocka_unit_test(a_file_that_is_long_is_left_to_others),
		cmocka_unit_test(a_jail_has_what_is_there_and_not_what_was_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
