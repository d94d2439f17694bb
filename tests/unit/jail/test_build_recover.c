/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_build_recover.c - what a crash left is decided by the configuration; every cut: tests/net/test_jail_cuts.py. */
#include "jail_scratch.h"

#include "base/banned.h"

struct world {
	bool in_force, has_block;
	enum err unknown;  /* whether it is in force */
	unsigned accounts; /* removed */
	enum err account;
};

static enum err in_force(void *arg, const struct manifest *m, bool *yes)
{
	const struct world *w = arg;

	*yes = w->in_force;
	return w->unknown;
}

static bool has_block(void *arg, const char *user)
{
	const struct world *w = arg;

	return w->has_block && strcmp(user, "anna") == 0;
}

static enum err remove_account(void *arg, const struct manifest *m)
{
	struct world *w = arg;

	w->accounts++;
	return w->account;
}

#define LOST "found without a manifest that can be read, and is left as it is"

static void recovers_left(struct host *h, struct world *w, const char *what, enum err want, bool unfinished)
{
	const struct build_world bw = {
		.in_force = in_force, .has_block = has_block, .remove_account = remove_account, .arg = w
	};
	struct build_recovery *done = NULL;
	size_t n = 99;

	assert_int_equal(build_recover(h->r, &bw, &done, &n), ERR_NONE);
	assert_int_equal(n, what ? 1 : 0);
	if (what) {
		assert_string_equal(done[0].user, "anna");
		assert_string_equal(done[0].what, what);
		assert_int_equal(done[0].err, want);
		assert_int_equal(done[0].lost, strcmp(what, LOST) == 0);
	}
	assert_int_equal(build_unfinished(h->r), unfinished);
	build_recoveries_free(done, n);
}

static void recovers(struct host *h, struct world *w, const char *what, enum err want)
{
	recovers_left(h, w, what, want, want != ERR_NONE);
}

static void decides_what_was_being_made(void **unused)
{
	struct world w = { .account = ERR_BUSY };
	struct manifest m;
	struct host h;

	(void)unused;
	host_start(&h);
	recovers(&h, &w, NULL, ERR_NONE);
	manifest_usual(&m);
	m.account_made = true;
	assert_int_equal(build_create(h.r, &m, BUILD_SHARE, NULL, &h.told, &h.problems), ERR_NONE);
	assert_true(build_unfinished(h.r));
	w.in_force = true;
	recovers(&h, &w, "made: kept", ERR_NONE);
	recovers(&h, &w, NULL, ERR_NONE);
	assert_int_equal(w.accounts, 0);
	w.in_force = false;
	assert_int_equal(manifest_write(h.r, &m), ERR_NONE);
	recovers(&h, &w, "half made: taken away", ERR_BUSY); /* the account is still in use */
	assert_true(scratch_exists(in_jail(&h, "usr")));
	w.account = ERR_NONE;
	recovers(&h, &w, "half made: taken away", ERR_NONE);
	assert_int_equal(w.accounts, 2);
	assert_false(has_state(&h));
	assert_false(scratch_exists(scratch_path(h.dir, "home/chroot")));
	manifest_clear(&m);
	host_end(&h);
}

static void leaves_what_came_to_the_place_of_what_was_never_made(void **unused)
{
	struct world w = { 0 };
	struct manifest m;
	struct host h;

	(void)unused;
	host_start(&h);
	manifest_usual(&m);
	m.state = MANIFEST_MAKING;
	assert_int_equal(manifest_write(h.r, &m), ERR_NONE);
	assert_int_equal(mkdir(scratch_path(h.dir, "home/chroot"), 0755), 0);
	assert_int_equal(mkdir(scratch_path(h.dir, JAIL_DIR + 1), 0755), 0);
	scratch_write(in_jail(&h, "mine"), "not ours");
	w.in_force = true; /* the administrator's own jail */
	recovers(&h, &w, "half made: taken away", ERR_NONE);
	scratch_is(in_jail(&h, "mine"), "not ours");
	assert_false(has_state(&h));
	/* the tree was complete, and its place taken: it waits beside */
	m.made = strdup("2026-01-02T03:04:05Z");
	assert_int_equal(manifest_write(h.r, &m), ERR_NONE);
	assert_int_equal(mkdir(in_jail(&h, "../.anna.sallyport-new"), 0755), 0);
	recovers(&h, &w, "half made: taken away", ERR_NONE);
	scratch_is(in_jail(&h, "mine"), "not ours");
	assert_false(scratch_exists(in_jail(&h, "../.anna.sallyport-new")));
	manifest_clear(&m);
	host_end(&h);
}

