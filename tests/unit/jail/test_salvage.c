/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_salvage.c - a jail without a sound manifest: known again by its tree, made sound or taken away, and nothing in it is lost. */
#include "jail_scratch.h"

#include "jail/salvage.h"

#include "base/banned.h"

#define KEPT "home/chroot/anna.kept/" /* the jail itself may be gone */

/* What each test begins with: a jail with things of others in it, and a manifest that is torn. */
static struct host h;
static struct manifest m;
static struct entries wanted;

static int make_lost(void **unused)
{
	(void)unused;
	host_start(&h);
	jail_usual(&h, &m);
	scratch_write(in_jail(&h, "home/anna/letter"), "dear bert");
	scratch_write(in_jail(&h, "etc/motd"), "welcome");
	assert_int_equal(mkdir(in_jail(&h, "srv"), 0755), 0);
	assert_int_equal(mkdir(in_jail(&h, "srv/empty"), 0755), 0);
	assert_int_equal(symlink("motd", in_jail(&h, "etc/issue")), 0);
	scratch_write(in_jail(&h, "usr/lib/libold.so"), "old");
	/* a copy, as of another time */
	assert_int_equal(unlink(in_jail(&h, "usr/lib/lib.so.1")), 0);
	scratch_write(in_jail(&h, "usr/lib/lib.so.1"), "library 0");
	assert_int_equal(scratch_exists(scratch_path(h.dir, "var/lib/sallyport/jails/anna/manifest.json")), true);
	scratch_write(scratch_path(h.dir, "var/lib/sallyport/jails/anna/manifest.json"), "{ \"schema\"");
	wanted = (struct entries){ 0 };
	entries_usual(&wanted);
	return 0;
}

static int end_lost(void **unused)
{
	(void)unused;
	entries_clear(&wanted);
	manifest_clear(&m);
	host_end(&h);
	return 0;
}

/* All that is known of it. */
static void lost_of(struct manifest *lost)
{
	*lost = (struct manifest){ .lost = true };
	lost->jail.user = strdup("anna");
	lost->jail.uid = m.jail.uid;
	lost->jail.gid = m.jail.gid;
	lost->jail.dir = strdup(JAIL_DIR);
	lost->jail.home = strdup("/home/anna");
	lost->jail.shell = strdup("/usr/bin/sh");
}

static void kept_is(const char *path, const char *content)
{
	char at[PATH_MAX];

	assert_true(snprintf(at, sizeof at, KEPT "%s", path) < PATH_MAX);
	scratch_is(scratch_path(h.dir, at), content);
}

static bool is_kept(const char *path)
{
	struct stat st;
	char at[PATH_MAX];

	assert_true(snprintf(at, sizeof at, KEPT "%s", path) < PATH_MAX);
	return lstat(scratch_path(h.dir, at), &st) == 0;
}

