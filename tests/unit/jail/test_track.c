/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_track.c - links on the way are kept, and no way leaves the root. */
#include "jail/track.h"

#include "base/scratch.h"

#include <errno.h>

#include <cmocka.h>

struct place {
	char dir[SCRATCH_DIR];
	struct root *root;
	struct track *track;
};

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	assert_non_null(p);
	scratch_make(p->dir);
	assert_int_equal(mkdir(scratch_path(p->dir, "usr"), 0755), 0);
	assert_int_equal(mkdir(scratch_path(p->dir, "usr/bin"), 0755), 0);
	assert_int_equal(mkdir(scratch_path(p->dir, "usr/lib"), 0755), 0);
	scratch_write(scratch_path(p->dir, "usr/bin/one"), "one");
	assert_int_equal(symlink("usr/bin", scratch_path(p->dir, "bin")), 0);
	assert_int_equal(symlink("/bin/one", scratch_path(p->dir, "usr/bin/two")), 0);
	assert_int_equal(symlink("../../../../bin/two", scratch_path(p->dir, "usr/bin/out")), 0);
	assert_int_equal(symlink("loop", scratch_path(p->dir, "loop")), 0);
	assert_int_equal(symlink("nothing", scratch_path(p->dir, "broken")), 0);
	assert_int_equal(root_open(p->dir, &p->root), ERR_NONE);
	assert_int_equal(track_new(p->root, &p->track), ERR_NONE);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	track_free(p->track);
	root_close(p->root);
	scratch_remove(p->dir);
	free(p);
	return 0;
}

static void leads(struct place *p, const char *path, int number, const char *end)
{
	const struct way *w = NULL, *again = NULL;

	assert_int_equal(track_follow(p->track, path, &w), ERR_NONE);
	assert_int_equal(w->number, number);
	if (end)
		assert_string_equal(w->end->path, end);
	else
		assert_null(w->end);
	assert_int_equal(track_follow(p->track, path, &again), ERR_NONE);
	assert_ptr_equal(w, again);
}

static void ways_end_where_the_kernel_ends(void **state)
{
	struct place *p = *state;
	char longer[8192];

	leads(p, "/usr/bin/one", 0, "/usr/bin/one");
	leads(p, "/bin/one", 0, "/usr/bin/one");
	leads(p, "//bin/./../bin//one", 0, "/usr/bin/one");
	leads(p, "/usr/bin/out", 0, "/usr/bin/one");
	leads(p, "/../../bin/two", 0, "/usr/bin/one");
	leads(p, "/", 0, "/");
	leads(p, "/bin/..", 0, "/usr");
	leads(p, "/bin/three", ENOENT, NULL);
	leads(p, "/broken", ENOENT, NULL);
	leads(p, "/nowhere/one", ENOENT, NULL);
	leads(p, "/bin/one/more", ENOTDIR, NULL);
	leads(p, "/bin/one/..", ENOTDIR, NULL);
	leads(p, "/bin/one/", ENOTDIR, NULL);
	leads(p, "/loop", ELOOP, NULL);
	leads(p, "/loop/more", ELOOP, NULL);
	memset(longer, 'a', sizeof longer - 1);
	longer[0] = '/';
	longer[sizeof longer - 1] = '\0';
	leads(p, longer, ENAMETOOLONG, NULL);
	longer[300] = '\0';
	leads(p, longer, ENAMETOOLONG, NULL);
}

static void all_links_of_the_way_become_entries(void **state)
{
	struct place *p = *state;
	struct entries all = { 0 };
	const struct way *w;
	const char *taken;

	assert_int_equal(track_follow(p->track, "/bin/out", &w), ERR_NONE);
	assert_int_equal(track_add(w, &all, &taken), ERR_NONE);
	assert_int_equal(track_add(w, &all, &taken), ERR_NONE);
	assert_string_equal(entries_find(&all, "/bin")->target, "usr/bin");
	assert_string_equal(entries_find(&all, "/usr/bin/out")->target, "../../../../bin/two");
	assert_string_equal(entries_find(&all, "/usr/bin/two")->target, "/bin/one");
	assert_string_equal(entries_find(&all, "/usr/bin/one")->source, "/usr/bin/one");
	assert_int_equal(entries_find(&all, "/usr")->kind, ENTRY_FOLDER);
	assert_int_equal(all.n, 6);
	entries_clear(&all);
}

/* "/usr/lib/../bin/one" wants /usr/lib to be there. */
static void folders_that_a_way_leaves_are_kept(void **state)
{
	struct place *p = *state;
	struct entries all = { 0 };
	const struct way *w;
	const char *taken;

	assert_int_equal(track_follow(p->track, "/usr/lib/../bin/one", &w), ERR_NONE);
	assert_int_equal(track_add(w, &all, &taken), ERR_NONE);
	assert_int_equal(entries_find(&all, "/usr/lib")->kind, ENTRY_FOLDER);
	entries_clear(&all);
}

static void what_is_something_else_in_the_jail_is_told(void **state)
{
	struct place *p = *state;
	struct entries all = { 0 };
	const struct way *w;
	const char *taken = NULL;

	assert_int_equal(track_follow(p->track, "/bin/one", &w), ERR_NONE);
	assert_int_equal(entries_add_folder(&all, "/bin", 0755), ERR_NONE);
	assert_int_equal(track_add(w, &all, &taken), ERR_EXISTS);
	assert_string_equal(taken, "/bin");
	entries_clear(&all);
	assert_int_equal(entries_add_link(&all, "/usr", "opt"), ERR_NONE);
	assert_int_equal(track_add(w, &all, &taken), ERR_EXISTS);
	assert_string_equal(taken, "/usr");
	entries_clear(&all);
	/* a file that was made for the jail stays */
	assert_int_equal(entries_add_content(&all, "/usr/bin/one", "other", 5, 0644), ERR_NONE);
	assert_int_equal(track_add(w, &all, &taken), ERR_NONE);
	assert_null(entries_find(&all, "/usr/bin/one")->source);
	entries_clear(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ways_end_where_the_kernel_ends, set_up, tear_down),
		cmocka_unit_test_setup_teardown(all_links_of_the_way_become_entries, set_up, tear_down),
		cmocka_unit_test_setup_teardown(folders_that_a_way_leaves_are_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_something_else_in_the_jail_is_told, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
