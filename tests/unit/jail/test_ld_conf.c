/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_ld_conf.c - ld.so.conf and what it includes. */
#include "jail/ld_conf.h"

#include "base/scratch.h"

#include <cmocka.h>

static void says(const char *text, const char *wanted)
{
	struct strings rows = { 0 };
	struct text t = { 0 };

	assert_int_equal(ld_conf_parse(text, strlen(text), &rows), ERR_NONE);
	strings_join(&rows, ";", &t);
	assert_string_equal(text_string(&t), wanted);
	text_free(&t);
	strings_free(&rows);
}

static void lines_are_read_as_ldconfig_does(void **state)
{
	says("", "");
	says("/usr/local/lib", "/usr/local/lib");
	says("  /usr/local/lib/ \n\t/opt/a//\t# more\n#/opt/b\n/\n", "/usr/local/lib;/opt/a;/");
	says("include a.conf  /etc/*.conf\ninclude\nincluded\n", "include a.conf;include /etc/*.conf");
	says("/opt/old=libc6\n/opt/x =libc5\n=libc6\n", "/opt/old;/opt/x");
	says("relative/lib\nhwcap 1 nosegneg\n/opt/with blank\n", "/opt/with blank");
}

static void too_many_rows_are_refused(void **state)
{
	struct text t = { 0 };
	struct strings rows = { 0 };

	for (int i = 0; i <= LD_CONF_ROWS_MAX; i++)
		text_add(&t, "/%d\n", i);
	assert_int_equal(ld_conf_parse(text_string(&t), t.len, &rows), ERR_TOO_BIG);
	assert_int_equal(rows.n, 0);
	text_free(&t);
}

static void read_in(const char *dir, enum err wanted, const char *folders)
{
	struct strings found = { 0 };
	struct text t = { 0 };
	struct root *r = NULL;

	assert_int_equal(root_open(dir, &r), ERR_NONE);
	assert_int_equal(ld_conf_read(r, &found), wanted);
	strings_join(&found, ";", &t);
	assert_string_equal(text_string(&t), folders);
	root_close(r);
	text_free(&t);
	strings_free(&found);
}

static void includes_are_followed_in_their_place_and_inside_the_root(void **state)
{
	char dir[SCRATCH_DIR];

	scratch_make(dir);
	read_in(dir, ERR_NONE, "");
	assert_int_equal(mkdir(scratch_path(dir, "etc"), 0755), 0);
	assert_int_equal(mkdir(scratch_path(dir, "etc/ld.so.conf.d"), 0755), 0);
	scratch_write(scratch_path(dir, "etc/ld.so.conf"),
		      "/opt/first\ninclude ld.so.conf.d/*.conf\ninclude /etc/more /nowhere/*\n/opt/last\n/opt/first\n");
	scratch_write(scratch_path(dir, "etc/ld.so.conf.d/b.conf"), "/opt/b\n");
	scratch_write(scratch_path(dir, "etc/ld.so.conf.d/a.conf"), "/opt/a\n");
	scratch_write(scratch_path(dir, "etc/ld.so.conf.d/c.other"), "/opt/c\n");
	scratch_write(scratch_path(dir, "etc/more"), "/opt/more\n");
	read_in(dir, ERR_NONE, "/opt/first;/opt/a;/opt/b;/opt/more;/opt/last");
	scratch_remove(dir);
}

static void files_that_include_each_other_are_refused(void **state)
{
	char dir[SCRATCH_DIR];

	scratch_make(dir);
	assert_int_equal(mkdir(scratch_path(dir, "etc"), 0755), 0);
	scratch_write(scratch_path(dir, "etc/ld.so.conf"), "/opt/a\ninclude /etc/ld.so.conf\n");
	read_in(dir, ERR_TOO_BIG, "");
	scratch_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_read_as_ldconfig_does),
		cmocka_unit_test(too_many_rows_are_refused),
		cmocka_unit_test(includes_are_followed_in_their_place_and_inside_the_root),
		cmocka_unit_test(files_that_include_each_other_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
