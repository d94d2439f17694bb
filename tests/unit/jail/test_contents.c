/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_contents.c - from what was asked for to the rows of a jail: sets, rules until nothing more fits, and what every jail has. */
#include "jail/contents.h"

#include "resolver_fake.h"

#include <sys/sysmacros.h>

#include "base/banned.h"

static char dir[SCRATCH_DIR], data[SCRATCH_DIR];
static struct root *root;
static struct entries all;
static struct diags problems;
static struct jail jail;

static void make_file(const char *name, mode_t mode)
{
	scratch_write(scratch_path(dir, name), name);
	assert_int_equal(chmod(scratch_path(dir, name), mode), 0);
}

static void make_data(const char *name, const char *content)
{
	scratch_write(scratch_path(data, name), content);
}

static int make_root(void **state)
{
	static const char *const folders[] = { "etc", "usr", "usr/bin", "usr/lib", "usr/sbin" };

	scratch_make(dir);
	scratch_make(data);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		assert_int_equal(mkdir(scratch_path(dir, folders[i]), 0755), 0);
	assert_int_equal(symlink("usr/bin", scratch_path(dir, "bin")), 0);
	assert_int_equal(symlink("usr/lib", scratch_path(dir, "lib")), 0);
	assert_int_equal(symlink("usr/sbin", scratch_path(dir, "sbin")), 0);
	make_file("usr/bin/bash", 0755);
	make_file("usr/bin/ls", 0755);
	make_file("usr/bin/git", 0755);
	make_file("etc/conf", 0644);
	make_file("etc/more", 0644);
	jail = (struct jail){ .uid = 1001, .gid = 1001 };
	jail.user = strdup("anna");
	jail.home = strdup("/home/anna");
	jail.shell = strdup("/bin/bash");
	return root_open(dir, &root);
}

static void forget(void)
{
	entries_clear(&all);
	diags_free(&problems);
	strings_free(&jail.with);
}

static int remove_root(void **state)
{
	forget();
	jail_clear(&jail);
	root_close(root);
	scratch_remove(dir);
	scratch_remove(data);
	return 0;
}

static enum err find(const char *with)
{
	struct strings dirs = { 0 };
	enum err e;

	forget();
	assert_int_equal(strings_split(&jail.with, with, ","), ERR_NONE);
	assert_int_equal(strings_add(&dirs, data), ERR_NONE);
	e = contents_find_by(root, &jail, &dirs, &all, &problems);
	strings_free(&dirs);
	assert_true((e == ERR_CONFIG) == (problems.errors > 0));
	assert_true(e == ERR_NONE || all.n == 0);
	return e;
}

static void has(const char *path)
{
	if (!entries_find(&all, path))
		fail_msg("%s is not there", path);
}

static void has_not(const char *path)
{
	if (entries_find(&all, path))
		fail_msg("%s is there", path);
}

static void problem_is(size_t i, const char *file, unsigned line, const char *text)
{
	assert_true(i < problems.n);
	assert_string_equal(problems.v[i].text, text);
	assert_int_equal(problems.v[i].line, line);
	if (file)
		assert_string_equal(problems.v[i].file, scratch_path(data, file));
	else
		assert_null(problems.v[i].file);
}

