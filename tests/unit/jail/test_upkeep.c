/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_upkeep.c - hooks are written where something would run them, once, and what is somebody's own stays. */
#include "jail/upkeep.h"

#include "base/file.h"
#include "base/scratch.h"

#include "base/banned.h"

#define APT "/etc/apt/apt.conf.d/91sallyport-jails"
#define DPKG "/etc/dpkg/dpkg.cfg.d/sallyport-jails"
#define DNF4 "/etc/dnf/plugins/post-transaction-actions.d/sallyport-jails.action"
#define DNF5 "/etc/dnf/libdnf5-plugins/actions.d/sallyport-jails.actions"
#define CRON "/etc/cron.daily/sallyport-jails"
#define PERIODIC "/etc/periodic/daily/sallyport-jails"
#define TIMER "/etc/systemd/system/timers.target.wants/sallyport-jail-update.timer"

static char dir[SCRATCH_DIR];
static struct root *root;
static struct diags problems;

static const char *in(const char *name)
{
	return scratch_path(dir, name);
}

static void make(const char *path)
{
	assert_int_equal(file_make_dirs(root, path, 0755), ERR_NONE);
}

static int set_up(void **state)
{
	umask(022);
	scratch_make(dir);
	return root_open(dir, &root);
}

static int tear_down(void **state)
{
	diags_free(&problems);
	problems = (struct diags){ 0 };
	root_close(root);
	scratch_remove(dir);
	return 0;
}

static bool can_write(void)
{
	if (geteuid() == 0)
		return true;
	print_message("# skipped: hooks belong to root\n");
	skip();
	return false;
}

static bool says(const char *words)
{
	for (size_t i = 0; i < problems.n; i++)
		if (strstr(problems.v[i].text, words))
			return true;
	return false;
}

static const struct upkeep_part *part(const char *id)
{
	static struct upkeep u;

	assert_int_equal(upkeep_look(root, &u), ERR_NONE);
	for (size_t i = 0; i < UPKEEP_PARTS; i++)
		if (strcmp(u.v[i].id, id) == 0)
			return &u.v[i];
	fail();
	return NULL;
}

static bool covered(enum upkeep_kind kind)
{
	struct upkeep u;

	assert_int_equal(upkeep_look(root, &u), ERR_NONE);
	return upkeep_covers(&u, kind);
}

static void a_host_without_anything_is_told_so(void **state)
{
	assert_int_equal(upkeep_install(root, &problems), ERR_NONE);
	assert_int_equal(problems.n, 2);
	assert_int_equal(problems.errors, 0);
	assert_true(says("no package manager"));
	assert_true(says("neither systemd nor cron"));
	assert_false(scratch_exists(in("/etc")));
	assert_int_equal(upkeep_remove(root, &problems), ERR_NONE);
	assert_int_equal(problems.n, 2);
}

