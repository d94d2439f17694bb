/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_root.c - nothing leads out of another system's directory, and nothing in it makes us hang. */
#include "base/root.h"

#include "base/scratch.h"

#include <errno.h>

#include "base/banned.h"

static char dir[SCRATCH_DIR], outside[SCRATCH_DIR];
static struct root *root, *live;

static const char *in(const char *name)
{
	return scratch_path(dir, name);
}

static int make_tree(void **state)
{
	char secret[PATH_MAX];

	scratch_make(dir);
	scratch_make(outside);
	scratch_write(scratch_path(outside, "secret"), "outside\n");
	snprintf(secret, sizeof secret, "%s/secret", outside);
	assert_int_equal(mkdir(in("etc"), 0755), 0);
	assert_int_equal(mkdir(in("etc/ssh"), 0755), 0);
	assert_int_equal(mkdir(in("etc/conf.d"), 0755), 0);
	scratch_write(in("etc/ssh/sshd_config"), "Port 22\n");
	scratch_write(in("etc/conf.d/b.conf"), "b");
	scratch_write(in("etc/conf.d/B.conf"), "B");
	scratch_write(in("etc/conf.d/a.conf"), "a");
	scratch_write(in("etc/conf.d/.hidden.conf"), "");
	scratch_write(in("etc/conf.d/note"), "");
	assert_int_equal(symlink("ssh/sshd_config", in("etc/relative")), 0);
	assert_int_equal(symlink("/etc/ssh/sshd_config", in("etc/absolute")), 0);
	assert_int_equal(symlink("../../../../../../../../etc/ssh/sshd_config", in("etc/climbing")), 0);
	assert_int_equal(symlink(secret, in("etc/escaping")), 0);
	assert_int_equal(symlink(outside, in("etc/escaping-dir")), 0);
	assert_int_equal(symlink("absolute", in("etc/chain")), 0);
	assert_int_equal(symlink("loop", in("etc/loop")), 0);
	assert_int_equal(symlink("ssh/new", in("etc/dangling")), 0);
	assert_int_equal(symlink("/etc", in("link-to-etc")), 0);
	assert_int_equal(mkfifo(in("etc/fifo"), 0600), 0);
	return root_open(dir, &root) || root_open("/", &live);
}

static int remove_tree(void **state)
{
	root_close(root);
	root_close(live);
	scratch_remove(dir);
	scratch_remove(outside);
	return 0;
}

static void knows_which_system_it_is(void **state)
{
	struct root *r = NULL;

	assert_true(root_is_live(live));
	assert_string_equal(root_dir(live), "/");
	assert_false(root_is_live(root));
	assert_string_equal(root_dir(root), dir);
	assert_int_equal(root_open(NULL, &r), ERR_NONE);
	assert_true(root_is_live(r));
	root_close(r);
	r = NULL;
	assert_int_equal(root_open("//./", &r), ERR_NONE);
	assert_true(root_is_live(r));
	root_close(r);
	root_close(NULL);
}

static void what_is_no_directory_is_no_root(void **state)
{
	struct root *r = NULL;

	assert_int_equal(root_open(in("none"), &r), ERR_SYSTEM);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(root_open(in("etc/relative"), &r), ERR_SYSTEM);
	assert_int_equal(errno, ENOTDIR);
	assert_null(r);
}

static const struct {
	const char *path;
	const char *content; /* NULL: cannot be read */
} reads[] = {
	{ "/etc/ssh/sshd_config", "Port 22\n" },
	{ "/etc/relative", "Port 22\n" },
	{ "/etc/absolute", "Port 22\n" },
	{ "/etc/climbing", "Port 22\n" },
	{ "/etc/chain", "Port 22\n" },
	{ "/../../etc/ssh/../ssh/sshd_config", "Port 22\n" },
	{ "/link-to-etc/chain", "Port 22\n" },
	{ "/etc/escaping", NULL },
	{ "/etc/escaping-dir/secret", NULL },
	{ "/etc/loop", NULL },
	{ "/etc/dangling", NULL },
	{ "/etc/none", NULL },
};

