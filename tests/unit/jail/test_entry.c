/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_entry.c - the rows of a jail stay sorted, whole and the caller's own, whatever order they come in. */
#include "jail/entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <cmocka.h>

#include "base/banned.h"

static void paths_are(const struct entries *all, const char *const *paths)
{
	size_t i = 0;

	for (; paths[i]; i++) {
		assert_true(i < all->n);
		assert_string_equal(all->v[i].path, paths[i]);
	}
	assert_int_equal(all->n, i);
}

static void parents_come_along_as_plain_folders(void **state)
{
	struct entries all = { 0 };
	const struct entry *e;

	assert_int_equal(entries_add_file(&all, "/usr/bin/ls", "/usr/bin/ls", 0755), ERR_NONE);
	paths_are(&all, (const char *const[]){ "/usr", "/usr/bin", "/usr/bin/ls", NULL });
	e = entries_find(&all, "/usr/bin");
	assert_non_null(e);
	assert_int_equal(e->kind, ENTRY_FOLDER);
	assert_int_equal(e->mode, 0755);
	assert_false(e->his);
	assert_null(entries_find(&all, "/"));
	assert_null(entries_find(&all, "/usr/b"));
	assert_null(entries_find(&all, "/usr/bin/"));
	entries_clear(&all);
	assert_null(all.v);
	assert_int_equal(all.n, 0);
	assert_null(entries_find(&all, "/usr"));
}

/* Against an order that is found without any search: by comparing all with all. */
static void any_order_gives_one_order(void **state)
{
	static const char *const paths[] = { "/b", "/a-b", "/a", "/a/b", "/a.b", "/a/b/c", "/\xff", "/a/B", "/ab" };
	unsigned seed = 7;

	for (int round = 0; round < 200; round++) {
		struct entries all = { 0 };

		for (int i = 0; i < 40; i++) {
			seed = seed * 1103515245 + 12345;
			assert_int_equal(entries_add_folder(&all, paths[(seed >> 16) % ARRAY_SIZE(paths)], 0755),
					 ERR_NONE);
		}
		for (size_t i = 0; i < all.n; i++) {
			size_t smaller = 0;

			for (size_t k = 0; k < all.n; k++)
				smaller += strcmp(all.v[k].path, all.v[i].path) < 0;
			assert_int_equal(smaller, i);
			assert_ptr_equal(entries_find(&all, all.v[i].path), &all.v[i]);
		}
		entries_clear(&all);
	}
}

static void an_equal_one_stays_another_one_is_refused(void **state)
{
	struct entries all = { 0 };

	assert_int_equal(entries_add_file(&all, "/f", "/usr/f", 0644), ERR_NONE);
	assert_int_equal(entries_add_content(&all, "/c", "one", 3, 0644), ERR_NONE);
	assert_int_equal(entries_add_link(&all, "/l", "usr/l"), ERR_NONE);
	assert_int_equal(entries_add_device(&all, "/d", 0666, 1, 3), ERR_NONE);
	assert_int_equal(entries_add_folder(&all, "/o", 0755), ERR_NONE);
	assert_int_equal(all.n, 5);

	assert_int_equal(entries_add_file(&all, "/f", "/usr/f", 0644), ERR_NONE);
	assert_int_equal(entries_add_content(&all, "/c", "one", 3, 0644), ERR_NONE);
	assert_int_equal(entries_add_link(&all, "/l", "usr/l"), ERR_NONE);
	assert_int_equal(entries_add_device(&all, "/d", 0666, 1, 3), ERR_NONE);
	assert_int_equal(entries_add_folder(&all, "/o", 0755), ERR_NONE);
	assert_int_equal(all.n, 5);

	assert_int_equal(entries_add_file(&all, "/f", "/usr/g", 0644), ERR_EXISTS);
	assert_int_equal(entries_add_file(&all, "/f", "/usr/f", 0600), ERR_EXISTS);
	assert_int_equal(entries_add_content(&all, "/f", "", 0, 0644), ERR_EXISTS);
	assert_int_equal(entries_add_content(&all, "/c", "two", 3, 0644), ERR_EXISTS);
	assert_int_equal(entries_add_content(&all, "/c", "on", 2, 0644), ERR_EXISTS);
	assert_int_equal(entries_add_link(&all, "/l", "usr/m"), ERR_EXISTS);
	assert_int_equal(entries_add_link(&all, "/f", "usr/f"), ERR_EXISTS);
	assert_int_equal(entries_add_device(&all, "/d", 0666, 1, 5), ERR_EXISTS);
	assert_int_equal(entries_add_device(&all, "/d", 0660, 1, 3), ERR_EXISTS);
	assert_int_equal(entries_add_folder(&all, "/o", 0700), ERR_EXISTS);
	assert_int_equal(
		entries_add(&all,
			    &(struct entry){ .kind = ENTRY_FOLDER, .path = (char *)"/o", .mode = 0755, .his = true }),
		ERR_EXISTS);
	assert_int_equal(all.n, 5);
	assert_string_equal(entries_find(&all, "/f")->source, "/usr/f");
	assert_string_equal(entries_find(&all, "/c")->content, "one");
	assert_string_equal(entries_find(&all, "/l")->target, "usr/l");
	assert_int_equal(entries_find(&all, "/d")->device, makedev(1, 3));
	assert_int_equal(entries_find(&all, "/o")->mode, 0755);
	entries_clear(&all);
}