static void a_shell_alone_has_what_every_jail_has(void **state)
{
	static const struct {
		const char *path;
		enum entry_kind kind;
		mode_t mode;
	} wanted[] = {
		{ "/bin", ENTRY_LINK, 0 },
		{ "/dev", ENTRY_FOLDER, 0755 },
		{ "/dev/null", ENTRY_DEVICE, 0666 },
		{ "/dev/random", ENTRY_DEVICE, 0666 },
		{ "/dev/tty", ENTRY_DEVICE, 0666 },
		{ "/dev/urandom", ENTRY_DEVICE, 0666 },
		{ "/dev/zero", ENTRY_DEVICE, 0666 },
		{ "/etc", ENTRY_FOLDER, 0755 },
		{ "/etc/group", ENTRY_FILE, 0644 },
		{ "/etc/hosts", ENTRY_FILE, 0644 },
		{ "/etc/nsswitch.conf", ENTRY_FILE, 0644 },
		{ "/etc/passwd", ENTRY_FILE, 0644 },
		{ "/home", ENTRY_FOLDER, 0755 },
		{ "/home/anna", ENTRY_FOLDER, 0700 },
		{ "/usr", ENTRY_FOLDER, 0755 },
		{ "/usr/bin", ENTRY_FOLDER, 0755 },
		{ "/usr/bin/bash", ENTRY_FILE, 0755 },
	};

	assert_int_equal(find(""), ERR_NONE);
	assert_int_equal(all.n, ARRAY_SIZE(wanted));
	for (size_t i = 0; i < all.n; i++) {
		assert_string_equal(all.v[i].path, wanted[i].path);
		assert_int_equal(all.v[i].kind, wanted[i].kind);
		assert_int_equal(all.v[i].mode, wanted[i].mode);
		assert_true(all.v[i].his == (strcmp(all.v[i].path, "/home/anna") == 0));
		assert_string_equal(all.v[i].digest, "");
	}
	assert_string_equal(entries_find(&all, "/bin")->target, "usr/bin");
	assert_int_equal(entries_find(&all, "/dev/null")->device, makedev(1, 3));
	assert_int_equal(entries_find(&all, "/dev/zero")->device, makedev(1, 5));
	assert_int_equal(entries_find(&all, "/dev/random")->device, makedev(1, 8));
	assert_int_equal(entries_find(&all, "/dev/urandom")->device, makedev(1, 9));
	assert_int_equal(entries_find(&all, "/dev/tty")->device, makedev(5, 0));
}

static void links_of_a_merged_usr_are_there_whoever_asks(void **state)
{
	free(jail.shell);
	jail.shell = strdup("/usr/bin/bash");
	assert_int_equal(find(""), ERR_NONE);
	assert_string_equal(entries_find(&all, "/bin")->target, "usr/bin");
	has_not("/lib"); /* there would be nothing behind it */
	has_not("/sbin");
}

static void sets_bring_their_programs(void **state)
{
	make_data("a.set", "summary a\nset b\nprogram ls\nmaybe nothere /bin/nothere\n");
	make_data("b.set", "summary b\nset a\neither nothere git\nfile /etc/conf\nown /tmp\nfolder /srv\n");
	assert_int_equal(find("a"), ERR_NONE);
	has("/usr/bin/ls");
	has("/usr/bin/git");
	has("/etc/conf");
	assert_true(entries_find(&all, "/tmp")->his);
	assert_false(entries_find(&all, "/srv")->his);
	assert_int_equal(problems.n, 0);
	assert_int_equal(find(""), ERR_NONE);
	has_not("/usr/bin/ls");
	has_not("/tmp");
}

static void what_a_set_wants_and_is_not_there_is_told_with_its_line(void **state)
{
	make_data("a.set", "summary a\nprogram ls gone /bin/gone\n\neither vim nano\n");
	assert_int_equal(find("a"), ERR_CONFIG);
	assert_int_equal(problems.n, 3);
	problem_is(0, "a.set", 2, "there is no program 'gone' on this system");
	problem_is(1, "a.set", 2, "there is no program '/bin/gone' on this system");
	problem_is(2, "a.set", 4, "none of these programs is on this system, and one is wanted: vim, nano");
}

static void rules_run_until_nothing_more_fits(void **state)
{
	make_file("usr/lib/libx.so.1", 0644);
	make_file("etc/last", 0644);
	make_data("z.rules", "when /etc/more file /etc/last\n"
			     "when */libx.so.* plain /etc/more\n"
			     "when */bin/git library libx.so.1 libgone.so.1\n"
			     "when */bin/other file /etc/conf\n");
	assert_int_equal(find("git"), ERR_NONE);
	has("/usr/lib/libx.so.1");
	has("/etc/more");
	has("/etc/last");
	has_not("/etc/conf");
	assert_int_equal(find(""), ERR_NONE);
	has_not("/etc/more");
}

