/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_take.c - files and folders of a root, taken with the links on the way; no link leads out or round for ever. */
#include "jail/take.h"

#include "resolver_fake.h"

#include "base/banned.h"

static char dir[SCRATCH_DIR];
static struct root *root;
static struct resolver *resolver;
static struct owners *owners;
static struct entries all;
static struct diags problems;
static struct taking take;

static const char *in(const char *name)
{
	return scratch_path(dir, name);
}

static void make_file(const char *name, mode_t mode)
{
	scratch_write(in(name), name);
	assert_int_equal(chmod(in(name), mode), 0);
}

static bool is_passwd(const char *path)
{
	return strcmp(path, "/etc/passwd") == 0;
}

static int make_root(void **state)
{
	static const char *const folders[] = { "etc",	    "usr",	   "usr/bin",	    "usr/lib",
					       "usr/lib/x", "usr/lib/x/a", "usr/lib/x/doc", "usr/lib/x/empty",
					       "usr/lib/y", "usr/local",   "usr/local/bin" };

	scratch_make(dir);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		assert_int_equal(mkdir(in(folders[i]), 0755), 0);
	assert_int_equal(symlink("usr/lib", in("lib")), 0);
	assert_int_equal(symlink("usr/bin", in("bin")), 0);
	make_file("usr/bin/ls", 0755);
	make_file("usr/bin/data", 0644);
	make_file("usr/lib/x/one", 0644);
	make_file("usr/lib/x/a/two", 0644);
	make_file("usr/lib/x/a/secret", 0640);
	make_file("etc/secret", 0600);
	make_file("usr/lib/x/doc/three", 0644);
	make_file("usr/lib/y/four", 0644);
	make_file("etc/passwd", 0644);
	make_file("etc/conf", 0664);
	assert_int_equal(root_open(dir, &root), ERR_NONE);
	assert_int_equal(resolver_new(root, &resolver), ERR_NONE);
	assert_int_equal(owners_new(root, resolver_track(resolver), &owners), ERR_NONE);
	take = (struct taking){ .r = root,
				.rv = resolver,
				.track = resolver_track(resolver),
				.owners = owners,
				.into = &all,
				.problems = &problems,
				.file = "x.set",
				.line = 7,
				.is_made = is_passwd };
	return 0;
}

static int remove_root(void **state)
{
	entries_clear(&all);
	diags_free(&problems);
	strings_free(&take.trees);
	owners_free(owners);
	resolver_free(resolver);
	root_close(root);
	scratch_remove(dir);
	return 0;
}

/* "PATH", "PATH -> TARGET" or "PATH/" for each row, in order. */
static void rows_are(const char *wanted)
{
	struct text t = { 0 };

	for (size_t i = 0; i < all.n; i++) {
		const struct entry *e = &all.v[i];

		if (e->kind == ENTRY_LINK)
			text_add(&t, "%s -> %s\n", e->path, e->target);
		else
			text_add(&t, "%s%s\n", e->path, e->kind == ENTRY_FOLDER ? "/" : "");
	}
	assert_string_equal(text_string(&t), wanted);
	text_free(&t);
}

static void programs_are_found_by_name_as_a_login_does(void **state)
{
	char *path;

	assert_int_equal(take_find(&take, "ls", &path), ERR_NONE);
	assert_string_equal(path, "/usr/bin/ls");
	free(path);
	make_file("usr/local/bin/ls", 0755);
	assert_int_equal(take_find(&take, "ls", &path), ERR_NONE);
	assert_string_equal(path, "/usr/local/bin/ls");
	free(path);
	assert_int_equal(take_find(&take, "/bin/ls", &path), ERR_NONE);
	assert_string_equal(path, "/bin/ls");
	free(path);
	assert_int_equal(take_find(&take, "data", &path), ERR_NOT_FOUND); /* not to be run */
	assert_int_equal(take_find(&take, "/usr/bin", &path), ERR_NOT_FOUND);
	assert_int_equal(take_find(&take, "bin/ls", &path), ERR_NOT_FOUND);
	assert_int_equal(take_find(&take, "", &path), ERR_NOT_FOUND);
}

