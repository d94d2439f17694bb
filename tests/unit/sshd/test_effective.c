/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_effective.c - several lines of a keyword come together as in sshd, and their deciders are known. */
#include "sshd/effective.h"

#include "sshd.h"

#include "base/banned.h"

static const struct sshd_connection anna = { .user = "anna", .addr = "10.0.0.5" };

/* global: without a connection; own: for anna. */
static const struct {
	const char *text;
	unsigned release;
	enum sshd_keyword_id id;
	const char *global, *own;
} cases[] = {
	{ "UseDNS yes\nUseDNS no\n", R92, KW_USEDNS, "yes", "yes" },
	{ "PermitTTY yes\nMatch User anna\nPermitTTY no\nMatch all\nPermitTTY yes\n", R92, KW_PERMITTTY, "yes", "no" },
	{ "AllowUsers a b\nAllowUsers c\n", R92, KW_ALLOWUSERS, "a | b | c", "a | b | c" },
	{ "DenyUsers m\nMatch User anna\nDenyUsers x\nMatch Address 10.*\nDenyUsers y\n", R92, KW_DENYUSERS, "m",
	  "x | y" },
	{ "DenyUsers a\nMatch all\nDenyUsers b\n", R92, KW_DENYUSERS, "a | b", "b" },
	{ "Match User bob\nDenyUsers x\n", R92, KW_DENYUSERS, "", "" },
	{ "SetEnv A=1 B=2\nSetEnv C=3\n", R92, KW_SETENV, "A=1 | B=2", "A=1 | B=2" },
	{ "MaxStartups 10:50:60\nMaxStartups 5\n", R92, KW_MAXSTARTUPS, "5:50:5", "5:50:5" },
	{ "MaxStartups 10:50:60\nMaxStartups 5\n", 1001, KW_MAXSTARTUPS, "10:50:60", "10:50:60" },
	{ "PerSourceMaxStartups 5\nPerSourceMaxStartups 6\n", 904, KW_PERSOURCEMAXSTARTUPS, "6", "6" },
	{ "PerSourceMaxStartups 5\nPerSourceMaxStartups 6\n", 905, KW_PERSOURCEMAXSTARTUPS, "5", "5" },
	{ "PerSourceNetBlockSize 24:64\nPerSourceNetBlockSize 16\n", R92, KW_PERSOURCENETBLOCKSIZE, "16:0", "16:0" },
	{ "PerSourceNetBlockSize 24\n", 1001, KW_PERSOURCENETBLOCKSIZE, "24:128", "24:128" },
	{ "IPQoS ef\nIPQoS cs1\n", R92, KW_IPQOS, "cs1 cs1", "cs1 cs1" },
	{ "IPQoS ef\nIPQoS cs1\n", 1003, KW_IPQOS, "ef ef", "ef ef" },
	{ "FingerprintHash md5\nFingerprintHash sha512\n", SSHD_NEWEST, KW_FINGERPRINTHASH, "SHA512", "SHA512" },
	{ "RekeyLimit 1G\nRekeyLimit default 1h\n", R92, KW_REKEYLIMIT, "1073741824 3600", "1073741824 3600" },
	{ "RekeyLimit 1G 1h\nMatch User anna\nRekeyLimit 2k\n", R92, KW_REKEYLIMIT, "1073741824 3600", "2048 3600" },
	{ "UnusedConnectionTimeout 5\nUnusedConnectionTimeout none\n", R92, KW_UNUSEDCONNECTIONTIMEOUT, "none",
	  "none" },
	{ "UnusedConnectionTimeout none\nUnusedConnectionTimeout 5\n", R92, KW_UNUSEDCONNECTIONTIMEOUT, "none",
	  "none" },
	{ "AuthorizedKeysCommand /a\nAuthorizedPrincipalsCommand /b\nAuthorizedKeysCommandUser x\n", R92,
	  KW_AUTHORIZEDPRINCIPALSCOMMAND, "none", "none" },
	{ "AuthorizedPrincipalsCommand /b\nAuthorizedPrincipalsCommand /c\nAuthorizedPrincipalsCommandUser x\n", R92,
	  KW_AUTHORIZEDPRINCIPALSCOMMAND, "/c", "/c" },
	{ "AuthorizedPrincipalsCommand /b\nAuthorizedPrincipalsCommand /c\nAuthorizedPrincipalsCommandUser x\n", 1000,
	  KW_AUTHORIZEDPRINCIPALSCOMMAND, "/b", "/b" },
	{ "Port 7\nListenAddress 1.2.3.4\nListenAddress [::1]:99\nPort 8\n", R92, KW_LISTENADDRESS,
	  "1.2.3.4:7 | 1.2.3.4:8 | [::1]:99", "1.2.3.4:7 | 1.2.3.4:8 | [::1]:99" },
	{ "", R92, KW_LISTENADDRESS, "[::]:22 | 0.0.0.0:22", "[::]:22 | 0.0.0.0:22" },
	{ "AddressFamily inet\nPort 2222\n", R92, KW_LISTENADDRESS, "0.0.0.0:2222", "0.0.0.0:2222" },
	{ "KbdInteractiveAuthentication no\n", 806, KW_KBDINTERACTIVEAUTHENTICATION, "yes", "yes" },
	{ "ChallengeResponseAuthentication no\n", 806, KW_KBDINTERACTIVEAUTHENTICATION, "no", "no" },
	{ "ChallengeResponseAuthentication no\nKbdInteractiveAuthentication yes\n", 806,
	  KW_KBDINTERACTIVEAUTHENTICATION, "yes", "yes" },
	{ "ChallengeResponseAuthentication no\nKbdInteractiveAuthentication yes\n", 807,
	  KW_KBDINTERACTIVEAUTHENTICATION, "no", "no" },
	{ "Subsystem sftp /a\nSubsystem x /x\nMatch User anna\nSubsystem sftp /b\nSubsystem y /y\n", 905, KW_SUBSYSTEM,
	  "sftp /a | x /x", "sftp /b | x /x | y /y" },
	{ "Match all\nPort 2222\n", R92, KW_PORT, "2222", "2222" },
	{ "UsePAM yes\n", R92, KW_PERSOURCEPENALTIES, "", "" },
	{ "", R92, KW_HOSTKEY,
	  "/etc/ssh/ssh_host_rsa_key | /etc/ssh/ssh_host_ecdsa_key | /etc/ssh/ssh_host_ed25519_key",
	  "/etc/ssh/ssh_host_rsa_key | /etc/ssh/ssh_host_ecdsa_key | /etc/ssh/ssh_host_ed25519_key" },
	{ "", R92, KW_CIPHERS, "", "" },
	{ "ChannelTimeout none\nMatch User anna\nChannelTimeout none\n", R92, KW_CHANNELTIMEOUT, "", "none" },
};

