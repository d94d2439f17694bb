/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_check.c - what the host has otherwise by now, what is missing and where there is no jail; all else wants root: tests/net/test_jail_check.py. */
#include "base/file.h"
#include "base/macros.h"
#include "base/tree.h"
#include "jail/check.h"
#include "jail/entry_digest.h"
#include "jail/trouble.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

static char folder[64];
static struct root *root;
static struct manifest made;
static struct entries wanted;

static void put(const char *path, const char *content)
{
	assert_int_equal(file_replace(root, path, content, strlen(content), NULL, "test"), ERR_NONE);
}

/* A row in the manifest as in what is wanted, and the file in the jail. */
static void has_file(const char *path, const char *source, const char *content)
{
	struct entry e = {
		.kind = ENTRY_FILE, .path = (char *)path, .source = (char *)source, .mode = 0644, .content = NULL
	};
	char where[128];

	(void)snprintf(where, sizeof where, "/jail%s", path);
	put(where, content);
	if (source)
		put(source, content);
	else {
		e.content = (char *)content;
		e.len = strlen(content);
	}
	assert_int_equal(entries_add(&wanted, &e), ERR_NONE);
	entry_digest_bytes(content, strlen(content), e.digest);
	assert_int_equal(entries_add(&made.entries, &e), ERR_NONE);
}

static int make(void **state)
{
	(void)snprintf(folder, sizeof folder, "/tmp/test_check.XXXXXX");
	if (!mkdtemp(folder) || chmod(folder, 0755) || root_open(folder, &root) ||
	    file_make_dirs(root, "/jail/lib", 0755) || file_make_dirs(root, "/jail/etc", 0755) ||
	    file_make_dirs(root, "/usr/lib", 0755))
		return -1;
	made = (struct manifest){ .jail = {
					  .user = (char *)"anna", .uid = 1001, .gid = 1001, .dir = (char *)"/jail" } };
	wanted = (struct entries){ 0 };
	has_file("/lib/a.so", "/usr/lib/a.so", "one");
	has_file("/lib/b.so", "/usr/lib/b.so", "two");
	has_file("/etc/made", NULL, "here");
	return 0;
}

static int unmake(void **state)
{
	entries_clear(&wanted);
	entries_clear(&made.entries);
	root_close(root);
	tree_remove(folder);
	return 0;
}

/* "KIND PATH: DETAIL" a line, of the kinds that do not depend on who runs the test. */
static void say(const struct entries *by, struct text *said)
{
	struct jail_troubles found = { 0 };

	assert_int_equal(jail_check(root, &made, by, &found), ERR_NONE);
	for (size_t i = 0; i < found.n; i++)
		if (found.v[i].kind != JAIL_WRITABLE && found.v[i].kind != JAIL_PATH)
			text_add(said, "%s %s: %s\n", jail_trouble_id(found.v[i].kind), found.v[i].path,
				 found.v[i].detail);
	assert_int_equal(text_check(said), ERR_NONE);
	jail_troubles_clear(&found);
}

static void expect(const struct entries *by, const char *expected)
{
	struct text said = { 0 };

	say(by, &said);
	assert_string_equal(text_string(&said), expected);
	text_free(&said);
}

static void a_jail_as_it_was_made_has_no_trouble(void **state)
{
	expect(&wanted, "");
}

static void what_the_host_has_otherwise_is_stale(void **state)
{
	put("/usr/lib/a.so", "newer");
	expect(NULL, "");
	expect(&wanted, "stale /lib/a.so: /usr/lib/a.so was changed since\n");
}

static void a_file_that_is_one_with_the_hosts_is_current(void **state)
{
	char host[128], jail[128];

	(void)snprintf(host, sizeof host, "%s/usr/lib/a.so", folder);
	(void)snprintf(jail, sizeof jail, "%s/jail/lib/a.so", folder);
	assert_int_equal(unlink(jail), 0);
	assert_int_equal(link(host, jail), 0);
	put("/usr/lib/b.so", "newer");
	expect(&wanted, "stale /lib/b.so: /usr/lib/b.so was changed since\n");
}

/* What a folder that leads to the host has in it is the host's, not the jail's. */
static void a_folder_that_became_a_link_hides_nothing(void **state)
{
	char path[128];

	for (const char *name = "a.so\0b.so\0"; *name; name += strlen(name) + 1) {
		(void)snprintf(path, sizeof path, "%s/jail/lib/%s", folder, name);
		assert_int_equal(unlink(path), 0);
	}
	(void)snprintf(path, sizeof path, "%s/jail/lib", folder);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("/usr/lib", path), 0);
	put("/usr/lib/a.so", "newer");
	expect(&wanted, "changed /lib: it is a link, and was a folder\n"
			"stale /lib/a.so: /usr/lib/a.so was changed since\n"
			"missing /lib/a.so: it was put there and is gone\n"
			"missing /lib/b.so: it was put there and is gone\n");
}

