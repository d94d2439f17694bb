/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_file.c - a replaced file keeps all but its content, and a failed replacement leaves no trace. */
#include "base/file.h"

#include "base/mounts.h"
#include "base/scratch.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "base/banned.h"

#define BUSY_SIZE 50000

static char dir[SCRATCH_DIR];
static struct root *root;

static const char *in(const char *name)
{
	return scratch_path(dir, name);
}

static int make_dir(void **state)
{
	umask(022);
	scratch_make(dir);
	return root_open(dir, &root);
}

static int remove_dir(void **state)
{
	root_close(root);
	scratch_remove(dir);
	return 0;
}

static enum err replace(const char *path, const char *content, const struct file_meta *meta)
{
	return file_replace(root, path, content, strlen(content), meta, "tag");
}

/* How many names there are in the directory. */
static size_t count_names(const char *path)
{
	struct strings names = { 0 };
	size_t n;

	assert_int_equal(root_list(root, path, &names), ERR_NONE);
	n = names.n;
	strings_free(&names);
	return n;
}

static struct stat stat_of(const char *name)
{
	struct stat st;

	assert_int_equal(lstat(in(name), &st), 0);
	return st;
}

static struct file_meta meta_of(const char *name)
{
	struct file_meta m = { 0 };
	int fd = open(in(name), O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(file_meta_read(fd, &m), ERR_NONE);
	close(fd);
	return m;
}

static bool can_set(const char *path, const char *name, const void *value, size_t len)
{
	if (!setxattr(path, name, value, len, 0))
		return true;
	print_message("# skipped: this file system does not let us set %s: %s\n", name, strerror(errno));
	return false;
}

static void a_new_file_is_ours_and_readable(void **state)
{
	struct stat st;

	assert_int_equal(mkdir(in("new"), 0755), 0);
	assert_int_equal(replace("/new/file", "content", NULL), ERR_NONE);
	scratch_is(in("new/file"), "content");
	st = stat_of("new/file");
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(st.st_uid, geteuid());
	assert_int_equal(count_names("/new"), 1);
	assert_int_equal(replace("/new/file", "", NULL), ERR_NONE);
	scratch_is(in("new/file"), "");
}

static void the_old_mode_is_kept_and_the_time_is_now(void **state)
{
	const struct timespec old[2] = { { 1000, 1 }, { 1000, 1 } };
	static const mode_t modes[] = { 0600, 0640, 0444, 0400, 04755, 02711, 0, 0777 };

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		struct stat before, after;

		if (geteuid() && !(modes[i] & 0400))
			continue; /* not even its owner can read that */
		scratch_write(in("mode"), "old");
		assert_int_equal(utimensat(AT_FDCWD, in("mode"), old, 0), 0);
		assert_int_equal(chmod(in("mode"), modes[i]), 0);
		before = stat_of("mode");
		assert_int_equal(replace("/mode", "new", NULL), ERR_NONE);
		after = stat_of("mode");
		assert_int_equal(after.st_mode, before.st_mode);
		assert_true(after.st_ino != before.st_ino);
		assert_true(after.st_mtim.tv_sec > 1000);
		assert_int_equal(chmod(in("mode"), 0600), 0);
		scratch_is(in("mode"), "new");
		assert_int_equal(unlink(in("mode")), 0);
	}
}

static void the_old_owner_is_kept(void **state)
{
	struct stat st;

	if (geteuid()) {
		print_message("# skipped: only root can give files away\n");
		skip();
	}
	scratch_write(in("owned"), "old");
	assert_int_equal(chown(in("owned"), 12345, 54321), 0);
	assert_int_equal(chmod(in("owned"), 06750), 0);
	assert_int_equal(replace("/owned", "new", NULL), ERR_NONE);
	st = stat_of("owned");
	assert_int_equal(st.st_uid, 12345);
	assert_int_equal(st.st_gid, 54321);
	assert_int_equal(st.st_mode & 07777, 06750);
}

