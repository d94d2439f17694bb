/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_set.c - files of sets and rules: what is read from them, every mistake with its line, which of two files counts. */
#include "jail/set.h"

#include "base/data.h"
#include "base/scratch.h"

#include <stdint.h>

#include "base/banned.h"

#define FILE_NAME "/etc/sallyport/jail.d/x.set"

static enum err parse(const char *content, struct set *out, struct diags *problems)
{
	return set_parse(content, strlen(content), FILE_NAME, out, problems);
}

static void every_word_is_read(void **state)
{
	static const char content[] = "# a comment\n"
				      "summary  what\tit is \n"
				      "\n"
				      "program sh /usr/bin/ls\n"
				      "MAYBE less\r\n"
				      "either nano vim\n"
				      "file /etc/x*\n"
				      "plain /etc/localtime\n"
				      "tree /usr/lib/x /opt/[xy] except */doc */test\n"
				      "library libnss_files.so.2\n"
				      "folder /srv\n"
				      "own /tmp\n"
				      "network\n"
				      "set basic git\n"
				      "when */bin/git network\n"
				      "when network file /etc/services";
	static const enum set_word wanted[] = { SET_PROGRAM, SET_MAYBE,	  SET_EITHER, SET_FILE, SET_PLAIN,
						SET_TREE,    SET_LIBRARY, SET_FOLDER, SET_OWN,	SET_NETWORK,
						SET_SET,     SET_NETWORK, SET_FILE };
	struct set s = { 0 }, again = { 0 };
	struct diags problems = { 0 };
	struct text first = { 0 }, second = { 0 };

	assert_int_equal(parse(content, &s, &problems), ERR_NONE);
	assert_int_equal(problems.n, 0);
	assert_string_equal(s.summary, "what it is");
	assert_int_equal(s.n, ARRAY_SIZE(wanted));
	for (size_t i = 0; i < s.n; i++) {
		assert_int_equal(s.v[i].word, wanted[i]);
		assert_int_equal(s.v[i].line, i + 4);
	}
	assert_int_equal(s.v[0].values.n, 2);
	assert_string_equal(s.v[0].values.v[1], "/usr/bin/ls");
	assert_null(s.v[0].when);
	assert_int_equal(s.v[5].values.n, 2);
	assert_int_equal(s.v[5].except.n, 2);
	assert_string_equal(s.v[5].except.v[0], "*/doc");
	assert_string_equal(s.v[11].when, "*/bin/git");
	assert_string_equal(s.v[12].when, "network");

	set_format(&s, &first);
	assert_int_equal(parse(first.s, &again, &problems), ERR_NONE);
	set_format(&again, &second);
	assert_string_equal(first.s, second.s);
	text_free(&first);
	text_free(&second);
	set_clear(&again);
	set_clear(&s);
	assert_null(s.v);
}

static const struct {
	const char *content, *text;
	unsigned line;
} mistakes[] = {
	{ "program ls\n\nprogramm ls\n", "'programm' is no setting: did you mean 'program'?", 3 },
	{ "quux ls",
	  "'quux' is no setting: wants summary, when, program, maybe, either, file, plain, tree, "
	  "library, folder, own, network or set",
	  1 },
	{ "summary a\nsummary b\n", "summary: stands already in line 1", 2 },
	{ "summary\n", "summary: wants a text", 1 },
	{ "program\n", "program: wants names of programs, or absolute paths without '..'", 1 },
	{ "program bin/ls",
	  "program: 'bin/ls' is not good: wants names of programs, or absolute paths "
	  "without '..'",
	  1 },
	{ "maybe /usr/bin/../ls",
	  "maybe: '/usr/bin/../ls' is not good: wants names of programs, or absolute "
	  "paths without '..'",
	  1 },
	{ "either /bin/*",
	  "either: '/bin/*' is not good: wants names of programs, or absolute paths without "
	  "'..'",
	  1 },
	{ "program -x", "program: '-x' is not good: wants names of programs, or absolute paths without '..'", 1 },
	{ "file etc/x",
	  "file: 'etc/x' is not good: wants absolute paths without '..', in which '*', '?' and "
	  "'[]' match names",
	  1 },
	{ "tree /",
	  "tree: '/' is not good: wants absolute paths without '..', in which '*', '?' and '[]' "
	  "match names",
	  1 },
	{ "tree /a/",
	  "tree: '/a/' is not good: wants absolute paths without '..', in which '*', '?' and "
	  "'[]' match names",
	  1 },
	{ "tree except */x", "tree: wants absolute paths without '..', in which '*', '?' and '[]' match names", 1 },
	{ "tree /x except", "except: wants patterns that begin with '*' or '/'", 1 },
	{ "tree /x except y", "except: 'y' is not good: wants patterns that begin with '*' or '/'", 1 },
	{ "file /x except */y",
	  "file: 'except' is not good: wants absolute paths without '..', in which '*', "
	  "'?' and '[]' match names",
	  1 },
	{ "plain /etc/l*",
	  "plain: '/etc/l*' is not good: wants absolute paths without '..' and without '*', "
	  "'?', '['",
	  1 },
	{ "folder //x",
	  "folder: '//x' is not good: wants absolute paths without '..' and without '*', '?', "
	  "'['",
	  1 },
	{ "own /x/./y",
	  "own: '/x/./y' is not good: wants absolute paths without '..' and without '*', '?', "
	  "'['",
	  1 },
	{ "library /lib/libx.so.1",
	  "library: '/lib/libx.so.1' is not good: wants sonames such as "
	  "libnss_files.so.2",
	  1 },
	{ "library x", "library: 'x' is not good: wants sonames such as libnss_files.so.2", 1 },
	{ "network yes", "network: 'yes' is not good: wants nothing behind it", 1 },
	{ "set Basic", "set: 'Basic' is not good: wants names of sets", 1 },
	{ "set .x", "set: '.x' is not good: wants names of sets", 1 },
	{ "when */git",
	  "when: wants a pattern that begins with '*' or '/', or the word network, and then "
	  "what is needed",
	  1 },
	{ "when git network",
	  "when: wants a pattern that begins with '*' or '/', or the word network, and "
	  "then what is needed",
	  1 },
	{ "when */git when */x network", "'when' cannot stand behind a when", 1 },
	{ "file /a\x1b[2J",
	  "file: '/a\\x1B[2J' is not good: wants absolute paths without '..', in which '*', "
	  "'?' and '[]' match names",
	  1 },
};

