/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_jail_block.c - names and paths that may stand in a Match block, and the block among other lines. */
#include "harden/jail_block.h"
#include "harden/jail_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <string.h>

#include "base/banned.h"

static const char lines[] = "ChrootDirectory /home/chroot/anna\nPermitTunnel no\n";

static void lets_plain_names_pass_and_no_others(void **state)
{
	static const char *const good[] = { "anna", "_apt", "a.b-c", "x1@corp.example", "9lives", "a+b" };
	static const char *const bad[] = { "",	  "-a",	 ".",	"..",  "a/b",	   "a b", "a\tb", "a\nb", "a*",
					   "a?",  "!a",	 "a,b", "a%u", "a\"b",	   "a'b", "a\\b", "#a",	  "a#b",
					   "a=b", "a:b", "@a",	"+a",  "\xc3\xa4", "a$",  "a\x7f" };
	struct text long_one = { 0 };
	char longest[66];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct text why = { 0 };

		assert_int_equal(jail_block_check_name(good[i], &why), ERR_NONE);
		assert_int_equal(why.len, 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct text why = { 0 };

		assert_int_equal(jail_block_check_name(bad[i], &why), ERR_SYNTAX);
		assert_true(why.len > 0);
		text_free(&why);
	}
	memset(longest, 'a', sizeof longest);
	longest[65] = '\0';
	assert_int_equal(jail_block_check_name(longest, &long_one), ERR_SYNTAX);
	text_free(&long_one);
	longest[64] = '\0';
	assert_int_equal(jail_block_check_name(longest, &long_one), ERR_NONE);
}

/* sshd expands tokens in ChrootDirectory, and internal-sftp is split at blanks. */
static void lets_plain_paths_pass_and_no_others(void **state)
{
	static const char *const good[] = { "/a", "/home/chroot/anna", "/srv/.x/..y" };
	static const char *const bad[] = { "",	   "a",	    "/",    "/a/",  "//a",   "/a//b", "/a/.", "/a/..",
					   "/./a", "/../a", "/a b", "/a%h", "/a\"b", "/a\nb", "/a*" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(jail_block_check_path(good[i], &(struct text){ 0 }), ERR_NONE);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct text why = { 0 };

		assert_int_equal(jail_block_check_path(bad[i], &why), ERR_SYNTAX);
		assert_true(why.len > 0);
		text_free(&why);
	}
}

static void put(struct text *t, const char *user, const char *content)
{
	assert_int_equal(jail_block_put(t, user, content), ERR_NONE);
}

static void comes_before_the_first_match_and_goes_without_a_trace(void **state)
{
	static const char *const files[] = { "",
					     "Port 22\n",
					     "Port 22",
					     "Port 22\r\nUsePAM yes\r\n",
					     "Port 22\nMatch User bert\n\tX11Forwarding no\n",
					     "# Match\nMatched no\n  match all\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct text t = { 0 };
		const char *own, *other;

		text_add_string(&t, files[i]);
		put(&t, "anna", lines);
		own = strstr(t.s, "Match User anna");
		assert_non_null(own);
		other = strstr(t.s, "Match User bert") ? strstr(t.s, "Match User bert") : strstr(t.s, "match all");
		assert_true(!other || own < other);
		put(&t, "bert", lines);
		put(&t, "anna", lines); /* once */
		assert_null(strstr(strstr(t.s, "Match User anna") + 1, "Match User anna"));
		put(&t, "anna", NULL);
		assert_null(strstr(t.s, "Match User anna"));
		put(&t, "bert", NULL);
		/* a last line without its end got one */
		assert_memory_equal(text_string(&t), files[i], strlen(files[i]));
		assert_true(t.len <= strlen(files[i]) + 1);
		text_free(&t);
	}
}

/* "ann" is the beginning of "anna". */
static void tells_accounts_apart(void **state)
{
	struct text t = { 0 };

	(void)state;
	put(&t, "anna", lines);
	put(&t, "ann", lines);
	put(&t, "ann", NULL);
	assert_non_null(strstr(t.s, "Match User anna\n"));
	assert_null(strstr(t.s, "Match User ann\n"));
	text_free(&t);
}