static void a_tree_comes_with_all_but_the_exceptions(void **state)
{
	struct strings except = { 0 };

	assert_int_equal(mkfifo(in("usr/lib/x/fifo"), 0600), 0);
	assert_int_equal(symlink("nowhere", in("usr/lib/x/broken")), 0);
	assert_int_equal(symlink("loop", in("usr/lib/x/loop")), 0);
	assert_int_equal(strings_add(&except, "*/doc"), ERR_NONE);
	assert_int_equal(take_trees(&take, "/lib/[x]", &except), ERR_NONE);
	rows_are("/lib -> usr/lib\n"
		 "/usr/\n"
		 "/usr/lib/\n"
		 "/usr/lib/x/\n"
		 "/usr/lib/x/a/\n"
		 "/usr/lib/x/a/two\n"
		 "/usr/lib/x/empty/\n"
		 "/usr/lib/x/one\n");
	assert_int_equal(take_trees(&take, "/none*", &except), ERR_NONE);
	assert_int_equal(take_trees(&take, "/usr/bin/ls", &except), ERR_NONE);
	assert_int_equal(all.n, 8);
	strings_free(&except);
}

static void links_to_folders_are_followed_once(void **state)
{
	const struct strings none = { 0 };

	assert_int_equal(symlink("../y", in("usr/lib/x/to-y")), 0);
	assert_int_equal(symlink("/usr/lib/x", in("usr/lib/y/to-x")), 0);
	assert_int_equal(symlink("..", in("usr/lib/x/a/up")), 0);
	assert_int_equal(symlink("/", in("usr/lib/x/a/top")), 0);
	assert_int_equal(symlink("../../../../../../usr/./lib/y", in("usr/lib/x/doc/climbs")), 0);
	assert_int_equal(take_trees(&take, "/usr/lib/x", &none), ERR_NONE);
	rows_are("/usr/\n"
		 "/usr/lib/\n"
		 "/usr/lib/x/\n"
		 "/usr/lib/x/a/\n"
		 "/usr/lib/x/a/top -> /\n"
		 "/usr/lib/x/a/two\n"
		 "/usr/lib/x/a/up -> ..\n"
		 "/usr/lib/x/doc/\n"
		 "/usr/lib/x/doc/climbs -> ../../../../../../usr/./lib/y\n"
		 "/usr/lib/x/doc/three\n"
		 "/usr/lib/x/empty/\n"
		 "/usr/lib/x/one\n"
		 "/usr/lib/x/to-y -> ../y\n"
		 "/usr/lib/y/\n"
		 "/usr/lib/y/four\n"
		 "/usr/lib/y/to-x -> /usr/lib/x\n");
}

static void a_tree_that_is_too_deep_is_told(void **state)
{
	const struct strings none = { 0 };
	struct text t = { 0 };

	text_add(&t, "%s/usr/lib/x", dir);
	for (int i = 0; i < 70; i++) {
		text_add(&t, "/d");
		assert_int_equal(mkdir(t.s, 0755), 0);
	}
	text_free(&t);
	assert_int_equal(take_trees(&take, "/usr/lib/x", &none), ERR_CONFIG);
	assert_int_equal(problems.n, 1);
	assert_non_null(strstr(problems.v[0].text, "64 folders deep"));
	assert_string_equal(problems.v[0].file, "x.set");
	assert_int_equal(problems.v[0].line, 7);
}

static void a_plain_file_has_its_own_name(void **state)
{
	assert_int_equal(symlink("../usr/lib/x/a/two", in("etc/two")), 0);
	assert_int_equal(symlink("nowhere", in("etc/broken")), 0);
	assert_int_equal(symlink("../usr", in("etc/folder")), 0);
	assert_int_equal(take_plain(&take, "/etc/two"), ERR_NONE);
	assert_int_equal(take_plain(&take, "/etc/conf"), ERR_NONE);
	assert_int_equal(take_plain(&take, "/etc/broken"), ERR_NONE);
	assert_int_equal(take_plain(&take, "/etc/folder"), ERR_NONE);
	assert_int_equal(take_plain(&take, "/etc/none/x"), ERR_NONE);
	assert_int_equal(take_plain(&take, "/etc/passwd"), ERR_NONE);
	assert_int_equal(take_plain(&take, "/etc/secret"), ERR_NONE);
	rows_are("/etc/\n/etc/conf\n/etc/two\n");
	assert_string_equal(entries_find(&all, "/etc/two")->source, "/usr/lib/x/a/two");
	assert_int_equal(entries_find(&all, "/etc/two")->mode, 0644);
	assert_int_equal(entries_find(&all, "/etc/conf")->mode, 0644); /* others may not write */
}

