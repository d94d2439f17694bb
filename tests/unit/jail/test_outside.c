/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_outside.c - a process of the account is outside of its jail unless the jail is its root; those that nobody may trace do not count. */
#include "jail/outside.h"

#include "base/file.h"
#include "inside.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/banned.h"

#define UID 48213 /* nobody's, as far as one can know */

static char dir[SCRATCH_DIR];
static struct root *root;
static pid_t children[4];
static size_t nchildren;

static int set_up(void **state)
{
	scratch_make(dir);
	nchildren = 0;
	return root_open(NULL, &root);
}

static int tear_down(void **state)
{
	for (size_t i = 0; i < nchildren; i++) {
		kill(children[i], SIGKILL);
		waitpid(children[i], NULL, 0);
	}
	root_close(root);
	scratch_remove(dir);
	return 0;
}

struct who {
	uid_t uid;
	bool dumpable;
};

static bool become(const void *arg)
{
	const struct who *w = arg;

	return !setgid(w->uid) && !setuid(w->uid) && !prctl(PR_SET_DUMPABLE, w->dumpable);
}

/* A process of the account, with that root. */
static pid_t start(const char *in, uid_t uid, bool dumpable)
{
	const struct who w = { uid, dumpable };

	return children[nchildren++] = inside(in, become, &w, inside_waits);
}

static bool is_root(void)
{
	if (geteuid() == 0)
		return true;
	print_message("# skipped: only root changes users\n");
	skip();
	return false;
}

static void those_with_another_root_are_found(void **state)
{
	struct outside *found = NULL;
	size_t n = 0;
	pid_t out;

	if (!is_root())
		return;
	start(dir, UID, true);
	start("/", UID + 1, true);
	start("/", UID, false);
	assert_int_equal(outside_find(root, UID, dir, &found, &n), ERR_NONE);
	assert_int_equal(n, 0);
	free(found);
	out = start("/", UID, true);
	assert_int_equal(outside_find(root, UID, dir, &found, &n), ERR_NONE);
	assert_int_equal(n, 1);
	assert_int_equal(found[0].pid, out);
	assert_string_equal(found[0].command, "test_outside");
	free(found);
}

static void only_on_the_running_system(void **state)
{
	struct outside *found = NULL;
	struct root *other = NULL;
	size_t n = 7;

	assert_int_equal(root_open(dir, &other), ERR_NONE);
	assert_int_equal(outside_find(other, UID, "/", &found, &n), ERR_UNSUPPORTED);
	assert_null(found);
	assert_int_equal(n, 7);
	assert_false(outside_is_restricted(other));
	root_close(other);
}

static void a_jail_that_is_not_there_is_an_error(void **state)
{
	struct outside *found = NULL;
	size_t n = 7;

	if (!is_root())
		return;
	assert_int_not_equal(outside_find(root, UID, scratch_path(dir, "nowhere"), &found, &n), ERR_NONE);
	assert_null(found);
}

static void the_kernel_may_restrict_tracing(void **state)
{
	static const struct {
		const char *scope;
		bool restricted;
	} cases[] = {
		{ "0\n", false }, { "1\n", true }, { "2\n", true }, { "3\n", true }, { "", false }, { "x", false }
	};
	struct root *other = NULL;

	assert_int_equal(root_open(dir, &other), ERR_NONE);
	assert_int_equal(file_make_dirs(other, "/proc/sys/kernel/yama", 0755), ERR_NONE);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		scratch_write(scratch_path(dir, "proc/sys/kernel/yama/ptrace_scope"), cases[i].scope);
		assert_int_equal(outside_is_restricted(other), cases[i].restricted);
	}
	root_close(other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(those_with_another_root_are_found),
		TEST(only_on_the_running_system),
		TEST(a_jail_that_is_not_there_is_an_error),
		TEST(the_kernel_may_restrict_tracing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