static void debian_has_apt_dpkg_and_cron(void **state)
{
	struct stat st;
	char text[1024];

	if (!can_write())
		return;
	make("/etc/apt/apt.conf.d");
	make("/etc/dpkg/dpkg.cfg.d");
	make("/etc/cron.daily");
	make("/usr/sbin");
	scratch_write(in("/usr/sbin/cron"), "");
	assert_int_equal(upkeep_install(root, &problems), ERR_NONE);
	assert_int_equal(problems.n, 0);
	assert_true(covered(UPKEEP_PACKAGES) && covered(UPKEEP_DAILY));
	assert_true(part("apt")->there && part("dpkg")->there && part("cron")->there);
	assert_false(part("dnf4")->fits || part("dnf5")->fits || part("timer")->fits || part("periodic")->fits);
	assert_true(scratch_read(in(APT), text, sizeof text));
	assert_non_null(strstr(text, "DPkg::Post-Invoke { \"if [ -x /"));
	assert_non_null(strstr(text, "|| true"));
	assert_int_equal(stat(in(CRON), &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0755);
	assert_int_equal(stat(in(DPKG), &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0644);
}

static void fedora_has_one_for_each_dnf(void **state)
{
	if (!can_write())
		return;
	make("/etc/dnf/plugins/post-transaction-actions.d");
	make("/etc/dnf/libdnf5-plugins/actions.d");
	assert_int_equal(upkeep_install(root, &problems), ERR_NONE);
	assert_true(scratch_exists(in(DNF4)) && scratch_exists(in(DNF5)));
	assert_true(covered(UPKEEP_PACKAGES));
	assert_false(covered(UPKEEP_DAILY));
	assert_int_equal(problems.n, 1);
}

static void dnf_without_its_plugin_is_told_which(void **state)
{
	make("/etc/dnf");
	assert_int_equal(upkeep_install(root, &problems), ERR_NONE);
	assert_true(says("libdnf5-plugin-actions"));
	assert_false(covered(UPKEEP_PACKAGES));
}

static void alpine_has_a_folder_of_its_own(void **state)
{
	if (!can_write())
		return;
	make("/etc/periodic/daily");
	make("/usr/sbin");
	assert_int_equal(upkeep_install(root, &problems), ERR_NONE);
	assert_false(scratch_exists(in(PERIODIC)));
	scratch_write(in("/usr/sbin/crond"), "");
	assert_int_equal(upkeep_install(root, &problems), ERR_NONE);
	assert_true(scratch_exists(in(PERIODIC)));
	assert_true(covered(UPKEEP_DAILY));
}

static void cron_is_left_alone_where_systemd_has_the_timer(void **state)
{
	make("/etc/cron.daily");
	make("/usr/sbin");
	scratch_write(in("/usr/sbin/cron"), "");
	make("/run/systemd/system");
	make("/etc/systemd/system/timers.target.wants");
	assert_int_equal(upkeep_install(root, &problems), ERR_NONE);
	assert_false(scratch_exists(in(CRON)));
	assert_false(covered(UPKEEP_DAILY));
	assert_int_equal(symlink("/nowhere", in(TIMER)), 0);
	assert_true(part("timer")->fits && part("timer")->there);
	assert_true(covered(UPKEEP_DAILY));
}

static void written_once_and_again_where_it_is_old(void **state)
{
	struct stat first, now;
	char text[1024], old[1100];

	if (!can_write())
		return;
	make("/etc/apt/apt.conf.d");
	assert_int_equal(upkeep_install(root, &problems), ERR_NONE);
	assert_int_equal(stat(in(APT), &first), 0);
	assert_int_equal(upkeep_install(root, &problems), ERR_NONE);
	assert_int_equal(stat(in(APT), &now), 0);
	assert_int_equal(first.st_ino, now.st_ino);
	assert_true(scratch_read(in(APT), text, sizeof text));
	snprintf(old, sizeof old, "%s// of another prefix\n", text);
	scratch_write(in(APT), old);
	assert_true(part("apt")->there);
	assert_int_equal(upkeep_install(root, &problems), ERR_NONE);
	scratch_is(in(APT), text);
	/* and taken away, twice */
	assert_int_equal(upkeep_remove(root, &problems), ERR_NONE);
	assert_false(scratch_exists(in(APT)));
	assert_int_equal(upkeep_remove(root, &problems), ERR_NONE);
}

static void what_is_somebodys_own_stays(void **state)
{
	static const struct {
		const char *path, *id;
	} hooks[] = { { APT, "apt" }, { DPKG, "dpkg" } };

	make("/etc/apt/apt.conf.d");
	make("/etc/dpkg/dpkg.cfg.d");
	scratch_write(in(APT), "");
	assert_int_equal(symlink("/dev/null", in(DPKG)), 0);
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		assert_true(part(hooks[i].id)->fits);
		assert_false(part(hooks[i].id)->there);
	}
	assert_int_equal(upkeep_install(root, &problems), ERR_NONE);
	assert_int_equal(upkeep_remove(root, &problems), ERR_NONE);
	scratch_is(in(APT), "");
	assert_true(scratch_exists(in(DPKG)));
	assert_false(covered(UPKEEP_PACKAGES));
	assert_string_equal(problems.v[0].file, APT);
	assert_true(says("not hooked up: no jail is brought up to date when packages change"));
}

static void one_that_cannot_be_written_does_not_keep_the_others(void **state)
{
	if (!can_write())
		return;
	make("/etc/apt/apt.conf.d/91sallyport-jails/in the way");
	make("/etc/dpkg/dpkg.cfg.d/.sallyport-jails.upkeep/in the way");
	make("/etc/dnf/libdnf5-plugins/actions.d");
	assert_int_equal(upkeep_install(root, &problems), ERR_NONE);
	assert_true(scratch_exists(in(DNF5)));
	assert_false(scratch_exists(in(DPKG)));
	assert_string_equal(problems.v[0].file, DPKG);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_host_without_anything_is_told_so),
		TEST(debian_has_apt_dpkg_and_cron),
		TEST(fedora_has_one_for_each_dnf),
		TEST(dnf_without_its_plugin_is_told_which),
		TEST(alpine_has_a_folder_of_its_own),
		TEST(cron_is_left_alone_where_systemd_has_the_timer),
		TEST(written_once_and_again_where_it_is_old),
		TEST(what_is_somebodys_own_stays),
		TEST(one_that_cannot_be_written_does_not_keep_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
