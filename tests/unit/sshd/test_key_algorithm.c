/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_key_algorithm.c - types of keys against lists of algorithms, in each release that differs. */
#include "sshd/key_algorithm.h"

#include "sshd.h"

#include "base/banned.h"

#define CERT "-cert-v01@openssh.com"

struct row {
	const char *config;
	unsigned release;
	const char *type;
	bool taken;
};

static void try_rows(const struct row *rows, size_t n, bool (*takes)(const struct sshd_effective *, const char *))
{
	for (size_t i = 0; i < n; i++) {
		struct sshd_config *c = text_fine(rows[i].config, rows[i].release);
		struct sshd_effective *rules = NULL;
		assert_int_equal(sshd_effective(c, NULL, &rules), ERR_NONE);
		if (takes(rules, rows[i].type) != rows[i].taken)
			fail_msg("'%s' (%u): %s", rows[i].config, rows[i].release, rows[i].type);
		sshd_effective_free(rules);
		sshd_config_free(c);
	}
}

static void user_keys_go_by_type_and_release(void **state)
{
	static const struct row rows[] = {
		{ "", R92, "ssh-ed25519", true },
		{ "", R92, "ssh-rsa", true },
		{ "", R92, "ssh-rsa" CERT, true },
		{ "", R92, "ssh-dss", false },
		{ "", R92, "ssh-ed448", false },
		{ "", R92, "sk-ssh-ed25519@openssh.com", true },
		{ "", SSHD_RELEASE(8, 1), "sk-ssh-ed25519@openssh.com", false },
		{ "", SSHD_RELEASE(7, 4), "ssh-rsa", true },
		{ "PubkeyAcceptedAlgorithms ecdsa-*", R92, "ecdsa-sha2-nistp521", true },
		{ "PubkeyAcceptedAlgorithms ecdsa-*", R92, "ecdsa-sha2-nistp521" CERT, true },
		{ "PubkeyAcceptedAlgorithms ecdsa-*", R92, "ssh-ed25519", false },
		{ "PubkeyAcceptedAlgorithms rsa-sha2-256", R92, "ssh-rsa", true },
		{ "PubkeyAcceptedAlgorithms rsa-sha2-256", R92, "ssh-rsa" CERT, false },
		{ "PubkeyAcceptedAlgorithms ssh-rsa", R92, "ssh-rsa", true },
		{ "PubkeyAcceptedAlgorithms -rsa-*", R92, "ssh-rsa", false },
		{ "PubkeyAcceptedAlgorithms -rsa-*", SSHD_RELEASE(8, 7), "ssh-rsa", true },
		{ "PubkeyAcceptedAlgorithms -rsa-*", R92, "ssh-ed25519", true },
		{ "PubkeyAcceptedAlgorithms +ssh-dss", R92, "ssh-dss", true },
		{ "PubkeyAcceptedAlgorithms ^ssh-dss", R92, "ssh-ed25519", true },
		{ "PubkeyAcceptedKeyTypes rsa-sha2-512", SSHD_RELEASE(7, 4), "ssh-rsa", false },
		{ "PubkeyAcceptedKeyTypes rsa-sha2-512", SSHD_RELEASE(7, 8), "ssh-rsa", true },
	};

	try_rows(rows, ARRAY_SIZE(rows), key_algorithm_accepted);
}

static void signatures_of_authorities_go_by_algorithm(void **state)
{
	static const struct row rows[] = {
		{ "", R92, "rsa-sha2-512", true },
		{ "", R92, "ssh-rsa", false },
		{ "", SSHD_RELEASE(8, 1), "ssh-rsa", true },
		{ "", SSHD_RELEASE(7, 8), "anything", true },
		{ "CASignatureAlgorithms +ssh-rsa", R92, "ssh-rsa", true },
		{ "CASignatureAlgorithms ssh-ed25519", R92, "rsa-sha2-512", false },
		{ "CASignatureAlgorithms -ecdsa-*", R92, "ecdsa-sha2-nistp256", false },
	};

	try_rows(rows, ARRAY_SIZE(rows), key_algorithm_ca);
}

static void an_authority_of_a_type_has_one_algorithm_at_least(void **state)
{
	static const struct row rows[] = {
		{ "", R92, "ssh-rsa", true },
		{ "CASignatureAlgorithms rsa-sha2-256", R92, "ssh-rsa", true },
		{ "CASignatureAlgorithms ssh-ed25519", R92, "ssh-rsa", false },
	};

	try_rows(rows, ARRAY_SIZE(rows), key_algorithm_ca_type);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(user_keys_go_by_type_and_release),
		cmocka_unit_test(signatures_of_authorities_go_by_algorithm),
		cmocka_unit_test(an_authority_of_a_type_has_one_algorithm_at_least),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
