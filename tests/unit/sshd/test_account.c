/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_account.c - accounts from files are what NSS would make of them, and from NSS what the system says. */
#include "sshd/account.h"

#include "host.h"

#include <grp.h>
#include <pwd.h>

#include "base/banned.h"

static void an_account_is_all_its_fields(void **state)
{
	struct account *a = host_account(*state, "anna");

	assert_string_equal(a->name, "anna");
	assert_string_equal(a->home, "/home/anna");
	assert_string_equal(a->shell, "/bin/sh");
	assert_int_equal(a->uid, 1001);
	assert_int_equal(a->gid, 2001);
	assert_int_equal(a->password, PASSWORD_SET);
	assert_false(a->expired);
	account_free(a);
}

static void the_primary_group_comes_first(void **state)
{
	struct account *a = host_account(*state, "anna");
	struct text t = { 0 };

	strings_join(&a->groups, " ", &t);
	assert_string_equal(text_string(&t), "staff admins dev");
	text_free(&t);
	account_free(a);
	a = host_account(*state, "eve");
	assert_int_equal(a->groups.n, 0);
	account_free(a);
}

static void passwords_are_told_apart(void **state)
{
	static const struct {
		const char *name;
		enum password_state password;
		bool expired;
	} cases[] = {
		{ "root", PASSWORD_NONE, false }, { "bob", PASSWORD_LOCKED, false }, { "eve", PASSWORD_SET, false },
		{ "old", PASSWORD_NONE, true },	  { "free", PASSWORD_EMPTY, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct account *a = host_account(*state, cases[i].name);
		assert_int_equal(a->password, cases[i].password);
		assert_int_equal(a->expired, cases[i].expired);
		account_free(a);
	}
}

static void without_shadow_a_password_is_unknown(void **state)
{
	struct host *s = *state;
	struct account *a;

	unlink(scratch_path(s->dir, "etc/shadow"));
	a = host_account(s, "anna");
	assert_int_equal(a->password, PASSWORD_UNKNOWN);
	account_free(a);
	a = host_account(s, "eve");
	assert_int_equal(a->password, PASSWORD_SET);
	account_free(a);
}

static void an_empty_shell_is_sh(void **state)
{
	struct account *a = host_account(*state, "bob");

	assert_string_equal(a->shell, "/bin/sh");
	account_free(a);
}

static void who_is_not_there(void **state)
{
	struct host *s = *state;
	struct account *a = NULL;
	static const char *const names[] = { "ghost", "+nis", "short", "bad", "", "ann", "ANNA" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(account_find(s->root, names[i], &a), ERR_NOT_FOUND);
	assert_int_equal(account_find_uid(s->root, 4242, &a), ERR_NOT_FOUND);
	assert_null(a);
	assert_int_equal(account_find_uid(s->root, 1002, &a), ERR_NONE);
	assert_string_equal(a->name, "bob");
	account_free(a);
}

static void same_but_for_groups(const struct root *r, const struct account *a)
{
	struct account *one = NULL;

	assert_int_equal(account_find(r, a->name, &one), ERR_NONE);
	assert_string_equal(a->home, one->home);
	assert_string_equal(a->shell, one->shell);
	assert_int_equal(a->uid, one->uid);
	assert_int_equal(a->gid, one->gid);
	assert_int_equal(a->password, one->password);
	assert_int_equal(a->expired, one->expired);
	assert_int_equal(a->groups.n, 0);
	account_free(one);
}

static void the_list_is_each_account_as_it_is_found(void **state)
{
	struct accounts all = { 0 };
	const struct host *s = *state;

	assert_int_equal(accounts_read(s->root, &all), ERR_NONE);
	assert_int_equal(all.n, 6); /* two lines of host.h are none */
	for (size_t i = 0; i < all.n; i++)
		same_but_for_groups(s->root, all.v[i]);
	accounts_free(&all);
}

static void the_list_of_the_running_system_too(void **state)
{
	struct accounts all = { 0 };
	struct root *live = NULL;

	(void)state;
	assert_int_equal(root_open(NULL, &live), ERR_NONE);
	assert_int_equal(accounts_read(live, &all), ERR_NONE);
	assert_true(all.n > 0);
	for (size_t i = 0; i < all.n && i < 50; i++)
		same_but_for_groups(live, all.v[i]);
	accounts_free(&all);
	root_close(live);
}

static void names_are_listed(void **state)
{
	struct host *s = *state;
	struct strings l = { 0 };

	assert_int_equal(account_names(s->root, &l), ERR_NONE);
	assert_true(strings_has(&l, "anna") && strings_has(&l, "free"));
	assert_false(strings_has(&l, "+nis"));
	strings_free(&l);
	assert_int_equal(group_names(s->root, &l), ERR_NONE);
	assert_true(strings_has(&l, "admins"));
	strings_free(&l);
}

static void every_truncation_of_passwd_is_read(void **state)
{
	struct host *s = *state;
	static const char text[] = "anna:x:1001:2001:Anna:/home/anna:/bin/sh\nbob:x:1:2::/:/bin/sh\n";
	char cut[sizeof text];

	for (size_t len = 0; len < sizeof text; len++) {
		struct account *a = NULL;
		snprintf(cut, sizeof cut, "%.*s", (int)len, text);
		host_put(s, "etc/passwd", cut);
		/* six colons must be there; the last field may be short or empty */
		assert_int_equal(account_find(s->root, "anna", &a),
				 len < strlen("anna:x:1001:2001:Anna:/home/anna:") ? ERR_NOT_FOUND : ERR_NONE);
		account_free(a);
	}
}

/* The slow way through the C library is the judge. */
static void the_running_system_is_asked(void **state)
{
	struct root *live = NULL;
	struct account *a = NULL;
	const struct passwd *p = getpwuid(0);
	struct strings names = { 0 };

	assert_non_null(p);
	assert_int_equal(root_open(NULL, &live), ERR_NONE);
	assert_int_equal(account_find(live, p->pw_name, &a), ERR_NONE);
	assert_int_equal(a->uid, 0);
	assert_string_equal(a->home, p->pw_dir);
	assert_string_equal(a->groups.v[0], getgrgid(p->pw_gid)->gr_name);
	account_free(a);
	assert_int_equal(account_find(live, "no such user at all", &a), ERR_NOT_FOUND);
	assert_int_equal(account_names(live, &names), ERR_NONE);
	assert_true(strings_has(&names, p->pw_name));
	strings_free(&names);
	root_close(live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_account_is_all_its_fields, host_make, host_remove),
		cmocka_unit_test_setup_teardown(the_primary_group_comes_first, host_make, host_remove),
		cmocka_unit_test_setup_teardown(passwords_are_told_apart, host_make, host_remove),
		cmocka_unit_test_setup_teardown(without_shadow_a_password_is_unknown, host_make, host_remove),
		cmocka_unit_test_setup_teardown(an_empty_shell_is_sh, host_make, host_remove),
		cmocka_unit_test_setup_teardown(who_is_not_there, host_make, host_remove),
		cmocka_unit_test_setup_teardown(the_list_is_each_account_as_it_is_found, host_make, host_remove),
		cmocka_unit_test(the_list_of_the_running_system_too),
		cmocka_unit_test_setup_teardown(names_are_listed, host_make, host_remove),
		cmocka_unit_test_setup_teardown(every_truncation_of_passwd_is_read, host_make, host_remove),
		cmocka_unit_test(the_running_system_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