static void rows_that_differ_are_told(void **state)
{
	struct entries now = { 0 };

	assert_int_equal(entries_add_file(&now, "/lib/a.so", "/usr/lib/a.so.2", 0644), ERR_NONE);
	assert_int_equal(entries_add_link(&now, "/lib/b.so", "a.so"), ERR_NONE);
	assert_int_equal(entries_add_file(&now, "/lib/c.so", "/usr/lib/c.so", 0644), ERR_NONE);
	assert_int_equal(entries_add_content(&now, "/etc/more", "x", 1, 0644), ERR_NONE);
	expect(&now, "stale /etc/made: nothing needs it by now\n"
		     "stale /etc/more: it is wanted by now\n"
		     "stale /lib/a.so: it comes from /usr/lib/a.so.2 by now\n"
		     "stale /lib/b.so: it is something else by now\n"
		     "stale /lib/c.so: it is wanted by now, and comes from /usr/lib/c.so\n");
	entries_clear(&now);
}

static void what_is_gone_or_new_is_told(void **state)
{
	char path[128];

	(void)snprintf(path, sizeof path, "%s/jail/lib/a.so", folder);
	assert_int_equal(unlink(path), 0);
	put("/jail/etc/made", "other");
	put("/jail/new\x1b", "x");
	expect(NULL, "changed /etc/made: its content is not what was put there\n"
		     "missing /lib/a.so: it was put there and is gone\n"
		     "foreign /new\\x1B: a file that nobody put there for the jail\n");
}

static void a_jail_that_is_not_there_is_missing(void **state)
{
	struct jail_troubles found = { 0 };

	made.jail.dir = (char *)"/nowhere/jail";
	expect(NULL, "missing /: there is no folder /nowhere/jail\n");
	assert_int_equal(jail_check_escapes(root, "/nowhere", 100, &found), ERR_NOT_FOUND);
	assert_int_equal(jail_check_escapes(root, "/jail/etc/made", 100, &found), ERR_NOT_FOUND);
	assert_int_equal(found.n, 0);
}

static void of_a_kind_there_is_an_end(void **state)
{
	struct jail_troubles all = { 0 };

	for (int i = 0; i < 1000; i++)
		assert_int_equal(trouble_add(&all, i % 2 ? JAIL_SETUID : JAIL_UNKNOWN, "/x", "number %d", i), ERR_NONE);
	assert_int_equal(all.n, 200);
	assert_string_equal(all.v[199].detail, "number 199; there may be more like this");
	assert_true(all.cut);
	jail_troubles_clear(&all);
	assert_int_equal(trouble_add(&all, JAIL_SETUID, "/x", "one"), ERR_NONE);
	assert_false(all.cut);
	jail_troubles_clear(&all);
}

static void what_has_one_cause_is_one_row_and_stands_behind_it(void **state)
{
	static const char *const paths[] = { "/bin/a", "/bin/b", "/bin/c" };
	struct jail_troubles all = { 0 };

	for (size_t i = 0; i < 3; i++) {
		struct text why = { 0 }, cause = { 0 };

		text_add(&why, "%s lacks %s; so %s ends", paths[i], i == 2 ? "libd" : "libc", paths[i]);
		trouble_add_cause(text_string(&why), paths[i], &cause);
		assert_string_equal(text_string(&cause), i == 2 ? " lacks libd; so  ends" : " lacks libc; so  ends");
		assert_int_equal(trouble_add_alike(&all, JAIL_STARTS_NOT, paths[i], text_string(&cause), "%s",
						   text_string(&why)),
				 ERR_NONE);
		text_free(&why);
		text_free(&cause);
	}
	assert_int_equal(trouble_add_with(&all, JAIL_MISSING, "/lib", 7, "gone"), ERR_NONE);
	troubles_sort(&all);
	assert_int_equal(all.n, 3);
	assert_int_equal(all.v[0].kind, JAIL_MISSING);
	assert_int_equal(all.v[0].more, 7);
	assert_string_equal(all.v[1].path, "/bin/a");
	assert_int_equal(all.v[1].more, 1);
	assert_string_equal(all.v[2].detail, "/bin/c lacks libd; so /bin/c ends");
	assert_int_equal(all.v[2].more, 0);
	jail_troubles_clear(&all);
}

static void nothing_is_started_under_another_root(void **state)
{
	struct jail_troubles found = { 0 };

	assert_int_equal(jail_check_starts(root, &made, &found), ERR_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_jail_as_it_was_made_has_no_trouble, make, unmake),
		cmocka_unit_test_setup_teardown(what_the_host_has_otherwise_is_stale, make, unmake),
		cmocka_unit_test_setup_teardown(a_file_that_is_one_with_the_hosts_is_current, make, unmake),
		cmocka_unit_test_setup_teardown(a_folder_that_became_a_link_hides_nothing, make, unmake),
		cmocka_unit_test_setup_teardown(rows_that_differ_are_told, make, unmake),
		cmocka_unit_test_setup_teardown(what_is_gone_or_new_is_told, make, unmake),
		cmocka_unit_test_setup_teardown(a_jail_that_is_not_there_is_missing, make, unmake),
		cmocka_unit_test_setup_teardown(nothing_is_started_under_another_root, make, unmake),
		cmocka_unit_test(of_a_kind_there_is_an_end),
		cmocka_unit_test(what_has_one_cause_is_one_row_and_stands_behind_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
