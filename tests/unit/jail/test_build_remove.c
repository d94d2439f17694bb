/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_build_remove.c - a jail goes with all that is in it; its home stays unless told; nothing else is touched. */
#include "jail_scratch.h"

#include "base/banned.h"

static enum err take_away(struct host *h, const struct manifest *m, bool with_home, struct build_kept *kept)
{
	diags_free(&h->problems);
	h->problems = (struct diags){ 0 };
	return build_remove(h->r, m, with_home, kept, &h->problems);
}

/* What each test begins with, and what it makes of it. */
static struct host h;
static struct manifest m;

static int make_jail(void **unused)
{
	(void)unused;
	host_start(&h);
	jail_usual(&h, &m);
	return 0;
}

static int remove_jail(void **unused)
{
	(void)unused;
	manifest_clear(&m);
	host_end(&h);
	return 0;
}

static void keeps_the_home_under_a_free_name(void **unused)
{
	struct build_kept kept = { 0 };

	(void)unused;
	assert_int_equal(mkdir(in_jail(&h, "../anna.home"), 0755), 0);
	scratch_write(in_jail(&h, "home/anna/letter"), "dear bert");
	assert_int_equal(take_away(&h, &m, false, &kept), ERR_NONE);
	assert_string_equal(kept.home, JAIL_DIR ".home-2");
	scratch_is(scratch_path(h.dir, "home/chroot/anna.home-2/letter"), "dear bert");
	assert_false(scratch_exists(in_jail(&h, "usr")));
	assert_false(has_state(&h));
	build_kept_clear(&kept);
}

static void removes_odd_names_and_deep_trees(void **unused)
{
	struct build_kept kept = { 0 };
	int fd;

	(void)unused;
	scratch_write(in_jail(&h, "home/anna/new\nline"), "");
	scratch_write(in_jail(&h, "home/anna/-rf"), "");
	assert_int_equal(mkdir(in_jail(&h, "home/anna/shut"), 0700), 0);
	scratch_write(in_jail(&h, "home/anna/shut/in"), "");
	if (!getuid())
		assert_int_equal(chmod(in_jail(&h, "home/anna/shut"), 0), 0);
	assert_int_equal(symlink("../../../../..", in_jail(&h, "home/anna/out")), 0);
	assert_int_equal(symlink(h.dir, in_jail(&h, "home/anna/host")), 0);
	/* far longer than any path may be */
	fd = open(in_jail(&h, "home/anna"), O_RDONLY | O_DIRECTORY);
	for (unsigned i = 0; i < 3000; i++) {
		int next;

		assert_int_equal(mkdirat(fd, "deeper", 0755), 0);
		next = openat(fd, "deeper", O_RDONLY | O_DIRECTORY);
		assert_true(next >= 0);
		close(fd);
		fd = next;
	}
	close(fd);
	assert_int_equal(take_away(&h, &m, true, &kept), ERR_NONE);
	assert_null(kept.home);
	assert_false(scratch_exists(scratch_path(h.dir, "home/chroot"))); /* it was made for the jail */
	scratch_is(scratch_path(h.dir, "usr/bin/sh"), "shell");
	scratch_is(scratch_path(h.dir, "etc/hosts"), "127.0.0.1 localhost");
	assert_false(has_state(&h));
}

static void leaves_what_came_to_its_place(void **unused)
{
	struct build_kept kept = { 0 };

	(void)unused;
	assert_int_equal(rename(scratch_path(h.dir, JAIL_DIR + 1), scratch_path(h.dir, "home/chroot/away")), 0);
	scratch_write(scratch_path(h.dir, JAIL_DIR + 1), "a file");
	assert_int_equal(take_away(&h, &m, false, &kept), ERR_CONFIG);
	assert_true(has_problem(&h, "it is no folder"));
	scratch_is(scratch_path(h.dir, JAIL_DIR + 1), "a file");
	/* gone by itself */
	assert_int_equal(unlink(scratch_path(h.dir, JAIL_DIR + 1)), 0);
	assert_int_equal(take_away(&h, &m, false, &kept), ERR_NONE);
	assert_null(kept.home);
	assert_false(has_state(&h));
	assert_true(scratch_exists(scratch_path(h.dir, "home/chroot/away/usr")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keeps_the_home_under_a_free_name, make_jail, remove_jail),
		cmocka_unit_test_setup_teardown(removes_odd_names_and_deep_trees, make_jail, remove_jail),
		cmocka_unit_test_setup_teardown(leaves_what_came_to_its_place, make_jail, remove_jail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
