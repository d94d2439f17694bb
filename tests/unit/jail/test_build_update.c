/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_build_update.c - an update brings a jail to what is wanted, mends what drifted, and leaves alone what is not ours. */
#include "jail_scratch.h"

#include <time.h>

#include "base/banned.h"

/* The jail's manifest as it is on the disk now, and an update from there. */
static enum err update(struct host *h, struct entries *wanted, enum build_how how)
{
	struct manifest m = { 0 };
	enum err e;

	diags_free(&h->problems);
	h->problems = (struct diags){ 0 };
	assert_int_equal(manifest_read(h->r, "anna", &m, NULL), ERR_NONE);
	e = build_update(h->r, &m, wanted, how, &h->told, &h->problems);
	manifest_clear(&m);
	assert_false(scratch_exists(in_jail(h, ".sallyport-update")));
	assert_false(build_unfinished(h->r));
	return e;
}

static void told_is(const struct host *h, size_t added, size_t replaced, size_t removed)
{
	assert_int_equal(h->told.added.n, added);
	assert_int_equal(h->told.replaced.n, replaced);
	assert_int_equal(h->told.removed.n, removed);
}

static ino_t inode(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_ino;
}

static void write_over(struct host *h, const char *path, const char *digest, const char *updated)
{
	struct manifest m = { 0 };

	assert_int_equal(manifest_read(h->r, "anna", &m, NULL), ERR_NONE);
	if (path)
		memcpy(m.entries.v[entries_find(&m.entries, path) - m.entries.v].digest, digest, ENTRY_DIGEST);
	free(m.updated);
	m.updated = strdup(updated);
	assert_int_equal(manifest_write(h->r, &m), ERR_NONE);
	manifest_clear(&m);
}

static void digest_is(const struct host *h, const char *path, const char *digest, bool seen)
{
	struct manifest m = { 0 };
	const struct entry *e;

	assert_int_equal(manifest_read(h->r, "anna", &m, NULL), ERR_NONE);
	e = entries_find(&m.entries, path);
	assert_string_equal(e->digest, digest);
	assert_int_equal(e->seen[0] != '\0', seen);
	manifest_clear(&m);
}

/* What each test begins with, and what it makes of it. */
static struct host h;
static struct manifest m;
static struct entries wanted;

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
	entries_clear(&wanted);
	manifest_clear(&m);
	host_end(&h);
	return 0;
}

static void does_nothing_where_nothing_is_to_do(void **unused)
{
	struct manifest after = { 0 };

	(void)unused;
	entries_usual(&wanted);
	write_over(&h, NULL, NULL, "2026-01-01T00:00:00Z");
	assert_int_equal(update(&h, &wanted, BUILD_SHARE), ERR_NONE);
	told_is(&h, 0, 0, 0);
	assert_int_equal(h.told.same, wanted.n);
	assert_int_equal(manifest_read(h.r, "anna", &after, NULL), ERR_NONE);
	assert_string_equal(after.updated, "2026-01-01T00:00:00Z");
	manifest_clear(&after);
	for (size_t i = 0; i < wanted.n; i++)
		assert_string_equal(wanted.v[i].digest, m.entries.v[i].digest);
}

static void brings_in_a_new_library_and_removes_the_old(void **unused)
{
	(void)unused;
	scratch_write(in_jail(&h, "home/anna/letter"), "dear bert");
	scratch_write(in_jail(&h, "usr/lib/foreign"), "not ours");
	assert_int_equal(unlink(scratch_path(h.dir, "usr/lib/lib.so.1")), 0);
	host_write(&h, "/usr/lib/lib.so.2", "library 2", 0644);
	assert_int_equal(unlink(scratch_path(h.dir, "usr/bin/sh")), 0);
	host_write(&h, "/usr/bin/sh", "SHELL", 0755);
	entries_usual(&wanted);
	for (size_t i = 0; i < wanted.n; i++) {
		if (wanted.v[i].source && strstr(wanted.v[i].source, "lib.so.1")) {
			memcpy(strstr(wanted.v[i].path, ".1"), ".2", 2);
			memcpy(strstr(wanted.v[i].source, ".1"), ".2", 2);
		}
	}
	assert_int_equal(update(&h, &wanted, BUILD_SHARE), ERR_NONE);
	told_is(&h, 1, 1, 1);
	scratch_is(in_jail(&h, "usr/lib/lib.so.2"), "library 2");
	scratch_is(in_jail(&h, "usr/bin/sh"), "SHELL");
	assert_false(scratch_exists(in_jail(&h, "usr/lib/lib.so.1")));
	scratch_is(in_jail(&h, "home/anna/letter"), "dear bert");
	scratch_is(in_jail(&h, "usr/lib/foreign"), "not ours");
}

