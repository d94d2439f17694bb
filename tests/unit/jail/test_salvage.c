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
	int dir = open(h.dir, O_RDONLY | O_DIRECTORY);

	(void)unused;
	assert_int_equal(walk_remove(dir, "home", NULL), ERR_NONE); /* deeper than scratch_remove() can go */
	close(dir);
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

/* ---- what a user can put into the way ---- */

#define DEEP_NAME "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
#define DEEP 50	   /* of these below each other: more than a path can have */
#define MANY 70000 /* names of a file: more than ext4 allows */

/* A folder for all to write to, with a chain of folders in it. */
static void make_deep(const char *path)
{
	int at, next;

	assert_int_equal(chmod(path, 0777), 0);
	at = open(path, O_RDONLY | O_DIRECTORY);
	for (unsigned i = 0; i < DEEP; i++, at = next) {
		assert_int_equal(mkdirat(at, DEEP_NAME, 0700), 0);
		next = openat(at, DEEP_NAME, O_RDONLY | O_DIRECTORY);
		assert_true(next >= 0);
		close(at);
	}
	next = openat(at, "secret", O_WRONLY | O_CREAT, 0600);
	assert_true(next >= 0);
	close(next);
	close(at);
}

static bool is_deep(const char *path)
{
	int at = open(path, O_RDONLY | O_DIRECTORY), next;
	bool found;

	for (unsigned i = 0; i < DEEP && at >= 0; i++, at = next) {
		next = openat(at, DEEP_NAME, O_RDONLY | O_DIRECTORY);
		close(at);
	}
	found = at >= 0 && !faccessat(at, "secret", F_OK, 0);
	close(at);
	return found;
}

static enum err take_away(struct build_kept *kept, bool with_home)
{
	struct manifest lost;
	enum err e;

	lost_of(&lost);
	assert_int_equal(entries_add_folder(&lost.entries, "/home/anna", 0700), ERR_NONE);
	e = build_remove(h.r, &lost, with_home, kept, &h.problems);
	manifest_clear(&lost);
	return e;
}

static void folders_of_any_depth_stay_when_it_is_made_sound(void **unused)
{
	struct manifest lost;
	char *kept = NULL;

	(void)unused;
	make_deep(in_jail(&h, "srv"));
	lost_of(&lost);
	assert_int_equal(build_again(h.r, &lost, &wanted, BUILD_SHARE, &h.told, &kept, &h.problems), ERR_NONE);
	assert_true(is_deep(in_jail(&h, "srv")));
	assert_false(is_kept("srv"));
	free(kept);
	manifest_clear(&lost);
}

static void folders_of_any_depth_are_moved_out_of_one_that_goes(void **unused)
{
	struct build_kept kept = { 0 };
	struct stat before, after;

	(void)unused;
	make_deep(in_jail(&h, "srv"));
	assert_int_equal(stat(in_jail(&h, "srv"), &before), 0);
	assert_int_equal(take_away(&kept, false), ERR_NONE);
	assert_true(is_deep(scratch_path(h.dir, KEPT "srv")));
	assert_int_equal(stat(scratch_path(h.dir, KEPT "srv"), &after), 0);
	assert_int_equal(after.st_ino, before.st_ino);
	assert_int_equal(after.st_mode, before.st_mode);
	assert_false(scratch_exists(in_jail(&h, "")) || has_state(&h));
	build_kept_clear(&kept);
}

/* Of root's they can only be root's own doing. */
static void folders_of_roots_of_any_depth_are_in_nobodys_way_either(void **unused)
{
	struct build_kept kept = { 0 };
	struct manifest lost;
	char *shown = NULL;

	(void)unused;
	make_deep(in_jail(&h, "srv"));
	assert_int_equal(chmod(in_jail(&h, "srv"), 0755), 0);
	lost_of(&lost);
	assert_int_equal(build_again(h.r, &lost, &wanted, BUILD_SHARE, &h.told, &shown, &h.problems), ERR_NONE);
	assert_true(is_deep(in_jail(&h, "srv")));
	free(shown);
	manifest_clear(&lost);
	scratch_write(scratch_path(h.dir, "var/lib/sallyport/jails/anna/manifest.json"), "{ \"schema\"");
	assert_int_equal(take_away(&kept, false), ERR_NONE);
	assert_string_equal(kept.other, JAIL_DIR ".kept-2");
	assert_true(is_deep(scratch_path(h.dir, JAIL_DIR ".kept-2/srv" + 1)));
	build_kept_clear(&kept);
}

/* False where this file system has no limit that is worth the while. */
static bool link_all(const char *path, const char *folder)
{
	int dir = open(folder, O_RDONLY | O_DIRECTORY), n = 0;
	char name[16];

	assert_true(dir >= 0);
	do
		snprintf(name, sizeof name, "l%d", n);
	while (!linkat(AT_FDCWD, path, dir, name, 0) && ++n < MANY);
	assert_true(n == MANY || errno == EMLINK);
	close(dir);
	return n < MANY;
}

