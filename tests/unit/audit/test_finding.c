/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_finding.c - findings own what they say, escape what came from outside, and have bounds. */
#include "made.h"

#include "base/banned.h"

static void texts_from_outside_are_escaped(void **state)
{
	struct finding f = { .rule = rule_at(0) };

	assert_int_equal(finding_evidence(&f, "/etc/x", 3, "AllowUsers %s", "a\033[31m\n\xff"), ERR_NONE);
	assert_string_equal(f.evidence[0].text, "AllowUsers a\\x1B[31m\\x0A\\xFF");
	assert_int_equal(finding_detail(&f, "%s", "\r"), ERR_NONE);
	assert_string_equal(f.detail, "\\x0D");
	assert_int_equal(finding_detail(&f, "%s", ""), ERR_NONE);
	assert_string_equal(f.detail, "");
	assert_int_equal(finding_fix(&f, "do it", "%s", "\x7f"), ERR_NONE);
	assert_string_equal(f.fix, "\\x7F");
	assert_string_equal(f.command, "do it");
	finding_clear(&f);
	assert_null(f.evidence);
}

static void evidence_is_bounded(void **state)
{
	struct finding f = { .rule = rule_at(0) };

	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(finding_evidence(&f, NULL, i, "%u", i), ERR_NONE);
	assert_true(f.nevidence < 100);
	finding_clear(&f);
}

static void changes_are_copies_with_their_rule(void **state)
{
	struct finding f = { .rule = rule_at(3) };
	char args[] = "no", path[] = "/etc/ssh/x";

	assert_int_equal(finding_set(&f, KW_PERMITROOTLOGIN, args), ERR_NONE);
	assert_int_equal(finding_create(&f, path, "text", 0644), ERR_NONE);
	assert_int_equal(finding_write(&f, path, "text", 0600), ERR_NONE);
	assert_int_equal(finding_moduli(&f, path, 3072), ERR_NONE);
	assert_int_equal(finding_mode(&f, path, 0600), ERR_NONE);
	args[0] = path[0] = 'X';
	assert_int_equal(f.nchanges, 5);
	assert_string_equal(f.changes[0].args, "no");
	assert_string_equal(f.changes[1].path, "/etc/ssh/x");
	assert_int_equal(f.changes[2].kind, CHANGE_WRITE);
	assert_int_equal(f.changes[3].bits, 3072);
	assert_int_equal(f.changes[4].mode, 0600);
	for (size_t i = 0; i < f.nchanges; i++)
		assert_ptr_equal(f.changes[i].rule, rule_at(3)->id);
	finding_clear(&f);
}

static void keywords_are_spelt_as_the_release_knows_them(void **state)
{
	assert_string_equal(change_spelling(KW_KBDINTERACTIVEAUTHENTICATION, 806), "ChallengeResponseAuthentication");
	assert_string_equal(change_spelling(KW_KBDINTERACTIVEAUTHENTICATION, 807), "KbdInteractiveAuthentication");
	assert_string_equal(change_spelling(KW_KBDINTERACTIVEAUTHENTICATION, 0), "KbdInteractiveAuthentication");
	assert_string_equal(change_spelling(KW_PUBKEYACCEPTEDALGORITHMS, 804), "PubkeyAcceptedKeyTypes");
	assert_string_equal(change_spelling(KW_PUBKEYACCEPTEDALGORITHMS, 805), "PubkeyAcceptedAlgorithms");
	assert_string_equal(change_spelling(KW_PERMITROOTLOGIN, 704), "PermitRootLogin");
	/* and each spelling is one that the reader takes for the same keyword */
	assert_int_equal(sshd_keyword_find("ChallengeResponseAuthentication")->id, KW_KBDINTERACTIVEAUTHENTICATION);
	assert_int_equal(sshd_keyword_find("PubkeyAcceptedKeyTypes")->id, KW_PUBKEYACCEPTEDALGORITHMS);
	assert_int_equal(sshd_keyword_find("HostbasedAcceptedKeyTypes")->id, KW_HOSTBASEDACCEPTEDALGORITHMS);
}

static void the_digest_forgets_line_numbers_and_nothing_else(void **state)
{
	static const struct {
		unsigned line;
		const char *file, *text, *detail;
		enum status status;
		bool same;
	} cases[] = {
		{ 1, "/a", "x", "d", STATUS_FAIL, true },  { 9, "/a", "x", "d", STATUS_FAIL, true },
		{ 1, "/b", "x", "d", STATUS_FAIL, false }, { 1, "/a", "y", "d", STATUS_FAIL, false },
		{ 1, "/a", "x", "e", STATUS_FAIL, false }, { 1, "/a", "x", "d", STATUS_WARN, false },
	};
	char first[DIGEST_HEX] = "", digest[DIGEST_HEX];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct finding f = { .rule = rule_at(0), .status = cases[i].status };

		assert_int_equal(finding_evidence(&f, cases[i].file, cases[i].line, "%s", cases[i].text), ERR_NONE);
		assert_int_equal(finding_detail(&f, "%s", cases[i].detail), ERR_NONE);
		assert_int_equal(audit_evidence_digest(&f, i ? digest : first), ERR_NONE);
		if (i)
			assert_int_equal(strcmp(digest, first) == 0, cases[i].same);
		finding_clear(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_from_outside_are_escaped),
		cmocka_unit_test(evidence_is_bounded),
		cmocka_unit_test(changes_are_copies_with_their_rule),
		cmocka_unit_test(keywords_are_spelt_as_the_release_knows_them),
		cmocka_unit_test(the_digest_forgets_line_numbers_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
