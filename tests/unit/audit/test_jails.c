/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_jails.c - which folders sshd locks whom into, by the configuration and the accounts of a made system. */
#include "audit/jails.h"
#include "base/file.h"
#include "base/macros.h"
#include "base/tree.h"
#include "jail/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/banned.h"

static char folder[] = "/tmp/test_jails.XXXXXX";
static struct root *root;
static struct accounts all;

static void put(const char *path, const char *content)
{
	assert_int_equal(file_replace(root, path, content, strlen(content), NULL, "test"), ERR_NONE);
}

static int make(void **state)
{
	if (!mkdtemp(folder) || chmod(folder, 0755) || root_open(folder, &root) || file_make_dirs(root, "/etc", 0755) ||
	    file_make_dirs(root, "/srv/sftp", 0755) || file_make_dirs(root, "/home/anna", 0755))
		return -1;
	put("/etc/passwd", "root:x:0:0::/root:/bin/sh\n"
			   "daemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n"
			   "anna:x:1001:1001::/home/anna:/bin/sh\n"
			   "bob:x:1002:1002::/home/bob:/usr/sbin/nologin\n");
	put("/etc/group", "root:x:0:\nanna:x:1001:\nsftp:x:50:bob\n");
	return accounts_read(root, &all) ? -1 : 0;
}

static int unmake(void **state)
{
	accounts_free(&all);
	root_close(root);
	tree_remove(folder);
	return 0;
}

static struct sshd_config *parse(const char *config)
{
	struct diags problems = { 0 };
	struct sshd_config *c = NULL;

	assert_int_equal(sshd_config_parse(config, strlen(config), 902, &c, &problems), ERR_NONE);
	diags_free(&problems);
	return c;
}

static struct jails_wanted wanted_of(const struct sshd_config *c)
{
	return (struct jails_wanted){ root, c, all.v, all.n, false };
}

/* "PATH ACCOUNT ERR" for each folder; what could not be found out. */
static void says_which_folders(void **state)
{
	static const struct {
		const char *config, *folders;
		const char *unsure;
	} cases[] = {
		{ "", "", NULL },
		{ "ChrootDirectory none\n", "", NULL },
		{ "ChrootDirectory /srv/sftp\nChrootDirectory /second\n", "/srv/sftp - 0\n", NULL },
		{ "ChrootDirectory /srv/%%x\n", "/srv/%x - 1\n", NULL },
		{ "ChrootDirectory /home/%u\n", "/home/anna anna 0\n", NULL },
		{ "ChrootDirectory %h\n", "/home/anna anna 0\n", NULL },
		{ "ChrootDirectory /u/%U\n", "/u/1001 anna 1\n", NULL },
		{ "ChrootDirectory sub/%u\n", "sub/anna anna 2\n", NULL },
		{ "ChrootDirectory /home/%u\nForceCommand internal-sftp\n",
		  "/home/anna anna 0\n/home/bob bob 1\n/home/daemon daemon 1\n", NULL },
		{ "Match Group sftp\nChrootDirectory /home/%u\n", "/home/bob bob 1\n", NULL },
		{ "Match User anna\nChrootDirectory none\nMatch all\nChrootDirectory %h\n",
		  "/home/bob bob 1\n/usr/sbin daemon 1\n", NULL },
		{ "Match User nobody\nChrootDirectory /nowhere\n", "/nowhere - 1\n", NULL },
		{ "Match Address 10.0.0.0/8\nChrootDirectory /srv/sftp\n", "/srv/sftp - 0\n", NULL },
		{ "Match Address 10.0.0.0/8\nChrootDirectory %h\n", "",
		  "a ChrootDirectory counts only for logins from some places" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sshd_config *c = parse(cases[i].config);
		const struct jails_wanted w = wanted_of(c);
		struct jails j = { 0 };
		struct text said = { 0 };

		assert_int_equal(jails_find(&w, &j), ERR_NONE);
		for (size_t k = 0; k < j.nchroots; k++)
			text_add(&said, "%s %s %d\n", j.chroots[k].path,
				 j.chroots[k].account ? j.chroots[k].account : "-",
				 j.chroots[k].err == ERR_NOT_FOUND ? 1
				 : j.chroots[k].err == ERR_SYNTAX  ? 2
								   : (int)j.chroots[k].err);
		assert_string_equal(text_string(&said), cases[i].folders);
		assert_int_equal(j.unsure != NULL, cases[i].unsure != NULL);
		if (j.unsure)
			assert_string_equal(j.unsure, cases[i].unsure);
		assert_int_equal(jails_any(&j), j.nchroots > 0);
		text_free(&said);
		jails_free(&j);
		sshd_config_free(c);
	}
}

static struct past_login login(const char *user, unsigned features)
{
	return (struct past_login){ .user = (char *)user, .count = 1, .features = features };
}

static void who_used_nothing_but_sftp_is_a_candidate(void **state)
{
	struct past_login v[] = {
		login("anna", PAST_SFTP), login("anna", PAST_SFTP | PAST_LOCAL_FORWARDING),
		login("bob", PAST_SFTP),  login("bob", PAST_SFTP | PAST_COMMAND),
		login("gone", PAST_SFTP), login("root", PAST_SFTP),
	};
	static const struct {
		const char *config;
		size_t from, n;
		const char *names;
		bool told;
	} cases[] = {
		{ "", 0, 6, "anna", true },
		{ "ChrootDirectory /srv\n", 0, 6, "", true },
		{ "Match User bob\nChrootDirectory /srv\n", 0, 6, "anna", true },
		{ "", 2, 2, "", true },
		{ "", 0, 0, "", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sshd_config *c = parse(cases[i].config);
		const struct jails_wanted w = wanted_of(c);
		const struct past_logins past = { .v = v + cases[i].from, .n = cases[i].n };
		struct strings names = { 0 };
		struct text joined = { 0 };
		bool told;

		assert_int_equal(jails_candidates(&w, &past, &names, &told), ERR_NONE);
		strings_join(&names, " ", &joined);
		assert_string_equal(text_string(&joined), cases[i].names);
		assert_int_equal(told, cases[i].told);
		text_free(&joined);
		strings_free(&names);
		sshd_config_free(c);
	}
	v[0].features = 0; /* a login of which nothing is known might have been a shell */
	{
		struct sshd_config *c = parse("");
		const struct jails_wanted w = wanted_of(c);
		const struct past_logins past = { .v = v, .n = 2 };
		struct strings names = { 0 };
		bool told;

		assert_int_equal(jails_candidates(&w, &past, &names, &told), ERR_NONE);
		assert_int_equal(names.n, 0);
		strings_free(&names);
		sshd_config_free(c);
	}
}

static void a_damaged_or_unfinished_manifest_is_told(void **state)
{
	const struct jails_wanted w = wanted_of(NULL);
	struct jails j = { 0 };

	assert_int_equal(file_make_dirs(root, JAIL_STATE "/anna", 0700), ERR_NONE);
	put(JAIL_STATE "/anna/manifest.json", "{");
	assert_int_equal(jails_find(&w, &j), ERR_NONE);
	assert_int_equal(j.nours, 1);
	assert_string_equal(j.ours[0].user, "anna");
	assert_null(j.ours[0].dir);
	assert_non_null(j.ours[0].problem);
	jails_free(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_which_folders),
		cmocka_unit_test(who_used_nothing_but_sftp_is_a_candidate),
		cmocka_unit_test(a_damaged_or_unfinished_manifest_is_told),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
