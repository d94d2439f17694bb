/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_strict_modes.c - who else could write a file, at each level; beside the real sshd in tests/net. */
#include "sshd/strict_modes.h"

#include "base/scratch.h"

#include <unistd.h>

#include "base/banned.h"

#define FILE_PATH "/home/anna/.ssh/keys"

static char dir[SCRATCH_DIR];
static struct root *root;

static const char *fault_of(const char *path, const char *home)
{
	static char out[512];
	struct strict_modes_cache cache = { 0 };
	struct text fault = { 0 };
	struct stat st;

	assert_int_equal(root_stat(root, path, &st), ERR_NONE);
	assert_int_equal(strict_modes_check(root, &cache, path, &st, home, geteuid(), &fault), ERR_NONE);
	snprintf(out, sizeof out, "%s", text_string(&fault));
	text_free(&fault);
	strict_modes_cache_clear(&cache);
	return out;
}

static void mode(const char *path, mode_t m)
{
	assert_int_equal(chmod(scratch_path(dir, path), m), 0);
}

static int tree_make(void **state)
{
	static const char *const dirs[] = { "etc", "home", "home/anna", "home/anna/.ssh" };

	scratch_make(dir);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		assert_int_equal(mkdir(scratch_path(dir, dirs[i]), 0755), 0);
	scratch_write(scratch_path(dir, FILE_PATH), "x");
	mode(FILE_PATH, 0600);
	return root_open(dir, &root) ? -1 : 0;
}

static int tree_remove_all(void **state)
{
	root_close(root);
	scratch_remove(dir);
	return 0;
}

static void every_level_up_to_the_home_counts(void **state)
{
	static const struct {
		const char *path;
		bool counts;
	} levels[] = {
		{ FILE_PATH, true }, { "/home/anna/.ssh", true }, { "/home/anna", true }, { "/home", false },
		{ "/", false },
	};

	assert_string_equal(fault_of(FILE_PATH, "/home/anna"), "");
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		struct stat st;
		assert_int_equal(stat(scratch_path(dir, levels[i].path), &st), 0);
		mode(levels[i].path, 0777);
		assert_int_equal(!!strstr(fault_of(FILE_PATH, "/home/anna"), levels[i].path), levels[i].counts);
		/* without a home all of them do */
		assert_true(strstr(fault_of(FILE_PATH, NULL), levels[i].path));
		mode(levels[i].path, 0775);
		assert_int_equal(fault_of(FILE_PATH, "/home/anna")[0] != '\0', levels[i].counts);
		mode(levels[i].path, st.st_mode & 07777);
	}
}

static void links_are_followed_first(void **state)
{
	assert_int_equal(mkdir(scratch_path(dir, "open"), 0777), 0);
	mode("open", 0777);
	scratch_write(scratch_path(dir, "open/keys"), "x");
	mode("open/keys", 0600);
	assert_int_equal(symlink("/open/keys", scratch_path(dir, "home/anna/link")), 0);
	assert_true(strstr(fault_of("/home/anna/link", "/home/anna"), "the folder /open "));
	/* the home may be reached by a link */
	assert_int_equal(symlink("/home/anna", scratch_path(dir, "anna")), 0);
	mode("home", 0777);
	assert_string_equal(fault_of("/anna/.ssh/keys", "/anna"), "");
	mode("home", 0755);
}

static void debian_lets_a_group_of_one_write(void **state)
{
	char passwd[256], group[128];

	snprintf(passwd, sizeof passwd, "anna:x:%u:%u::/home/anna:/bin/sh\n", geteuid(), getegid());
	snprintf(group, sizeof group, "anna:x:%u:\n", getegid());
	scratch_write(scratch_path(dir, "etc/passwd"), passwd);
	scratch_write(scratch_path(dir, "etc/group"), group);
	mode(FILE_PATH, 0660);
	assert_true(strstr(fault_of(FILE_PATH, "/home/anna"), "its group"));
	scratch_write(scratch_path(dir, "etc/debian_version"), "12\n");
	assert_string_equal(fault_of(FILE_PATH, "/home/anna"), "");
	/* another member, by its entry and by passwd */
	snprintf(group, sizeof group, "anna:x:%u:anna,bob\n", getegid());
	scratch_write(scratch_path(dir, "etc/group"), group);
	assert_true(strstr(fault_of(FILE_PATH, "/home/anna"), "its group"));
	snprintf(group, sizeof group, "anna:x:%u:anna\n", getegid());
	scratch_write(scratch_path(dir, "etc/group"), group);
	assert_string_equal(fault_of(FILE_PATH, "/home/anna"), "");
	snprintf(passwd, sizeof passwd, "anna:x:%u:%u::/:/bin/sh\nbob:x:54321:%u::/:/bin/sh\n", geteuid(), getegid(),
		 getegid());
	scratch_write(scratch_path(dir, "etc/passwd"), passwd);
	assert_true(strstr(fault_of(FILE_PATH, "/home/anna"), "its group"));
	mode(FILE_PATH, 0666);
	assert_true(strstr(fault_of(FILE_PATH, "/home/anna"), "everybody"));
	mode(FILE_PATH, 0600);
}

static void a_stranger_as_owner_is_a_fault(void **state)
{
	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(scratch_path(dir, "home/anna/.ssh"), 54321, 0), 0);
	assert_true(strstr(fault_of(FILE_PATH, "/home/anna"), "uid 54321"));
	assert_int_equal(chown(scratch_path(dir, "home/anna/.ssh"), 0, 0), 0);
	assert_string_equal(fault_of(FILE_PATH, "/home/anna"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_level_up_to_the_home_counts, tree_make, tree_remove_all),
		cmocka_unit_test_setup_teardown(links_are_followed_first, tree_make, tree_remove_all),
		cmocka_unit_test_setup_teardown(debian_lets_a_group_of_one_write, tree_make, tree_remove_all),
		cmocka_unit_test_setup_teardown(a_stranger_as_owner_is_a_fault, tree_make, tree_remove_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