static void a_library_is_looked_up_for_each_that_matches(void **state)
{
	static const char *const folders[] = { "usr/bin/ls.d", "usr/bin/git.d", "usr/bin/aaa.d" };

	make_file("usr/bin/aaa", 0755);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		assert_int_equal(mkdir(scratch_path(dir, folders[i]), 0755), 0);
	make_file("usr/bin/ls.d/libx.so.1", 0644);
	make_file("usr/bin/git.d/libx.so.1", 0644);
	make_file("usr/bin/aaa.d/libx.so.1", 0644);
	make_data("z.rules", "when */bin/* library libx.so.1\nwhen */ls.d/libx.so.1 file /usr/bin/aaa\n");
	assert_int_equal(find("git"), ERR_NONE);
	has("/usr/bin/git.d/libx.so.1");
	has_not("/usr/bin/ls.d/libx.so.1");
	assert_int_equal(find("git,ls"), ERR_NONE);
	has("/usr/bin/git.d/libx.so.1");
	has("/usr/bin/ls.d/libx.so.1");
	has("/usr/bin/aaa.d/libx.so.1"); /* it came in by another one's */
	assert_int_equal(problems.n, 0);
}

/* The rows with a "when" of a set hold only where the set was asked for. */
static void a_condition_of_a_set_is_the_sets_own(void **state)
{
	make_data("a.set", "summary a\nwhen */bin/git file /etc/conf\n");
	assert_int_equal(find("git"), ERR_NONE);
	has_not("/etc/conf");
	assert_int_equal(find("a,git"), ERR_NONE);
	has("/etc/conf");
	assert_int_equal(find("a"), ERR_NONE);
	has_not("/etc/conf");
}