/* Nothing is to change where nothing does; but no Match of others may stand in front. */
static void stays_where_it_is_behind_others_of_ours(void **state)
{
	static const char *const rests[] = { "", "Match all\n\tPermitTTY no\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rests); i++) {
		struct text t = { 0 };
		char *before;

		text_add_string(&t, rests[i]);
		put(&t, "anna", lines);
		put(&t, "bert", lines);
		put(&t, "carl", lines);
		before = strdup(t.s);
		assert_non_null(before);
		put(&t, "anna", lines);
		put(&t, "bert", lines);
		put(&t, "carl", lines);
		assert_string_equal(t.s, before);
		text_reset(&t);
		text_add(&t, "Match User x\n\tPermitTTY no\n%s", before);
		put(&t, "bert", lines);
		assert_true(strstr(t.s, "Match User bert\n") < strstr(t.s, "Match User x\n"));
		free(before);
		text_free(&t);
	}
}

static void a_block_without_its_end_is_not_ours_to_take(void **state)
{
	static const char torn[] = "# sallyport: the jail of anna\nMatch User anna\n\tX11Forwarding no\nMatch all\n";
	struct text t = { 0 };

	(void)state;
	text_add_string(&t, torn);
	put(&t, "anna", NULL);
	assert_string_equal(t.s, torn);
	text_free(&t);
}

/* By hand, or by a copy of another block: there is no block, and the next one stands alone. */
static void a_comment_that_is_left_over_is_no_block(void **state)
{
	static const char stray[] = "# sallyport: the jail of carl\n";
	struct text t = { 0 }, clean = { 0 }, why = { 0 };
	struct sshd_file file = { .path = (char *)"/x" };
	const struct sshd_config c = { .files = &file, .nfiles = 1 };
	struct strings users = { 0 };
	struct jail found = { 0 };

	(void)state;
	put(&clean, "anna", lines);
	for (int where = 0; where < 3; where++) {
		text_reset(&t);
		text_add(&t, "%s%s%s", where != 1 ? stray : "", clean.s, where ? stray : "");
		file.content = t.s;
		file.len = t.len;
		assert_int_equal(jail_block_users(&c, &users), ERR_NONE);
		assert_int_equal(users.n, 1);
		assert_string_equal(users.v[0], "anna");
		strings_free(&users);
		assert_int_equal(jail_block_read(&c, "carl", &found, NULL, &why), ERR_NOT_FOUND);
		put(&t, "carl", lines);
		assert_non_null(strstr(t.s, "Match User anna\n"));
		assert_null(strstr(strstr(t.s, stray) + 1, stray));
		put(&t, "carl", NULL);
		assert_string_equal(t.s, clean.s);
		/* in front of its own block */
		put(&t, "carl", lines);
		text_reset(&why);
		text_add(&why, "%s%s", stray, t.s);
		put(&why, "carl", lines);
		assert_string_equal(why.s, t.s);
		text_reset(&why);
	}
	text_free(&t);
	text_free(&clean);
	text_free(&why);
}

static void sftp_only_has_no_shell_and_no_terminal(void **state)
{
	struct jail j = { .user = (char *)"anna", .dir = (char *)"/srv/a", .home = (char *)"/home/anna" };
	struct text t = { 0 };

	(void)state;
	assert_int_equal(jail_block_lines(&j, "/etc/ssh/keys/anna", &t), ERR_NONE);
	assert_non_null(strstr(t.s, "ChrootDirectory /srv/a\nAuthorizedKeysFile /etc/ssh/keys/anna\n"));
	assert_null(strstr(t.s, "ForceCommand"));
	text_reset(&t);
	j.sftp_only = true;
	assert_int_equal(jail_block_lines(&j, "/k", &t), ERR_NONE);
	assert_non_null(strstr(t.s, "PermitTTY no\nForceCommand internal-sftp -f AUTHPRIV -l INFO -d /home/anna\n"));
	text_free(&t);
}

static enum err read_block(const char *content, const char *user, struct jail *j, struct text *why)
{
	struct sshd_file file = { .path = (char *)"/etc/ssh/own.conf",
				  .content = (char *)content,
				  .len = strlen(content) };
	const struct sshd_config c = { .files = &file, .nfiles = 1 };
	const char *where = NULL;
	enum err e = jail_block_read(&c, user, j, &where, why);

	assert_true(e == ERR_NOT_FOUND || where == file.path);
	return e;
}

