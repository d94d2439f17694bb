/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_update_order.c - what is new comes before what wants it, the loader and libc come together, programs last. */
#include "jail/work.h"
#include "jail_scratch.h"

#include "base/banned.h"

struct want {
	const char *path, *target; /* target: a link */
	mode_t mode;		   /* 0: a folder */
	bool there;		   /* in the jail already */
};

/* By path. */
static const struct want wants[] = {
	{ "/bin", "usr/bin", 0, true },
	{ "/etc", NULL, 0, true },
	{ "/etc/hosts", NULL, 0644, true },
	{ "/etc/ld.so.cache", NULL, 0644, true },
	{ "/etc/new.conf", NULL, 0644, false },
	{ "/turns", NULL, 0, true }, /* a link so far */
	{ "/turns/libt.so.1", NULL, 0644, false },
	{ "/usr", NULL, 0, true },
	{ "/usr/bin", NULL, 0, true },
	{ "/usr/bin/new", NULL, 0755, false },
	{ "/usr/bin/old", NULL, 0755, true },
	{ "/usr/lib", NULL, 0, true },
	{ "/usr/lib/deep", NULL, 0, false },
	{ "/usr/lib/deep/libd.so", NULL, 0755, false },
	{ "/usr/lib/ld-linux-x86-64.so.2", NULL, 0755, true },
	{ "/usr/lib/liba.so.1", "liba.so.1.2", 0, true },
	{ "/usr/lib/liba.so.1.2", NULL, 0644, false },
	{ "/usr/lib/libc.so.6", NULL, 0755, true },
	{ "/usr/lib/libcap.so.2", NULL, 0644, true },
};
static const char *const order[] = {
	"/etc/new.conf",
	"/usr/lib/deep",
	"/usr/lib/deep/libd.so",
	"/usr/lib/liba.so.1.2",
	"/etc/ld.so.cache",
	"/usr/bin/new",
	"/usr/lib/ld-linux-x86-64.so.2",
	"/usr/lib/libc.so.6",
	"/usr/lib/liba.so.1",
	"/usr/lib/libcap.so.2",
	"/bin",
	"/etc/hosts",
	"/turns",
	"/usr/bin/old",
	"/turns/libt.so.1",
};

static bool is_folder(const struct want *w)
{
	return !w->mode && !w->target;
}

static void add_all(struct entries *all)
{
	for (size_t i = 0; i < ARRAY_SIZE(wants); i++) {
		const struct want *w = &wants[i];

		if (w->target)
			assert_int_equal(entries_add_link(all, w->path, w->target), ERR_NONE);
		else if (w->mode)
			assert_int_equal(entries_add_content(all, w->path, "x", 1, w->mode), ERR_NONE);
		else
			assert_int_equal(entries_add_folder(all, w->path, 0755), ERR_NONE);
	}
	assert_int_equal(all->n, ARRAY_SIZE(wants));
}

static void make_all(const char *dir)
{
	for (size_t i = 0; i < ARRAY_SIZE(wants); i++) {
		const struct want *w = &wants[i];
		const bool turns = !strcmp(w->path, "/turns");
		char ready[32];

		snprintf(ready, sizeof ready, "stage/%zu", i);
		/* a folder that is there is the only thing that need not be put ready */
		if (!is_folder(w) || !w->there || turns)
			scratch_write(scratch_path(dir, ready), "x");
		if (!w->there)
			continue;
		if (turns)
			assert_int_equal(symlink("usr", scratch_path(dir, w->path + 1)), 0);
		else if (is_folder(w))
			assert_int_equal(mkdir(scratch_path(dir, w->path + 1), 0755), 0);
		else
			scratch_write(scratch_path(dir, w->path + 1), "x");
	}
}

static void comes_before_what_wants_it(void **unused)
{
	const bool inside[ARRAY_SIZE(wants)] = { 0 };
	struct update_step *steps = NULL;
	struct entries all = { 0 };
	char dir[SCRATCH_DIR];
	size_t n = 0;
	int top, stage;

	(void)unused;
	scratch_make(dir);
	assert_int_equal(mkdir(scratch_path(dir, "stage"), 0755), 0);
	add_all(&all);
	make_all(dir);
	top = open(dir, O_RDONLY | O_DIRECTORY);
	stage = open(scratch_path(dir, "stage"), O_RDONLY | O_DIRECTORY);
	assert_int_equal(update_order(top, stage, &all, inside, &steps, &n), ERR_NONE);
	assert_int_equal(n, ARRAY_SIZE(order));
	for (size_t i = 0; i < n; i++)
		assert_string_equal(all.v[steps[i].entry].path, order[i]);
	free(steps);
	close(top);
	close(stage);
	entries_clear(&all);
	scratch_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(comes_before_what_wants_it) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
