/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_owner.c - what others than root may change, by owner, mode, group and the folders above, does not get into a jail. */
#include "jail/owner.h"

#include "base/scratch.h"

#include <sys/xattr.h>

#include "base/banned.h"

static char dir[SCRATCH_DIR];
static struct root *root;
static struct track *track;
static struct owners *owners;
static struct diags problems;

static const char *in(const char *name)
{
	return scratch_path(dir, name);
}

static int make_root(void **state)
{
	static const char *const folders[] = { "etc", "opt", "opt/a", "opt/a/b" };

	scratch_make(dir);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		assert_int_equal(mkdir(in(folders[i]), 0755), 0);
	scratch_write(in("opt/a/b/tool"), "x");
	assert_int_equal(chmod(in("opt/a/b/tool"), 0755), 0);
	scratch_write(in("etc/passwd"), "root:x:0:0::/root:/bin/sh\nbob:x:1001:1001::/home/bob:/bin/sh\n"
					"cut\neve:x:1002:60::/:/bin/sh\n");
	scratch_write(in("etc/group"), "root:x:0:\nstaff:x:50:\nadm:x:51:bob\ntape:x:52:root,bob\nmine:x:53:root\n"
				       "eves:x:60:\ntwice:x:61:\ntwice2:x:61:bob\ncut:x\nodd:x:1x:\n");
	assert_int_equal(root_open(dir, &root), ERR_NONE);
	assert_int_equal(track_new(root, &track), ERR_NONE);
	return owners_new(root, track, &owners);
}

/* Nothing is remembered from before. */
static void look_anew(void)
{
	diags_free(&problems);
	owners_free(owners);
	track_free(track);
	assert_int_equal(track_new(root, &track), ERR_NONE);
	assert_int_equal(owners_new(root, track, &owners), ERR_NONE);
}

static int remove_root(void **state)
{
	diags_free(&problems);
	owners_free(owners);
	track_free(track);
	root_close(root);
	scratch_remove(dir);
	return 0;
}

static void is_refused(const char *text)
{
	look_anew();
	assert_int_equal(owners_refuse(owners, "/opt/a/b/tool", &problems), ERR_CONFIG);
	assert_int_equal(problems.n, 1);
	assert_string_equal(problems.v[0].text, text);
	assert_int_equal(owners_refuse(owners, "/opt/a/b/tool", &problems), ERR_CONFIG);
	assert_int_equal(problems.n, 1); /* told once */
}

static void is_fine(void)
{
	look_anew();
	assert_int_equal(owners_refuse(owners, "/opt/a/b/tool", &problems), ERR_NONE);
	assert_int_equal(problems.n, 0);
}

static void what_only_root_may_change_is_fine(void **state)
{
	is_fine();
	assert_int_equal(owners_refuse(owners, "/opt/gone/x", &problems), ERR_NONE);
	assert_int_equal(owners_refuse(owners, "/", &problems), ERR_NONE);
}

static void bits_for_others_count_on_the_whole_way(void **state)
{
	assert_int_equal(chmod(in("opt/a/b/tool"), 0757), 0);
	is_refused("'/opt/a/b/tool' may be changed by everybody: wants a file that only root may change, in folders of "
		   "root's");
	assert_int_equal(chmod(in("opt/a/b/tool"), 0755), 0);
	assert_int_equal(chmod(in("opt/a"), 01777), 0);
	is_refused(
		"'/opt/a/b/tool' may be changed by everybody, in '/opt/a': wants a file that only root may change, in "
		"folders of root's");
	assert_int_equal(chmod(in("opt/a"), 0755), 0);
	is_fine();
}

static void owners_count_on_the_whole_way(void **state)
{
	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(in("opt/a/b/tool"), 1001, 0), 0);
	is_refused(
		"'/opt/a/b/tool' may be changed by bob: wants a file that only root may change, in folders of root's");
	assert_int_equal(chown(in("opt/a/b"), 4711, 0), 0);
	is_refused(
		"'/opt/a/b/tool' may be changed by user 4711, in '/opt/a/b': wants a file that only root may change, "
		"in folders of root's");
	assert_int_equal(unlink(in("etc/passwd")), 0);
	assert_int_equal(chown(in("opt"), 1001, 0), 0);
	is_refused("'/opt/a/b/tool' may be changed by user 1001, in '/opt': wants a file that only root may change, in "
		   "folders of root's");
}

