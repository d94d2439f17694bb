/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_walk_flags.c - what must not change goes all the same, and its other names do not lose that. */
#include "jail/walk.h"
#include "jail_scratch.h"

#include "base/banned.h"

struct pair {
	char dir[SCRATCH_DIR];
	int top;
};

/* "ours" is "theirs" by another name, which must not change. */
static void pair_start(struct pair *p)
{
	bool can;

	scratch_make(p->dir);
	assert_int_equal(mkdir(scratch_path(p->dir, "in"), 0755), 0);
	scratch_write(scratch_path(p->dir, "theirs"), "x");
	scratch_write(scratch_path(p->dir, "new"), "new");
	assert_int_equal(symlink("in", scratch_path(p->dir, "in/link")), 0);
	p->top = open(scratch_path(p->dir, "in"), O_RDONLY | O_DIRECTORY);
	assert_true(p->top >= 0);
	assert_int_equal(linkat(AT_FDCWD, scratch_path(p->dir, "theirs"), p->top, "ours", 0), 0);
	can = set_immutable(scratch_path(p->dir, "theirs"), true);
	if (!can) {
		close(p->top);
		scratch_remove(p->dir);
		print_message("# no file can be made immutable here\n");
		skip();
	}
	assert_int_equal(unlinkat(p->top, "ours", 0), -1);
}

static void pair_end(struct pair *p)
{
	assert_true(is_immutable(scratch_path(p->dir, "theirs")));
	assert_true(set_immutable(scratch_path(p->dir, "theirs"), false));
	close(p->top);
	scratch_remove(p->dir);
}

static void unlinks_and_leaves_the_other_name_its_flag(void **unused)
{
	struct pair p;

	(void)unused;
	pair_start(&p);
	assert_int_equal(walk_unlink(p.top, "ours", 0), ERR_NONE);
	assert_false(scratch_exists(scratch_path(p.dir, "in/ours")));
	pair_end(&p);
}

static void removes_a_tree_and_leaves_the_other_name_its_flag(void **unused)
{
	struct pair p;
	int above;

	(void)unused;
	pair_start(&p);
	assert_true(set_immutable(scratch_path(p.dir, "in"), true));
	above = open(p.dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(walk_remove(above, "in", NULL), ERR_NONE);
	assert_false(scratch_exists(scratch_path(p.dir, "in")));
	close(above);
	pair_end(&p);
}

static void renames_over_it_in_a_folder_that_keeps_its_flag(void **unused)
{
	struct pair p;
	int above;

	(void)unused;
	pair_start(&p);
	assert_true(set_immutable(scratch_path(p.dir, "in"), true));
	above = open(p.dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(walk_rename(above, "new", p.top, "ours", 0), ERR_NONE);
	scratch_is(scratch_path(p.dir, "in/ours"), "new");
	assert_true(is_immutable(scratch_path(p.dir, "in")));
	assert_true(set_immutable(scratch_path(p.dir, "in"), false));
	close(above);
	pair_end(&p);
}

static void says_why_where_there_is_no_flag(void **unused)
{
	struct pair p;

	(void)unused;
	scratch_make(p.dir);
	p.top = open(p.dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(walk_unlink(p.top, "none", 0), ERR_SYSTEM);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(walk_rename(p.top, "none", p.top, "other", 0), ERR_SYSTEM);
	assert_int_equal(errno, ENOENT);
	close(p.top);
	scratch_remove(p.dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unlinks_and_leaves_the_other_name_its_flag),
		cmocka_unit_test(removes_a_tree_and_leaves_the_other_name_its_flag),
		cmocka_unit_test(renames_over_it_in_a_folder_that_keeps_its_flag),
		cmocka_unit_test(says_why_where_there_is_no_flag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