static void mistakes_have_their_line_and_say_what_is_wanted(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		struct diags problems = { 0 };
		struct set s = { 0 };

		assert_int_equal(parse(mistakes[i].content, &s, &problems), ERR_CONFIG);
		assert_int_equal(problems.n, 1);
		assert_string_equal(problems.v[0].text, mistakes[i].text);
		assert_string_equal(problems.v[0].file, FILE_NAME);
		assert_int_equal(problems.v[0].line, mistakes[i].line);
		assert_null(s.v);
		diags_free(&problems);
	}
}

static void all_mistakes_are_told_at_once(void **state)
{
	struct diags problems = { 0 };
	struct set s = { 0 };

	assert_int_equal(parse("file x\nprogram ls\nfile y\n", &s, &problems), ERR_CONFIG);
	assert_int_equal(problems.n, 2);
	assert_int_equal(problems.v[1].line, 3);
	diags_free(&problems);
	assert_int_equal(set_parse("file /x\0y\n", 10, FILE_NAME, &s, &problems), ERR_CONFIG);
	assert_string_equal(problems.v[0].text, "there is a NUL byte in this line");
	diags_free(&problems);
}

static void a_file_that_is_too_long_is_not_read(void **state)
{
	const size_t len = 256 * 1024 + 1;
	char *content = malloc(len);
	struct diags problems = { 0 };
	struct set s = { 0 };

	assert_non_null(content);
	memset(content, '\n', len);
	assert_int_equal(set_parse(content, len, FILE_NAME, &s, &problems), ERR_CONFIG);
	assert_string_equal(problems.v[0].text, "it has more than 262144 bytes");
	diags_free(&problems);
	assert_int_equal(set_parse(content, len - 1, FILE_NAME, &s, &problems), ERR_NONE);
	set_clear(&s);
	free(content);
}

/* A file that was cut off says so by its lines, or reads as what is left. */
static void every_truncation_is_read_or_refused(void **state)
{
	static const char content[] = "summary x\nwhen */bin/git tree /usr/lib/x except */y\nprogram ls\n";

	for (size_t len = 0; len < sizeof content; len++) {
		char *copy = malloc(len + 1);
		struct diags problems = { 0 };
		struct set s = { 0 };
		enum err e;

		assert_non_null(copy);
		memcpy(copy, content, len);
		e = set_parse(copy, len, FILE_NAME, &s, &problems);
		assert_true(e == (problems.errors ? ERR_CONFIG : ERR_NONE));
		set_clear(&s);
		diags_free(&problems);
		free(copy);
	}
}

