/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_json.c - JSON files are strict, bounded, and come back as they were written. */
#include "base/json.h"

#include "base/scratch.h"

#include <errno.h>
#include <time.h>

#include "base/banned.h"

static char dir[SCRATCH_DIR];
static struct root *root;

static int open_root(void **state)
{
	scratch_make(dir);
	return root_open(dir, &root);
}

static int close_root(void **state)
{
	root_close(root);
	scratch_remove(dir);
	return 0;
}

static void comes_back_as_written(void **state)
{
	json_t *value = json_pack("{s:i, s:[s,b], s:n}", "z", 1, "list", "caf\xc3\xa9", 1, "a"), *again = NULL;
	struct stat st;

	assert_int_equal(json_write_file(root, "/x.json", value, 0640), ERR_NONE);
	scratch_is(scratch_path(dir, "x.json"),
		   "{\n  \"z\": 1,\n  \"list\": [\n    \"caf\xc3\xa9\",\n    true\n  ],\n  \"a\": null\n}\n");
	assert_int_equal(root_stat(root, "/x.json", &st), ERR_NONE);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_uid, geteuid());
	assert_in_range(st.st_mtime, time(NULL) - 60, time(NULL) + 60);
	assert_int_equal(json_read_file(root, "/x.json", 4096, &again), ERR_NONE);
	assert_true(json_equal(value, again));
	json_decref(again);
	json_decref(value);
}

static void every_truncation_is_refused(void **state)
{
	static const char full[] = "{\"a\": [1, \"x\\u00e9\", {\"b\": true}]}";
	char cut[sizeof full];
	json_t *value = NULL;

	for (size_t len = 0; len < sizeof full - 1; len++) {
		memcpy(cut, full, len);
		cut[len] = '\0';
		scratch_write(scratch_path(dir, "cut.json"), cut);
		assert_int_equal(json_read_file(root, "/cut.json", 4096, &value), ERR_SYNTAX);
		assert_null(value);
	}
}

static void what_is_not_strict_is_refused(void **state)
{
	static const char *const bad[] = {
		"{\"a\":1,\"a\":2}", "{\"a\":1} x", "{\"a\":\"\xff\"}", "{a:1}", "{\"a\":\"\\u0000\"}", "42", "",
	};
	json_t *value = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		scratch_write(scratch_path(dir, "bad.json"), bad[i]);
		assert_int_equal(json_read_file(root, "/bad.json", 4096, &value), ERR_SYNTAX);
	}
	assert_null(value);
}

static void nesting_without_end_is_refused(void **state)
{
	struct text t = { 0 };
	json_t *value = NULL;

	for (size_t i = 0; i < 100000; i++)
		text_add_string(&t, "[");
	scratch_write(scratch_path(dir, "deep.json"), text_string(&t));
	assert_int_equal(json_read_file(root, "/deep.json", 200000, &value), ERR_SYNTAX);
	text_free(&t);
}

static void large_and_missing_files_say_so(void **state)
{
	json_t *value = NULL;

	scratch_write(scratch_path(dir, "ten.json"), "{\"a\":1234}");
	assert_int_equal(json_read_file(root, "/ten.json", 9, &value), ERR_TOO_BIG);
	assert_int_equal(json_read_file(root, "/none.json", 9, &value), ERR_SYSTEM);
	assert_int_equal(errno, ENOENT);
	assert_null(value);
	assert_int_equal(json_read_file(root, "/ten.json", 10, &value), ERR_NONE);
	json_decref(value);
}

static void bad_bytes_become_replacement_characters(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "plain", "plain" },
		{ "", "" },
		{ "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "a\xff\xfe", "a\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xed\xa0\x80z", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *value = json_safe_string(cases[i].in);

		assert_non_null(value);
		assert_string_equal(json_string_value(value), cases[i].out);
		json_decref(value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back_as_written),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(what_is_not_strict_is_refused),
		cmocka_unit_test(nesting_without_end_is_refused),
		cmocka_unit_test(large_and_missing_files_say_so),
		cmocka_unit_test(bad_bytes_become_replacement_characters),
	};

	return cmocka_run_group_tests(tests, open_root, close_root);
}
