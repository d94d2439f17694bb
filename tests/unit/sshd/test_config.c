/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_config.c - files become lines that know where they stand, and mistakes have a file and a line. */
#include "sshd/config.h"

#include "sshd.h"

#include "base/banned.h"

#define MAIN "/etc/ssh/sshd_config"

/* A root with an /etc/ssh of its own. */
struct fixture {
	char dir[SCRATCH_DIR];
	struct root *root;
	struct sshd_config *config;
	struct diags problems;
};

static int fixture_make(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	assert_non_null(f);
	scratch_make(f->dir);
	assert_int_equal(mkdir(scratch_path(f->dir, "etc"), 0755), 0);
	assert_int_equal(mkdir(scratch_path(f->dir, "etc/ssh"), 0755), 0);
	assert_int_equal(mkdir(scratch_path(f->dir, "etc/ssh/sshd_config.d"), 0755), 0);
	assert_int_equal(root_open(f->dir, &f->root), ERR_NONE);
	*state = f;
	return 0;
}

static int fixture_remove(void **state)
{
	struct fixture *f = *state;

	sshd_config_free(f->config);
	diags_free(&f->problems);
	root_close(f->root);
	scratch_remove(f->dir);
	free(f);
	return 0;
}

static void put(const struct fixture *f, const char *name, const char *text)
{
	char path[64];

	snprintf(path, sizeof path, "etc/ssh/%s", name);
	scratch_write(scratch_path(f->dir, path), text);
}

static enum err load(struct fixture *f, unsigned release)
{
	return sshd_config_load(f->root, MAIN, release, &f->config, &f->problems);
}

static void line_is(const struct fixture *f, size_t i, enum sshd_keyword_id id, const char *file, unsigned line,
		    const struct sshd_match *match)
{
	assert_true(i < f->config->nlines);
	assert_int_equal(f->config->lines[i].keyword->id, id);
	assert_string_equal(f->config->lines[i].file, file);
	assert_int_equal(f->config->lines[i].line, line);
	assert_ptr_equal(f->config->lines[i].match, match);
}

static void problem_is(const struct fixture *f, size_t i, const char *file, unsigned line, const char *text)
{
	assert_true(i < f->problems.n);
	assert_string_equal(f->problems.v[i].text, text);
	assert_string_equal(f->problems.v[i].file, file);
	assert_int_equal(f->problems.v[i].line, line);
}

static void includes_stand_where_they_are_read(void **state)
{
	struct fixture *f = *state;

	put(f, "sshd_config", "# first\nInclude sshd_config.d/*.conf\n\n  UsePAM = \"yes\" # why\n");
	put(f, "sshd_config.d/9-c.conf", "Port 3\n");
	put(f, "sshd_config.d/10-a.conf", "Port 1\n\nPort 2");
	put(f, "sshd_config.d/ignored", "Port 4\n");
	assert_int_equal(load(f, R92), ERR_NONE);
	assert_int_equal(f->config->nlines, 5);
	line_is(f, 0, KW_INCLUDE, MAIN, 2, NULL);
	line_is(f, 1, KW_PORT, "/etc/ssh/sshd_config.d/10-a.conf", 1, NULL);
	line_is(f, 2, KW_PORT, "/etc/ssh/sshd_config.d/10-a.conf", 3, NULL);
	line_is(f, 3, KW_PORT, "/etc/ssh/sshd_config.d/9-c.conf", 1, NULL);
	line_is(f, 4, KW_USEPAM, MAIN, 4, NULL);
	assert_string_equal(f->config->lines[4].spelling, "UsePAM");
	assert_string_equal(f->config->lines[4].rest, "\"yes\" # why");
	assert_string_equal(f->config->lines[4].args.v[0], "yes");
	assert_int_equal(f->config->nfiles, 3);
	assert_string_equal(f->config->files[0].path, MAIN);
	assert_string_equal(f->config->files[1].content, "Port 1\n\nPort 2");
}