static void says_again_what_was_written(void **state)
{
	struct jail j = {
		.user = (char *)"anna", .dir = (char *)"/srv/a", .home = (char *)"/home/anna", .sftp_only = true
	};
	struct jail ann = { .user = (char *)"ann", .dir = (char *)"/srv/b" };
	struct jail found = { 0 };
	struct text t = { 0 }, block = { 0 }, why = { 0 };
	struct sshd_file file = { .path = (char *)"/x" };
	const struct sshd_config c = { .files = &file, .nfiles = 1 };
	struct strings users = { 0 };

	(void)state;
	assert_int_equal(jail_block_lines(&j, "/keys", &block), ERR_NONE);
	put(&t, "anna", block.s);
	text_reset(&block);
	assert_int_equal(jail_block_lines(&ann, "/keys", &block), ERR_NONE);
	put(&t, "ann", block.s);
	assert_int_equal(read_block(t.s, "anna", &found, &why), ERR_NONE);
	assert_true(found.sftp_only);
	assert_string_equal(found.dir, "/srv/a");
	assert_string_equal(found.home, "/home/anna");
	jail_clear(&found);
	found = (struct jail){ 0 };
	assert_int_equal(read_block(t.s, "ann", &found, &why), ERR_NONE);
	assert_false(found.sftp_only);
	assert_string_equal(found.dir, "/srv/b");
	assert_null(found.home);
	jail_clear(&found);
	assert_int_equal(read_block(t.s, "bert", &found, &why), ERR_NOT_FOUND);
	assert_int_equal(why.len, 0);
	file.content = t.s;
	file.len = t.len;
	assert_int_equal(jail_block_users(&c, &users), ERR_NONE);
	assert_int_equal(users.n, 2);
	assert_true(strings_has(&users, "ann") && strings_has(&users, "anna"));
	strings_free(&users);
	text_free(&t);
	text_free(&block);
}

static void a_block_that_is_cut_or_changed_says_nothing(void **state)
{
	static const char *const odd[] = {
		"# sallyport: the jail of anna\nMatch User anna\n\tChrootDirectory /srv/../etc\n"
		"# sallyport: the end of the jail of anna\n",
		"# sallyport: the jail of anna\nMatch User anna\n\tChrootDirectory %h\n"
		"# sallyport: the end of the jail of anna\n",
		"# sallyport: the jail of anna\nMatch User bert\n\tChrootDirectory /srv/a\n"
		"# sallyport: the end of the jail of anna\n",
		"# sallyport: the jail of anna\nMatch User anna\n\tChrootDirectory /srv/a\n\tForceCommand /bin/sh\n"
		"# sallyport: the end of the jail of anna\n",
		"# sallyport: the jail of anna\nMatch User anna\n\tChrootDirectory /srv/a\n\tForceCommand internal-sftp -f "
		"AUTHPRIV -l INFO -d ..\n# sallyport: the end of the jail of anna\n",
		"# sallyport: the jail of anna\nMatch User anna\n# sallyport: the end of the jail of anna\n",
	};
	struct jail found = { 0 };
	struct text t = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		struct text why = { 0 };

		assert_int_equal(read_block(odd[i], "anna", &found, &why), ERR_SYNTAX);
		assert_true(why.len > 0);
		assert_null(found.dir);
		text_free(&why);
	}
	put(&t, "anna", lines);
	for (size_t n = 0; n < t.len - 1; n++) {
		char *cut = strndup(t.s, n);
		struct text why = { 0 };

		assert_non_null(cut);
		assert_int_not_equal(read_block(cut, "anna", &found, &why), ERR_NONE);
		free(cut);
		text_free(&why);
	}
	text_free(&t);
}

/* As systemd-escape --path --suffix=mount has it. */
static void the_unit_is_named_for_its_place(void **state)
{
	static const struct {
		const char *dir, *unit;
	} cases[] = {
		{ "/home/chroot/anna", "home-chroot-anna-dev-log.mount" },
		{ "/srv/a-b/c.d", "srv-a\\x2db-c.d-dev-log.mount" },
		{ "/.x/y@z", "\\x2ex-y\\x40z-dev-log.mount" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct jail j = { .dir = (char *)cases[i].dir };
		struct text t = { 0 };

		assert_int_equal(jail_log_unit(&j, &t), ERR_NONE);
		assert_string_equal(t.s, cases[i].unit);
		text_free(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lets_plain_names_pass_and_no_others),
		cmocka_unit_test(lets_plain_paths_pass_and_no_others),
		cmocka_unit_test(comes_before_the_first_match_and_goes_without_a_trace),
		cmocka_unit_test(tells_accounts_apart),
		cmocka_unit_test(stays_where_it_is_behind_others_of_ours),
		cmocka_unit_test(a_block_without_its_end_is_not_ours_to_take),
		cmocka_unit_test(a_comment_that_is_left_over_is_no_block),
		cmocka_unit_test(sftp_only_has_no_shell_and_no_terminal),
		cmocka_unit_test(says_again_what_was_written),
		cmocka_unit_test(a_block_that_is_cut_or_changed_says_nothing),
		cmocka_unit_test(the_unit_is_named_for_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