static void mends_what_drifted(void **unused)
{
	struct stat st;

	(void)unused;
	entries_usual(&wanted);
	/* the same size and time, other content */
	assert_int_equal(lstat(in_jail(&h, "etc/hosts"), &st), 0);
	scratch_write(in_jail(&h, "etc/hosts"), "127.0.0.1 LOCALHOST");
	assert_int_equal(
		utimensat(AT_FDCWD, in_jail(&h, "etc/hosts"), (struct timespec[]){ st.st_mtim, st.st_mtim }, 0), 0);
	assert_int_equal(chmod(in_jail(&h, "etc/passwd"), 04666), 0);
	assert_int_equal(chmod(in_jail(&h, "usr"), 0777), 0);
	assert_int_equal(unlink(in_jail(&h, "usr/bin/sh")), 0);
	assert_int_equal(mkdir(in_jail(&h, "usr/bin/sh"), 0755), 0);
	assert_int_equal(unlink(in_jail(&h, "bin")), 0);
	assert_int_equal(symlink("elsewhere", in_jail(&h, "bin")), 0);
	assert_int_equal(unlink(in_jail(&h, "usr/lib/lib.so.1")), 0);
	assert_int_equal(mkfifo(in_jail(&h, "usr/lib/lib.so.1"), 0644), 0);
	assert_int_equal(update(&h, &wanted, BUILD_SHARE), ERR_NONE);
	told_is(&h, 0, 6, 0);
	scratch_is(in_jail(&h, "etc/hosts"), "127.0.0.1 localhost");
	scratch_is(in_jail(&h, "usr/bin/sh"), "shell");
	scratch_is(in_jail(&h, "usr/lib/lib.so.1"), "library 1");
	assert_int_equal(lstat(in_jail(&h, "usr"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(lstat(in_jail(&h, "etc/passwd"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(update(&h, &wanted, BUILD_SHARE), ERR_NONE);
	told_is(&h, 0, 0, 0);
}

static void never_changes_a_file_of_the_host_through_a_link(void **unused)
{
	struct stat st;

	(void)unused;
	/* it became setuid in the host, and so in the jail */
	assert_int_equal(chmod(scratch_path(h.dir, "usr/bin/sh"), 04755), 0);
	entries_usual(&wanted);
	assert_int_equal(update(&h, &wanted, BUILD_SHARE), ERR_NONE);
	told_is(&h, 0, 1, 0);
	assert_int_equal(lstat(in_jail(&h, "usr/bin/sh"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(lstat(scratch_path(h.dir, "usr/bin/sh"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 04755);
	/* copies from now on */
	assert_int_equal(update(&h, &wanted, BUILD_COPY), ERR_NONE);
	told_is(&h, 0, 1, 0);
	assert_int_not_equal(inode(in_jail(&h, "usr/lib/lib.so.1")), inode(scratch_path(h.dir, "usr/lib/lib.so.1")));
}

static void sees_that_a_shared_file_was_changed_in_place(void **unused)
{
	struct timespec moment = { .tv_sec = 1, .tv_nsec = 100000000 };
	char before[ENTRY_DIGEST];
	struct manifest read = { 0 };

	(void)unused;
	memcpy(before, entries_find(&m.entries, "/usr/bin/sh")->digest, sizeof before);
	nanosleep(&moment, NULL);
	host_write(&h, "/usr/bin/sh", "SHELL", 0755);
	entries_usual(&wanted);
	assert_int_equal(update(&h, &wanted, BUILD_SHARE), ERR_NONE);
	told_is(&h, 0, 0, 0);
	assert_int_equal(manifest_read(h.r, "anna", &read, NULL), ERR_NONE);
	assert_string_not_equal(entries_find(&read.entries, "/usr/bin/sh")->digest, before);
	manifest_clear(&read);
}

static void turns_a_folder_into_a_link_only_where_it_is_ours(void **unused)
{
	struct stat st;

	(void)unused;
	scratch_write(in_jail(&h, "usr/lib/foreign"), "not ours");
	assert_int_equal(entries_add_link(&wanted, "/usr/lib", "lib64"), ERR_NONE);
	assert_int_equal(entries_add_folder(&wanted, "/bin/now/a/folder", 0755), ERR_NONE);
	assert_int_equal(update(&h, &wanted, BUILD_SHARE), ERR_CONFIG);
	assert_true(has_problem(&h, "'/usr/lib/foreign' in it, which is not ours"));
	scratch_is(in_jail(&h, "usr/lib/lib.so.1"), "library 1");
	assert_int_equal(unlink(in_jail(&h, "usr/lib/foreign")), 0);
	assert_int_equal(update(&h, &wanted, BUILD_SHARE), ERR_NONE);
	assert_int_equal(lstat(in_jail(&h, "usr/lib"), &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_true(scratch_exists(in_jail(&h, "bin/now/a/folder")));
	/* what is his stays, though nothing wants it any more */
	assert_true(scratch_exists(in_jail(&h, "home/anna")));
	assert_false(scratch_exists(in_jail(&h, "etc")));
}

static void makes_a_home_anew_with_what_it_begins_with(void **unused)
{
	const struct entry profile = {
		.kind = ENTRY_FILE,
		.path = (char *)"/home/anna/.profile",
		.content = (char *)"hi",
		.len = 2,
		.mode = 0600,
		.his = true,
	};
	struct stat st;

	(void)unused;
	entries_usual(&wanted);
	assert_int_equal(entries_add(&wanted, &profile), ERR_NONE);
	assert_int_equal(update(&h, &wanted, BUILD_SHARE), ERR_NONE);
	assert_false(scratch_exists(in_jail(&h, "home/anna/.profile"))); /* his home is there, and his */
	assert_int_equal(rmdir(in_jail(&h, "home/anna")), 0);
	assert_int_equal(update(&h, &wanted, BUILD_SHARE), ERR_NONE);
	scratch_is(in_jail(&h, "home/anna/.profile"), "hi");
	assert_int_equal(lstat(in_jail(&h, "home/anna/.profile"), &st), 0);
	assert_int_equal(st.st_uid, m.jail.uid);
}

static void add_folder(struct entries *all, const char *path, mode_t mode, bool his)
{
	const struct entry e = { .kind = ENTRY_FOLDER, .path = (char *)path, .mode = mode, .his = his };

	assert_int_equal(entries_add(all, &e), ERR_NONE);
}

static void folder_is(const char *path, uid_t uid, mode_t mode)
{
	struct stat st;

	assert_int_equal(lstat(in_jail(&h, path), &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(st.st_uid, uid);
	assert_int_equal(st.st_mode & 07777, mode);
}

static void gives_what_was_roots_to_the_user_once(void **unused)
{
	(void)unused;
	if (getuid())
		skip(); /* gives nothing away */
	entries_usual(&wanted);
	add_folder(&wanted, "/srv/x", 0755, false);
	assert_int_equal(entries_add_link(&wanted, "/srv/y", "x"), ERR_NONE);
	assert_int_equal(entries_add_content(&wanted, "/srv/x/ours", "x", 1, 0644), ERR_NONE);
	assert_int_equal(update(&h, &wanted, BUILD_SHARE), ERR_NONE);
	entries_clear(&wanted);
	entries_usual(&wanted);
	add_folder(&wanted, "/srv/x", 0700, true);
	add_folder(&wanted, "/srv/y", 0700, true);
	scratch_write(in_jail(&h, "srv/x/roots"), "x");
	assert_int_equal(update(&h, &wanted, BUILD_SHARE), ERR_NONE);
	told_is(&h, 0, 2, 1);
	folder_is("srv/x", m.jail.uid, 0700);
	folder_is("srv/y", m.jail.uid, 0700);
	assert_false(scratch_exists(in_jail(&h, "srv/x/ours")));
	assert_true(scratch_exists(in_jail(&h, "srv/x/roots")));
	/* from then on it is his to change, and root's to take by hand */
	assert_int_equal(chmod(in_jail(&h, "srv/x"), 0750), 0);
	assert_int_equal(chown(in_jail(&h, "srv/y"), 0, 0), 0);
	assert_int_equal(update(&h, &wanted, BUILD_SHARE), ERR_NONE);
	told_is(&h, 0, 0, 0);
	folder_is("srv/x", m.jail.uid, 0750);
	folder_is("srv/y", 0, 0700);
}

static void takes_back_what_was_the_users_and_nothing_of_his_is_lost(void **unused)
{
	(void)unused;
	if (getuid())
		skip(); /* nothing is another's */
	entries_usual(&wanted);
	add_folder(&wanted, "/srv/x", 0777, true);
	assert_int_equal(update(&h, &wanted, BUILD_SHARE), ERR_NONE);
	scratch_write(in_jail(&h, "srv/x/his"), "his");
	entries_clear(&wanted);
	entries_usual(&wanted);
	add_folder(&wanted, "/srv/x", 0755, false);
	assert_int_equal(entries_add_content(&wanted, "/srv/x/his", "ours", 4, 0644), ERR_NONE);
	assert_int_equal(chown(in_jail(&h, "srv/x/his"), m.jail.uid, m.jail.gid), 0);
	assert_int_equal(update(&h, &wanted, BUILD_SHARE), ERR_CONFIG);
	assert_true(has_problem(&h, "/srv/x/his"));
	assert_true(has_problem(&h, "the user, whose folder that was"));
	folder_is("srv/x", m.jail.uid, 0777);
	assert_int_equal(rename(in_jail(&h, "srv/x/his"), in_jail(&h, "srv/x/moved")), 0);
	assert_int_equal(update(&h, &wanted, BUILD_SHARE), ERR_NONE);
	told_is(&h, 1, 1, 0);
	folder_is("srv/x", 0, 0755);
	scratch_is(in_jail(&h, "srv/x/his"), "ours");
	scratch_is(in_jail(&h, "srv/x/moved"), "his");
}

static void leaves_the_old_where_the_new_cannot_be_had(void **unused)
{
	(void)unused;
	entries_usual(&wanted);
	assert_int_equal(entries_add_file(&wanted, "/usr/lib/none", "/usr/lib/none", 0644), ERR_NONE);
	assert_int_equal(entries_add_content(&wanted, "/etc/new", "x", 1, 0644), ERR_NONE);
	assert_int_equal(update(&h, &wanted, BUILD_SHARE), ERR_CONFIG);
	assert_true(has_problem(&h, "/usr/lib/none"));
	assert_false(scratch_exists(in_jail(&h, "etc/new")));
}

static void reads_a_shared_file_again_only_when_it_was_touched(void **unused)
{
	static const char wrong[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct timespec moment = { .tv_sec = 3, .tv_nsec = 100000000 };
	char right[ENTRY_DIGEST];
	struct stat st;

	(void)unused;
	memcpy(right, entries_find(&m.entries, "/usr/bin/sh")->digest, sizeof right);
	nanosleep(&moment, NULL); /* just after a change nothing is remembered */
	entries_usual(&wanted);
	assert_int_equal(update(&h, &wanted, BUILD_SHARE), ERR_NONE);
	told_is(&h, 0, 0, 0);
	digest_is(&h, "/usr/bin/sh", right, true);
	/* a digest that stays, however wrong, was believed without reading */
	write_over(&h, "/usr/bin/sh", wrong, "2026-01-01T00:00:00Z");
	assert_int_equal(update(&h, &wanted, BUILD_SHARE), ERR_NONE);
	digest_is(&h, "/usr/bin/sh", wrong, true);
	/* changed in place, with its old time, by a clock that is behind the manifest's */
	write_over(&h, "/usr/bin/sh", wrong, "2999-01-01T00:00:00Z");
	assert_int_equal(lstat(scratch_path(h.dir, "usr/bin/sh"), &st), 0);
	host_write(&h, "/usr/bin/sh", "shell", 0755);
	assert_int_equal(utimensat(AT_FDCWD, scratch_path(h.dir, "usr/bin/sh"),
				   (struct timespec[]){ st.st_mtim, st.st_mtim }, 0),
			 0);
	assert_int_equal(update(&h, &wanted, BUILD_SHARE), ERR_NONE);
	digest_is(&h, "/usr/bin/sh", right, false);
}

static void mends_the_folder_of_the_jail_itself(void **unused)
{
	struct stat st;

	(void)unused;
	entries_usual(&wanted);
	assert_int_equal(chmod(in_jail(&h, ""), 0775), 0);
	if (!getuid())
		assert_int_equal(chown(in_jail(&h, ""), 1001, 1001), 0);
	assert_int_equal(update(&h, &wanted, BUILD_SHARE), ERR_NONE);
	told_is(&h, 0, 1, 0);
	assert_int_equal(lstat(in_jail(&h, ""), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(st.st_uid, geteuid());
	assert_int_equal(st.st_gid, getegid());
	assert_int_equal(update(&h, &wanted, BUILD_SHARE), ERR_NONE);
	told_is(&h, 0, 0, 0);
}

static void takes_over_a_mode_that_became_less(void **unused)
{
	struct stat st;

	(void)unused;
	entries_usual(&wanted); /* it was found with 0644 */
	assert_int_equal(chmod(scratch_path(h.dir, "etc/hosts"), 0600), 0);
	assert_int_equal(update(&h, &wanted, BUILD_SHARE), ERR_NONE);
	told_is(&h, 0, 1, 0);
	assert_int_equal(lstat(in_jail(&h, "etc/hosts"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(update(&h, &wanted, BUILD_SHARE), ERR_NONE);
	told_is(&h, 0, 0, 0);
}

static void leaves_the_host_its_immutable_file(void **unused)
{
	bool can, kept = false;

	(void)unused;
	entries_usual(&wanted);
	can = set_immutable(scratch_path(h.dir, "usr/bin/sh"), true);
	if (can) {
		assert_int_equal(update(&h, &wanted, BUILD_COPY), ERR_NONE);
		scratch_is(in_jail(&h, "usr/bin/sh"), "shell");
		assert_int_not_equal(inode(in_jail(&h, "usr/bin/sh")), inode(scratch_path(h.dir, "usr/bin/sh")));
		kept = is_immutable(scratch_path(h.dir, "usr/bin/sh"));
		set_immutable(scratch_path(h.dir, "usr/bin/sh"), false);
	}
	if (!can) {
		print_message("# no file can be made immutable here\n");
		skip();
	}
	assert_true(kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(does_nothing_where_nothing_is_to_do, make_jail, remove_jail),
		cmocka_unit_test_setup_teardown(brings_in_a_new_library_and_removes_the_old, make_jail, remove_jail),
		cmocka_unit_test_setup_teardown(mends_what_drifted, make_jail, remove_jail),
		cmocka_unit_test_setup_teardown(never_changes_a_file_of_the_host_through_a_link, make_jail,
						remove_jail),
		cmocka_unit_test_setup_teardown(sees_that_a_shared_file_was_changed_in_place, make_jail, remove_jail),
		cmocka_unit_test_setup_teardown(turns_a_folder_into_a_link_only_where_it_is_ours, make_jail,
						remove_jail),
		cmocka_unit_test_setup_teardown(makes_a_home_anew_with_what_it_begins_with, make_jail, remove_jail),
		cmocka_unit_test_setup_teardown(gives_what_was_roots_to_the_user_once, make_jail, remove_jail),
		cmocka_unit_test_setup_teardown(takes_back_what_was_the_users_and_nothing_of_his_is_lost, make_jail,
						remove_jail),
		cmocka_unit_test_setup_teardown(leaves_the_old_where_the_new_cannot_be_had, make_jail, remove_jail),
		cmocka_unit_test_setup_teardown(reads_a_shared_file_again_only_when_it_was_touched, make_jail,
						remove_jail),
		cmocka_unit_test_setup_teardown(mends_the_folder_of_the_jail_itself, make_jail, remove_jail),
		cmocka_unit_test_setup_teardown(takes_over_a_mode_that_became_less, make_jail, remove_jail),
		cmocka_unit_test_setup_teardown(leaves_the_host_its_immutable_file, make_jail, remove_jail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