static void a_group_may_write_that_is_nobodys(void **state)
{
	static const struct {
		gid_t gid;
		const char *who; /* NULL: it may */
	} cases[] = {
		{ 0, NULL },
		{ 50, NULL },
		{ 53, NULL },
		{ 51, "the group adm" },
		{ 52, "the group tape" },
		{ 60, "the group eves" },
		{ 61, "the group twice" },
		{ 1001, "the group 1001" },
	};

	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct owned *one;

		look_anew();
		assert_int_equal(chown(in("opt/a"), 0, cases[i].gid), 0);
		assert_int_equal(chmod(in("opt/a"), 02775), 0);
		assert_int_equal(owners_find(owners, "/opt/a/b/tool", &one), ERR_NONE);
		assert_true(!one->foreign == !cases[i].who);
		if (!one->foreign)
			continue;
		assert_string_equal(one->foreign->path, "/opt/a");
		assert_string_equal(one->foreign->who, cases[i].who);
	}
}

/* user::rw-, user:1001:rw-, group::r--, mask::rw-, other::r--: its mode is 0664, and its group root's */
static void a_list_of_access_is_no_group(void **state)
{
	static const unsigned char list[] = {
		2, 0, 0,   0,	1,   0,	  6,  0, 255, 255, 255, 255, 2,	  0,   6,  0, 0xe9, 3, 0,   0,	 4,   0,
		4, 0, 255, 255, 255, 255, 16, 0, 6,   0,   255, 255, 255, 255, 32, 0, 4,    0, 255, 255, 255, 255,
	};

	if (geteuid() != 0 || setxattr(in("opt/a/b/tool"), "system.posix_acl_access", list, sizeof list, 0))
		skip();
	is_refused(
		"'/opt/a/b/tool' may be changed by those in its access control list: wants a file that only root may "
		"change, in folders of root's");
}

static void rows_are_looked_at_where_they_come_from(void **state)
{
	struct entries all = { 0 };

	assert_int_equal(entries_add_file(&all, "/usr/bin/tool", "/opt/a/b/tool", 0755), ERR_NONE);
	assert_int_equal(entries_add_link(&all, "/opt/a/b/link", "/etc/shadow"), ERR_NONE);
	assert_int_equal(entries_add_content(&all, "/opt/made", "x", 1, 0644), ERR_NONE);
	assert_int_equal(owners_check(owners, &all, &problems), ERR_NONE);
	assert_int_equal(chmod(in("opt/a/b"), 0777), 0);
	look_anew();
	assert_int_equal(owners_check(owners, &all, &problems), ERR_CONFIG);
	assert_int_equal(problems.n, 1);
	assert_string_equal(
		problems.v[0].text,
		"'/opt/a/b/link' may be changed by everybody, in '/opt/a/b': wants a file that only root may "
		"change, in folders of root's");
	assert_int_equal(chmod(in("opt/a/b"), 0755), 0);
	assert_int_equal(chmod(in("opt/a"), 0750), 0);
	look_anew();
	assert_int_equal(owners_check(owners, &all, &problems), ERR_CONFIG);
	assert_int_equal(problems.n, 1);
	assert_string_equal(
		problems.v[0].text,
		"'/opt/a/b/link' is in '/opt/a', which not everybody may enter, and would be open in the jail: "
		"wants a file in folders that everybody may enter");
	entries_clear(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_only_root_may_change_is_fine, make_root, remove_root),
		cmocka_unit_test_setup_teardown(bits_for_others_count_on_the_whole_way, make_root, remove_root),
		cmocka_unit_test_setup_teardown(owners_count_on_the_whole_way, make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_group_may_write_that_is_nobodys, make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_list_of_access_is_no_group, make_root, remove_root),
		cmocka_unit_test_setup_teardown(rows_are_looked_at_where_they_come_from, make_root, remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