static void a_condition_is_a_pattern(void **state)
{
	static const struct {
		const char *pattern;
		bool fits;
	} cases[] = {
		{ "*", true },
		{ "/usr/bin/git", true },
		{ "*/bin/git", true },
		{ "/usr/bin/g*", true },
		{ "*/b?n/g??", true },
		{ "*/bin/[fgh]it", true },
		{ "*/[b]in/git", true },
		{ "*/bin/g\\it", true },
		{ "*/b\\in/*git", true },
		{ "*/bin/[!g]it", false },
		{ "*/bin/gitt*", false },
		{ "*/in/git", false },
		{ "*/bin/[fgh]itt", false },
		{ "/usr/bin/gi", false },
		{ "*/bin/\\git\\*", false },
		{ "/usr/*/[a-h]i*", true },
		{ "*/bin/[gitbingit]", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char rule[128];

		snprintf(rule, sizeof rule, "when %s file /etc/conf\n", cases[i].pattern);
		make_data("z.rules", rule);
		assert_int_equal(find("git"), ERR_NONE);
		if (!entries_find(&all, "/etc/conf") == cases[i].fits)
			fail_msg("'%s' is taken for one that %s", cases[i].pattern,
				 cases[i].fits ? "does not fit" : "fits");
	}
}

static void a_network_is_a_condition(void **state)
{
	const char *content;

	make_data("n.rules", "when network plain /etc/conf\nwhen */bin/git network\n");
	assert_int_equal(find("ls"), ERR_NONE);
	has_not("/etc/conf");
	content = entries_find(&all, "/etc/nsswitch.conf")->content;
	assert_non_null(strstr(content, "hosts: files\n"));
	assert_int_equal(find("git"), ERR_NONE);
	has("/etc/conf");
	content = entries_find(&all, "/etc/nsswitch.conf")->content;
	assert_non_null(strstr(content, "hosts: files dns\n"));
}

static void words_that_mean_nothing_are_told_all_at_once(void **state)
{
	make_data("editors.set", "summary e\n");
	make_data("git-extras.set", "summary g\n");
	assert_int_equal(find("editor,bsah,usr/bin/ls,/usr/bin/gone,/usr/bin,zzzzzz"), ERR_CONFIG);
	assert_int_equal(problems.n, 6);
	problem_is(0, NULL, 0,
		   "'editor' is no program of this system and no set: did you mean 'editors'? The sets are: editors, "
		   "git-extras");
	problem_is(1, NULL, 0,
		   "'bsah' is no program of this system and no set: did you mean 'bash'? The sets are: editors, "
		   "git-extras");
	problem_is(2, NULL, 0,
		   "'usr/bin/ls' is not good: wants the name of a set or of a program, or an absolute path");
	problem_is(3, NULL, 0, "there is no program '/usr/bin/gone'");
	problem_is(4, NULL, 0, "there is a folder at '/usr/bin': wants a program");
	problem_is(5, NULL, 0, "'zzzzzz' is no program of this system and no set; the sets are: editors, git-extras");
}

static void a_shell_that_is_not_there_is_told(void **state)
{
	free(jail.shell);
	jail.shell = strdup("/bin/zsh");
	assert_int_equal(find("nothere"), ERR_CONFIG);
	assert_int_equal(problems.n, 2);
	problem_is(0, NULL, 0, "'/bin/zsh' is not there");
}

static void the_order_of_the_words_does_not_matter(void **state)
{
	struct entries first;

	make_data("a.set", "summary a\nprogram ls\nfile /etc/conf\nwhen */git file /etc/more\n");
	assert_int_equal(find("a,git,/bin/ls,ls"), ERR_NONE);
	first = all;
	all = (struct entries){ 0 };
	assert_int_equal(find("/bin/ls,git,a"), ERR_NONE);
	assert_int_equal(all.n, first.n);
	for (size_t i = 0; i < all.n; i++)
		assert_true(entry_equal(&all.v[i], &first.v[i]));
	entries_clear(&first);
}

static void accounts_of_the_host_are_never_taken(void **state)
{
	make_file("etc/passwd", 0644);
	make_file("etc/group", 0644);
	make_data("a.set", "summary a\ntree /etc\nfile /etc/passwd\nplain /etc/group\n");
	assert_int_equal(find("a"), ERR_NONE);
	has("/etc/conf");
	assert_null(entries_find(&all, "/etc/passwd")->source);
	assert_null(entries_find(&all, "/etc/group")->source);
	assert_non_null(strstr(entries_find(&all, "/etc/passwd")->content, "anna:x:1001:1001::/home/anna:/bin/bash"));
}

static void setuid_is_lost_and_told(void **state)
{
	make_file("usr/bin/su", 04755);
	make_file("usr/bin/wall", 02755);
	assert_int_equal(find("su,wall"), ERR_NONE);
	assert_int_equal(entries_find(&all, "/usr/bin/su")->mode, 0755);
	assert_int_equal(problems.n, 2);
	assert_int_equal(problems.errors, 0);
	assert_string_equal(problems.v[0].file, "/usr/bin/su");
	assert_string_equal(problems.v[0].text, "loses its setuid bit in the jail");
	assert_string_equal(problems.v[1].file, "/usr/bin/wall");
	assert_string_equal(problems.v[1].text, "loses its setgid bit in the jail");
}

static void nothing_of_ours_is_in_a_folder_of_his(void **state)
{
	static const struct {
		const char *home, *with, *text;
	} cases[] = {
		{ "/usr", "", "the home is '/usr', where the jail has something else: wants a folder of its own" },
		{ "/home", "inside",
		  "the home is '/home', where the jail has something else: wants a folder of its own" },
		{ "/srv/a", "inside",
		  "'/srv/a' would be the user's folder, and '/srv/a/x' of the jail is in it: wants a folder of its own" },
		{ "/tmp/x", "tmp",
		  "'/tmp' would be the user's folder, and '/tmp/x' of the jail is in it: wants a "
		  "folder of its own" },
		{ "/tmp", "tmp", NULL },
		{ "/", "", "the home is '/': wants an absolute path without '..', and not /" },
		{ "home", "", "the home is 'home': wants an absolute path without '..', and not /" },
		{ "/home/../etc", "", "the home is '/home/../etc': wants an absolute path without '..', and not /" },
		{ "/bin", "", "the home is '/bin', where the jail has something else: wants a folder of its own" },
		{ "/dev", "", "the home is '/dev', where the jail has something else: wants a folder of its own" },
	};

	make_data("inside.set", "summary i\nown /srv/a\nfolder /home/x /home-y /srv/a-b /srv/a/x\n");
	make_data("tmp.set", "summary t\nown /tmp\n");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		free(jail.home);
		jail.home = strdup(cases[i].home);
		assert_int_equal(find(cases[i].with), cases[i].text ? ERR_CONFIG : ERR_NONE);
		if (cases[i].text)
			problem_is(0, NULL, 0, cases[i].text);
	}
}

