/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_build.c - a jail is made as it was asked for, or there is nothing of it. */
#include "jail_scratch.h"

#include <sys/xattr.h>

#include "base/banned.h"

static ino_t inode(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_ino;
}

static void makes_what_was_asked_for(void **unused)
{
	struct manifest m, read = { 0 };
	char target[16] = "";
	struct host h;
	struct stat st;

	(void)unused;
	host_start(&h);
	jail_usual(&h, &m);
	scratch_is(in_jail(&h, "usr/bin/sh"), "shell");
	scratch_is(in_jail(&h, "etc/passwd"), "root\nanna\n");
	assert_int_equal(readlink(in_jail(&h, "bin"), target, sizeof target - 1), 7);
	assert_string_equal(target, "usr/bin");
	assert_int_equal(lstat(in_jail(&h, "home/anna"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(st.st_uid, m.jail.uid);
	assert_int_equal(lstat(in_jail(&h, "."), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	/* of /usr the host's own file, of /etc never */
	assert_int_equal(inode(in_jail(&h, "usr/bin/sh")), inode(scratch_path(h.dir, "usr/bin/sh")));
	assert_int_not_equal(inode(in_jail(&h, "etc/hosts")), inode(scratch_path(h.dir, "etc/hosts")));
	assert_int_equal(h.told.bytes_linked, 5 + 9);
	assert_string_equal(m.above, "/home/chroot");
	assert_int_equal(manifest_read(h.r, "anna", &read, NULL), ERR_NONE);
	/* b2sum -l 256 */
	assert_string_equal(entries_find(&read.entries, "/usr/bin/sh")->digest,
			    entries_find(&m.entries, "/usr/bin/sh")->digest);
	assert_false(build_unfinished(h.r));
	manifest_clear(&read);
	manifest_clear(&m);
	host_end(&h);
}

/* Fails, and leaves nothing. */
static void fails(struct host *h, struct manifest *m, enum err want, const char *why)
{
	diags_free(&h->problems);
	h->problems = (struct diags){ 0 };
	assert_int_equal(build_create(h->r, m, BUILD_SHARE, NULL, &h->told, &h->problems), want);
	if (!has_problem(h, why))
		fail_msg("'%s' was not said, but '%s'", why, h->problems.n ? h->problems.v[0].text : "nothing");
	assert_false(has_state(h));
	assert_false(build_unfinished(h->r));
}

static void leaves_nothing_after_a_failure(void **unused)
{
	struct manifest m;
	struct host h;

	(void)unused;
	host_start(&h);
	manifest_usual(&m);
	assert_int_equal(entries_add_file(&m.entries, "/usr/lib/none", "/usr/lib/none", 0644), ERR_NONE);
	fails(&h, &m, ERR_CONFIG, "/usr/lib/none");
	assert_false(scratch_exists(scratch_path(h.dir, "home/chroot")));
	host_write(&h, "/usr/lib/none", "", 0644);
	assert_int_equal(unlink(scratch_path(h.dir, "etc/hosts")), 0);
	assert_int_equal(symlink("passwd", scratch_path(h.dir, "etc/hosts")), 0);
	fails(&h, &m, ERR_CONFIG, "/etc/hosts");
	assert_int_equal(unlink(scratch_path(h.dir, "etc/hosts")), 0);
	assert_int_equal(mkfifo(scratch_path(h.dir, "etc/hosts"), 0644), 0);
	fails(&h, &m, ERR_CONFIG, "no regular file");
	assert_false(scratch_exists(scratch_path(h.dir, "home/chroot")));
	manifest_clear(&m);
	host_end(&h);
}

static void mode_is(const struct host *h, const char *path, mode_t mode)
{
	struct stat st;

	assert_int_equal(lstat(in_jail(h, path), &st), 0);
	if ((st.st_mode & 07777) != mode || st.st_gid != getegid())
		fail_msg("'%s' has mode %04o, group %u", path, (unsigned)(st.st_mode & 07777), (unsigned)st.st_gid);
}

/* Nor does a folder above hand anything on. */
static void modes_are_those_asked_for_whatever_the_umask(void **unused)
{
	static const mode_t masks[] = { 0, 022, 027, 077 };

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		struct manifest m;
		struct host h;

		host_start(&h);
		if (!getuid())
			assert_int_equal(chown(scratch_path(h.dir, "home"), 0, 1002), 0);
		assert_int_equal(chmod(scratch_path(h.dir, "home"), 02755), 0);
		manifest_usual(&m);
		umask(masks[i]);
		assert_int_equal(build_create(h.r, &m, BUILD_COPY, NULL, &h.told, &h.problems), ERR_NONE);
		umask(022);
		mode_is(&h, ".", 0755);
		mode_is(&h, "usr/bin", 0755);
		mode_is(&h, "usr/bin/sh", 0755);
		mode_is(&h, "usr/lib/lib.so.1", 0644);
		mode_is(&h, "etc/passwd", 0644);
		manifest_clear(&m);
		host_end(&h);
	}
}

static void refuses_a_place_that_is_not_free_or_not_safe(void **unused)
{
	struct manifest m;
	struct host h;

	(void)unused;
	host_start(&h);
	manifest_usual(&m);
	assert_int_equal(mkdir(scratch_path(h.dir, "home/chroot"), 0755), 0);
	assert_int_equal(mkdir(scratch_path(h.dir, JAIL_DIR + 1), 0755), 0);
	fails(&h, &m, ERR_EXISTS, "is no jail of ours");
	assert_true(scratch_exists(in_jail(&h, ".")));
	assert_int_equal(rmdir(scratch_path(h.dir, JAIL_DIR + 1)), 0);
	assert_int_equal(chmod(scratch_path(h.dir, "home"), 0775), 0);
	fails(&h, &m, ERR_CONFIG, "mode 0775");
	assert_int_equal(chmod(scratch_path(h.dir, "home"), 0755), 0);
	assert_int_equal(rmdir(scratch_path(h.dir, "home/chroot")), 0);
	assert_int_equal(symlink("../usr", scratch_path(h.dir, "home/chroot")), 0);
	fails(&h, &m, ERR_CONFIG, "it is a link or no folder");
	assert_int_equal(unlink(scratch_path(h.dir, "home/chroot")), 0);
	free(m.jail.dir);
	m.jail.dir = strdup("/home/../anna");
	fails(&h, &m, ERR_CONFIG, "wants an absolute path");
	manifest_clear(&m);
	host_end(&h);
}

static void refuses_a_second_jail_of_a_user(void **unused)
{
	struct manifest m, second;
	struct host h;

	(void)unused;
	host_start(&h);
	jail_usual(&h, &m);
	manifest_usual(&second);
	free(second.jail.dir);
	second.jail.dir = strdup("/home/other");
	assert_int_equal(build_create(h.r, &second, BUILD_SHARE, NULL, &h.told, &h.problems), ERR_EXISTS);
	assert_true(has_problem(&h, "has a jail already"));
	assert_true(has_state(&h));
	manifest_clear(&second);
	manifest_clear(&m);
	host_end(&h);
}

static void is_locked_by_one_at_a_time(void **unused)
{
	int first = -1, second = -1;
	struct host h;

	(void)unused;
	host_start(&h);
	assert_int_equal(build_lock(h.r, &first), ERR_NONE);
	assert_int_equal(build_lock(h.r, &second), ERR_BUSY);
	close(first);
	assert_int_equal(build_lock(h.r, &second), ERR_NONE);
	close(second);
	host_end(&h);
}

static void hands_no_access_list_on(void **unused)
{
	/* user::rwx, user:1002:rwx, group::r-x, mask::rwx, other::r-x */
	static const unsigned char list[] = "\2\0\0\0"
					    "\1\0\7\0\377\377\377\377"
					    "\2\0\7\0\352\3\0\0"
					    "\4\0\5\0\377\377\377\377"
					    "\20\0\7\0\377\377\377\377"
					    "\40\0\5\0\377\377\377\377";
	struct manifest m;
	struct host h;

	(void)unused;
	host_start(&h);
	assert_int_equal(mkdir(scratch_path(h.dir, "home/chroot"), 0755), 0);
	if (setxattr(scratch_path(h.dir, "home/chroot"), "system.posix_acl_default", list, sizeof list - 1, 0)) {
		host_end(&h);
		skip();
	}
	jail_usual(&h, &m);
	assert_int_equal(getxattr(in_jail(&h, "."), "system.posix_acl_default", NULL, 0), -1);
	assert_int_equal(getxattr(in_jail(&h, "etc"), "system.posix_acl_access", NULL, 0), -1);
	assert_int_equal(getxattr(in_jail(&h, "etc/hosts"), "system.posix_acl_access", NULL, 0), -1);
	manifest_clear(&m);
	host_end(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_what_was_asked_for),
		cmocka_unit_test(leaves_nothing_after_a_failure),
		cmocka_unit_test(modes_are_those_asked_for_whatever_the_umask),
		cmocka_unit_test(refuses_a_place_that_is_not_free_or_not_safe),
		cmocka_unit_test(refuses_a_second_jail_of_a_user),
		cmocka_unit_test(is_locked_by_one_at_a_time),
		cmocka_unit_test(hands_no_access_list_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