static void only_clean_paths_are_good(void **state)
{
	static const char *const good[] = { "/a", "/a/b", "/..a", "/a..", "/.../x", "/.a/b.", "/a b" };
	static const char *const bad[] = { "",	   "/",	  "a",	   "/a/",  "//a",   "/a//b", "/.",
					   "/a/.", "/..", "/a/..", "/./a", "/../a", "/a\nb", "/a\x7f" };
	char longest[PATH_MAX + 1];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(set_path_is_good(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(set_path_is_good(bad[i]));
	memset(longest, 'x', sizeof longest);
	longest[0] = '/';
	longest[PATH_MAX] = '\0';
	assert_false(set_path_is_good(longest));
	longest[PATH_MAX - 1] = '\0';
	assert_true(set_path_is_good(longest));
}

static char first[SCRATCH_DIR], second[SCRATCH_DIR];

static int make_folders(void **state)
{
	scratch_make(first);
	scratch_make(second);
	return 0;
}

static int remove_folders(void **state)
{
	scratch_remove(first);
	scratch_remove(second);
	return 0;
}

static enum err load(struct sets *all, struct diags *problems)
{
	struct strings dirs = { 0 };
	enum err e;

	assert_int_equal(strings_add(&dirs, first), ERR_NONE);
	assert_int_equal(strings_add(&dirs, "/nonexistent/jail.d"), ERR_NONE);
	assert_int_equal(strings_add(&dirs, second), ERR_NONE);
	e = sets_load(&dirs, all, problems);
	strings_free(&dirs);
	return e;
}

static void the_first_folder_counts(void **state)
{
	struct diags problems = { 0 };
	struct sets all = { 0 };

	scratch_write(scratch_path(first, "b.set"), "summary mine\n");
	scratch_write(scratch_path(second, "b.set"), "summary theirs\nprogram x\n");
	scratch_write(scratch_path(second, "a.set"), "summary a\nset b\n");
	scratch_write(scratch_path(second, "z.rules"), "when * plain /z\n");
	scratch_write(scratch_path(first, "y.rules"), "when * plain /y\n");
	scratch_write(scratch_path(first, "b.rules"), "when * plain /b\n");
	scratch_write(scratch_path(first, "README"), "not a set\n");
	scratch_write(scratch_path(first, "b.set~"), "not a set\n");
	assert_int_equal(load(&all, &problems), ERR_NONE);
	assert_int_equal(all.n, 2);
	assert_string_equal(all.v[0].name, "a");
	assert_string_equal(all.v[1].name, "b");
	assert_string_equal(sets_find(&all, "b")->summary, "mine");
	assert_null(sets_find(&all, "c"));
	assert_int_equal(all.nrules, 3);
	assert_string_equal(all.rules[0].name, "b");
	assert_string_equal(all.rules[1].name, "y");
	assert_string_equal(all.rules[2].name, "z");
	sets_clear(&all);
	assert_int_equal(problems.n, 0);
}

static void what_is_wrong_in_a_folder_is_told(void **state)
{
	static const struct {
		const char *name, *content, *text;
		unsigned line;
	} cases[] = {
		{ "none.set", "program ls\n", "there is no summary: wants a line 'summary TEXT'", 0 },
		{ "Big.set", "summary x\n", "'Big' is no name for a set: wants small letters, digits and . _ + -", 0 },
		{ ".set", "summary x\n", "'' is no name for a set: wants small letters, digits and . _ + -", 0 },
		{ "c.set", "summary x\n\nset nothere\n", "there is no set 'nothere'", 3 },
		{ "c.rules", "when * set nothere\n", "there is no set 'nothere'", 1 },
		{ "c.set", "summary x\nset\n", "set: wants names of sets", 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct diags problems = { 0 };
		struct sets all = { 0 };
		char path[PATH_MAX];

		snprintf(path, sizeof path, "%s", scratch_path(second, cases[i].name));
		scratch_write(path, cases[i].content);
		assert_int_equal(load(&all, &problems), ERR_CONFIG);
		assert_int_equal(problems.n, 1);
		assert_string_equal(problems.v[0].file, path);
		assert_string_equal(problems.v[0].text, cases[i].text);
		assert_int_equal(problems.v[0].line, cases[i].line);
		assert_null(all.v);
		diags_free(&problems);
		assert_int_equal(unlink(path), 0);
	}
}

static void a_folder_as_a_set_is_told(void **state)
{
	struct diags problems = { 0 };
	struct sets all = { 0 };

	assert_int_equal(mkdir(scratch_path(first, "d.set"), 0755), 0);
	assert_int_equal(load(&all, &problems), ERR_CONFIG);
	assert_non_null(strstr(problems.v[0].text, "it cannot be read: "));
	diags_free(&problems);
	assert_int_equal(rmdir(scratch_path(first, "d.set")), 0);
}

/* Those that come with sallyport. */
static void ours_are_good(void **state)
{
	static const char *const names[] = { "basic", "coreutils", "editors", "git", "rsync", "scp" };
	char folder[PATH_MAX];
	struct diags problems = { 0 };
	struct strings dirs = { 0 };
	struct sets all = { 0 };

	snprintf(folder, sizeof folder, "%s/conf/jail.d", getenv("SALLYPORT_SOURCE"));
	assert_int_equal(strings_add(&dirs, folder), ERR_NONE);
	assert_int_equal(sets_load(&dirs, &all, &problems), ERR_NONE);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_non_null(sets_find(&all, names[i]));
	assert_true(all.nrules > 0);
	sets_clear(&all);
	strings_free(&dirs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_is_read),
		cmocka_unit_test(mistakes_have_their_line_and_say_what_is_wanted),
		cmocka_unit_test(all_mistakes_are_told_at_once),
		cmocka_unit_test(a_file_that_is_too_long_is_not_read),
		cmocka_unit_test(every_truncation_is_read_or_refused),
		cmocka_unit_test(only_clean_paths_are_good),
		cmocka_unit_test_setup_teardown(the_first_folder_counts, make_folders, remove_folders),
		cmocka_unit_test_setup_teardown(what_is_wrong_in_a_folder_is_told, make_folders, remove_folders),
		cmocka_unit_test_setup_teardown(a_folder_as_a_set_is_told, make_folders, remove_folders),
		cmocka_unit_test(ours_are_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