static void files_are_those_that_are_there(void **state)
{
	assert_int_equal(take_files(&take, "/usr/*/x/*"), ERR_NONE);
	assert_int_equal(take_files(&take, "/etc/*"), ERR_NONE);
	assert_int_equal(take_files(&take, "/none"), ERR_NONE);
	rows_are("/etc/\n/etc/conf\n/usr/\n/usr/lib/\n/usr/lib/x/\n/usr/lib/x/one\n");
}

static void what_is_closed_on_the_host_stays_outside(void **state)
{
	const struct strings none = { 0 };

	assert_int_equal(symlink("../usr/lib/x/a/two", in("etc/two")), 0);
	assert_int_equal(symlink("../a/two", in("usr/lib/x/doc/link")), 0);
	assert_int_equal(chmod(in("usr/lib/x/a"), 0750), 0);
	assert_int_equal(chmod(in("usr/lib/y"), 0), 0);
	assert_int_equal(take_plain(&take, "/etc/two"), ERR_NONE);
	assert_int_equal(take_files(&take, "/etc/two"), ERR_NONE);
	assert_int_equal(take_files(&take, "/usr/lib/x/a/two"), ERR_NONE);
	assert_int_equal(take_files(&take, "/usr/lib/x/doc/link"), ERR_NONE);
	assert_int_equal(take_trees(&take, "/usr/lib/x", &none), ERR_NONE);
	assert_int_equal(take_trees(&take, "/usr/lib/y", &none), ERR_NONE);
	rows_are("/usr/\n/usr/lib/\n/usr/lib/x/\n/usr/lib/x/doc/\n/usr/lib/x/doc/three\n/usr/lib/x/empty/\n"
		 "/usr/lib/x/one\n");
	assert_int_equal(problems.n, 2); /* once for each folder */
	assert_int_equal(problems.errors, 0);
	assert_string_equal(problems.v[0].file, "/usr/lib/x/a");
	assert_string_equal(problems.v[0].text,
			    "not everybody may enter this folder: what is in it stays outside of the jail");
	assert_string_equal(problems.v[1].file, "/usr/lib/y");
}

/* Its target is root's; which one it is, is not. */
static void a_link_that_others_may_put_elsewhere_is_refused(void **state)
{
	assert_int_equal(mkdir(in("usr/bobs"), 0777), 0);
	assert_int_equal(chmod(in("usr/bobs"), 01777), 0);
	assert_int_equal(symlink("../lib/x/one", in("usr/bobs/one")), 0);
	assert_int_equal(symlink("../usr/bobs/one", in("etc/one")), 0);
	assert_int_equal(take_plain(&take, "/etc/one"), ERR_CONFIG);
	assert_int_equal(take_files(&take, "/etc/one"), ERR_CONFIG);
	assert_int_equal(all.n, 0);
	assert_int_equal(problems.n, 1);
	assert_string_equal(
		problems.v[0].text,
		"'/usr/bobs/one' may be changed by everybody, in '/usr/bobs': wants a file that only root may "
		"change, in folders of root's");
}

