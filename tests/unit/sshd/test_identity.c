/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_identity.c - reading with somebody's rights, by the kernel and by arithmetic, with the same result. */
#include "sshd/identity.h"

#include "base/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include "base/banned.h"

#define UID 54321
#define GID 54322
#define OTHER 54323

/* Owner, group, mode of a folder and of the file in it, and whether the account may read it. */
static const struct row {
	uid_t dir_uid;
	gid_t dir_gid;
	mode_t dir_mode;
	uid_t uid;
	gid_t gid;
	mode_t mode;
	bool may;
} rows[] = {
	{ 0, 0, 0755, 0, 0, 0644, true },	  { 0, 0, 0755, 0, 0, 0600, false },
	{ 0, 0, 0700, 0, 0, 0644, false },	  { UID, 0, 0700, UID, 0, 0400, true },
	{ UID, 0, 0700, UID, 0, 0044, false },	  { 0, GID, 0710, 0, GID, 0640, true },
	{ 0, OTHER, 0710, 0, OTHER, 0640, true }, { 0, OTHER, 0701, 0, 0, 0604, false },
	{ 0, 0, 0711, 0, OTHER, 0604, false },	  { 0, 0, 0744, 0, 0, 0644, false },
};

static void both_ways_say_the_same(void **state)
{
	gid_t groups[] = { GID, OTHER };
	const struct identity id = { .uid = UID, .gid = GID, .groups = groups, .ngroups = 2 };
	const struct identity alone = { .uid = UID, .gid = GID };
	unsigned needed = 0;
	char dir[SCRATCH_DIR], folder[512], file[600];
	struct root *live = NULL, *other = NULL;

	if (geteuid() != 0)
		skip();
	scratch_make(dir);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(root_open(NULL, &live), ERR_NONE);
	assert_int_equal(root_open(dir, &other), ERR_NONE);
	snprintf(folder, sizeof folder, "%s", scratch_path(dir, "folder"));
	snprintf(file, sizeof file, "%s/file", folder);
	assert_int_equal(mkdir(folder, 0755), 0);
	scratch_write(file, "x");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		bool may = !r->may;
		int fd;
		assert_int_equal(chown(folder, r->dir_uid, r->dir_gid), 0);
		assert_int_equal(chmod(folder, r->dir_mode), 0);
		assert_int_equal(chown(file, r->uid, r->gid), 0);
		assert_int_equal(chmod(file, r->mode), 0);
		assert_int_equal(identity_may_read(other, &id, "/folder/file", &may), ERR_NONE);
		assert_int_equal(may, r->may);
		needed += identity_needs_groups(other, UID, "/folder/file");
		if (!identity_needs_groups(other, UID, "/folder/file")) {
			assert_int_equal(identity_may_read(other, &alone, "/folder/file", &may), ERR_NONE);
			assert_int_equal(may, r->may);
		}
		assert_true(identity_enter(live, &id));
		fd = open(file, O_RDONLY);
		identity_leave();
		assert_int_equal(fd >= 0, r->may);
		if (fd >= 0)
			close(fd);
	}
	assert_int_equal(needed, 4);
	root_close(live);
	root_close(other);
	scratch_remove(dir);
}

static void we_are_ourselves_again(void **state)
{
	const struct identity id = { .uid = UID, .gid = GID };
	gid_t before[64], after[64];
	struct root *live = NULL;
	int n = getgroups(64, before);

	if (geteuid() != 0)
		skip();
	assert_int_equal(root_open(NULL, &live), ERR_NONE);
	assert_true(identity_enter(live, &id));
	assert_int_equal(setfsuid((uid_t)-1), UID);
	assert_int_equal(setfsgid((gid_t)-1), GID);
	errno = 77;
	identity_leave();
	assert_int_equal(errno, 77);
	assert_int_equal(setfsuid((uid_t)-1), 0);
	assert_int_equal(setfsgid((gid_t)-1), getegid());
	assert_int_equal(getgroups(64, after), n);
	assert_memory_equal(before, after, (size_t)n * sizeof *before);
	identity_leave();
	root_close(live);
}

static void another_root_is_never_entered(void **state)
{
	const struct identity id = { .uid = UID, .gid = GID };
	char dir[SCRATCH_DIR];
	struct root *r = NULL;

	scratch_make(dir);
	assert_int_equal(root_open(dir, &r), ERR_NONE);
	assert_false(identity_enter(r, &id));
	root_close(r);
	scratch_remove(dir);
}

static void groups_come_from_the_files_of_the_root(void **state)
{
	struct account anna = { .name = (char *)"anna", .uid = 1001, .gid = 7 };
	char dir[SCRATCH_DIR];
	struct root *r = NULL;
	struct identity id = { 0 };

	scratch_make(dir);
	assert_int_equal(root_open(dir, &r), ERR_NONE);
	assert_int_equal(identity_find(r, &anna, &id), ERR_NONE);
	assert_int_equal(id.ngroups, 1);
	identity_clear(&id);
	assert_int_equal(mkdir(scratch_path(dir, "etc"), 0755), 0);
	scratch_write(scratch_path(dir, "etc/group"),
		      "a:x:10:anna\nb:x:11:hanna,annab\nc:x:12:bob,anna,eve\nbad:x:y:anna\n"
		      "short:x\nd:x:13:\ne:x:14:bob,anna");
	assert_int_equal(identity_find(r, &anna, &id), ERR_NONE);
	assert_int_equal(id.uid, 1001);
	assert_int_equal(id.ngroups, 4);
	assert_int_equal(id.groups[0], 7);
	assert_int_equal(id.groups[1], 10);
	assert_int_equal(id.groups[2], 12);
	assert_int_equal(id.groups[3], 14);
	identity_clear(&id);
	root_close(r);
	scratch_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways_say_the_same),
		cmocka_unit_test(we_are_ourselves_again),
		cmocka_unit_test(another_root_is_never_entered),
		cmocka_unit_test(groups_come_from_the_files_of_the_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
