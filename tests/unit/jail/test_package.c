/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_package.c - dpkg's lists say whose a file is. */
#include "base/macros.h"
#include "jail/package.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/tree.h"

#include "base/banned.h"

static char folder[] = "/tmp/test_package.XXXXXX";
static struct root *root;

static void put(const char *path, const char *content)
{
	assert_int_equal(file_replace(root, path, content, strlen(content), NULL, "test"), ERR_NONE);
}

static int make(void **state)
{
	if (!mkdtemp(folder) || root_open(folder, &root) || file_make_dirs(root, "/var/lib/dpkg/info", 0755))
		return -1;
	put("/var/lib/dpkg/info/libc6:amd64.list", "/.\n/lib\n/lib/libc.so.6\n/usr/lib/gconv\n");
	put("/var/lib/dpkg/info/bash.list", "/.\n/bin/bash\n/usr/share/doc\n/bin/last");
	put("/var/lib/dpkg/info/bash.md5sums", "/bin/sums\n");
	return 0;
}

static int unmake(void **state)
{
	root_close(root);
	tree_remove(folder);
	return 0;
}

static void names_the_package(void **state)
{
	static const struct {
		const char *path, *package;
	} files[] = {
		{ "/bin/bash", "bash" },
		{ "/usr/bin/bash", "bash" }, /* a merged /usr, which dpkg does not know of */
		{ "/usr/lib/libc.so.6", "libc6" },
		{ "/usr/lib/gconv", "libc6" },
		{ "/bin/last", "bash" },
		{ "/bin/bas", NULL },
		{ "/bin/bashx", NULL },
		{ "/bin/sums", NULL },
		{ "/usr", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char *name = NULL;

		assert_int_equal(packages_find(root, &files[i].path, 1, &name), ERR_NONE);
		if (files[i].package)
			assert_string_equal(name, files[i].package);
		else
			assert_null(name);
		free(name);
	}
}

static void many_are_asked_for_at_once(void **state)
{
	static const char *const paths[] = { "/usr/lib/libc.so.6", "/nowhere", "/bin/bash" };
	char *names[3] = { 0 };

	assert_int_equal(packages_find(root, paths, 3, names), ERR_NONE);
	assert_string_equal(names[0], "libc6");
	assert_null(names[1]);
	assert_string_equal(names[2], "bash");
	free(names[0]);
	free(names[2]);
}

static void every_truncation_finds_what_is_left(void **state)
{
	static const char list[] = "/a\n/b/c\n/d";
	static const char *const paths[] = { "/a", "/b/c", "/d" };

	for (size_t len = 0; len < sizeof list; len++) {
		bool found[3] = { 0 };

		package_list_scan(list, len, paths, 3, found);
		assert_int_equal(found[0], len >= 2);
		assert_int_equal(found[1], len >= 7);
		assert_int_equal(found[2], len == 10);
	}
}

static void a_root_without_lists_knows_none(void **state)
{
	char *empty = strdup("/tmp/test_package_none.XXXXXX");
	const char *path = "/bin/bash";
	struct root *none = NULL;
	char *name = NULL;

	assert_non_null(mkdtemp(empty));
	assert_int_equal(root_open(empty, &none), ERR_NONE);
	assert_int_equal(packages_find(none, &path, 1, &name), ERR_NONE);
	assert_null(name);
	root_close(none);
	tree_remove(empty);
	free(empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_the_package),
		cmocka_unit_test(many_are_asked_for_at_once),
		cmocka_unit_test(every_truncation_finds_what_is_left),
		cmocka_unit_test(a_root_without_lists_knows_none),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
