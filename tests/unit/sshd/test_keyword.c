/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_keyword.c - the table of keywords: complete, in order, and right about each release. */
#include "sshd/keyword.h"

#include "base/scratch.h"
#include "sshd/version.h"

#include <strings.h>

#include "base/banned.h"

static void every_row_is_found_by_its_name(void **state)
{
	for (unsigned id = 0; id < KW_COUNT; id++) {
		const struct sshd_keyword *k = sshd_keyword(id);
		assert_int_equal(k->id, id);
		assert_non_null(k->name);
		assert_ptr_equal(sshd_keyword_find(k->name), k);
		assert_string_equal(sshd_keyword_names()[id], k->name);
		if (id)
			assert_true(strcasecmp(sshd_keyword(id - 1)->name, k->name) < 0);
	}
	assert_null(sshd_keyword_names()[KW_COUNT]);
}

static void rows_make_sense(void **state)
{
	for (unsigned id = 0; id < KW_COUNT; id++) {
		const struct sshd_keyword *k = sshd_keyword(id);
		assert_true(k->kind != KIND_CHOICE || k->choices);
		assert_true((k->order == ORDER_LAST) == (k->first_since != 0));
		assert_true((k->kind == KIND_BLOCK) == (k->order == ORDER_BLOCK));
		assert_true(k->kind != KIND_OBSOLETE || k->gone);
		assert_true(!k->match_since || k->in_match);
		/* ends before the array does, and in the order of the releases */
		assert_null(k->defaults[ARRAY_SIZE(k->defaults) - 1].value);
		for (const struct sshd_default *d = k->defaults; d->value && d[1].value; d++)
			assert_true(d->since < d[1].since);
	}
}

static void spellings_lead_to_their_keyword(void **state)
{
	static const struct {
		const char *name;
		enum sshd_keyword_id id;
	} cases[] = {
		{ "permitROOTlogin", KW_PERMITROOTLOGIN },
		{ "challengeresponseauthentication", KW_KBDINTERACTIVEAUTHENTICATION },
		{ "SKEYAuthentication", KW_KBDINTERACTIVEAUTHENTICATION },
		{ "PubkeyAcceptedKeyTypes", KW_PUBKEYACCEPTEDALGORITHMS },
		{ "hostbasedacceptedkeytypes", KW_HOSTBASEDACCEPTEDALGORITHMS },
		{ "DSAAuthentication", KW_PUBKEYAUTHENTICATION },
		{ "HostDsaKey", KW_HOSTKEY },
		{ "KeepAlive", KW_TCPKEEPALIVE },
		{ "GSSAPICleanupCreds", KW_GSSAPICLEANUPCREDENTIALS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_ptr_equal(sshd_keyword_find(cases[i].name), sshd_keyword(cases[i].id));
	assert_null(sshd_keyword_find("PermitRootLogi"));
	assert_null(sshd_keyword_find(""));
}

static void releases_know_what_they_know(void **state)
{
	static const struct {
		const char *name;
		unsigned release;
		bool known, in_match;
	} cases[] = {
		{ "Include", 801, false, false },
		{ "Include", 802, true, true },
		{ "PerSourcePenalties", 907, false, false },
		{ "PerSourcePenalties", 908, true, false },
		{ "PubkeyAcceptedAlgorithms", 804, false, true },
		{ "PubkeyAcceptedKeyTypes", 804, true, true },
		{ "PubkeyAcceptedAlgorithms", 805, true, true },
		{ "Subsystem", 904, true, false },
		{ "Subsystem", 905, true, true },
		{ "LogLevel", 705, true, false },
		{ "LogLevel", 706, true, true },
		{ "IgnoreRhosts", 802, true, false },
		{ "ChallengeResponseAuthentication", 806, true, false },
		{ "ChallengeResponseAuthentication", 807, true, true },
		{ "DSAAuthentication", 1005, true, false },
		{ "PubkeyAuthentication", 1005, true, true },
		{ "RequiredRSASize", 902, true, true },
		{ "Nonsense", 902, false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool known = sshd_spelling_known(cases[i].name, cases[i].release);
		bool in_match = known && sshd_spelling_in_match(cases[i].name, cases[i].release);
		if (known != cases[i].known || in_match != (known && cases[i].in_match))
			fail_msg("%s in %u", cases[i].name, cases[i].release);
	}
}

static void defaults_change_with_the_release(void **state)
{
	static const struct {
		enum sshd_keyword_id id;
		unsigned release;
		const char *value;
	} cases[] = {
		{ KW_PERMITROOTLOGIN, 704, "without-password" },
		{ KW_PERMITROOTLOGIN, 1000, "without-password" },
		{ KW_PERMITROOTLOGIN, 1001, "prohibit-password" },
		{ KW_IPQOS, 707, "lowdelay throughput" },
		{ KW_IPQOS, 902, "af21 cs1" },
		{ KW_REVOKEDKEYS, 902, "none" },
		{ KW_REVOKEDKEYS, 1003, NULL },
		{ KW_CHANNELTIMEOUT, 901, NULL },
		{ KW_CHANNELTIMEOUT, 902, NULL },
		{ KW_CHANNELTIMEOUT, 906, "none" },
		{ KW_LOGINGRACETIME, 902, "120" },
		{ KW_CIPHERS, 902, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *value = sshd_keyword_default(sshd_keyword(cases[i].id), cases[i].release);
		if (!cases[i].value)
			assert_null(value);
		else
			assert_string_equal(value, cases[i].value);
	}
}

static void the_first_value_wins_from_its_release_on(void **state)
{
	assert_false(sshd_keyword_first_wins(sshd_keyword(KW_MAXSTARTUPS), 1000));
	assert_true(sshd_keyword_first_wins(sshd_keyword(KW_MAXSTARTUPS), 1001));
	assert_false(sshd_keyword_first_wins(sshd_keyword(KW_PERSOURCEMAXSTARTUPS), 904));
	assert_true(sshd_keyword_first_wins(sshd_keyword(KW_PERSOURCEMAXSTARTUPS), 905));
	assert_false(sshd_keyword_first_wins(sshd_keyword(KW_STREAMLOCALBINDMASK), SSHD_NEWEST));
	assert_true(sshd_keyword_first_wins(sshd_keyword(KW_USEDNS), SSHD_OLDEST));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_found_by_its_name),
		cmocka_unit_test(rows_make_sense),
		cmocka_unit_test(spellings_lead_to_their_keyword),
		cmocka_unit_test(releases_know_what_they_know),
		cmocka_unit_test(defaults_change_with_the_release),
		cmocka_unit_test(the_first_value_wins_from_its_release_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
