/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_trail.c - what leads to a file is looked at once, and judged along it as by the calls that look each time. */
#include "sshd/trail.h"

#include "base/scratch.h"
#include "sshd/identity.h"
#include "sshd/strict_modes.h"

#include <errno.h>
#include <unistd.h>

#include "base/banned.h"

#define FILE_PATH "/home/anna/.ssh/keys"
#define UID 4242
#define GID 4243

static char dir[SCRATCH_DIR];
static struct root *root;
static struct trail trail;

static void mode(const char *path, mode_t m)
{
	assert_int_equal(chmod(scratch_path(dir, path), m), 0);
}

static int tree_make(void **state)
{
	static const char *const dirs[] = { "etc", "home", "home/anna", "home/anna/.ssh", "home/bob" };

	scratch_make(dir);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		assert_int_equal(mkdir(scratch_path(dir, dirs[i]), 0755), 0);
	scratch_write(scratch_path(dir, FILE_PATH), "x");
	scratch_write(scratch_path(dir, "home/bob/keys"), "x");
	return root_open(dir, &root) ? -1 : 0;
}

static int tree_remove_all(void **state)
{
	trail_clear(&trail);
	root_close(root);
	scratch_remove(dir);
	return 0;
}

static void folders_are_looked_at_once_and_files_each_time(void **state)
{
	static const char *const names[] = { "/", "/home", "/home/anna", "/home/anna/.ssh", FILE_PATH };
	char name[PATH_MAX];

	assert_int_equal(trail_follow(&trail, root, FILE_PATH), ERR_NONE);
	assert_int_equal(trail.n, ARRAY_SIZE(names));
	for (size_t i = 0; i < trail.n; i++) {
		trail_name(&trail, i, name);
		assert_string_equal(name, names[i]);
		mode(names[i], i + 1 == trail.n ? 0640 : 0711);
	}
	assert_int_equal(trail_follow(&trail, root, FILE_PATH), ERR_NONE);
	for (size_t i = 0; i < trail.n; i++)
		assert_int_equal(trail.v[i].st.st_mode & 0777, i + 1 == trail.n ? 0640 : (i ? 0755 : 0700));
	/* another folder: what both share stays */
	assert_int_equal(trail_follow(&trail, root, "/home/bob/keys"), ERR_NONE);
	assert_int_equal(trail.n, 4);
	assert_int_equal(trail_follow(&trail, root, FILE_PATH), ERR_NONE);
	assert_int_equal(trail.v[1].st.st_mode & 0777, 0755);
	assert_int_equal(trail.v[2].st.st_mode & 0777, 0711);
	/* a name that only begins alike is another one */
	assert_int_equal(mkdir(scratch_path(dir, "home/annabel"), 0700), 0);
	scratch_write(scratch_path(dir, "home/annabel/keys"), "x");
	assert_int_equal(trail_follow(&trail, root, "/home/annabel/keys"), ERR_NONE);
	assert_int_equal(trail.v[2].st.st_mode & 0777, 0700);
}

static void what_is_missing_or_linked_is_said(void **state)
{
	static const char *const elsewhere[] = {
		"/home/anna/link",
		"/home/bobs_way/.ssh/keys",
		"/home//anna/.ssh/keys",
		"/home/./anna",
		"/home/anna/../bob",
		"/home/anna/.ssh/.",
		"home/anna",
		"/home/anna/",
		"/",
		"",
	};

	assert_int_equal(symlink("anna", scratch_path(dir, "home/bobs_way")), 0);
	assert_int_equal(symlink(".ssh/keys", scratch_path(dir, "home/anna/link")), 0);
	for (size_t i = 0; i < ARRAY_SIZE(elsewhere); i++)
		assert_int_equal(trail_follow(&trail, root, elsewhere[i]), ERR_UNSUPPORTED);
	assert_int_equal(trail_follow(&trail, root, "/home/anna/.ssh/none"), ERR_SYSTEM);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(trail_follow(&trail, root, FILE_PATH "/none"), ERR_SYSTEM);
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(trail_follow(&trail, root, FILE_PATH), ERR_NONE);
	assert_int_equal(trail.n, 5);
}

static void compare(const char *home)
{
	const struct identity id = { .uid = UID, .gid = GID };
	struct strict_modes_cache cache = { 0 };
	struct text slow = { 0 }, fast = { 0 };
	struct stat st;
	bool may;

	trail_clear(&trail);
	assert_int_equal(trail_follow(&trail, root, FILE_PATH), ERR_NONE);
	assert_int_equal(identity_may_read(root, &id, FILE_PATH, &may), ERR_NONE);
	assert_int_equal(identity_may_read_along(&id, &trail), may);
	assert_int_equal(identity_needs_groups_along(root, UID, &trail), identity_needs_groups(root, UID, FILE_PATH));
	assert_int_equal(root_stat(root, FILE_PATH, &st), ERR_NONE);
	assert_int_equal(strict_modes_check(root, &cache, FILE_PATH, &st, home, UID, &slow), ERR_NONE);
	assert_int_equal(strict_modes_check_along(root, &cache, &trail, home, UID, &fast), ERR_NONE);
	assert_string_equal(text_string(&fast), text_string(&slow));
	strict_modes_cache_clear(&cache);
	text_free(&slow);
	text_free(&fast);
}

static void judged_along_it_all_is_as_before(void **state)
{
	static const char *const names[] = { "/", "/home", "/home/anna", "/home/anna/.ssh", FILE_PATH };
	static const char *const homes[] = { NULL,	    "/home/anna", "/home/anna/", "/home/bobs_way", "/home/bob",
					     "/srv/none/x", "/",	  "/home/an",	 FILE_PATH };
	static const mode_t modes[] = { 0700, 0755, 0775, 0757, 0710, 0701, 0644, 0604 };
	static const uid_t owners[] = { 0, UID, UID + 1 };

	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		for (size_t m = 0; m < ARRAY_SIZE(modes) * ARRAY_SIZE(owners); m++) {
			const char *path = scratch_path(dir, names[i]);
			assert_int_equal(chown(path, owners[m % ARRAY_SIZE(owners)], GID), 0);
			mode(names[i], modes[m / ARRAY_SIZE(owners)]);
			for (size_t h = 0; h < ARRAY_SIZE(homes); h++)
				compare(homes[h]);
		}
		assert_int_equal(chown(scratch_path(dir, names[i]), UID, 0), 0);
		mode(names[i], 0755);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(folders_are_looked_at_once_and_files_each_time, tree_make,
						tree_remove_all),
		cmocka_unit_test_setup_teardown(what_is_missing_or_linked_is_said, tree_make, tree_remove_all),
		cmocka_unit_test_setup_teardown(judged_along_it_all_is_as_before, tree_make, tree_remove_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