static void links_and_dots_stay_inside(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(reads); i++) {
		char *content = NULL;
		size_t len = 0;
		enum err e = root_read(root, reads[i].path, 4096, &content, &len);

		assert_int_equal(e, reads[i].content ? ERR_NONE : ERR_SYSTEM);
		if (reads[i].content) {
			assert_string_equal(content, reads[i].content);
			assert_int_equal(len, strlen(reads[i].content));
		}
		free(content);
	}
}

static void only_regular_files_are_read(void **state)
{
	char *content = NULL;
	size_t len;

	assert_int_equal(root_read(root, "/etc/fifo", 10, &content, &len), ERR_NOT_FILE);
	assert_int_equal(root_read(root, "/etc", 10, &content, &len), ERR_NOT_FILE);
	assert_int_equal(root_read(live, "/dev/null", 10, &content, &len), ERR_NOT_FILE);
	assert_int_equal(root_read(live, "/dev/zero", 10, &content, &len), ERR_NOT_FILE);
	assert_null(content);
}

static void a_fifo_can_be_opened_without_waiting(void **state)
{
	int fd = -1;

	alarm(10);
	assert_int_equal(root_open_file(root, "/etc/fifo", O_RDONLY | O_NONBLOCK, 0, &fd), ERR_NONE);
	alarm(0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

static void size_is_limited_to_the_byte(void **state)
{
	char *content = NULL;
	size_t len = 0;

	assert_int_equal(root_read(root, "/etc/ssh/sshd_config", 7, &content, &len), ERR_TOO_BIG);
	assert_null(content);
	assert_int_equal(root_read(root, "/etc/ssh/sshd_config", 8, &content, &len), ERR_NONE);
	assert_int_equal(len, 8);
	free(content);
	content = NULL;
	/* a file that says it is empty */
	assert_int_equal(root_read(live, "/proc/self/stat", 5, &content, &len), ERR_TOO_BIG);
	assert_int_equal(root_read(live, "/proc/self/stat", SIZE_MAX, &content, &len), ERR_NONE);
	assert_true(len > 5);
	free(content);
}

static void files_can_be_made_inside_only(void **state)
{
	struct stat st;
	int fd = -1;

	assert_int_equal(root_open_file(root, "/../made", O_WRONLY | O_CREAT | O_EXCL, 0600, &fd), ERR_NONE);
	close(fd);
	assert_true(scratch_exists(in("made")));
	assert_int_equal(root_stat(root, "/made", &st), ERR_NONE);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(root_open_file(root, "/etc/escaping-dir/made", O_WRONLY | O_CREAT, 0600, &fd), ERR_SYSTEM);
	assert_false(scratch_exists(scratch_path(outside, "made")));
}

static void stat_follows_links_and_lstat_does_not(void **state)
{
	struct stat st = { .st_size = 4242 };

	for (size_t i = 0; i < 2; i++) {
		char path[PATH_MAX];

		snprintf(path, sizeof path, "%s/etc/relative", i ? dir : "");
		assert_int_equal(root_stat(i ? live : root, path, &st), ERR_NONE);
		assert_true(S_ISREG(st.st_mode));
		assert_int_equal(root_lstat(i ? live : root, path, &st), ERR_NONE);
		assert_true(S_ISLNK(st.st_mode));
	}
	st.st_size = 4242;
	assert_int_equal(root_stat(root, "/etc/escaping", &st), ERR_SYSTEM);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(root_stat(root, "/etc/loop", &st), ERR_SYSTEM);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(st.st_size, 4242);
}

static const struct {
	const char *pattern, *found;
} globs[] = {
	{ "/etc/conf.d/*.conf", "/etc/conf.d/B.conf /etc/conf.d/a.conf /etc/conf.d/b.conf" },
	{ "/etc/conf.d/[ab].conf", "/etc/conf.d/a.conf /etc/conf.d/b.conf" },
	{ "/etc/conf.d/?.conf", "/etc/conf.d/B.conf /etc/conf.d/a.conf /etc/conf.d/b.conf" },
	{ "/etc/*/sshd_config", "/etc/ssh/sshd_config" },
	{ "/etc/conf.d/note", "/etc/conf.d/note" },
	{ "/etc/conf.d/none", "" },
	{ "/etc/none/*", "" },
	{ "/etc/dangling", "/etc/dangling" },
	{ "/link-to-etc/conf.d/n*", "/link-to-etc/conf.d/note" },
	{ "/etc/escaping-dir/*", "" },
	{ "/../../etc/conf.d/n*", "/../../etc/conf.d/note" },
	{ "/etc/conf.d/\\*", "" },
};

static void patterns_match_inside_in_byte_order(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(globs); i++) {
		struct strings found = { 0 };
		struct text joined = { 0 };

		assert_int_equal(root_glob(root, globs[i].pattern, &found), ERR_NONE);
		strings_join(&found, " ", &joined);
		assert_string_equal(text_string(&joined), globs[i].found);
		text_free(&joined);
		strings_free(&found);
	}
}

static void patterns_match_on_the_running_system(void **state)
{
	struct strings found = { 0 };
	char pattern[PATH_MAX];

	snprintf(pattern, sizeof pattern, "%s/etc/conf.d/*.conf", dir);
	assert_int_equal(strings_add(&found, "kept"), ERR_NONE);
	assert_int_equal(root_glob(live, pattern, &found), ERR_NONE);
	assert_int_equal(found.n, 4);
	assert_string_equal(found.v[0], "kept");
	assert_string_equal(found.v[1], in("etc/conf.d/B.conf"));
	strings_free(&found);
}

static void a_directory_is_listed_in_byte_order(void **state)
{
	struct strings names = { 0 };
	struct text joined = { 0 };

	assert_int_equal(root_list(root, "/etc/conf.d", &names), ERR_NONE);
	strings_join(&names, " ", &joined);
	assert_string_equal(text_string(&joined), ".hidden.conf B.conf a.conf b.conf note");
	text_free(&joined);
	assert_int_equal(root_list(root, "/etc/none", &names), ERR_SYSTEM);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(root_list(root, "/etc/relative", &names), ERR_SYSTEM);
	assert_int_equal(names.n, 5);
	strings_free(&names);
}

static const struct {
	const char *path, *target; /* NULL: does not lead anywhere */
	int number;
} resolves[] = {
	{ "/", "/", 0 },
	{ "//etc/./ssh//sshd_config", "/etc/ssh/sshd_config", 0 },
	{ "/etc/relative", "/etc/ssh/sshd_config", 0 },
	{ "/etc/chain", "/etc/ssh/sshd_config", 0 },
	{ "/etc/climbing", "/etc/ssh/sshd_config", 0 },
	{ "/link-to-etc/ssh/../chain", "/etc/ssh/sshd_config", 0 },
	{ "/../../..", "/", 0 },
	{ "/etc/", "/etc", 0 },
	{ "/etc/dangling", "/etc/ssh/new", 0 },
	{ "/link-to-etc/new", "/etc/new", 0 },
	{ "/etc/none/new", NULL, ENOENT },
	{ "/etc/escaping", NULL, ENOENT },
	{ "/etc/loop", NULL, ELOOP },
	{ "/etc/relative/x", NULL, ENOTDIR },
	{ "/etc/ssh/sshd_config/", NULL, ENOTDIR },
};

static void paths_are_resolved_inside(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(resolves); i++) {
		char *target = NULL;
		enum err e = root_resolve(root, resolves[i].path, &target);

		if (e != (resolves[i].target ? ERR_NONE : ERR_SYSTEM))
			fail_msg("%s: %s", resolves[i].path, err_text(e));
		if (resolves[i].target)
			assert_string_equal(target, resolves[i].target);
		else
			assert_int_equal(errno, resolves[i].number);
		free(target);
	}
}