static void a_given_meta_is_applied_whole(void **state)
{
	struct file_meta wanted = {
		.mode = 0604,
		.uid = geteuid(),
		.gid = getegid(),
		.atime = { 111, 222 },
		.mtime = { 333, 444 },
	}, got;

	scratch_write(in("given"), "old");
	assert_int_equal(replace("/given", "new", &wanted), ERR_NONE);
	got = meta_of("given");
	assert_true(file_meta_equal(&got, &wanted));
	assert_int_equal(got.atime.tv_sec, 111);
	assert_int_equal(got.atime.tv_nsec, 222);
	scratch_is(in("given"), "new");
	file_meta_free(&got);
}

static void attributes_are_kept(void **state)
{
	static const char big[3000] = "many bytes";
	struct file_meta before, after;

	scratch_write(in("xattr"), "old");
	if (!can_set(in("xattr"), "user.one", "1", 1))
		skip();
	assert_int_equal(setxattr(in("xattr"), "user.empty", "", 0, 0), 0);
	assert_int_equal(setxattr(in("xattr"), "user.big", big, sizeof big, 0), 0);
	assert_int_equal(chmod(in("xattr"), 0444), 0);
	before = meta_of("xattr");
	assert_in_range(before.nxattrs, 3, 4); /* a label where SELinux is on */
	assert_int_equal(replace("/xattr", "new", NULL), ERR_NONE);
	after = meta_of("xattr");
	after.mtime = before.mtime;
	assert_true(file_meta_equal(&before, &after));
	file_meta_free(&before);
	file_meta_free(&after);
}

static void labels_and_capabilities_are_kept(void **state)
{
	/* vfs_cap_data, version 2: CAP_NET_BIND_SERVICE */
	static const uint8_t capability[20] = { 0x01, 0, 0, 0x02, 0x00, 0x04 };
	static const char label[] = "system_u:object_r:etc_t:s0";
	struct file_meta before, after;

	if (geteuid()) {
		print_message("# skipped: only root sets security attributes\n");
		skip();
	}
	scratch_write(in("label"), "old");
	if (!can_set(in("label"), "security.selinux", label, sizeof label))
		skip();
	assert_int_equal(chown(in("label"), 12345, 54321), 0);
	assert_int_equal(setxattr(in("label"), "security.capability", capability, sizeof capability, 0), 0);
	before = meta_of("label");
	assert_in_range(before.nxattrs, 2, 2);
	assert_int_equal(replace("/label", "new", NULL), ERR_NONE);
	after = meta_of("label");
	after.mtime = before.mtime;
	assert_true(file_meta_equal(&before, &after));
	file_meta_free(&before);
	file_meta_free(&after);
}

/* A POSIX ACL as setxattr(2) takes it, little-endian: version 2, then tag, permissions and id of each entry. */
#define ACL_ENTRY(tag, perm, id) tag, 0, perm, 0, id, id, id, id
#define ACL_VERSION 2, 0, 0, 0
#define ACL_NO_ID 0xff

static const uint8_t acl[] = {
	ACL_VERSION,
	ACL_ENTRY(0x01, 6, ACL_NO_ID), /* owner rw- */
	ACL_ENTRY(0x02, 4, 1),	       /* user 0x01010101 r-- */
	ACL_ENTRY(0x04, 0, ACL_NO_ID), /* group --- */
	ACL_ENTRY(0x10, 4, ACL_NO_ID), /* mask r-- */
	ACL_ENTRY(0x20, 0, ACL_NO_ID), /* others --- */
};

static void access_lists_are_kept_and_strange_ones_removed(void **state)
{
	struct file_meta before, after;

	assert_int_equal(mkdir(in("acl"), 0755), 0);
	scratch_write(in("acl/with"), "old");
	scratch_write(in("acl/without"), "old");
	if (!can_set(in("acl/with"), "system.posix_acl_access", acl, sizeof acl))
		skip();
	before = meta_of("acl/with");
	assert_int_equal(before.mode, 0640);
	/* from here on every new file, the temporary one too, starts with that list */
	assert_int_equal(setxattr(in("acl"), "system.posix_acl_default", acl, sizeof acl, 0), 0);
	assert_int_equal(replace("/acl/with", "new", NULL), ERR_NONE);
	after = meta_of("acl/with");
	after.mtime = before.mtime;
	assert_true(file_meta_equal(&before, &after));
	file_meta_free(&before);
	file_meta_free(&after);
	assert_int_equal(replace("/acl/without", "new", NULL), ERR_NONE);
	assert_int_equal(getxattr(in("acl/without"), "system.posix_acl_access", NULL, 0), -1);
	assert_int_equal(stat_of("acl/without").st_mode & 07777, 0644);
}

