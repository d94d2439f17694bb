/* SPDX-License-Identifier: GPL-3.0-or-later */
/* scratch.h - a directory of its own for a test, and what tests do in it. */
#ifndef TESTS_UNIT_BASE_SCRATCH_H
#define TESTS_UNIT_BASE_SCRATCH_H

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#define SCRATCH_DIR 256 /* short enough to append to */

static inline void scratch_make(char out[SCRATCH_DIR])
{
	const char *tmp = getenv("TMPDIR");
	char path[SCRATCH_DIR], real[PATH_MAX];

	assert_true(snprintf(path, sizeof path, "%s/sallyport-test-XXXXXX", tmp && tmp[0] ? tmp : "/tmp") <
		    SCRATCH_DIR);
	assert_non_null(mkdtemp(path));
	assert_non_null(realpath(path, real));
	assert_true(snprintf(out, SCRATCH_DIR, "%s", real) < SCRATCH_DIR);
}

static inline int scratch_unlink(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	return remove(path);
}

static inline void scratch_remove(const char *dir)
{
	nftw(dir, scratch_unlink, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static inline const char *scratch_path(const char *dir, const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % 4];

	assert_true(snprintf(path, PATH_MAX, "%s/%s", dir, name) < PATH_MAX);
	return path;
}

/* Descriptors that this process has open. */
static inline size_t scratch_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static inline void scratch_write(const char *path, const char *content)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(content, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* The content of a small file; "" and false when it cannot be read. */
static inline bool scratch_read(const char *path, char *out, size_t size)
{
	FILE *f = fopen(path, "r");
	size_t n = 0;

	if (f) {
		n = fread(out, 1, size - 1, f);
		fclose(f);
	}
	out[n] = '\0';
	return f != NULL;
}

static inline void scratch_is(const char *path, const char *content)
{
	char got[4096];

	assert_true(scratch_read(path, got, sizeof got));
	assert_string_equal(got, content);
}

static inline bool scratch_exists(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

#endif
