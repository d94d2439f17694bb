/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_patience.c - a source of accounts that hangs costs a few seconds, once, and is no answer. */
#include "sshd/patience.h"

#include "base/scratch.h"

#include "base/clock.h"
#include "sshd/account.h"
#include "sshd/group.h"
#include "sshd/identity.h"

#include <dlfcn.h>
#include <errno.h>
#include <nss.h>

#include "base/banned.h"

#define LIMIT_MS (PATIENCE_SECONDS * 1000u)

/* The source itself lies in the build folder, where NSS does not look: what is loaded already is found by its name. */
static int source_load(void **state)
{
	const char *build = getenv("SALLYPORT_BUILD");
	char path[PATH_MAX];

	if (!build)
		return 1;
	(void)snprintf(path, sizeof path, "%s/tests/unit/sshd/libnss_hang.so", build);
	return !dlopen(path, RTLD_NOW | RTLD_GLOBAL) || __nss_configure_lookup("passwd", "files hang") ||
	       __nss_configure_lookup("group", "files hang");
}

static struct root *live(void)
{
	struct root *r = NULL;

	assert_int_equal(root_open(NULL, &r), ERR_NONE);
	return r;
}

static void what_answers_is_believed(void **state)
{
	struct root *r = live();
	struct account *a = NULL;

	assert_int_equal(account_find(r, "root", &a), ERR_NONE);
	assert_int_equal(a->uid, 0);
	account_free(a);
	a = NULL;
	assert_int_equal(account_find(r, "nosuchaccount", &a), ERR_NOT_FOUND);
	assert_null(a);
	assert_int_equal(group_find("root"), ERR_NONE);
	assert_int_equal(group_find("nosuchgroup"), ERR_NOT_FOUND);
	root_close(r);
}

static void trouble_is_not_taken_for_no_account(void **state)
{
	struct root *r = live();
	struct account *a = NULL;

	assert_int_equal(account_find(r, "trouble", &a), ERR_SYSTEM);
	assert_int_equal(errno, ECONNREFUSED);
	errno = 0;
	assert_int_equal(group_find("trouble"), ERR_SYSTEM);
	assert_int_equal(errno, ECONNREFUSED);
	root_close(r);
}

static enum err plod(void *job)
{
	const struct timespec pause = { .tv_sec = PATIENCE_SECONDS / 2, .tv_nsec = 500 * 1000 * 1000 };

	for (int i = 0; i < 3; i++) {
		(void)nanosleep(&pause, NULL);
		patience_tick();
	}
	errno = ENOSPC;
	return ERR_SYSTEM;
}

static void dispose_never(void *job)
{
	abort();
}

static void what_gets_on_has_all_the_time(void **state)
{
	int job;
	uint64_t start = clock_boot_ms();

	assert_int_equal(patience_run(plod, &job, dispose_never), ERR_SYSTEM);
	assert_int_equal(errno, ENOSPC);
	assert_true(clock_boot_ms() - start > LIMIT_MS);
}

/* The last one: afterwards this process asks nobody any more. */
static void what_hangs_is_left_alone_and_then_not_asked(void **state)
{
	struct root *r = live();
	struct account *a = NULL;
	struct accounts all = { 0 };
	struct account of_groups = { .name = (char *)"stuckingroups", .uid = 1, .gid = 1 };
	struct identity id = { 0 };
	uint64_t start = clock_boot_ms(), took;

	assert_int_equal(account_find(r, "stuck", &a), ERR_TIMEOUT);
	took = clock_boot_ms() - start;
	assert_true(took >= LIMIT_MS);
	assert_int_equal(identity_find(r, &of_groups, &id), ERR_TIMEOUT);
	assert_null(id.groups);
	assert_int_equal(group_find("stuck"), ERR_TIMEOUT);
	assert_int_equal(accounts_read(r, &all), ERR_TIMEOUT);
	assert_int_equal(all.n, 0);
	start = clock_boot_ms();
	for (int i = 0; i < 1000; i++)
		assert_int_equal(account_find(r, "stuck", &a), ERR_TIMEOUT);
	assert_true(clock_boot_ms() - start < 100 * LIMIT_MS);
	assert_null(a);
	root_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_answers_is_believed),
		cmocka_unit_test(trouble_is_not_taken_for_no_account),
		cmocka_unit_test(what_gets_on_has_all_the_time),
		cmocka_unit_test(what_hangs_is_left_alone_and_then_not_asked),
	};

	return cmocka_run_group_tests(tests, source_load, NULL);
}