static void a_parent_that_is_there_stays_as_it_is(void **state)
{
	struct entries all = { 0 };

	assert_int_equal(entries_add_folder(&all, "/home/anna", 0700), ERR_NONE);
	assert_int_equal(entries_add_content(&all, "/home/anna/f", "", 0, 0600), ERR_NONE);
	assert_int_equal(entries_find(&all, "/home/anna")->mode, 0700);
	assert_int_equal(entries_find(&all, "/home")->mode, 0755);
	entries_clear(&all);
}

static void files_of_the_host_lose_dangerous_bits(void **state)
{
	struct entries all = { 0 };

	assert_int_equal(entries_add_file(&all, "/su", "/usr/bin/su", 06777), ERR_NONE);
	assert_int_equal(entries_find(&all, "/su")->mode, 0755);
	assert_int_equal(entries_add_file(&all, "/t", "/usr/bin/t", 01666), ERR_NONE);
	assert_int_equal(entries_find(&all, "/t")->mode, 0644);
	entries_clear(&all);
}

static void what_was_given_is_copied(void **state)
{
	char path[] = "/p", source[] = "/s", content[] = { 'a', 0, 'b' }, target[] = "t";
	struct entries all = { 0 };
	const struct entry *e;

	assert_int_equal(entries_add_file(&all, path, source, 0644), ERR_NONE);
	path[1] = 'q';
	assert_int_equal(entries_add_content(&all, path, content, sizeof content, 0644), ERR_NONE);
	path[1] = 'r';
	assert_int_equal(entries_add_link(&all, path, target), ERR_NONE);
	memset(path, 'x', sizeof path - 1);
	memset(source, 'x', sizeof source - 1);
	memset(content, 'x', sizeof content);
	memset(target, 'x', sizeof target - 1);
	paths_are(&all, (const char *const[]){ "/p", "/q", "/r", NULL });
	assert_string_equal(all.v[0].source, "/s");
	e = &all.v[1];
	assert_int_equal(e->len, 3);
	assert_memory_equal(e->content, "a\0b", 4); /* ends in a NUL beyond its length */
	assert_null(e->source);
	assert_string_equal(all.v[2].target, "t");
	entries_clear(&all);
}

static void the_digest_does_not_make_a_difference(void **state)
{
	struct entry a = { .kind = ENTRY_FILE, .path = (char *)"/f", .source = (char *)"/f", .mode = 0644 }, b = a;

	snprintf(b.digest, sizeof b.digest, "%s", "abc");
	assert_true(entry_equal(&a, &b));
	b.source = NULL;
	assert_false(entry_equal(&a, &b));
	b = a;
	b.path = (char *)"/g";
	assert_false(entry_equal(&a, &b));
	b = a;
	b.his = true;
	assert_false(entry_equal(&a, &b));
}

/* lchmod() of a link means nothing, so its mode is none. */
static void a_link_is_its_text(void **state)
{
	const struct entry a = { .kind = ENTRY_LINK, .path = (char *)"/l", .target = (char *)"t", .mode = 0777 },
			   b = { .kind = ENTRY_LINK, .path = (char *)"/l", .target = (char *)"t" };

	assert_true(entry_equal(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parents_come_along_as_plain_folders),
		cmocka_unit_test(any_order_gives_one_order),
		cmocka_unit_test(an_equal_one_stays_another_one_is_refused),
		cmocka_unit_test(a_parent_that_is_there_stays_as_it_is),
		cmocka_unit_test(files_of_the_host_lose_dangerous_bits),
		cmocka_unit_test(what_was_given_is_copied),
		cmocka_unit_test(the_digest_does_not_make_a_difference),
		cmocka_unit_test(a_link_is_its_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