static void the_running_system_is_resolved_as_by_realpath(void **state)
{
	static const char *const paths[] = { "/bin/sh",		"/proc/self/cwd/..",	"/dev/stdin/..",
					     "/etc/os-release", "/usr/../etc/mtab",	"/lib64",
					     "/var/run",	"/etc/alternatives/awk" };
	size_t compared = 0;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		char wanted[PATH_MAX], *target = NULL;

		if (!realpath(paths[i], wanted))
			continue;
		if (root_resolve(live, paths[i], &target))
			fail_msg("%s: %s", paths[i], strerror(errno));
		assert_string_equal(target, wanted);
		free(target);
		compared++;
	}
	assert_true(compared > 2);
}

static void too_long_a_path_is_refused(void **state)
{
	char path[PATH_MAX + 100], name[400], *target = NULL;

	memset(path, 'a', sizeof path);
	for (size_t i = 0; i < sizeof path; i += 100)
		path[i] = '/';
	path[sizeof path - 1] = '\0';
	assert_int_equal(root_resolve(root, path, &target), ERR_SYSTEM);
	assert_int_equal(errno, ENAMETOOLONG);
	memset(name, 'b', sizeof name);
	name[0] = '/';
	name[sizeof name - 1] = '\0';
	assert_int_equal(root_resolve(root, name, &target), ERR_SYSTEM);
	assert_int_equal(errno, ENAMETOOLONG);
	assert_null(target);
}