static void a_file_with_as_many_names_as_it_can_have_is_moved_or_copied(void **unused)
{
	struct build_kept kept = { 0 };
	struct manifest lost;
	struct stat st;
	char *shown = NULL;

	(void)unused;
	assert_int_equal(chmod(in_jail(&h, "srv"), 0777), 0);
	assert_int_equal(chmod(in_jail(&h, "etc/motd"), 04640), 0);
	if (!link_all(in_jail(&h, "etc/motd"), in_jail(&h, "srv")))
		skip();
	lost_of(&lost);
	if (build_again(h.r, &lost, &wanted, BUILD_SHARE, &h.told, &shown, &h.problems))
		fail_msg("%s", h.problems.n ? h.problems.v[0].text : "");
	kept_is("etc/motd", "welcome");
	assert_int_equal(stat(scratch_path(h.dir, KEPT "etc/motd"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_nlink, 1);
	scratch_is(in_jail(&h, "srv/l0"), "welcome");
	assert_false(scratch_exists(in_jail(&h, "etc/motd")));
	free(shown);
	manifest_clear(&lost);
	/* and in a folder that is looked through */
	scratch_write(scratch_path(h.dir, "var/lib/sallyport/jails/anna/manifest.json"), "{ \"schema\"");
	assert_int_equal(chmod(in_jail(&h, "srv"), 0755), 0);
	assert_int_equal(link(in_jail(&h, "srv/l0"), in_jail(&h, "etc/motd")), 0);
	assert_int_equal(take_away(&kept, false), ERR_NONE);
	scratch_is(scratch_path(h.dir, JAIL_DIR ".kept-2/etc/motd" + 1), "welcome");
	scratch_is(scratch_path(h.dir, JAIL_DIR ".kept-2/srv/l0" + 1), "welcome");
	build_kept_clear(&kept);
}

/* It stays by its other names, which are out of the way. */
static void a_file_of_his_with_as_many_names_is_in_nobodys_way(void **unused)
{
	struct manifest lost;
	char *shown = NULL;

	(void)unused;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(in_jail(&h, "srv"), 0777), 0);
	scratch_write(in_jail(&h, "srv/conf"), "his");
	assert_int_equal(chown(in_jail(&h, "srv/conf"), 1001, 1001), 0);
	if (!link_all(in_jail(&h, "srv/conf"), in_jail(&h, "srv/empty")))
		skip();
	assert_int_equal(chmod(in_jail(&h, "srv/empty"), 0777), 0);
	assert_int_equal(entries_add_content(&wanted, "/srv/conf", "ours", 4, 0644), ERR_NONE);
	lost_of(&lost);
	if (build_again(h.r, &lost, &wanted, BUILD_SHARE, &h.told, &shown, &h.problems))
		fail_msg("%s", h.problems.n ? h.problems.v[0].text : "");
	scratch_is(in_jail(&h, "srv/conf"), "ours");
	scratch_is(in_jail(&h, "srv/empty/l0"), "his");
	free(shown);
	manifest_clear(&lost);
}

/* The way to what the jail gets in a folder is looked through, whoever could write there. */
static void what_is_wanted_in_a_folder_of_others_is_told_from_the_rest(void **unused)
{
	struct manifest lost;
	struct salvage s = { .r = h.r, .wanted = &wanted };

	(void)unused;
	assert_int_equal(chmod(in_jail(&h, "usr"), 0777), 0);
	assert_int_equal(mkdir(in_jail(&h, "usr/lib/more"), 0755), 0);
	scratch_write(in_jail(&h, "usr/lib/more/one"), "1");
	scratch_write(in_jail(&h, "usr/lib/more/two"), "2");
	assert_int_equal(mkdir(in_jail(&h, "usr/lib/none"), 0755), 0);
	lost_of(&lost);
	s.jail = &lost.jail;
	assert_int_equal(build_look_lost(h.r, &s, &h.problems), ERR_NONE);
	strings_sort(&s.names);
	assert_int_equal(s.names.n, 5);
	assert_string_equal(s.names.v[0], "/etc/issue");
	assert_string_equal(s.names.v[1], "/etc/motd");
	assert_string_equal(s.names.v[2], "/usr/lib/lib.so.1");
	assert_string_equal(s.names.v[3], "/usr/lib/libold.so");
	assert_string_equal(s.names.v[4], "/usr/lib/more/");
	salvage_clear(&s);
	manifest_clear(&lost);
}

static void a_home_that_goes_is_not_kept_with_the_folder_above_it(void **unused)
{
	struct build_kept kept = { 0 };

	(void)unused;
	assert_int_equal(chmod(in_jail(&h, "home"), 0777), 0);
	scratch_write(in_jail(&h, "home/other"), "theirs");
	assert_int_equal(take_away(&kept, true), ERR_NONE);
	assert_null(kept.home);
	kept_is("home/other", "theirs");
	assert_false(is_kept("home/anna"));
	build_kept_clear(&kept);
}

/* It had made out less of what is ours than this one, say. */
static void goes_on_with_what_a_run_that_was_cut_off_has_moved(void **unused)
{
	struct build_kept kept = { 0 };

	(void)unused;
	assert_int_equal(chmod(in_jail(&h, "srv"), 0777), 0);
	assert_int_equal(mkdir(in_jail(&h, "srv/in"), 0755), 0);
	scratch_write(in_jail(&h, "srv/in/second"), "2");
	assert_int_equal(mkdir(in_jail(&h, "../.anna.sallyport-kept"), 0700), 0);
	assert_int_equal(mkdir(in_jail(&h, "../.anna.sallyport-kept/srv"), 0700), 0);
	scratch_write(in_jail(&h, "../.anna.sallyport-kept/srv/first"), "1");
	/* a second name */
	assert_int_equal(mkdir(in_jail(&h, "../.anna.sallyport-kept/etc"), 0700), 0);
	assert_int_equal(link(in_jail(&h, "etc/motd"), in_jail(&h, "../.anna.sallyport-kept/etc/motd")), 0);
	assert_int_equal(take_away(&kept, false), ERR_NONE);
	kept_is("srv/first", "1");
	kept_is("srv/in/second", "2");
	kept_is("etc/motd", "welcome");
	build_kept_clear(&kept);
}

static void what_must_not_change_is_moved_all_the_same(void **unused)
{
	struct build_kept kept = { 0 };

	(void)unused;
	assert_int_equal(chmod(in_jail(&h, "srv"), 0777), 0);
	scratch_write(in_jail(&h, "srv/theirs"), "theirs");
	if (!set_immutable(in_jail(&h, "etc/motd"), true))
		skip();
	assert_true(set_immutable(in_jail(&h, "etc"), true) && set_immutable(in_jail(&h, "srv"), true));
	assert_int_equal(take_away(&kept, false), ERR_NONE);
	kept_is("etc/motd", "welcome");
	kept_is("srv/theirs", "theirs");
	assert_true(is_immutable(scratch_path(h.dir, KEPT "etc/motd")) &&
		    is_immutable(scratch_path(h.dir, KEPT "srv")));
	assert_true(set_immutable(scratch_path(h.dir, KEPT "etc/motd"), false) &&
		    set_immutable(scratch_path(h.dir, KEPT "srv"), false));
	build_kept_clear(&kept);
}

static void no_descriptor_is_left_open(void **unused)
{
	const size_t before = scratch_descriptors();
	struct build_kept kept = { 0 };

	(void)unused;
	make_deep(in_jail(&h, "srv"));
	assert_int_equal(take_away(&kept, false), ERR_NONE);
	assert_int_equal(scratch_descriptors(), before);
	build_kept_clear(&kept);
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
		cmocka_unit_test_setup_teardown(folders_of_any_depth_stay_when_it_is_made_sound, make_lost, end_lost),
		cmocka_unit_test_setup_teardown(folders_of_any_depth_are_moved_out_of_one_that_goes, make_lost,
						end_lost),
		cmocka_unit_test_setup_teardown(folders_of_roots_of_any_depth_are_in_nobodys_way_either, make_lost,
						end_lost),
		cmocka_unit_test_setup_teardown(a_file_with_as_many_names_as_it_can_have_is_moved_or_copied, make_lost,
						end_lost),
		cmocka_unit_test_setup_teardown(a_file_of_his_with_as_many_names_is_in_nobodys_way, make_lost,
						end_lost),
		cmocka_unit_test_setup_teardown(what_is_wanted_in_a_folder_of_others_is_told_from_the_rest, make_lost,
						end_lost),
		cmocka_unit_test_setup_teardown(a_home_that_goes_is_not_kept_with_the_folder_above_it, make_lost,
						end_lost),
		cmocka_unit_test_setup_teardown(goes_on_with_what_a_run_that_was_cut_off_has_moved, make_lost,
						end_lost),
		cmocka_unit_test_setup_teardown(what_must_not_change_is_moved_all_the_same, make_lost, end_lost),
		cmocka_unit_test_setup_teardown(no_descriptor_is_left_open, make_lost, end_lost),
		cmocka_unit_test_setup_teardown(only_looking_keeps_nothing, make_lost, end_lost),
		cmocka_unit_test_setup_teardown(same_names_of_two_removals_do_not_meet, make_lost, end_lost),
		cmocka_unit_test_setup_teardown(its_own_passwd_says_whose_it_is, make_lost, end_lost),
		cmocka_unit_test_setup_teardown(no_other_folder_is_taken_for_a_jail, make_lost, end_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