static void a_home_is_not_among_the_systems_own_files(void **state)
{
	static const char *const bad[] = { "/usr/lib/foo", "/lib64/x",	     "/etc/anna",	   "/dev/x",
					   "/proc/1",	   "/sys/a/b",	     "/usr/local/share/x", "/bin/anna",
					   "/sbin/x",	   "/usr/libexec/x", "/run/anna",	   "/usr/local/lib" };
	static const char *const good[] = { "/usr/home/anna", "/opt/lib/anna", "/devel/anna", "/var/lib/anna",
					    "/local/lib",     "/srv/share",    "/library/x",  "/usr/local/anna",
					    "/bins",	      "/usr/anna" };
	struct text t = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		free(jail.home);
		jail.home = strdup(bad[i]);
		text_reset(&t);
		text_add(
			&t,
			"the home is '%s', where the system keeps its own: wants another place; give the account a home of "
			"its own first, with usermod -d",
			bad[i]);
		assert_int_equal(find(""), ERR_CONFIG);
		problem_is(0, NULL, 0, t.s);
	}
	text_free(&t);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		free(jail.home);
		jail.home = strdup(good[i]);
		assert_int_equal(find(""), ERR_NONE);
		assert_true(entries_find(&all, good[i])->his);
	}
}

static void what_others_may_change_is_refused(void **state)
{
	assert_int_equal(mkdir(scratch_path(dir, "opt"), 0777), 0);
	make_file("opt/tool", 0755);
	make_data("a.set", "summary a\nfile /opt/tool\n");
	make_data("b.set", "summary b\ntree /opt\n");
	assert_int_equal(chmod(scratch_path(dir, "opt"), 0755), 0);
	assert_int_equal(find("/opt/tool,a,b"), ERR_NONE);
	assert_int_equal(chmod(scratch_path(dir, "opt"), 0777), 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(find((const char *const[]){ "/opt/tool", "a", "b" }[i]), ERR_CONFIG);
		assert_int_equal(problems.n, 1);
		problem_is(
			0, NULL, 0,
			"'/opt/tool' may be changed by everybody, in '/opt': wants a file that only root may change, "
			"in folders of root's");
	}
}

static void programs_are_not_taken_out_of_closed_folders(void **state)
{
	assert_int_equal(mkdir(scratch_path(dir, "opt"), 0750), 0);
	make_file("opt/tool", 0755);
	make_data("a.set", "summary a\nfile /opt/tool\n");
	assert_int_equal(find("/opt/tool"), ERR_CONFIG);
	assert_int_equal(problems.n, 1);
	problem_is(
		0, NULL, 0,
		"'/opt/tool' is in '/opt', which not everybody may enter, and would be open in the jail: wants a file in "
		"folders that everybody may enter");
	assert_int_equal(find("a"), ERR_NONE);
	has_not("/opt/tool");
	assert_int_equal(problems.n, 1);
}

static void make_script(const char *name, const char *line)
{
	scratch_write(scratch_path(dir, name), line);
	assert_int_equal(chmod(scratch_path(dir, name), 0755), 0);
}

static void scripts_that_nothing_runs_stay_outside(void **state)
{
	make_file("usr/bin/env", 0755);
	make_file("usr/bin/perl", 0755);
	assert_int_equal(mkdir(scratch_path(dir, "usr/lib/helpers"), 0755), 0);
	make_script("usr/lib/helpers/of-bash", "#!/bin/bash -e\n");
	make_script("usr/lib/helpers/of-env", "#!/usr/bin/env bash\n");
	make_script("usr/lib/helpers/of-env-perl", "#!/usr/bin/env perl\n");
	make_script("usr/lib/helpers/of-perl", "#!/usr/bin/perl\n");
	make_script("usr/lib/helpers/a-of-of-perl", "#!/usr/lib/helpers/of-perl\n");
	make_script("usr/lib/helpers/of-nothing", "#!\n");
	scratch_write(scratch_path(dir, "usr/lib/helpers/data"), "#!/usr/bin/perl\n");
	make_data("a.set", "summary a\ntree /usr/lib/helpers\n");
	make_data("e.set", "summary e\nprogram env\n");
	make_data("p.set", "summary p\nprogram env perl\n");
	assert_int_equal(find("a,e"), ERR_NONE);
	has("/usr/lib/helpers/of-bash");
	has("/usr/lib/helpers/of-env");
	has("/usr/lib/helpers/data");
	has_not("/usr/lib/helpers/of-env-perl");
	has_not("/usr/lib/helpers/of-perl");
	has_not("/usr/lib/helpers/a-of-of-perl");
	has_not("/usr/lib/helpers/of-nothing");
	assert_int_equal(problems.n, 0);
	assert_int_equal(find("a,p"), ERR_NONE);
	has("/usr/lib/helpers/of-env-perl");
	has("/usr/lib/helpers/of-perl");
	has("/usr/lib/helpers/a-of-of-perl");
	assert_int_equal(find("a"), ERR_NONE);
	has_not("/usr/lib/helpers/of-env");
}