static void the_outside_path_is_root_and_path(void **state)
{
	char *path = NULL;

	assert_int_equal(root_outside(root, "/etc/ssh", &path), ERR_NONE);
	assert_string_equal(path, in("etc/ssh"));
	free(path);
	assert_int_equal(root_outside(live, "/etc/ssh", &path), ERR_NONE);
	assert_string_equal(path, "/etc/ssh");
	free(path);
}

static void a_link_is_roots_own_where_only_root_may_put_one(void **state)
{
	static const struct {
		const char *path;
		bool own;
	} cases[] = { { "/own/x/file", true },
		      { "/own/safe/file", true },
		      { "/own/open/in/file", false },
		      { "/own/far", false } };

	if (geteuid()) {
		print_message("# skipped: only root can give a folder away\n");
		return;
	}
	assert_int_equal(mkdir(in("own"), 0755) | mkdir(in("own/x"), 0755) | mkdir(in("own/open"), 0777), 0);
	assert_int_equal(chmod(in("own/open"), 0777), 0);
	scratch_write(in("own/x/file"), "");
	assert_int_equal(symlink("x", in("own/safe")) | symlink("../x", in("own/open/in")), 0);
	assert_int_equal(symlink("/own/open/in/file", in("own/far")), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *target = NULL;
		bool own = !cases[i].own;

		assert_int_equal(root_resolve_own(root, cases[i].path, &target, &own), ERR_NONE);
		assert_string_equal(target, "/own/x/file");
		if (own != cases[i].own)
			fail_msg("%s", cases[i].path);
		free(target);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_which_system_it_is),
		cmocka_unit_test(what_is_no_directory_is_no_root),
		cmocka_unit_test(links_and_dots_stay_inside),
		cmocka_unit_test(only_regular_files_are_read),
		cmocka_unit_test(a_fifo_can_be_opened_without_waiting),
		cmocka_unit_test(size_is_limited_to_the_byte),
		cmocka_unit_test(files_can_be_made_inside_only),
		cmocka_unit_test(stat_follows_links_and_lstat_does_not),
		cmocka_unit_test(patterns_match_inside_in_byte_order),
		cmocka_unit_test(patterns_match_on_the_running_system),
		cmocka_unit_test(a_directory_is_listed_in_byte_order),
		cmocka_unit_test(paths_are_resolved_inside),
		cmocka_unit_test(the_running_system_is_resolved_as_by_realpath),
		cmocka_unit_test(a_link_is_roots_own_where_only_root_may_put_one),
		cmocka_unit_test(too_long_a_path_is_refused),
		cmocka_unit_test(the_outside_path_is_root_and_path),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
