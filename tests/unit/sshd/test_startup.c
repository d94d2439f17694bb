/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_startup.c - what sshd refuses only when it has read everything. */
#include "sshd/startup.h"

#include "sshd.h"

#include "base/banned.h"

/* Tried with the real 9.2. */
static const struct {
	const char *text;
	unsigned release;
	bool fine;
} cases[] = {
	{ "AuthorizedKeysCommand /bin/x\n", R92, false },
	{ "AuthorizedKeysCommand none\n", R92, true },
	{ "AuthorizedKeysCommand /bin/x\nAuthorizedKeysCommandUser root\n", R92, true },
	{ "AuthorizedPrincipalsCommand /bin/x\n", R92, false },
	{ "Match User x\nAuthorizedKeysCommand /bin/x\n", R92, true },
	{ "AuthenticationMethods publickey\n", R92, true },
	{ "AuthenticationMethods none\n", R92, true },
	{ "PasswordAuthentication no\nAuthenticationMethods password\n", R92, false },
	{ "PasswordAuthentication no\nAuthenticationMethods publickey,password publickey\n", R92, true },
	{ "AuthenticationMethods gssapi-with-mic\n", R92, false },
	{ "GSSAPIAuthentication yes\nAuthenticationMethods gssapi-keyex\n", R92, true },
	{ "AuthenticationMethods hostbased\n", R92, false },
	{ "KbdInteractiveAuthentication no\nAuthenticationMethods keyboard-interactive:pam\n", R92, false },
	{ "ChallengeResponseAuthentication no\nAuthenticationMethods keyboard-interactive\n", 806, false },
	{ "KbdInteractiveAuthentication no\nAuthenticationMethods keyboard-interactive\n", 806, true },
	{ "AuthenticationMethods publickey\nAuthenticationMethods any\n", R92, false },
	{ "AuthenticationMethods publickey\nMatch User x\nAuthenticationMethods any\n", R92, false },
	{ "AuthenticationMethods publickey\nMatch User x\nAuthenticationMethods any\n", 907, true },
	{ "AuthenticationMethods any\nAuthenticationMethods publickey\n", R92, true },
	{ "Match User x\nAuthenticationMethods publickey\nMatch User y\nAuthenticationMethods any\n", R92, true },
	{ "Subsystem a b\nSubsystem a c\n", R92, false },
	{ "Subsystem a b\nSubsystem a c\n", 905, true },
	{ "AddressFamily inet6\nListenAddress 1.2.3.4\n", R92, false },
	{ "ListenAddress ::1\nAddressFamily inet\n", R92, false },
	{ "AddressFamily inet\nListenAddress 1.2.3.4\n", R92, true },
};

static void refuses_what_sshd_refuses(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (text_refused(cases[i].text, cases[i].release) == cases[i].fine)
			fail_msg("'%s' in %u", cases[i].text, cases[i].release);
}

static void at_most_256_ports(void **state)
{
	struct text t = { 0 };

	for (unsigned i = 1; i <= 256; i++)
		text_add(&t, "Port %u\n", i);
	assert_false(text_refused(text_string(&t), R92));
	text_add(&t, "Port 257\n");
	assert_true(text_refused(text_string(&t), R92));
	text_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_sshd_refuses),
		cmocka_unit_test(at_most_256_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