static void made_sound_it_has_what_is_wanted_and_the_rest_is_beside_it(void **unused)
{
	struct manifest lost, now = { 0 };
	struct stat st;
	char *kept = NULL;

	(void)unused;
	lost_of(&lost);
	assert_int_equal(build_again(h.r, &lost, &wanted, BUILD_SHARE, &h.told, &kept, &h.problems), ERR_NONE);
	assert_string_equal(kept, JAIL_DIR ".kept");
	assert_int_equal(stat(in_jail(&h, "../anna.kept"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	kept_is("etc/motd", "welcome");
	kept_is("usr/lib/libold.so", "old");
	kept_is("usr/lib/lib.so.1", "library 0");
	assert_true(is_kept("etc/issue"));
	/* as the host has it, or as it is made anew: nothing is lost */
	assert_false(is_kept("usr/bin/sh") || is_kept("etc/hosts") || is_kept("etc/passwd") || is_kept("bin"));
	assert_false(is_kept("home"));
	scratch_is(in_jail(&h, "usr/lib/lib.so.1"), "library 1");
	scratch_is(in_jail(&h, "home/anna/letter"), "dear bert");
	assert_false(scratch_exists(in_jail(&h, "etc/motd")) || scratch_exists(in_jail(&h, "usr/lib/libold.so")) ||
		     scratch_exists(in_jail(&h, "srv")));
	assert_int_equal(manifest_read(h.r, "anna", &now, NULL), ERR_NONE);
	assert_false(now.lost);
	assert_int_equal(now.state, MANIFEST_READY);
	assert_int_equal(now.entries.n, wanted.n);
	assert_true(manifest_at_rest(h.r, "anna"));
	free(kept);
	manifest_clear(&now);
	manifest_clear(&lost);
}

static void taken_away_it_leaves_the_home_and_what_may_be_somebodys(void **unused)
{
	struct build_kept kept = { 0 };
	struct manifest lost;

	(void)unused;
	lost_of(&lost);
	assert_int_equal(entries_add_folder(&lost.entries, "/home/anna", 0700), ERR_NONE);
	assert_int_equal(build_remove(h.r, &lost, false, &kept, &h.problems), ERR_NONE);
	assert_string_equal(kept.home, JAIL_DIR ".home");
	assert_string_equal(kept.other, JAIL_DIR ".kept");
	scratch_is(scratch_path(h.dir, "home/chroot/anna.home/letter"), "dear bert");
	kept_is("etc/motd", "welcome");
	kept_is("usr/lib/lib.so.1", "library 0");
	assert_false(is_kept("usr/bin/sh"));
	assert_false(scratch_exists(in_jail(&h, "")));
	assert_false(has_state(&h));
	build_kept_clear(&kept);
	manifest_clear(&lost);
}

/* With nothing but its own in it there is no such folder. */
static void nothing_is_kept_where_all_is_ours(void **unused)
{
	static const char *const theirs[] = { "etc/motd", "etc/issue", "usr/lib/libold.so", "usr/lib/lib.so.1" };
	struct manifest lost;
	char *kept = NULL;

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(theirs); i++)
		assert_int_equal(unlink(in_jail(&h, theirs[i])), 0);
	lost_of(&lost);
	assert_int_equal(build_again(h.r, &lost, &wanted, BUILD_SHARE, &h.told, &kept, &h.problems), ERR_NONE);
	assert_null(kept);
	scratch_is(in_jail(&h, "usr/lib/lib.so.1"), "library 1");
	assert_false(scratch_exists(in_jail(&h, "../.anna.sallyport-kept")));
	manifest_clear(&lost);
}

/* Others than root may write there, so it is nothing that we could have made. */
static void what_others_could_have_put_there_stays(void **unused)
{
	struct manifest lost;
	char *kept = NULL;

	(void)unused;
	assert_int_equal(chmod(in_jail(&h, "srv"), 0777), 0);
	assert_int_equal(mkdir(in_jail(&h, "srv/in"), 0755), 0);
	scratch_write(in_jail(&h, "srv/in/theirs"), "theirs");
	lost_of(&lost);
	assert_int_equal(build_again(h.r, &lost, &wanted, BUILD_SHARE, &h.told, &kept, &h.problems), ERR_NONE);
	scratch_is(in_jail(&h, "srv/in/theirs"), "theirs");
	assert_false(is_kept("srv/in/theirs"));
	free(kept);
	manifest_clear(&lost);
}

static void only_looking_keeps_nothing(void **unused)
{
	struct manifest lost;
	struct salvage s = { .r = h.r, .wanted = &wanted };

	(void)unused;
	lost_of(&lost);
	s.jail = &lost.jail;
	assert_int_equal(build_look_lost(h.r, &s, &h.problems), ERR_NONE);
	assert_int_equal(s.kept, 4);
	assert_int_equal(s.names.n, 4);
	assert_false(scratch_exists(in_jail(&h, "../.anna.sallyport-kept")));
	scratch_is(in_jail(&h, "etc/motd"), "welcome");
	salvage_clear(&s);
	manifest_clear(&lost);
}

static void same_names_of_two_removals_do_not_meet(void **unused)
{
	struct manifest lost;
	char *kept = NULL;

	(void)unused;
	assert_int_equal(mkdir(in_jail(&h, "../anna.kept"), 0755), 0);
	lost_of(&lost);
	assert_int_equal(build_again(h.r, &lost, &wanted, BUILD_SHARE, &h.told, &kept, &h.problems), ERR_NONE);
	assert_string_equal(kept, JAIL_DIR ".kept-2");
	free(kept);
	manifest_clear(&lost);
}

/* ---- is it the jail? ---- */

static enum err know(struct jail *j, const char *dir, const char *home)
{
	diags_free(&h.problems);
	jail_clear(j);
	*j = (struct jail){ .user = strdup("anna"), .dir = strdup(dir), .home = strdup(home), .shell = strdup("/x") };
	return salvage_know(h.r, j, &h.problems);
}

static void its_own_passwd_says_whose_it_is(void **unused)
{
	struct jail j = { 0 };
	char line[128];

	(void)unused;
	assert_int_equal(know(&j, JAIL_DIR, "/home/elsewhere"), ERR_CONFIG);
	assert_true(has_problem(&h, "the home of its user is not in it"));
	snprintf(line, sizeof line, "root:x:0:0:root:/:/bin/no\nanna:x:%lu:7::/home/anna:/bin/zsh\n",
		 (unsigned long)m.jail.uid);
	scratch_write(in_jail(&h, "etc/passwd"), line);
	assert_int_equal(know(&j, JAIL_DIR, "/home/elsewhere"), ERR_NONE);
	assert_string_equal(j.home, "/home/anna");
	assert_string_equal(j.shell, "/bin/zsh");
	assert_int_equal(j.gid, 7);
	scratch_write(in_jail(&h, "etc/passwd"), "anna:x:4242:7::/home/anna:/bin/zsh\n");
	assert_int_equal(know(&j, JAIL_DIR, "/home/anna"), ERR_CONFIG);
	assert_true(has_problem(&h, "does not belong to its user"));
	/* a line cut off anywhere says nothing, or all of it */
	for (size_t n = 0; n < strlen(line); n++) {
		char *cut = strndup(line, n);

		assert_non_null(cut);
		scratch_write(in_jail(&h, "etc/passwd"), cut);
		assert_int_equal(know(&j, JAIL_DIR, "/home/anna"), ERR_NONE);
		assert_int_equal(j.uid, m.jail.uid);
		assert_string_equal(j.home, "/home/anna");
		free(cut);
	}
	jail_clear(&j);
}

static void no_other_folder_is_taken_for_a_jail(void **unused)
{
	struct jail j = { 0 };

	(void)unused;
	assert_int_equal(know(&j, "/usr", "/home/anna"), ERR_CONFIG);
	assert_int_equal(know(&j, "/etc/hosts", "/home/anna"), ERR_CONFIG);
	assert_int_equal(know(&j, "/home/chroot/nobody", "/home/anna"), ERR_NONE); /* nothing is there */
	assert_int_equal(chmod(in_jail(&h, ""), 0775), 0);
	assert_int_equal(know(&j, JAIL_DIR, "/home/anna"), ERR_CONFIG);
	assert_true(has_problem(&h, "others than root may write to it"));
	jail_clear(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(made_sound_it_has_what_is_wanted_and_the_rest_is_beside_it, make_lost,
						end_lost),
		cmocka_unit_test_setup_teardown(taken_away_it_leaves_the_home_and_what_may_be_somebodys, make_lost,
						end_lost),
		cmocka_unit_test_setup_teardown(nothing_is_kept_where_all_is_ours, make_lost, end_lost),
		cmocka_unit_test_setup_teardown(what_others_could_have_put_there_stays, make_lost, end_lost),
		cmocka_unit_test_setup_teardown(only_looking_keeps_nothing, make_lost, end_lost),
		cmocka_unit_test_setup_teardown(same_names_of_two_removals_do_not_meet, make_lost, end_lost),
		cmocka_unit_test_setup_teardown(its_own_passwd_says_whose_it_is, make_lost, end_lost),
		cmocka_unit_test_setup_teardown(no_other_folder_is_taken_for_a_jail, make_lost, end_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