static void a_match_ends_with_its_file(void **state)
{
	struct fixture *f = *state;
	const struct sshd_match *outer, *inner;

	put(f, "sshd_config", "Match User a\nInclude in\nPermitTTY no\nMatch User b\nPermitTTY yes\n");
	put(f, "in", "PermitTTY yes\nMatch Group g\nMaxSessions 1\n");
	assert_int_equal(load(f, R92), ERR_NONE);
	assert_int_equal(f->config->nmatches, 3);
	outer = f->config->matches[0];
	inner = f->config->matches[1];
	line_is(f, 0, KW_MATCH, MAIN, 1, NULL);
	line_is(f, 1, KW_INCLUDE, MAIN, 2, outer);
	line_is(f, 2, KW_PERMITTTY, "/etc/ssh/in", 1, outer);
	line_is(f, 3, KW_MATCH, "/etc/ssh/in", 2, outer);
	line_is(f, 4, KW_MAXSESSIONS, "/etc/ssh/in", 3, inner);
	line_is(f, 5, KW_PERMITTTY, MAIN, 3, outer);
	line_is(f, 7, KW_PERMITTTY, MAIN, 5, f->config->matches[2]);
	assert_ptr_equal(inner->parent, outer);
	assert_null(f->config->matches[2]->parent);
	assert_int_equal(inner->line, 2);
}

/* A config that the real sshd starts with, though the manual does not say so. */
static void global_keywords_are_fine_behind_match_all(void **state)
{
	assert_false(text_refused("Match all\nPort 2222\n", R92));
	assert_true(text_refused("Match User *\nPort 2222\n", R92));
	assert_true(text_refused("Match all\nMatch User *\nPort 2222\n", R92));
}

static void all_mistakes_are_told_with_their_place(void **state)
{
	struct fixture *f = *state;

	put(f, "sshd_config",
	    "PermitRootLogn no\nInclude in\nMatch User x\nPort 22\nPersourcepenalties no\nMatch Foo bar\nMaxSessions 1\nxyzzy plugh\n");
	put(f, "in", "\nUsePAM \"yes\n");
	assert_int_equal(load(f, R92), ERR_CONFIG);
	assert_int_equal(f->problems.errors, 6);
	problem_is(f, 0, MAIN, 1, "'PermitRootLogn' is no keyword of sshd: did you mean PermitRootLogin?");
	problem_is(f, 1, "/etc/ssh/in", 2, "UsePAM has a quote that does not end");
	problem_is(f, 2, MAIN, 4, "Port is not allowed inside Match: wants to stand before the first one");
	problem_is(f, 3, MAIN, 5, "PerSourcePenalties is not known to OpenSSH 9.2: it came with 9.8");
	assert_int_equal(f->problems.v[4].line, 6);
	problem_is(f, 5, MAIN, 8, "'xyzzy' is no keyword of sshd");
	/* the rest is there for an audit: the line in the block that nobody can match too */
	assert_non_null(f->config);
	assert_int_equal(f->config->lines[f->config->nlines - 1].keyword->id, KW_MAXSESSIONS);
	assert_true(f->config->lines[f->config->nlines - 1].match->never);
}

static void what_has_no_effect_is_a_warning(void **state)
{
	struct fixture *f = *state;

	put(f, "sshd_config", "Protocol 2\nKeyRegenerationInterval 3600\nUsePrivilegeSeparation maybe\n");
	assert_int_equal(load(f, R92), ERR_NONE);
	assert_int_equal(f->problems.n, 2);
	assert_true(f->problems.v[0].warning && f->problems.v[1].warning);
	problem_is(f, 1, MAIN, 3, "UsePrivilegeSeparation no longer has an effect: remove it");
	assert_true(text_refused("UsePrivilegeSeparation maybe", SSHD_OLDEST));
}

