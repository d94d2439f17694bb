/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_secret.c - who has a secret, where each module keeps them. */
#include "sshd/secret.h"

#include "host.h"

#include "sshd/hash.h"

#include "base/banned.h"

static void users_are_read_as_liboath_does(void **state)
{
	static const char content[] = "# HOTP nobody - 00\n"
				      "HOTP anna - 3132\n"
				      "HOTP/T30/6\tbob\tpin\t00aaFF\t0\t123456\t2026-01-01T00:00:00L\r\n"
				      "HOTP/T30 anna - 4142\n"
				      "  HOTP/E/8 eve + 00\n"
				      "HOTP/T45 strange - 00\n"
				      "MOTP other - 00\n"
				      "HOTP odd - 001\n"
				      "HOTP word - xyz\n"
				      "HOTP short -\n"
				      "\n"
				      "HOTP last - 00";
	static const char *const expected[] = { "anna", "bob", "anna", "eve", "last" };
	struct strings names = { 0 };

	assert_int_equal(secret_users(content, strlen(content), &names), ERR_NONE);
	assert_int_equal(names.n, ARRAY_SIZE(expected));
	for (size_t i = 0; i < names.n; i++)
		assert_string_equal(names.v[i], expected[i]);
	strings_free(&names);
	for (size_t len = 0; len < sizeof content; len++) {
		assert_int_equal(secret_users(content, len, &names), ERR_NONE);
		assert_true(names.n <= ARRAY_SIZE(expected));
		strings_free(&names);
	}
}

static void a_path_is_the_account_s(void **state)
{
	static const struct {
		const char *line, *path, *shared;
	} rows[] = {
		{ "auth required pam_oath.so usersfile=/etc/users.oath window=20", "/etc/users.oath",
		  "/etc/users.oath" },
		{ "auth required pam_oath.so usersfile=${HOME}/.oath", "/home/anna/.oath", NULL },
		{ "auth required pam_oath.so usersfile=/var/oath/${USER}", "/var/oath/anna", NULL },
		{ "auth required pam_oath.so usersfile=relative", NULL, NULL },
		{ "auth required pam_oath.so window=20", NULL, NULL },
		{ "auth required pam_google_authenticator.so", "/home/anna/.google_authenticator", NULL },
		{ "auth required pam_google_authenticator.so secret=/var/%u/x", "/var/anna/x", NULL },
	};
	struct host *s = *state;
	struct account *anna = host_account(s, "anna");

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *const expected[] = { rows[i].path, rows[i].shared };
		struct pam_service service = { 0 };

		assert_int_equal(pam_service_parse(rows[i].line, strlen(rows[i].line), &service), ERR_NONE);
		for (size_t k = 0; k < 2; k++) {
			char *path = NULL;
			enum err e = secret_path(service.v, k ? NULL : anna, &path);

			assert_int_equal(e, expected[k] ? ERR_NONE : ERR_NOT_FOUND);
			if (expected[k])
				assert_string_equal(path, expected[k]);
			free(path);
		}
		pam_service_clear(&service);
	}
	account_free(anna);
}

static void ask(const struct host *s, const char *name, struct keyboard *out)
{
	struct account *a = host_account(s, name);
	struct keyboards *k = NULL;

	assert_int_equal(keyboards_new(s->root, &k), ERR_NONE);
	for (unsigned again = 0; again < 2; again++)
		assert_int_equal(keyboards_find(k, "sshd", a, hash_text(HASH_START, name), out), ERR_NONE);
	out->where = NULL;
	keyboards_free(k);
	account_free(a);
}

static void who_has_a_secret(void **state)
{
	struct host *s = *state;
	const char *users, *own;
	struct keyboard k;

	ask(s, "anna", &k);
	assert_int_equal(k.wants, PAM_WANTS_PASSWORD); /* no such service */
	assert_int_equal(mkdir(scratch_path(s->dir, "etc/pam.d"), 0755), 0);
	host_put(s, "etc/pam.d/sshd", "auth required pam_oath.so usersfile=/etc/users.oath\n");
	ask(s, "anna", &k);
	assert_int_equal(k.secret, SECRET_NONE); /* no such file */
	host_put(s, "etc/users.oath", "HOTP bob - 00\nHOTP anna - 00\n");
	ask(s, "anna", &k);
	assert_int_equal(k.wants, PAM_WANTS_CODE);
	assert_int_equal(k.secret, SECRET_SET);
	assert_string_equal(k.module->name, "pam_oath");
	ask(s, "free", &k);
	assert_int_equal(k.secret, SECRET_NONE);
	users = scratch_path(s->dir, "etc/users.oath");
	unlink(users);
	assert_int_equal(mkdir(users, 0755), 0); /* not a file */
	ask(s, "anna", &k);
	assert_int_equal(k.secret, SECRET_UNKNOWN);

	host_put(s, "etc/pam.d/sshd", "auth required pam_google_authenticator.so\n");
	ask(s, "anna", &k);
	assert_int_equal(k.secret, SECRET_NONE);
	host_put(s, "home/anna/.google_authenticator", "ABCDEFGH\n\" TOTP_AUTH\n");
	own = scratch_path(s->dir, "home/anna/.google_authenticator");
	assert_int_equal(chmod(own, 0444), 0);
	ask(s, "anna", &k);
	assert_int_equal(k.secret, SECRET_NONE); /* others may read it: the module refuses it */
	if (geteuid() == 0) {
		assert_int_equal(chmod(own, 0400) || chown(own, 1001, 2001), 0);
		ask(s, "anna", &k);
		assert_int_equal(k.secret, SECRET_SET);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_are_read_as_liboath_does),
		cmocka_unit_test_setup_teardown(a_path_is_the_account_s, host_make, host_remove),
		cmocka_unit_test_setup_teardown(who_has_a_secret, host_make, host_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
