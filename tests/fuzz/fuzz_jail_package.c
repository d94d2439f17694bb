/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_jail_package.c - a list of dpkg has the paths that looking through it line by line finds, and no others. */
#include "base/macros.h"
#include "jail/package.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const paths[] = { "/a",   "/a/b",
				     "/ab",  "/lib/libc.so.6",
				     "/usr", "/usr/lib/x86_64-linux-gnu/libc.so.6" };

static bool has_line(const char *text, size_t len, const char *path)
{
	const size_t n = strlen(path);

	for (size_t i = 0; i + n <= len; i++)
		if ((i == 0 || text[i - 1] == '\n') && memcmp(text + i, path, n) == 0 &&
		    (i + n == len || text[i + n] == '\n'))
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool found[ARRAY_SIZE(paths)] = { 0 };

	package_list_scan((const char *)data, size, paths, ARRAY_SIZE(paths), found);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (found[i] != has_line((const char *)data, size, paths[i]))
			abort();
	return 0;
}