static void files_that_cannot_be_read(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(load(f, R92), ERR_SYSTEM);
	assert_null(f->config);
	assert_int_equal(f->problems.errors, 1);
	assert_int_equal(mkdir(scratch_path(f->dir, "etc/ssh/sshd_config"), 0755), 0);
	assert_int_equal(load(f, R92), ERR_NOT_FILE);
	assert_null(f->config);
	rmdir(scratch_path(f->dir, "etc/ssh/sshd_config"));
	put(f, "sshd_config", "\nInclude sshd_config.d /nonexistent/* fifo\n");
	assert_int_equal(mkfifo(scratch_path(f->dir, "etc/ssh/fifo"), 0600), 0);
	diags_free(&f->problems);
	assert_int_equal(load(f, R92), ERR_CONFIG);
	assert_int_equal(f->problems.errors, 2);
	assert_int_equal(f->problems.v[0].line, 2);
	assert_non_null(strstr(f->problems.v[0].text, "cannot read '/etc/ssh/sshd_config.d'"));
	assert_non_null(strstr(f->problems.v[1].text, "cannot read '/etc/ssh/fifo'"));
}

static void a_file_that_includes_itself_ends(void **state)
{
	struct fixture *f = *state;

	put(f, "sshd_config", "Include loop\n");
	put(f, "loop", "Include loop\n");
	assert_int_equal(load(f, R92), ERR_CONFIG);
	problem_is(f, 0, "/etc/ssh/loop", 1,
		   "Include of '/etc/ssh/loop' is nested more than 16 deep: does a file include itself?");
	sshd_config_free(f->config);
	f->config = NULL;
	diags_free(&f->problems);
	/* two to the power of sixteen files otherwise */
	put(f, "loop", "Include loop loop\n");
	assert_int_equal(load(f, R92), ERR_CONFIG);
	assert_true(f->config->nfiles <= 4096);
}

static void sixteen_levels_are_allowed(void **state)
{
	struct fixture *f = *state;
	char name[16], text[64];

	for (int i = 0; i <= 16; i++) {
		snprintf(name, sizeof name, i ? "level%d" : "sshd_config", i);
		snprintf(text, sizeof text, i < 16 ? "Include level%d\n" : "Port 22\n", i + 1);
		put(f, name, text);
	}
	assert_int_equal(load(f, R92), ERR_NONE);
	assert_int_equal(f->config->nlines, 17);
}

static void bytes_that_are_no_text(void **state)
{
	struct sshd_config *c = NULL;
	struct diags problems = { 0 };
	static const char text[] = "Port 22\nUsePAM y\0es\nMaxSessions 1\n";

	assert_int_equal(sshd_config_parse(text, sizeof text - 1, R92, &c, &problems), ERR_CONFIG);
	assert_int_equal(problems.errors, 1);
	assert_int_equal(problems.v[0].line, 2);
	assert_int_equal(c->nlines, 2);
	sshd_config_free(c);
	diags_free(&problems);
}

static void a_line_of_ten_megabytes_is_an_error(void **state)
{
	size_t n = 10 << 20;
	char *text = malloc(n);
	struct sshd_config *c = NULL;
	struct diags problems = { 0 };

	memset(text, 'a', n);
	memcpy(text, "Port 22\n", 8);
	assert_int_equal(sshd_config_parse(text, n, R92, &c, &problems), ERR_CONFIG);
	assert_int_equal(problems.errors, 1);
	assert_int_equal(problems.v[0].line, 2);
	assert_string_equal(problems.v[0].text, "the line is longer than a megabyte");
	sshd_config_free(c);
	diags_free(&problems);
	free(text);
}

static void every_mistake_counts_though_not_all_are_told(void **state)
{
	size_t n = 20000 * 4;
	char *text = malloc(n);
	struct sshd_config *c = NULL;
	struct diags problems = { 0 };

	for (size_t i = 0; i < n; i += 4)
		memcpy(text + i, "X 1\n", 4);
	assert_int_equal(sshd_config_parse(text, n, R92, &c, &problems), ERR_CONFIG);
	assert_int_equal(problems.errors, 20000);
	assert_true(problems.n <= 1000);
	sshd_config_free(c);
	diags_free(&problems);
	free(text);
}