/* What each test begins with, and what it makes of it. */
static struct host h;
static struct manifest m;

static int make_jail(void **unused)
{
	(void)unused;
	host_start(&h);
	jail_usual(&h, &m);
	return 0;
}

static int remove_jail(void **unused)
{
	(void)unused;
	manifest_clear(&m);
	host_end(&h);
	return 0;
}

static void decides_what_was_being_removed(void **unused)
{
	struct world w = { .in_force = true };

	(void)unused;
	scratch_write(in_jail(&h, "home/anna/letter"), "dear bert");
	m.state = MANIFEST_REMOVING;
	assert_int_equal(manifest_write(h.r, &m), ERR_NONE);
	recovers(&h, &w, "not removed: kept", ERR_NONE);
	assert_int_equal(manifest_write(h.r, &m), ERR_NONE);
	w.in_force = false;
	recovers(&h, &w, "half removed: taken away", ERR_NONE);
	scratch_is(scratch_path(h.dir, "home/chroot/anna.home/letter"), "dear bert");
	assert_false(has_state(&h));
	assert_int_equal(w.accounts, 0);
}

static void takes_the_account_with_a_jail_that_was_to_go_with_it(void **unused)
{
	struct world w = { .in_force = true, .account = ERR_CHILD };
	struct manifest now = { 0 };

	(void)unused;
	m.state = MANIFEST_REMOVING;
	m.account_goes = true;
	assert_int_equal(manifest_write(h.r, &m), ERR_NONE);
	recovers(&h, &w, "not removed: kept", ERR_NONE);
	assert_int_equal(w.accounts, 0);
	assert_int_equal(manifest_read(h.r, "anna", &now, NULL), ERR_NONE);
	assert_false(now.account_goes);
	manifest_clear(&now);
	assert_int_equal(manifest_write(h.r, &m), ERR_NONE);
	w.in_force = false;
	recovers(&h, &w, "half removed: taken away", ERR_CHILD); /* somebody is logged in by it */
	assert_true(has_state(&h) && scratch_exists(in_jail(&h, "usr")));
	w.account = ERR_NONE;
	recovers(&h, &w, "half removed: taken away", ERR_NONE);
	assert_int_equal(w.accounts, 2);
	assert_false(has_state(&h));
}

static void leaves_alone_what_it_cannot_read(void **unused)
{
	struct world w = { 0 };

	(void)unused;
	scratch_write(scratch_path(h.dir, "var/lib/sallyport/jails/anna/manifest.json"), "{");
	recovers(&h, &w, LOST, ERR_SYNTAX);
	assert_true(scratch_exists(in_jail(&h, "usr")));
}

/* "half made" would be a lie where the account lives in it. */
static void tells_a_manifest_that_is_gone_from_one_that_never_was(void **unused)
{
	struct world w = { .has_block = true };

	(void)unused;
	assert_int_equal(unlink(scratch_path(h.dir, "var/lib/sallyport/jails/anna/manifest.json")), 0);
	recovers(&h, &w, LOST, ERR_SYNTAX);
	assert_true(has_state(&h));
	assert_true(scratch_exists(in_jail(&h, "usr")));
	w.has_block = false;
	recovers(&h, &w, "half made: taken away", ERR_NONE);
	assert_false(has_state(&h));
	assert_true(scratch_exists(in_jail(&h, "usr")));
}