static void values_come_together_as_in_sshd(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (strcmp(text_value(cases[i].text, cases[i].release, cases[i].id, NULL), cases[i].global))
			fail_msg("'%s' in %u, global: %s", cases[i].text, cases[i].release,
				 text_value(cases[i].text, cases[i].release, cases[i].id, NULL));
		if (strcmp(text_value(cases[i].text, cases[i].release, cases[i].id, &anna), cases[i].own))
			fail_msg("'%s' in %u, own: %s", cases[i].text, cases[i].release,
				 text_value(cases[i].text, cases[i].release, cases[i].id, &anna));
	}
}

static void values_know_who_decided(void **state)
{
	struct sshd_config *c =
		text_fine("UseDNS no\nUseDNS yes\nAllowUsers a\nMatch User anna\nPermitTTY no\nAllowUsers b c\n"
			  "Match all\nAllowUsers d\n",
			  R92);
	struct sshd_effective *now = NULL;

	assert_int_equal(sshd_effective(c, &anna, &now), ERR_NONE);
	assert_int_equal(sshd_decider(now, KW_USEDNS)->line, 1);
	assert_int_equal(sshd_decider(now, KW_PERMITTTY)->line, 5);
	assert_null(sshd_decider(now, KW_USEPAM));
	assert_string_equal(sshd_value(now, KW_USEPAM), "no");
	assert_string_equal(sshd_value(now, KW_CIPHERS), "");
	assert_int_equal(now->v[KW_ALLOWUSERS].nby, 2);
	assert_int_equal(now->v[KW_ALLOWUSERS].by[0]->line, 6);
	assert_int_equal(now->v[KW_ALLOWUSERS].by[1]->line, 8);
	assert_int_equal(sshd_values(now, KW_ALLOWUSERS)->n, 3);
	sshd_effective_free(now);
	sshd_config_free(c);
}

static void lines_of_a_keyword_are_all_of_them(void **state)
{
	struct sshd_config *c = text_fine("AllowUsers a\nUseDNS no\nMatch User x\nAllowUsers b\n", R92);
	const struct sshd_line **lines = NULL;
	size_t n = 0;

	assert_int_equal(sshd_lines_of(c, KW_ALLOWUSERS, &lines, &n), ERR_NONE);
	assert_int_equal(n, 2);
	assert_int_equal(lines[0]->line, 1);
	assert_int_equal(lines[1]->line, 4);
	free(lines);
	sshd_config_free(c);
}

/* Whatever the release, a setting that repeats the default changes nothing. */
static void defaults_are_what_their_own_setting_gives(void **state)
{
	static const unsigned releases[] = { 704, 707, 804, 806, 902, 906, 909, 1000, 1002, 1005 };
	char text[512];

	for (size_t r = 0; r < ARRAY_SIZE(releases); r++)
		for (unsigned id = 0; id < KW_COUNT; id++) {
			const struct sshd_keyword *k = sshd_keyword(id);
			const char *value = sshd_keyword_default(k, releases[r]);
			if (!value || (k->gone && releases[r] >= k->gone) || id == KW_REKEYLIMIT ||
			    !sshd_spelling_known(k->name, releases[r]))
				continue;
			snprintf(text, sizeof text, "%s %s\n", k->name, value);
			assert_string_equal(text_value(text, releases[r], id, NULL), value);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_come_together_as_in_sshd),
		cmocka_unit_test(values_know_who_decided),
		cmocka_unit_test(lines_of_a_keyword_are_all_of_them),
		cmocka_unit_test(defaults_are_what_their_own_setting_gives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