static void a_jail_for_sftp_has_no_files(void **state)
{
	free(jail.shell);
	jail.shell = NULL;
	jail.sftp_only = true;
	make_data("a.rules", "file /etc/conf\n");
	assert_int_equal(find(""), ERR_NONE);
	assert_int_equal(all.n, 4);
	assert_string_equal(all.v[0].path, "/dev");
	assert_string_equal(all.v[1].path, "/dev/log");
	assert_int_equal(all.v[1].len, 0);
	assert_string_equal(all.v[2].path, "/home");
	assert_string_equal(all.v[3].path, "/home/anna");
	assert_true(all.v[3].his);
	assert_int_equal(find("ls"), ERR_CONFIG);
	problem_is(0, NULL, 0, "'ls': there are no programs in a jail that is for sftp only");
}

static void a_mistake_in_the_data_is_told(void **state)
{
	make_data("a.set", "summary a\nfoo\n");
	assert_int_equal(find(""), ERR_CONFIG);
	assert_int_equal(problems.v[0].line, 2);
	assert_string_equal(problems.v[0].file, scratch_path(data, "a.set"));
}

static void our_sets_are_listed(void **state)
{
	struct jail_set *v = NULL;
	size_t n = 0;

	assert_int_equal(jail_sets_list(&v, &n, &problems), ERR_NONE);
	assert_true(n >= 6);
	for (size_t i = 0; i < n; i++) {
		assert_true(i == 0 || strcmp(v[i - 1].name, v[i].name) < 0);
		assert_true(v[i].summary[0] != '\0');
	}
	jail_sets_free(v, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_shell_alone_has_what_every_jail_has, make_root, remove_root),
		cmocka_unit_test_setup_teardown(links_of_a_merged_usr_are_there_whoever_asks, make_root, remove_root),
		cmocka_unit_test_setup_teardown(sets_bring_their_programs, make_root, remove_root),
		cmocka_unit_test_setup_teardown(what_a_set_wants_and_is_not_there_is_told_with_its_line, make_root,
						remove_root),
		cmocka_unit_test_setup_teardown(rules_run_until_nothing_more_fits, make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_library_is_looked_up_for_each_that_matches, make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_condition_of_a_set_is_the_sets_own, make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_condition_is_a_pattern, make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_network_is_a_condition, make_root, remove_root),
		cmocka_unit_test_setup_teardown(words_that_mean_nothing_are_told_all_at_once, make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_shell_that_is_not_there_is_told, make_root, remove_root),
		cmocka_unit_test_setup_teardown(the_order_of_the_words_does_not_matter, make_root, remove_root),
		cmocka_unit_test_setup_teardown(accounts_of_the_host_are_never_taken, make_root, remove_root),
		cmocka_unit_test_setup_teardown(setuid_is_lost_and_told, make_root, remove_root),
		cmocka_unit_test_setup_teardown(nothing_of_ours_is_in_a_folder_of_his, make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_home_is_not_among_the_systems_own_files, make_root, remove_root),
		cmocka_unit_test_setup_teardown(what_others_may_change_is_refused, make_root, remove_root),
		cmocka_unit_test_setup_teardown(programs_are_not_taken_out_of_closed_folders, make_root, remove_root),
		cmocka_unit_test_setup_teardown(scripts_that_nothing_runs_stay_outside, make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_jail_for_sftp_has_no_files, make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_mistake_in_the_data_is_told, make_root, remove_root),
		cmocka_unit_test_setup_teardown(our_sets_are_listed, make_root, remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