static void a_lost_one_that_was_being_removed_is_damaged_again_or_gone(void **unused)
{
	struct world w = { .in_force = true, .has_block = true };

	(void)unused;
	scratch_write(in_jail(&h, "etc/motd"), "welcome");
	scratch_write(scratch_path(h.dir, "var/lib/sallyport/jails/anna/manifest.json"), "{");
	m.lost = true;
	m.state = MANIFEST_REMOVING;
	assert_int_equal(manifest_write(h.r, &m), ERR_NONE);
	scratch_is(scratch_path(h.dir, "var/lib/sallyport/jails/anna/manifest.json"), "{");
	recovers_left(&h, &w, "not removed: kept", ERR_NONE, true);
	recovers(&h, &w, LOST, ERR_SYNTAX);
	assert_int_equal(manifest_write(h.r, &m), ERR_NONE);
	w.in_force = w.has_block = false;
	recovers(&h, &w, "half removed: taken away", ERR_NONE);
	assert_false(has_state(&h));
	scratch_is(scratch_path(h.dir, "home/chroot/anna.kept/etc/motd"), "welcome");
}

static void clears_a_state_without_a_manifest(void **unused)
{
	struct world w = { 0 };
	int lock = -1;

	(void)unused;
	host_start(&h);
	assert_int_equal(build_lock(h.r, &lock), ERR_NONE);
	assert_int_equal(mkdir(scratch_path(h.dir, "var/lib/sallyport/jails/anna"), 0700), 0);
	scratch_write(scratch_path(h.dir, "var/lib/sallyport/jails/anna/.manifest.json.new"), "{");
	recovers(&h, &w, "half made: taken away", ERR_NONE);
	assert_false(has_state(&h));
	close(lock);
	host_end(&h);
}

static void a_file_of_somebody_elses_keeps_nothing_unfinished(void **unused)
{
	struct world w = { .in_force = true, .has_block = true };

	(void)unused;
	scratch_write(scratch_path(h.dir, "var/lib/sallyport/jails/anna/notes"), "mine");
	recovers(&h, &w, NULL, ERR_NONE);
	/* with the block it is a manifest that is lost, however much else is there */
	assert_int_equal(rename(scratch_path(h.dir, "var/lib/sallyport/jails/anna/manifest.json"),
				scratch_path(h.dir, "var/lib/sallyport/jails/anna/manifest.json.bak")),
			 0);
	recovers(&h, &w, LOST, ERR_SYNTAX);
	assert_int_equal(rename(scratch_path(h.dir, "var/lib/sallyport/jails/anna/manifest.json.bak"),
				scratch_path(h.dir, "var/lib/sallyport/jails/anna/manifest.json")),
			 0);
	assert_int_equal(build_remove(h.r, &m, false, NULL, &h.problems), ERR_NONE);
	w.in_force = w.has_block = false;
	recovers_left(&h, &w, NULL, ERR_NONE, true);
	scratch_is(scratch_path(h.dir, "var/lib/sallyport/jails/anna/notes"), "mine");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides_what_was_being_made),
		cmocka_unit_test(leaves_what_came_to_the_place_of_what_was_never_made),
		cmocka_unit_test_setup_teardown(decides_what_was_being_removed, make_jail, remove_jail),
		cmocka_unit_test_setup_teardown(takes_the_account_with_a_jail_that_was_to_go_with_it, make_jail,
						remove_jail),
		cmocka_unit_test_setup_teardown(leaves_alone_what_it_cannot_read, make_jail, remove_jail),
		cmocka_unit_test_setup_teardown(tells_a_manifest_that_is_gone_from_one_that_never_was, make_jail,
						remove_jail),
		cmocka_unit_test_setup_teardown(a_lost_one_that_was_being_removed_is_damaged_again_or_gone, make_jail,
						remove_jail),
		cmocka_unit_test_setup_teardown(a_file_of_somebody_elses_keeps_nothing_unfinished, make_jail,
						remove_jail),
		cmocka_unit_test(clears_a_state_without_a_manifest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
