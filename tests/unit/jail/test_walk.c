/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_walk.c - no path inside a jail leads out of it; who moves things about while they are removed loses nothing elsewhere. */
#include "jail/walk.h"
#include "jail_scratch.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/banned.h"

static int top_of(const char *dir)
{
	const int fd = open(dir, O_RDONLY | O_DIRECTORY);

	assert_true(fd >= 0);
	return fd;
}

static void leads_through_no_link_and_not_up(void **unused)
{
	char dir[SCRATCH_DIR];
	const char *name;
	int top, fd = -1;

	(void)unused;
	scratch_make(dir);
	assert_int_equal(mkdir(scratch_path(dir, "a"), 0755), 0);
	assert_int_equal(symlink("a", scratch_path(dir, "l")), 0);
	scratch_write(scratch_path(dir, "a/f"), "");
	top = top_of(dir);
	assert_int_equal(walk_open(top, "a/f", O_RDONLY, &fd), ERR_NONE);
	close(fd);
	assert_int_equal(walk_open(top, "l/f", O_RDONLY, &fd), ERR_SYSTEM);
	assert_true(walk_is_missing(errno));
	assert_int_equal(walk_open(top, "l", O_RDONLY, &fd), ERR_SYSTEM);
	assert_int_equal(walk_open(top, "a/../..", O_RDONLY, &fd), ERR_SYSTEM);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(walk_open(top, "/etc", O_RDONLY, &fd), ERR_SYSTEM);
	assert_int_equal(walk_parent(top, "a/new", &fd, &name), ERR_NONE);
	assert_string_equal(name, "new");
	close(fd);
	assert_int_equal(walk_parent(top, "f", &fd, &name), ERR_NONE);
	close(fd);
	close(top);
	scratch_remove(dir);
}

static bool knows_a_and_f(void *arg, const char *path)
{
	return !strcmp(path, "a/b") || !strcmp(path, "a/f");
}

static void finds_what_is_unknown(void **unused)
{
	struct text where = { 0 };
	char dir[SCRATCH_DIR];
	int top;

	(void)unused;
	scratch_make(dir);
	assert_int_equal(mkdir(scratch_path(dir, "a"), 0755), 0);
	assert_int_equal(mkdir(scratch_path(dir, "a/b"), 0755), 0);
	scratch_write(scratch_path(dir, "a/f"), "");
	top = top_of(dir);
	assert_int_equal(walk_find_unknown(top, "a", knows_a_and_f, NULL, &where), ERR_NONE);
	assert_int_equal(where.len, 0);
	scratch_write(scratch_path(dir, "a/b/x"), "");
	assert_int_equal(walk_find_unknown(top, "a", knows_a_and_f, NULL, &where), ERR_NONE);
	assert_string_equal(where.s, "a/b/x");
	text_free(&where);
	close(top);
	scratch_remove(dir);
}

/* Swaps a folder with a link to what must stay, and moves folders up and down. */
struct mover {
	char dir[SCRATCH_DIR];
	atomic_bool stop;
};

static void *move_about(void *arg)
{
	struct mover *m = arg;
	const int top = open(m->dir, O_RDONLY | O_DIRECTORY);

	while (!atomic_load(&m->stop)) {
		renameat2(top, "tree/0/1", top, "tree/link", RENAME_EXCHANGE);
		renameat2(top, "tree/0/1", top, "tree/link", RENAME_EXCHANGE);
		renameat(top, "tree/0/1/2", top, "tree/up");
		renameat(top, "tree/up", top, "tree/0/1/2");
	}
	close(top);
	return NULL;
}

static void make_tree(const char *dir)
{
	char path[64];

	assert_int_equal(mkdir(scratch_path(dir, "new"), 0755), 0);
	assert_int_equal(symlink("../stays", scratch_path(dir, "new/link")), 0);
	snprintf(path, sizeof path, "new");
	for (unsigned depth = 0; depth < 4; depth++) {
		snprintf(path + strlen(path), sizeof path - strlen(path), "/%u", depth);
		assert_int_equal(mkdir(scratch_path(dir, path), 0755), 0);
		for (unsigned i = 0; i < 8; i++) {
			char file[80];

			snprintf(file, sizeof file, "%s/f%u", path, i);
			scratch_write(scratch_path(dir, file), "");
		}
	}
	assert_int_equal(rename(scratch_path(dir, "new"), scratch_path(dir, "tree")), 0);
}

static void removes_nothing_elsewhere_while_somebody_moves_things(void **unused)
{
	struct mover m = { 0 };
	pthread_t thread;
	int top;

	(void)unused;
	scratch_make(m.dir);
	assert_int_equal(mkdir(scratch_path(m.dir, "stays"), 0755), 0);
	scratch_write(scratch_path(m.dir, "stays/f0"), "here");
	top = top_of(m.dir);
	assert_int_equal(pthread_create(&thread, NULL, move_about, &m), 0);
	for (unsigned round = 0; round < 300; round++) {
		enum err e;

		make_tree(m.dir);
		/* what was moved to where it had looked already is found the next time */
		do
			e = walk_remove(top, "tree", NULL);
		while (e == ERR_CHANGED);
		assert_int_equal(e, ERR_NONE);
		scratch_is(scratch_path(m.dir, "stays/f0"), "here");
	}
	atomic_store(&m.stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(walk_remove(top, "none", NULL), ERR_NONE);
	close(top);
	scratch_remove(m.dir);
}

static void knows_what_is_mounted(void **unused)
{
	char *point = NULL;

	(void)unused;
	assert_int_equal(walk_find_mount("/proc", NULL, &point), ERR_NONE);
	assert_non_null(point);
	assert_int_equal(strncmp(point, "/proc", 5), 0);
	free(point);
	assert_int_equal(walk_find_mount("/pro", NULL, &point), ERR_NONE);
	assert_null(point);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leads_through_no_link_and_not_up),
		cmocka_unit_test(finds_what_is_unknown),
		cmocka_unit_test(removes_nothing_elsewhere_while_somebody_moves_things),
		cmocka_unit_test(knows_what_is_mounted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
