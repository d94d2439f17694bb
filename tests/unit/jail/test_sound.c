/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_sound.c - what leads out of a jail, or has no folder, is no row of one. */
#include "jail/sound.h"

#include "base/macros.h"
#include "base/scratch.h"

#include "base/banned.h"

static void knows_paths(void **unused)
{
	static const char *const good[] = { "/a", "/a/b", "/...", "/.a", "/a..", "/a\nb", "/\xff" };
	static const char *const bad[] = { "",	 "a",	"/",	 "//a",	    "/a/",   "/a//b",
					   "/.", "/..", "/a/..", "/a/../b", "/a/./b" };
	char longest[PATH_MAX + 8], name[300];

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(sound_path(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(sound_path(bad[i]));
	memset(name, 'a', sizeof name);
	name[0] = '/';
	name[256] = '\0';
	assert_true(sound_path(name));
	name[256] = 'a';
	name[257] = '\0';
	assert_false(sound_path(name));
	for (size_t i = 0; i + 2 <= sizeof longest; i += 2)
		memcpy(longest + i, "/a", 2);
	longest[PATH_MAX] = '\0';
	assert_false(sound_path(longest));
	longest[PATH_MAX - 2] = '\0';
	assert_true(sound_path(longest));
}

static void knows_users_and_digests(void **unused)
{
	static const char *const bad[] = { "", ".", "..", ".hidden", "a/b" };
	char digest[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

	(void)unused;
	assert_true(sound_user("anna"));
	assert_true(sound_user("-x $(id)"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(sound_user(bad[i]));
	assert_true(sound_digest(digest));
	digest[5] = 'A';
	assert_false(sound_digest(digest));
	assert_false(sound_digest("0123"));
}

static void refuses(const struct entry *v, size_t n, const char *why)
{
	const struct entries all = { .v = (struct entry *)v, .n = n };
	struct text problem = { 0 };

	assert_int_equal(sound_entries(&all, &problem), ERR_SYNTAX);
	if (!strstr(text_string(&problem), why))
		fail_msg("'%s' does not say '%s'", text_string(&problem), why);
	text_free(&problem);
}

static void refuses_rows_that_cannot_stand_there(void **unused)
{
	static const struct {
		struct entry e;
		const char *why;
	} cases[] = {
		{ { .kind = ENTRY_FOLDER, .path = (char *)"/a/../b" }, "wants an absolute path" },
		{ { .kind = ENTRY_FOLDER, .path = (char *)"/.sallyport-update" }, "kept for the time of an update" },
		{ { .kind = ENTRY_FOLDER, .path = (char *)"/a/b" }, "has no row of its own" },
		{ { .kind = ENTRY_FOLDER, .path = (char *)"/a", .mode = 010000 }, "no mode" },
		{ { .kind = ENTRY_FILE, .path = (char *)"/a" }, "either a source or content" },
		{ { .kind = ENTRY_FILE, .path = (char *)"/a", .source = (char *)"/b", .content = (char *)"" },
		  "either" },
		{ { .kind = ENTRY_FILE, .path = (char *)"/a", .source = (char *)"../b" }, "the source" },
		{ { .kind = ENTRY_FILE, .path = (char *)"/a", .source = (char *)"/b", .mode = 04755 }, "setuid" },
		{ { .kind = ENTRY_FILE, .path = (char *)"/a", .source = (char *)"/b", .digest = "12" }, "digest" },
		{ { .kind = ENTRY_LINK, .path = (char *)"/a" }, "wants a target" },
		{ { .kind = ENTRY_LINK, .path = (char *)"/a", .target = (char *)"b", .his = true }, "root's" },
		{ { .kind = ENTRY_DEVICE, .path = (char *)"/a", .his = true }, "root's" },
		{ { .kind = ENTRY_FOLDER, .path = (char *)"/a", .target = (char *)"b" }, "a folder has neither" },
	};
	const struct entry twice[] = { { .path = (char *)"/a" }, { .path = (char *)"/a" } };
	const struct entry order[] = { { .path = (char *)"/b" }, { .path = (char *)"/a" } };
	const struct entry below_link[] = {
		{ .kind = ENTRY_LINK, .path = (char *)"/a", .target = (char *)"b" },
		{ .kind = ENTRY_FOLDER, .path = (char *)"/a/c" },
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		refuses(&cases[i].e, 1, cases[i].why);
	refuses(twice, 2, "entry 2, '/a': it is there twice");
	refuses(order, 2, "out of order");
	refuses(below_link, 2, "has no row of its own");
}

static void knows_what_lies_in_something_of_his(void **unused)
{
	struct entry v[] = {
		{ .kind = ENTRY_FOLDER, .path = (char *)"/home" },
		{ .kind = ENTRY_FOLDER, .path = (char *)"/home/anna", .his = true },
		{ .kind = ENTRY_FOLDER, .path = (char *)"/home/anna-2" },
		{ .kind = ENTRY_FOLDER, .path = (char *)"/home/anna/a" },
		{ .kind = ENTRY_FOLDER, .path = (char *)"/home/anna/a/b" },
	};
	const struct entries all = { .v = v, .n = ARRAY_SIZE(v) };
	bool *inside = NULL;

	(void)unused;
	assert_int_equal(sound_entries(&all, NULL), ERR_NONE);
	assert_int_equal(sound_inside_his(&all, &inside), ERR_NONE);
	assert_false(inside[0]);
	assert_false(inside[1]);
	assert_false(inside[2]);
	assert_true(inside[3]);
	assert_true(inside[4]);
	free(inside);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_paths),
		cmocka_unit_test(knows_users_and_digests),
		cmocka_unit_test(refuses_rows_that_cannot_stand_there),
		cmocka_unit_test(knows_what_lies_in_something_of_his),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