static void a_link_stays_and_its_target_is_replaced(void **state)
{
	static const struct {
		const char *link, *points;
	} links[] = {
		{ "links/relative", "target/file" }, { "links/absolute", "/links/target/file" },
		{ "links/chain", "absolute" },	     { "links/chain2", "../links/chain" },
		{ "links/dir", "target" },
	};

	assert_int_equal(mkdir(in("links"), 0755), 0);
	assert_int_equal(mkdir(in("links/target"), 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		assert_int_equal(symlink(links[i].points, in(links[i].link)), 0);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		char path[PATH_MAX];

		scratch_write(in("links/target/file"), "old");
		snprintf(path, sizeof path, "/%s%s", links[i].link, strstr(links[i].link, "dir") ? "/file" : "");
		assert_int_equal(replace(path, links[i].link, NULL), ERR_NONE);
		scratch_is(in("links/target/file"), links[i].link);
		assert_true(S_ISLNK(stat_of(links[i].link).st_mode));
	}
	assert_int_equal(count_names("/links"), 6);
	assert_int_equal(count_names("/links/target"), 1);
}

static void a_dangling_link_gets_its_target(void **state)
{
	assert_int_equal(symlink("dangling-target", in("dangling")), 0);
	assert_int_equal(replace("/dangling", "new", NULL), ERR_NONE);
	assert_true(S_ISLNK(stat_of("dangling").st_mode));
	scratch_is(in("dangling-target"), "new");
}

static void other_hard_links_keep_the_old_content(void **state)
{
	scratch_write(in("first"), "old");
	assert_int_equal(link(in("first"), in("second")), 0);
	assert_int_equal(replace("/first", "new", NULL), ERR_NONE);
	scratch_is(in("first"), "new");
	scratch_is(in("second"), "old");
}

static void what_is_no_regular_file_is_left_alone(void **state)
{
	assert_int_equal(mkdir(in("odd"), 0755), 0);
	assert_int_equal(mkdir(in("odd/dir"), 0755), 0);
	assert_int_equal(mkfifo(in("odd/fifo"), 0600), 0);
	assert_int_equal(symlink("loop", in("odd/loop")), 0);
	assert_int_equal(replace("/odd/dir", "new", NULL), ERR_NOT_FILE);
	assert_int_equal(replace("/odd/fifo", "new", NULL), ERR_NOT_FILE);
	assert_int_equal(replace("/odd/loop", "new", NULL), ERR_SYSTEM);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(replace("/odd/none/file", "new", NULL), ERR_SYSTEM);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(replace("/", "new", NULL), ERR_SYSTEM);
	assert_int_equal(count_names("/odd"), 3);
}

static void a_leftover_temporary_file_is_no_obstacle(void **state)
{
	assert_int_equal(mkdir(in("left"), 0755), 0);
	scratch_write(in("left/victim"), "untouched");
	/* somebody may have put a link there to have us write through it */
	assert_int_equal(symlink("victim", in("left/.file.tag")), 0);
	assert_int_equal(replace("/left/file", "new", NULL), ERR_NONE);
	scratch_is(in("left/file"), "new");
	scratch_is(in("left/victim"), "untouched");
	assert_int_equal(count_names("/left"), 2);
}

static void a_leftover_temporary_file_can_be_discarded(void **state)
{
	assert_int_equal(mkdir(in("discard"), 0755), 0);
	scratch_write(in("discard/file"), "x");
	scratch_write(in("discard/.file.tag"), "x");
	scratch_write(in("discard/.file.other"), "x");
	assert_int_equal(symlink("discard/file", in("discard-link")), 0);
	assert_int_equal(file_discard_temporary(root, "/discard-link", "tag"), ERR_NONE);
	assert_int_equal(count_names("/discard"), 2);
	assert_int_equal(file_discard_temporary(root, "/discard/file", "tag"), ERR_NONE);
	assert_int_equal(file_discard_temporary(root, "/none/file", "tag"), ERR_NONE);
	assert_int_equal(file_discard_temporary(root, "/discard/file", "other"), ERR_NONE);
	assert_int_equal(count_names("/discard"), 1);
}

static void a_name_that_leaves_no_room_is_refused(void **state)
{
	char path[NAME_MAX + 2];

	memset(path, 'a', sizeof path);
	path[0] = '/';
	path[NAME_MAX + 1] = '\0';
	assert_int_equal(replace(path, "x", NULL), ERR_SYSTEM);
	assert_int_equal(errno, ENAMETOOLONG);
	path[NAME_MAX + 1 - strlen("..tag")] = '\0';
	assert_int_equal(replace(path, "x", NULL), ERR_NONE);
	assert_int_equal(file_remove(root, path), ERR_NONE);
}

/* Runs check in a mount namespace of its own with a small file system at "mnt"; its exit status says what went well. */
static void in_a_small_file_system(int (*check)(void))
{
	pid_t pid;
	int status = -1;

	if (mkdir(in("mnt"), 0755))
		assert_int_equal(errno, EEXIST);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (unshare(CLONE_NEWNS) || mounts_make_private() ||
		    mount("none", in("mnt"), "tmpfs", 0, "size=64k,mode=755"))
			_exit(77);
		/* the root that was opened before does not see the new mount */
		_exit(root_open(dir, &root) ? 1 : check());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		print_message("# skipped: no private mount namespace can be had here\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* 0 when a replacement fails with that errno, leaves the old file as it is and nothing beside it. */
static int fails_without_a_trace(const char *content, size_t len, int number)
{
	struct stat before = stat_of("mnt/file"), after;
	char now[64];

	if (file_replace(root, "/mnt/file", content, len, NULL, "tag") != ERR_SYSTEM || errno != number)
		return 2;
	after = stat_of("mnt/file");
	if (!scratch_read(in("mnt/file"), now, sizeof now) || strcmp(now, "old") != 0)
		return 3;
	if (before.st_ino != after.st_ino || before.st_ctim.tv_nsec != after.st_ctim.tv_nsec)
		return 4;
	return count_names("/mnt") == 1 ? 0 : 5;
}

static int full_disk(void)
{
	static const char much[256 * 1024];

	scratch_write(in("mnt/file"), "old");
	return fails_without_a_trace(much, sizeof much, ENOSPC);
}

static int read_only_disk(void)
{
	scratch_write(in("mnt/file"), "old");
	if (mount("none", in("mnt"), "tmpfs", MS_REMOUNT | MS_RDONLY, NULL))
		return 1;
	return fails_without_a_trace("new", 3, EROFS);
}

static void a_full_disk_costs_nothing(void **state)
{
	in_a_small_file_system(full_disk);
}

static void a_read_only_disk_costs_nothing(void **state)
{
	in_a_small_file_system(read_only_disk);
}

static void an_attribute_that_cannot_be_set_costs_nothing(void **state)
{
	struct xattr x = { (char *)"strange.name", (char *)"1", 1 };
	const struct file_meta meta = { .mode = 0644, .uid = geteuid(), .gid = getegid(), .xattrs = &x, .nxattrs = 1 };

	assert_int_equal(mkdir(in("strange"), 0755), 0);
	scratch_write(in("strange/file"), "old");
	assert_int_equal(replace("/strange/file", "new", &meta), ERR_SYSTEM);
	assert_int_equal(errno, EOPNOTSUPP);
	scratch_is(in("strange/file"), "old");
	assert_int_equal(count_names("/strange"), 1);
}

static int without_permission(void)
{
	if (setgid(12345) || setuid(12345))
		return 77;
	if (file_replace(root, "/denied/file", "new", 3, NULL, "tag") != ERR_SYSTEM || errno != EACCES)
		return 2;
	if (file_remove(root, "/denied/file") != ERR_SYSTEM || errno != EACCES)
		return 3;
	return 0;
}

static void without_permission_nothing_happens(void **state)
{
	pid_t pid;
	int status = -1;

	if (geteuid()) {
		print_message("# skipped: only root can become somebody else\n");
		skip();
	}
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(mkdir(in("denied"), 0755), 0);
	scratch_write(in("denied/file"), "old");
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(without_permission());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	scratch_is(in("denied/file"), "old");
	assert_int_equal(count_names("/denied"), 1);
}

static int write_for_ever(char versions[2][BUSY_SIZE])
{
	for (size_t i = 0;; i++)
		if (file_replace(root, "/busy", versions[i % 2], BUSY_SIZE, NULL, "tag"))
			return 1;
}

/* What a reader sees while the file is replaced again and again is always one whole version. */
static void a_reader_never_sees_a_half(void **state)
{
	static char versions[2][BUSY_SIZE];
	pid_t writer;

	memset(versions[0], 'a', sizeof versions[0]);
	memset(versions[1], 'b', sizeof versions[1]);
	assert_int_equal(file_replace(root, "/busy", versions[0], sizeof versions[0], NULL, "tag"), ERR_NONE);
	writer = fork();
	assert_true(writer >= 0);
	if (!writer)
		_exit(write_for_ever(versions));
	for (size_t i = 0; i < 500; i++) {
		char *content = NULL;
		size_t len = 0;

		assert_int_equal(root_read(root, "/busy", sizeof versions[0], &content, &len), ERR_NONE);
		assert_int_equal(len, sizeof versions[0]);
		assert_memory_equal(content, versions[content[0] == 'b'], len);
		free(content);
	}
	assert_int_equal(kill(writer, SIGKILL), 0);
	assert_int_equal(waitpid(writer, NULL, 0), writer);
	/* cut anywhere: the old or the new one is there, and what is beside it can be discarded */
	assert_int_equal(file_discard_temporary(root, "/busy", "tag"), ERR_NONE);
	assert_false(scratch_exists(in(".busy.tag")));
}

static void removing_takes_the_link_not_the_target(void **state)
{
	scratch_write(in("stays"), "here");
	assert_int_equal(symlink("stays", in("goes")), 0);
	assert_int_equal(file_remove(root, "/goes"), ERR_NONE);
	assert_false(scratch_exists(in("goes")));
	scratch_is(in("stays"), "here");
	assert_int_equal(file_remove(root, "/stays"), ERR_NONE);
	assert_false(scratch_exists(in("stays")));
	assert_int_equal(file_remove(root, "/stays"), ERR_NONE);
	assert_int_equal(file_remove(root, "/no/such/dir"), ERR_NONE);
	assert_int_equal(mkdir(in("a-dir"), 0755), 0);
	assert_int_equal(file_remove(root, "/a-dir"), ERR_SYSTEM);
}

static void missing_directories_are_made(void **state)
{
	assert_int_equal(file_make_dirs(root, "/made/by//us/", 0750), ERR_NONE);
	assert_int_equal(stat_of("made").st_mode & 07777, 0750);
	assert_int_equal(stat_of("made/by/us").st_mode & 07777, 0750);
	assert_int_equal(file_make_dirs(root, "/made/by/us", 0700), ERR_NONE);
	assert_int_equal(stat_of("made/by/us").st_mode & 07777, 0750);
	assert_int_equal(symlink("/made", in("made-link")), 0);
	assert_int_equal(file_make_dirs(root, "/made-link/more", 0777), ERR_NONE);
	assert_int_equal(stat_of("made/more").st_mode & 07777, 0777);
	assert_int_equal(file_make_dirs(root, "/", 0700), ERR_NONE);
	scratch_write(in("made/file"), "");
	assert_int_equal(file_make_dirs(root, "/made/file/x", 0700), ERR_SYSTEM);
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(file_sync_dir(root, "/made"), ERR_NONE);
	assert_int_equal(file_sync_dir(root, "/made/file"), ERR_SYSTEM);
	assert_int_equal(file_sync_dir(root, "/none"), ERR_SYSTEM);
}

static void metas_differ_by_every_field_but_atime(void **state)
{
	struct xattr one = { (char *)"user.a", (char *)"1", 1 }, other = { (char *)"user.a", (char *)"2", 1 };
	const struct file_meta base = {
		.mode = 0644, .uid = 1, .gid = 2, .mtime = { 3, 4 }, .xattrs = &one, .nxattrs = 1
	};
	struct file_meta m[7];

	for (size_t i = 0; i < ARRAY_SIZE(m); i++)
		m[i] = base;
	m[0].mode = 0640;
	m[1].uid = 9;
	m[2].gid = 9;
	m[3].mtime.tv_nsec = 9;
	m[4].xattrs = &other;
	m[5].nxattrs = 0;
	m[6].atime.tv_sec = 9;
	for (size_t i = 0; i < 6; i++)
		assert_false(file_meta_equal(&m[i], &base));
	assert_true(file_meta_equal(&m[6], &base));
}

static void a_copied_meta_is_independent(void **state)
{
	struct xattr x = { (char *)"user.a", (char *)"12", 2 };
	const struct file_meta from = { .mode = 0604, .uid = 5, .xattrs = &x, .nxattrs = 1 };
	struct file_meta to = { 0 };

	assert_int_equal(file_meta_copy(&to, &from), ERR_NONE);
	assert_true(file_meta_equal(&to, &from));
	assert_ptr_not_equal(to.xattrs[0].value, x.value);
	file_meta_free(&to);
	assert_null(to.xattrs);
	file_meta_free(&to);
}

static void reading_is_limited_to_the_byte(void **state)
{
	char *content = NULL;
	size_t len = 0;
	int ends[2];

	for (size_t max = 0; max < 8; max++) {
		assert_int_equal(pipe(ends), 0);
		assert_int_equal(file_write_all(ends[1], "12345", 5), ERR_NONE);
		file_close(ends[1]);
		assert_int_equal(file_read_all(ends[0], max, &content, &len), max < 5 ? ERR_TOO_BIG : ERR_NONE);
		if (max >= 5) {
			assert_int_equal(len, 5);
			assert_string_equal(content, "12345");
			free(content);
			content = NULL;
		}
		assert_null(content);
		file_close(ends[0]);
	}
	assert_int_equal(file_read_all(-1, 1, &content, &len), ERR_SYSTEM);
	assert_int_equal(file_write_all(-1, "x", 1), ERR_SYSTEM);
}

static void closing_keeps_errno(void **state)
{
	errno = EXDEV;
	file_close(-1);
	file_close(1000000);
	assert_int_equal(errno, EXDEV);
}

/* What the owner of a folder could do between a look and the replacement. */

static enum err replace_straight(const char *path, const char *was, const char *content)
{
	struct file_meta meta = meta_of(&path[1]);
	const struct file_state state = { was, strlen(was), &meta };
	enum err e = file_replace_straight(root, path, &state, content, strlen(content), &meta, "tag");

	file_meta_free(&meta);
	return e;
}

static void a_straight_file_is_replaced_where_it_is_as_it_was(void **state)
{
	assert_int_equal(mkdir(in("home"), 0755), 0);
	scratch_write(in("home/keys"), "old");
	assert_int_equal(replace_straight("/home/keys", "older", "new"), ERR_CHANGED);
	assert_int_equal(replace_straight("/home/keys", "ol", "new"), ERR_CHANGED);
	scratch_is(in("home/keys"), "old");
	assert_int_equal(replace_straight("/home/keys", "old", "new"), ERR_NONE);
	scratch_is(in("home/keys"), "new");
	assert_int_equal(count_names("/home"), 1);
}

static void a_straight_path_goes_through_no_link(void **state)
{
	struct file_meta meta = { 0 };
	char *content = NULL;
	size_t len = 0;

	assert_int_equal(mkdir(in("other"), 0755), 0);
	scratch_write(in("other/keys"), "theirs");
	assert_int_equal(symlink("other", in("swapped")), 0);
	assert_int_equal(symlink("keys", in("other/link")), 0);
	assert_int_equal(replace_straight("/swapped/keys", "theirs", "new"), ERR_SYSTEM);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(replace_straight("/other/link", "theirs", "new"), ERR_SYSTEM);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(file_take_straight(root, "/swapped/keys", 100, &content, &len, &meta), ERR_SYSTEM);
	assert_int_equal(file_take_straight(root, "/other/link", 100, &content, &len, &meta), ERR_SYSTEM);
	assert_int_equal(file_discard_temporary_straight(root, "/swapped/keys", "tag"), ERR_SYSTEM);
	assert_null(content);
	scratch_is(in("other/keys"), "theirs");
	assert_int_equal(count_names("/other"), 2);
}

static void a_straight_file_has_one_name_and_one_reading(void **state)
{
	struct file_meta meta = { 0 };
	char *content = NULL;
	size_t len = 0;

	assert_int_equal(mkdir(in("one"), 0755), 0);
	scratch_write(in("one/keys"), "a\nb\n");
	assert_int_equal(file_take_straight(root, "/one/keys", 3, &content, &len, &meta), ERR_TOO_BIG);
	assert_int_equal(file_take_straight(root, "/one/keys", 4, &content, &len, &meta), ERR_NONE);
	assert_int_equal(len, 4);
	assert_string_equal(content, "a\nb\n");
	assert_int_equal(meta.mode, 0644);
	free(content);
	file_meta_free(&meta);
	assert_int_equal(link(in("one/keys"), in("one/more")), 0);
	assert_int_equal(file_take_straight(root, "/one/keys", 4, &content, &len, &meta), ERR_NOT_FILE);
	assert_int_equal(replace_straight("/one/keys", "a\nb\n", "new"), ERR_CHANGED);
	assert_int_equal(mkfifo(in("one/fifo"), 0600), 0);
	assert_int_equal(file_take_straight(root, "/one/fifo", 4, &content, &len, &meta), ERR_NOT_FILE);
}

static void a_straight_file_that_went_away_is_made_and_none_is_overwritten(void **state)
{
	struct file_meta meta;

	assert_int_equal(mkdir(in("back"), 0755), 0);
	scratch_write(in("back/like"), "");
	meta = meta_of("back/like");
	assert_int_equal(file_replace_straight(root, "/back/keys", NULL, "old", 3, &meta, "tag"), ERR_NONE);
	scratch_is(in("back/keys"), "old");
	assert_int_equal(file_replace_straight(root, "/back/keys", NULL, "new", 3, &meta, "tag"), ERR_CHANGED);
	scratch_is(in("back/keys"), "old");
	file_meta_free(&meta);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_file_is_ours_and_readable),
		cmocka_unit_test(the_old_mode_is_kept_and_the_time_is_now),
		cmocka_unit_test(the_old_owner_is_kept),
		cmocka_unit_test(a_given_meta_is_applied_whole),
		cmocka_unit_test(attributes_are_kept),
		cmocka_unit_test(labels_and_capabilities_are_kept),
		cmocka_unit_test(access_lists_are_kept_and_strange_ones_removed),
		cmocka_unit_test(a_link_stays_and_its_target_is_replaced),
		cmocka_unit_test(a_dangling_link_gets_its_target),
		cmocka_unit_test(other_hard_links_keep_the_old_content),
		cmocka_unit_test(what_is_no_regular_file_is_left_alone),
		cmocka_unit_test(a_leftover_temporary_file_is_no_obstacle),
		cmocka_unit_test(a_leftover_temporary_file_can_be_discarded),
		cmocka_unit_test(a_name_that_leaves_no_room_is_refused),
		cmocka_unit_test(a_full_disk_costs_nothing),
		cmocka_unit_test(a_read_only_disk_costs_nothing),
		cmocka_unit_test(an_attribute_that_cannot_be_set_costs_nothing),
		cmocka_unit_test(without_permission_nothing_happens),
		cmocka_unit_test(a_reader_never_sees_a_half),
		cmocka_unit_test(removing_takes_the_link_not_the_target),
		cmocka_unit_test(missing_directories_are_made),
		cmocka_unit_test(a_straight_file_is_replaced_where_it_is_as_it_was),
		cmocka_unit_test(a_straight_path_goes_through_no_link),
		cmocka_unit_test(a_straight_file_has_one_name_and_one_reading),
		cmocka_unit_test(a_straight_file_that_went_away_is_made_and_none_is_overwritten),
		cmocka_unit_test(metas_differ_by_every_field_but_atime),
		cmocka_unit_test(a_copied_meta_is_independent),
		cmocka_unit_test(reading_is_limited_to_the_byte),
		cmocka_unit_test(closing_keeps_errno),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
