/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_facts.c - another system's files under a directory: all is found there, nothing is run. */
#include "made.h"

#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINV5DF0oFVaaCTmNJbEZI0mGWNH7F7t5eTbtgI/kR8aM"

static char dir[] = "/tmp/sallyport-facts-XXXXXX";

static void put(const char *path, const char *text, mode_t mode)
{
	char full[512];
	FILE *f;

	snprintf(full, sizeof full, "%s%s", dir, path);
	for (char *s = strchr(full + strlen(dir) + 1, '/'); s; s = strchr(s + 1, '/')) {
		*s = '\0';
		mkdir(full, 0755);
		*s = '/';
	}
	f = fopen(full, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(full, mode), 0);
}

static int make_system(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	put("/etc/hostname", "image\n", 0644);
	put("/etc/os-release", "PRETTY_NAME=\"Test 1\"\n", 0644);
	put("/etc/passwd", "root:x:0:0::/root:/bin/sh\nanna:x:1000:1000::/home/anna:/bin/sh\n", 0644);
	put("/etc/group", "root:x:0:\nstaff:x:50:anna\nanna:x:1000:\n", 0644);
	put("/etc/shadow", "root:*:1::::::\nanna:!:1::::::\n", 0600);
	put("/etc/ssh/sshd_config",
	    "Include sshd_config.d/*.conf\nUsePAM no\nRevokedKeys /etc/ssh/rk\nBanner /etc/issue.net\nAllowUsers anna nobodyhome\n",
	    0644);
	put("/etc/ssh/sshd_config.d/50-x.conf", "PermitRootLogin yes\n", 0644);
	put("/etc/ssh/rk", "# comment\n\nnot a key\n", 0644);
	put("/etc/ssh/moduli", "20220101000000 2 6 100 31 2 FFFFFFFB\n", 0644);
	put("/home/anna/.ssh/authorized_keys",
	    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ+y8nF5lp1e0QH2v3D0tTtY2qkQh6c6C0x1bq4b0m5X anna\n", 0644);
	/* Would be noticed if it were run: it is no program at all. */
	put("/usr/sbin/sshd", "junk OpenSSH_6.6.1* junk OpenSSH_9.2p1 Debian junk", 0755);
	put("/var/lib/dpkg/status", "Package: openssh-server\nStatus: install ok installed\nVersion: 1:9.2p1-2\n",
	    0644);
	return 0;
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_system(void **state)
{
	return nftw(dir, drop, 16, FTW_DEPTH | FTW_PHYS);
}

static struct facts *gather(const char *root, const char *config)
{
	const struct facts_options o = { .root = root, .config = config };
	struct facts *f = NULL;

	assert_int_equal(facts_gather(&o, &f), ERR_NONE);
	return f;
}

static void everything_comes_from_below_the_root(void **state)
{
	struct facts *f = gather(dir, NULL);

	assert_false(f->live);
	assert_string_equal(f->hostname, "image");
	assert_string_equal(f->os, "Test 1");
	assert_string_equal(f->package, "1:9.2p1-2");
	assert_string_equal(f->openssh, "9.2p1");
	assert_int_equal(f->release, 902);
	assert_int_equal(f->config_err, ERR_NONE);
	assert_string_equal(sshd_value(f->effective, KW_PERMITROOTLOGIN), "yes");
	assert_string_equal(sshd_decider(f->effective, KW_PERMITROOTLOGIN)->file, "/etc/ssh/sshd_config.d/50-x.conf");
	assert_string_equal(facts_short_path(f, "/etc/ssh/sshd_config.d/50-x.conf"), "sshd_config.d/50-x.conf");
	assert_string_equal(facts_short_path(f, "/etc/passwd"), "/etc/passwd");
	assert_int_equal(f->moduli.n, 1);
	assert_int_equal(f->naccounts, 2);
	assert_true(strings_has(&f->groups, "staff"));
	assert_int_equal(f->report_err, ERR_UNSUPPORTED);
	assert_false(f->wire_tried);
	assert_int_equal(f->nhost_keys, 0);
	assert_int_equal(f->sessions.n, 0);
	facts_free(f);
}

static void named_files_are_looked_at(void **state)
{
	struct facts *f = gather(dir, NULL);

	assert_int_equal(facts_file(f, "/etc/ssh/rk")->err, ERR_NONE);
	assert_int_equal(facts_file(f, "/etc/ssh/rk")->bad_line, 3);
	assert_int_equal(facts_file(f, "/etc/issue.net")->err, ERR_NOT_FOUND);
	assert_int_equal(facts_file(f, "/etc/ssh/revoked_keys")->err, ERR_NOT_FOUND);
	assert_null(facts_file(f, "/etc/passwd"));
	facts_free(f);
}

static void a_locked_account_with_a_key_is_found(void **state)
{
	struct facts *f;

	if (geteuid() != 0) {
		print_message("# skipped: only root reads the passwords\n");
		skip();
	}
	put("/etc/ssh/locked_config", "UsePAM no\n", 0644); /* the list of revoked keys of the other one is broken */
	f = gather(dir, "/etc/ssh/locked_config");
	assert_true(f->locked_known);
	assert_int_equal(f->locked_with_keys.n, 1);
	assert_string_equal(f->locked_with_keys.v[0], "anna");
	facts_free(f);
}

static void the_list_is_compared_with_what_is_written_down(void **state)
{
	struct facts *f;
	const struct revocations *l;

	put("/etc/sallyport/revoked.d/a.list", "key: " KEY " anna\nca: any\nserial: 5\nid: old\n\tuntil: 2020-01-01\n",
	    0644);
	put("/etc/sallyport/revoked.d/notes", "not read\n", 0644);
	put("/etc/ssh/listed", KEY "\n", 0666);
	put("/etc/ssh/listed_config", "RevokedKeys /etc/ssh/listed\n", 0644);
	f = gather(dir, "/etc/ssh/listed_config");
	l = &f->revocations;
	assert_null(l->unread);
	assert_int_equal(l->entries, 2);
	assert_int_equal(l->nstale, 1); /* a text knows no serials, and what has ended is in nobody's way */
	assert_string_equal(l->stale[0].file, "/etc/sallyport/revoked.d/a.list");
	assert_int_equal(l->stale[0].line, 3);
	assert_string_equal(l->stale[0].text, "serial 5 of any CA");
	if (geteuid() == 0) { /* else all belongs to another than root */
		assert_int_equal(l->nloose, 1);
		assert_string_equal(l->loose[0].path, "/etc/ssh/listed");
		assert_int_equal(l->loose[0].mode, 0644);
	}
	facts_free(f);

	put("/etc/sallyport/revoked.d/b.list", "serial: 0\n", 0644);
	f = gather(dir, "/etc/ssh/listed_config");
	assert_string_equal(f->revocations.unread, "/etc/sallyport/revoked.d/b.list");
	assert_int_equal(f->revocations.err, ERR_CONFIG);
	assert_int_equal(f->revocations.nstale, 0);
	facts_free(f);
}

static void a_list_of_revoked_keys_that_is_cut_short_is_noticed(void **state)
{
	char main_config[] = "RevokedKeys /etc/ssh/krl\n", path[512];
	struct facts *f;

	put("/etc/ssh/krl_config", main_config, 0644);
	put("/etc/ssh/krl", "SSHKRL\n", 0644); /* puts() ends it before the NUL, so it is a text of no keys */
	f = gather(dir, "/etc/ssh/krl_config");
	assert_true(facts_file(f, "/etc/ssh/krl")->unreadable);
	assert_int_equal(facts_file(f, "/etc/ssh/krl")->bad_line, 1);
	facts_free(f);

	snprintf(path, sizeof path, "%s/etc/ssh/krl", dir);
	assert_int_equal(truncate(path, 8), 0); /* now with its NUL: a KRL without the rest of its header */
	f = gather(dir, "/etc/ssh/krl_config");
	assert_true(facts_file(f, "/etc/ssh/krl")->unreadable);
	assert_int_equal(facts_file(f, "/etc/ssh/krl")->bad_line, 0);
	facts_free(f);
}

static void set_mode(const char *path, mode_t mode)
{
	char full[512];

	snprintf(full, sizeof full, "%s%s", dir, path);
	assert_int_equal(chmod(full, mode), 0);
}

static void files_of_keys_that_others_can_write_are_found(void **state)
{
	struct facts *f;

	if (geteuid() != 0) {
		print_message("# skipped: the files must belong to root\n");
		skip();
	}
	f = gather(dir, NULL);
	assert_int_equal(f->loose.n, 0);
	facts_free(f);

	set_mode("/home/anna/.ssh", 0777);
	f = gather(dir, NULL);
	assert_int_equal(f->loose.n, 1);
	assert_string_equal(f->loose.v[0].account, "anna");
	assert_string_equal(f->loose.v[0].path, "/home/anna/.ssh/authorized_keys");
	assert_non_null(strstr(f->loose.v[0].why, "/home/anna/.ssh can be written by everybody"));
	facts_free(f);
	set_mode("/home/anna/.ssh", 0755);
}

/* The file that a Match block names for this account alone. */
static void files_of_keys_are_those_of_the_account(void **state)
{
	struct facts *f;

	if (geteuid() != 0) {
		print_message("# skipped: the files must belong to root\n");
		skip();
	}
	put("/etc/ssh/match_config",
	    "AuthorizedKeysFile none\nMatch User anna Group staff\nAuthorizedKeysFile /etc/keys/%u other\n", 0644);
	put("/etc/keys/anna", "", 0622);
	put("/etc/keys/root", "", 0622);
	f = gather(dir, "/etc/ssh/match_config");
	assert_int_equal(f->loose.n, 1);
	assert_string_equal(f->loose.v[0].path, "/etc/keys/anna");
	facts_free(f);
}

static void the_past_is_read_where_it_is_asked_for(void **state)
{
	const struct facts_options o = { .root = dir, .past = true };
	struct facts *f = gather(dir, NULL);

	assert_false(f->past_read);
	facts_free(f);
	assert_int_equal(facts_gather(&o, &f), ERR_NONE);
	assert_true(f->past_read);
	assert_int_equal(f->past.since, 0);
	assert_false(strings_has(&f->may_log_in, "root")); /* AllowUsers */
	facts_free(f);
}

static void an_empty_directory_is_a_host_without_a_server(void **state)
{
	char empty[] = "/tmp/sallyport-empty-XXXXXX";
	struct facts *f;

	assert_non_null(mkdtemp(empty));
	f = gather(empty, NULL);
	assert_null(f->sshd);
	assert_null(f->config);
	assert_int_equal(f->config_err, ERR_NOT_FOUND);
	assert_int_equal(f->release, 0);
	facts_free(f);
	rmdir(empty);
}

static void another_file_than_the_servers_is_not_compared_with_the_wire(void **state)
{
	char path[512];
	struct facts *f;

	snprintf(path, sizeof path, "%s/etc/ssh/sshd_config.d/50-x.conf", dir);
	f = gather(NULL, path);
	assert_true(f->live);
	assert_false(f->wire_tried);
	assert_string_equal(sshd_value(f->effective, KW_PERMITROOTLOGIN), "yes");
	facts_free(f);
}

static void a_root_that_is_not_there_is_an_error(void **state)
{
	const struct facts_options o = { .root = "/nonexistent/root" };
	struct facts *f = NULL;

	assert_int_equal(facts_gather(&o, &f), ERR_SYSTEM);
	assert_null(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_comes_from_below_the_root),
		cmocka_unit_test(named_files_are_looked_at),
		cmocka_unit_test(a_locked_account_with_a_key_is_found),
		cmocka_unit_test(the_list_is_compared_with_what_is_written_down),
		cmocka_unit_test(a_list_of_revoked_keys_that_is_cut_short_is_noticed),
		cmocka_unit_test(files_of_keys_that_others_can_write_are_found),
		cmocka_unit_test(files_of_keys_are_those_of_the_account),
		cmocka_unit_test(the_past_is_read_where_it_is_asked_for),
		cmocka_unit_test(an_empty_directory_is_a_host_without_a_server),
		cmocka_unit_test(another_file_than_the_servers_is_not_compared_with_the_wire),
		cmocka_unit_test(a_root_that_is_not_there_is_an_error),
	};

	return cmocka_run_group_tests(tests, make_system, remove_system);
}