static void what_a_service_rewrites_is_content(void **state)
{
	static const char *const names[] = { "/etc/resolv.conf", "/run/dns/names", "/etc/other" };
	const struct entry *e;

	assert_int_equal(mkdir(in("run"), 0755), 0);
	assert_int_equal(mkdir(in("run/dns"), 0755), 0);
	make_file("run/dns/names", 0644);
	make_file("run/dns/closed", 0600);
	make_file("run/dns/tool", 0755);
	scratch_write(in("run/dns/library"), "\177ELF");
	/* the service's own; only links have to be root's */
	if (geteuid() == 0)
		assert_int_equal(chown(in("run/dns"), 991, 991) | chown(in("run/dns/names"), 991, 991), 0);
	assert_int_equal(symlink("../run/dns/names", in("etc/resolv.conf")), 0);
	assert_int_equal(symlink("/run/dns/names", in("etc/other")), 0);
	assert_int_equal(take_plain(&take, "/etc/resolv.conf"), ERR_NONE);
	scratch_write(in("run/dns/names"), "later");
	assert_int_equal(take_plain(&take, "/etc/resolv.conf"), ERR_NONE);
	assert_int_equal(take_files(&take, "/etc/other"), ERR_NONE);
	scratch_write(in("run/dns/names"), "last");
	assert_int_equal(take_files(&take, "/run/dns/*"), ERR_NONE);
	rows_are("/etc/\n/etc/other -> /run/dns/names\n/etc/resolv.conf\n/run/\n/run/dns/\n/run/dns/library\n"
		 "/run/dns/names\n/run/dns/tool\n");
	for (size_t i = 0; i < 2; i++) {
		e = entries_find(&all, names[i]);
		assert_true(e->fleeting);
		assert_null(e->source);
		assert_string_equal(e->content, i == 0 ? "run/dns/names" : "later");
		assert_int_equal(e->mode, 0644);
	}
	/* what runs is root's or nobody's */
	assert_string_equal(entries_find(&all, "/run/dns/tool")->source, "/run/dns/tool");
	assert_string_equal(entries_find(&all, "/run/dns/library")->source, "/run/dns/library");
	assert_int_equal(problems.n, 0);
}

static void a_file_below_run_has_a_limit(void **state)
{
	assert_int_equal(mkdir(in("run"), 0755), 0);
	make_file("run/large", 0644);
	assert_int_equal(truncate(in("run/large"), 1024 * 1024 + 1), 0);
	assert_int_equal(take_plain(&take, "/run/large"), ERR_NONE);
	assert_int_equal(all.n, 0);
	assert_int_equal(problems.n, 1);
	assert_int_equal(problems.errors, 0);
	assert_string_equal(problems.v[0].file, "/run/large");
}

static void what_clashes_is_told(void **state)
{
	assert_int_equal(entries_add_content(&all, "/etc/conf", "ours", 4, 0644), ERR_NONE);
	assert_int_equal(take_files(&take, "/etc/conf"), ERR_CONFIG);
	assert_int_equal(take_plain(&take, "/etc/conf"), ERR_CONFIG);
	assert_int_equal(take_folder(&take, "/etc/conf", false), ERR_CONFIG);
	assert_int_equal(take_folder(&take, "/etc", true), ERR_CONFIG);
	assert_int_equal(problems.n, 4);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(problems.v[i].text, "'/etc/conf': something else is in the jail under this name");
	assert_int_equal(problems.v[3].line, 7);
	assert_string_equal(entries_find(&all, "/etc/conf")->content, "ours");
}

static void folders_are_roots_or_his(void **state)
{
	assert_int_equal(take_folder(&take, "/srv/a", false), ERR_NONE);
	assert_int_equal(take_folder(&take, "/tmp", true), ERR_NONE);
	assert_int_equal(entries_find(&all, "/srv/a")->mode, 0755);
	assert_false(entries_find(&all, "/srv/a")->his);
	assert_int_equal(entries_find(&all, "/tmp")->mode, 0700);
	assert_true(entries_find(&all, "/tmp")->his);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(programs_are_found_by_name_as_a_login_does, make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_tree_comes_with_all_but_the_exceptions, make_root, remove_root),
		cmocka_unit_test_setup_teardown(links_to_folders_are_followed_once, make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_tree_that_is_too_deep_is_told, make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_plain_file_has_its_own_name, make_root, remove_root),
		cmocka_unit_test_setup_teardown(files_are_those_that_are_there, make_root, remove_root),
		cmocka_unit_test_setup_teardown(what_is_closed_on_the_host_stays_outside, make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_link_that_others_may_put_elsewhere_is_refused, make_root,
						remove_root),
		cmocka_unit_test_setup_teardown(what_a_service_rewrites_is_content, make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_file_below_run_has_a_limit, make_root, remove_root),
		cmocka_unit_test_setup_teardown(what_clashes_is_told, make_root, remove_root),
		cmocka_unit_test_setup_teardown(folders_are_roots_or_his, make_root, remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