static void every_truncation_is_read(void **state)
{
	static const char text[] =
		"Port = \"22\"\nMatch User a Address 10.0.0.0/8\n ForceCommand a 'b' # c\nAllowUsers a@10.0.0.0/8\n"
		"SetEnv A=\"b c\"\nRekeyLimit 1G 1h\nAuthenticationMethods publickey,password any\n";
	static const unsigned releases[] = { 704, 806, 902, 909, 1005 };

	for (size_t r = 0; r < ARRAY_SIZE(releases); r++)
		for (size_t len = 0; len < sizeof text; len++) {
			struct sshd_config *c = NULL;
			struct diags problems = { 0 };
			enum err e = sshd_config_parse(text, len, releases[r], &c, &problems);
			assert_true(e == (problems.errors ? ERR_CONFIG : ERR_NONE));
			sshd_config_free(c);
			diags_free(&problems);
		}
}

static void a_text_from_memory_cannot_include(void **state)
{
	assert_true(text_refused("Include /etc/passwd\n", R92));
	assert_true(text_refused("Include\n", R92));
	assert_true(text_refused("Include \"\"\n", R92));
}

/* 8.2 named the wrong variable, and until 8.3 a Match in an included file was never on. */
static void old_includes_have_old_mistakes(void **state)
{
	struct fixture *f = *state;
	const struct sshd_connection anna = { .user = "anna" };
	struct sshd_effective *now = NULL;

	put(f, "sshd_config", "Include in\nInclude /etc/ssh/in\n");
	put(f, "in", "Match User anna\nPermitTTY no\n");
	assert_int_equal(load(f, SSHD_RELEASE(8, 2)), ERR_NONE);
	assert_int_equal(f->config->nfiles, 2);
	assert_int_equal(f->problems.n, 1);
	assert_int_equal(sshd_effective(f->config, &anna, &now), ERR_NONE);
	assert_string_equal(sshd_value(now, KW_PERMITTTY), "yes");
	sshd_effective_free(now);
	sshd_config_free(f->config);
	assert_int_equal(load(f, SSHD_RELEASE(8, 4)), ERR_NONE);
	assert_int_equal(f->config->nfiles, 3);
	assert_int_equal(sshd_effective(f->config, &anna, &now), ERR_NONE);
	assert_string_equal(sshd_value(now, KW_PERMITTTY), "no");
	sshd_effective_free(now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(includes_stand_where_they_are_read, fixture_make, fixture_remove),
		cmocka_unit_test_setup_teardown(a_match_ends_with_its_file, fixture_make, fixture_remove),
		cmocka_unit_test(global_keywords_are_fine_behind_match_all),
		cmocka_unit_test_setup_teardown(all_mistakes_are_told_with_their_place, fixture_make, fixture_remove),
		cmocka_unit_test_setup_teardown(what_has_no_effect_is_a_warning, fixture_make, fixture_remove),
		cmocka_unit_test_setup_teardown(files_that_cannot_be_read, fixture_make, fixture_remove),
		cmocka_unit_test_setup_teardown(a_file_that_includes_itself_ends, fixture_make, fixture_remove),
		cmocka_unit_test_setup_teardown(sixteen_levels_are_allowed, fixture_make, fixture_remove),
		cmocka_unit_test(bytes_that_are_no_text),
		cmocka_unit_test(a_line_of_ten_megabytes_is_an_error),
		cmocka_unit_test(every_mistake_counts_though_not_all_are_told),
		cmocka_unit_test(every_truncation_is_read),
		cmocka_unit_test(a_text_from_memory_cannot_include),
		cmocka_unit_test_setup_teardown(old_includes_have_old_mistakes, fixture_make, fixture_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
