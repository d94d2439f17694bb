/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_protect.c - which lock counts as strong, by what the file says of it. */
#include "key/protect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static const struct lock {
	enum private_format format;
	enum private_kdf kdf;
	uint64_t rounds;
	const char *cipher;
	bool strong;
} locks[] = {
	{ PRIVATE_OPENSSH, PRIVATE_KDF_NONE, 0, "", false },
	{ PRIVATE_OPENSSH, PRIVATE_KDF_BCRYPT, 15, "aes256-ctr", false },
	{ PRIVATE_OPENSSH, PRIVATE_KDF_BCRYPT, 16, "aes256-ctr", true },
	{ PRIVATE_OPENSSH, PRIVATE_KDF_BCRYPT, UINT64_MAX, "aes256-ctr", true },
	{ PRIVATE_PEM, PRIVATE_KDF_MD5, 1, "AES-128-CBC", false },
	{ PRIVATE_PKCS8, PRIVATE_KDF_PBKDF1, 1000000, "pbeWithMD5AndDES-CBC", false },
	{ PRIVATE_PKCS8, PRIVATE_KDF_PKCS12, 1000000, "pbeWithSHA1And3-KeyTripleDES-CBC", false },
	{ PRIVATE_PKCS8, PRIVATE_KDF_PBKDF2, 99999, "aes-256-cbc", false },
	{ PRIVATE_PKCS8, PRIVATE_KDF_PBKDF2, 100000, "aes-256-cbc", true },
	{ PRIVATE_PKCS8, PRIVATE_KDF_PBKDF2, 100000, "des-ede3-cbc", true },
	{ PRIVATE_PKCS8, PRIVATE_KDF_PBKDF2, 100000, "des-cbc", false },
	{ PRIVATE_PKCS8, PRIVATE_KDF_PBKDF2, 100000, "rc2-cbc", false },
	{ PRIVATE_PKCS8, PRIVATE_KDF_SCRYPT, 16383, "aes-256-cbc", false },
	{ PRIVATE_PKCS8, PRIVATE_KDF_SCRYPT, 16384, "aes-256-cbc", true },
	{ PRIVATE_PKCS8, PRIVATE_KDF_OTHER, UINT64_MAX, "aes-256-cbc", false },
	{ PRIVATE_PUTTY2, PRIVATE_KDF_SHA1, 1, "aes256-cbc", false },
	{ PRIVATE_PUTTY3, PRIVATE_KDF_ARGON2, 8, "aes256-cbc", true },
};

static void a_lock_is_strong_by_what_a_guess_costs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(locks); i++) {
		struct private_key k = { .format = locks[i].format,
					 .encrypted = locks[i].kdf != PRIVATE_KDF_NONE,
					 .kdf = locks[i].kdf,
					 .rounds = locks[i].rounds };

		(void)snprintf(k.cipher, sizeof k.cipher, "%s", locks[i].cipher);
		if (protect_is_strong(&k) != locks[i].strong)
			fail_msg("lock %zu is %s", i, locks[i].strong ? "strong" : "weak");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lock_is_strong_by_what_a_guess_costs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
