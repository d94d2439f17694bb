/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_keyfile.c - the public half of a key is found, beside it or through ssh-keygen, without reading the private one. */
#include "client/keyfile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define FINGERPRINT "SHA256:679cpb1Taxi4CZu4j0bUxa/+DtTJXlygZFV93vilfTM"

static void reads_what_ssh_keygen_lists(void **state)
{
	static const struct {
		const char *line, *type;
		unsigned bits;
	} cases[] = {
		{ "256 " FINGERPRINT " anna (ED25519)\n", "ssh-ed25519", 256 },
		{ "256 " FINGERPRINT " (ED25519)", "ssh-ed25519", 256 },
		{ "3072 " FINGERPRINT " a comment with (RSA) (RSA)\n", "ssh-rsa", 3072 },
		{ "521 " FINGERPRINT " no comment (ECDSA)\nmore", "ecdsa-sha2-nistp521", 521 },
		{ "256 " FINGERPRINT " x (ED25519-SK)\n", "sk-ssh-ed25519@openssh.com", 256 },
	};
	struct public_key k;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(keyfile_parse_listing(cases[i].line, strlen(cases[i].line), &k), ERR_NONE);
		assert_string_equal(k.type, cases[i].type);
		assert_string_equal(k.fingerprint, FINGERPRINT);
		assert_int_equal(k.bits, cases[i].bits);
	}
}

static void refuses_every_truncation_and_other_lines(void **state)
{
	static const char whole[] = "256 " FINGERPRINT " anna (ED25519)";
	static const char *const bad[] = { "256 MD5:00:11 anna (ED25519)", "0 " FINGERPRINT " a (RSA)",
					   "1024 " FINGERPRINT " a (DSA)", "300 " FINGERPRINT " a (ECDSA)",
					   "\n256 " FINGERPRINT " anna (ED25519)" };
	struct public_key k = { .bits = 7 };

	for (size_t len = 0; len < sizeof whole - 1; len++) {
		char *cut = malloc(len ? len : 1);

		memcpy(cut, whole, len);
		assert_int_equal(keyfile_parse_listing(cut, len, &k), ERR_SYNTAX);
		free(cut);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(keyfile_parse_listing(bad[i], strlen(bad[i]), &k), ERR_SYNTAX);
	assert_int_equal(k.bits, 7);
}

static void nothing_there_is_told_from_nothing_of_use(void **state)
{
	struct keyfile f = { 0 };

	assert_int_equal(keyfile_read("/nowhere/key", &f), ERR_NOT_FOUND);
	assert_int_equal(keyfile_read("", &f), ERR_NOT_FOUND);
	assert_int_equal(keyfile_read("/dev/null", &f), ERR_SYNTAX);
	assert_null(f.path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_ssh_keygen_lists),
		cmocka_unit_test(refuses_every_truncation_and_other_lines),
		cmocka_unit_test(nothing_there_is_told_from_nothing_of_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
