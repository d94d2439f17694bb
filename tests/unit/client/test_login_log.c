/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_login_log.c - which key logged in, by what ssh -v writes. */
#include "client/login_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define FP_A "SHA256:L9tcjCMQrDqV6j5BxbXjBc/5nCGaSq11cfMRN54SHFU"
#define FP_B "SHA256:mLCT8T2/ZQ4j/E6E8g/Og+7/K1rNbdWQvLcygjc3EjU"
#define IN(how) "Authenticated to web1 ([192.0.2.1]:22) using \"" how "\".\r\n"
#define ACCEPTS "debug1: Server accepts key: "

static void the_key_that_was_accepted_last(void **state)
{
	static const struct {
		const char *text, *fingerprint, *name;
		bool in, by_key;
	} cases[] = {
		{ ACCEPTS "/root/.ssh/id ED25519 " FP_A " explicit\r\n" IN("publickey"), FP_A, "/root/.ssh/id", true,
		  true },
		{ ACCEPTS "anna's key RSA " FP_A " agent\n" IN("publickey"), FP_A, "anna's key", true, true },
		{ ACCEPTS "a b SHA256:x ED25519-CERT " FP_A "\n" IN("publickey"), FP_A, "a b SHA256:x", true, true },
		{ ACCEPTS "a ED25519 " FP_A "\n" ACCEPTS "b RSA " FP_B "\n" IN("publickey"), FP_B, "b", true, true },
		{ ACCEPTS "a ED25519 " FP_A
			  "\nAuthenticated using \"publickey\" with partial success.\n" IN("keyboard-interactive"),
		  FP_A, "a", true, true },
		{ IN("password"), "", NULL, true, false },
		{ ACCEPTS "a ED25519 " FP_A "\nanna@web1: Permission denied (publickey).\n", FP_A, "a", false, false },
		{ ACCEPTS "pkalg ssh-ed25519 blen 51\n" IN("publickey"), "", NULL, true, true }, /* before 8.1 */
		{ "debug1: Remote: " ACCEPTS "a ED25519 " FP_A "\n", "", NULL, false, false },
		{ "xAuthenticated to web1\n", "", NULL, false, false },
		{ ACCEPTS "a ED25519 SHA256:L9tcjCMQrDqV6j5BxbXjBc/5nCGaSq11cfMRN54 HFU\n", "", NULL, false, false },
		{ "", "", NULL, false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct login_log l = { 0 };

		assert_int_equal(login_log_parse(cases[i].text, strlen(cases[i].text), &l), ERR_NONE);
		if (l.in != cases[i].in || l.by_key != cases[i].by_key ||
		    strcmp(l.fingerprint, cases[i].fingerprint) != 0)
			fail_msg("case %zu: '%s'", i, l.fingerprint);
		assert_int_equal(l.name != NULL, cases[i].name != NULL);
		if (l.name)
			assert_string_equal(l.name, cases[i].name);
		login_log_clear(&l);
	}
}

static void no_truncation_is_a_login(void **state)
{
	static const char text[] = ACCEPTS "/k ED25519 " FP_A " agent\n" IN("publickey");
	const size_t len = sizeof text - 1;

	for (size_t cut = 0; cut < len; cut++) {
		char *copy = malloc(cut ? cut : 1);
		struct login_log l = { 0 };

		memcpy(copy, text, cut);
		assert_int_equal(login_log_parse(copy, cut, &l), ERR_NONE);
		assert_false(l.in);
		assert_true(!l.fingerprint[0] || !strcmp(l.fingerprint, FP_A));
		login_log_clear(&l);
		free(copy);
	}
}

static void what_ssh_would_have_said_is_said(void **state)
{
	static const char text[] = "OpenSSH_9.2p1 Debian, OpenSSL 3\r\ndebug1: x\r\nWarning: Permanently added 'h'.\r\n"
				   "debug1: y\nanna@h: Permission denied (publickey).\r\n";
	struct text out = { 0 };

	login_log_said(text, sizeof text - 1, &out);
	assert_string_equal(text_string(&out),
			    "Warning: Permanently added 'h'.\nanna@h: Permission denied (publickey).\n");
	text_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_key_that_was_accepted_last),
		cmocka_unit_test(no_truncation_is_a_login),
		cmocka_unit_test(what_ssh_would_have_said_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
