/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_algorithm.c - lists of algorithms come out as sshd would have them. */
#include "made.h"

#include "audit/algorithm.h"

#include "base/banned.h"

static void prefixes_change_the_default_list(void **state)
{
	static const struct {
		const char *value, *base, *is;
	} cases[] = {
		{ "a,b", "x,y", "a,b" },    { "+a,b", "x,y", "x,y,a,b" }, { "+y,a", "x,y", "x,y,a" },
		{ "-y", "x,y,z", "x,z" },   { "-*", "x,y,z", "" },	  { "-a*", "ab,b,ac", "b" },
		{ "^z", "x,y,z", "z,x,y" }, { "^a", "x,y", "a,x,y" },	  { "", "x,y", "" },
		{ "a,a", "", "a" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct strings out = { 0 };
		struct text t = { 0 };

		assert_int_equal(algorithm_apply(cases[i].value, cases[i].base, &out), ERR_NONE);
		strings_join(&out, ",", &t);
		assert_string_equal(text_string(&t), cases[i].is);
		text_free(&t);
		strings_free(&out);
	}
}

static bool default_has(enum sshd_keyword_id id, unsigned release, const char *name)
{
	struct strings l = { 0 };
	bool has;

	assert_non_null(algorithm_default(id, release));
	assert_int_equal(strings_split(&l, algorithm_default(id, release), ","), ERR_NONE);
	has = strings_has(&l, name);
	strings_free(&l);
	return has;
}

static void defaults_change_where_the_releases_did(void **state)
{
	assert_true(default_has(KW_KEXALGORITHMS, 801, "diffie-hellman-group14-sha1"));
	assert_false(default_has(KW_KEXALGORITHMS, 802, "diffie-hellman-group14-sha1"));
	assert_false(default_has(KW_KEXALGORITHMS, 808, "sntrup761x25519-sha512@openssh.com"));
	assert_true(default_has(KW_KEXALGORITHMS, 809, "sntrup761x25519-sha512@openssh.com"));
	assert_false(default_has(KW_KEXALGORITHMS, 908, "mlkem768x25519-sha256"));
	assert_true(default_has(KW_KEXALGORITHMS, 909, "mlkem768x25519-sha256"));
	assert_true(default_has(KW_KEXALGORITHMS, 909, "diffie-hellman-group16-sha512"));
	assert_false(default_has(KW_KEXALGORITHMS, 1000, "diffie-hellman-group16-sha512"));
	assert_true(default_has(KW_HOSTKEYALGORITHMS, 804, "ssh-rsa"));
	assert_false(default_has(KW_HOSTKEYALGORITHMS, 902, "ssh-rsa"));
	assert_null(algorithm_default(KW_KEXALGORITHMS, 0));
	assert_null(algorithm_default(KW_BANNER, 902));
}

static void the_report_counts_before_our_table(void **state)
{
	struct facts *f = made_facts("Ciphers aes128-ctr\n", 902, NULL);
	struct strings l = { 0 };

	assert_int_equal(algorithm_list(f, KW_CIPHERS, &l), ERR_NONE);
	assert_int_equal(l.n, 1);
	strings_free(&l);
	made_report(f, "ciphers aes256-ctr,aes192-ctr\n");
	assert_int_equal(algorithm_list(f, KW_CIPHERS, &l), ERR_NONE);
	assert_int_equal(l.n, 2);
	assert_string_equal(l.v[0], "aes256-ctr");
	strings_free(&l);
	facts_free(f);
}

static void without_a_release_a_default_is_not_known(void **state)
{
	struct facts *f = made_facts("Ciphers aes128-ctr\nMACs +hmac-md5\n", 0, NULL);
	struct strings l = { 0 };

	assert_int_equal(algorithm_list(f, KW_CIPHERS, &l), ERR_NONE);
	assert_int_equal(algorithm_list(f, KW_KEXALGORITHMS, &l), ERR_NOT_FOUND);
	assert_int_equal(algorithm_list(f, KW_MACS, &l), ERR_NOT_FOUND);
	assert_int_equal(l.n, 1);
	strings_free(&l);
	facts_free(f);
}

static void newcomers_are_left_out_of_older_releases(void **state)
{
	static const struct {
		unsigned release;
		const char *is;
	} cases[] = {
		{ 804, "curve25519-sha256" },
		{ 805, "sntrup761x25519-sha512@openssh.com,curve25519-sha256" },
		{ 909, "mlkem768x25519-sha256,sntrup761x25519-sha512@openssh.com,curve25519-sha256" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct facts *f = made_facts("", cases[i].release, NULL);
		struct strings wanted = { 0 }, out = { 0 };
		struct text t = { 0 };

		assert_int_equal(strings_split(&wanted, cases[2].is, ","), ERR_NONE);
		assert_int_equal(algorithm_supported(f, KW_KEXALGORITHMS, &wanted, &out), ERR_NONE);
		strings_join(&out, ",", &t);
		assert_string_equal(text_string(&t), cases[i].is);
		text_free(&t);
		strings_free(&wanted);
		strings_free(&out);
		facts_free(f);
	}
}

static void what_a_distribution_added_is_in_its_report(void **state)
{
	struct facts *f = made_facts("", 902, NULL);
	struct strings wanted = { 0 }, out = { 0 };

	made_report(f, "kexalgorithms sntrup761x25519-sha512,curve25519-sha256\n");
	assert_int_equal(strings_split(&wanted, "mlkem768x25519-sha256,sntrup761x25519-sha512", ","), ERR_NONE);
	assert_int_equal(algorithm_supported(f, KW_KEXALGORITHMS, &wanted, &out), ERR_NONE);
	assert_int_equal(out.n, 1);
	assert_string_equal(out.v[0], "sntrup761x25519-sha512");
	strings_free(&wanted);
	strings_free(&out);
	facts_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_change_the_default_list),
		cmocka_unit_test(defaults_change_where_the_releases_did),
		cmocka_unit_test(the_report_counts_before_our_table),
		cmocka_unit_test(without_a_release_a_default_is_not_known),
		cmocka_unit_test(newcomers_are_left_out_of_older_releases),
		cmocka_unit_test(what_a_distribution_added_is_in_its_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
