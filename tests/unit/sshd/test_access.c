/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_access.c - the decision and its reasons; recorded logins are compared by tests/judge, here are the rest. */
#include "sshd/access.h"

#include "host.h"

#include "base/banned.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBhVBSIm5UBHpmR7JWxpAynMjgc3/M9Xmh6Ws9yNsCmt anna"

/* "verdict reason methods" */
static const char *decided(const struct host *s, const char *config, const char *user, const char *host,
			   unsigned can_use)
{
	static const char *const verdicts[] = { "allowed", "denied", "unknown" };
	static char out[128];
	struct sshd_config *c = text_fine(config, R92);
	struct account *account = NULL;
	struct access_login who = {
		.user = user, .host = host, .addr = "10.0.0.5", .laddr = "::1", .lport = 22, .can_use = can_use
	};
	struct access_decision d = { 0 };

	if (!account_find(s->root, user, &account))
		who.account = account;
	assert_int_equal(access_decide(s->root, c, &who, &d), ERR_NONE);
	assert_non_null(d.detail);
	snprintf(out, sizeof out, "%s %s %u", verdicts[d.verdict], access_reason_text(d.reason), d.methods);
	access_decision_clear(&d);
	account_free(account);
	sshd_config_free(c);
	return out;
}

#define KEYS METHOD_PUBLICKEY
#define BOTH (METHOD_PUBLICKEY | METHOD_PASSWORD)
#define ALL (METHOD_PUBLICKEY | METHOD_PASSWORD | METHOD_KEYBOARD)

static const struct {
	const char *config, *user, *host;
	unsigned can_use;
	const char *decided;
} cases[] = {
	{ "", "anna", NULL, KEYS, "allowed accepted 1" },
	{ "", "ghost", NULL, KEYS, "denied unknown-user 0" },
	{ "UsePAM no\n", "bob", NULL, KEYS, "denied locked 0" },
	{ "UsePAM yes\n", "bob", NULL, KEYS, "allowed accepted 1" },
	{ "UsePAM no\n", "old", NULL, KEYS, "denied locked 0" },
	{ "", "eve", NULL, KEYS, "denied shell 0" },
	{ "UsePAM yes\n", "free", NULL, KEYS, "denied shell 0" },
	{ "ChrootDirectory /srv\n", "eve", NULL, KEYS, "allowed accepted 1" },
	{ "ChrootDirectory none\n", "eve", NULL, KEYS, "denied shell 0" },
	{ "DenyUsers a*\nAllowUsers anna\n", "anna", NULL, KEYS, "denied DenyUsers 0" },
	{ "AllowUsers bob\nDenyGroups staff\n", "anna", NULL, KEYS, "denied AllowUsers 0" },
	{ "AllowUsers anna@10.*\nDenyGroups staff\nAllowGroups staff\n", "anna", NULL, KEYS, "denied DenyGroups 0" },
	{ "AllowGroups admin?\n", "anna", NULL, KEYS, "allowed accepted 1" },
	{ "AllowGroups nobody\n", "anna", NULL, KEYS, "denied AllowGroups 0" },
	{ "ChrootDirectory /srv\nDenyGroups x\n", "eve", NULL, KEYS, "denied no-group 0" },
	/* the name counts only with UseDNS */
	{ "AllowUsers anna@*.example\n", "anna", "ws5.example", KEYS, "denied AllowUsers 0" },
	{ "UseDNS yes\nAllowUsers anna@*.example\n", "anna", "ws5.example", KEYS, "allowed accepted 1" },
	{ "UseDNS yes\nAllowUsers anna@*.example\n", "anna", NULL, KEYS, "denied AllowUsers 0" },
	{ "PermitRootLogin no\n", "root", NULL, ALL, "denied PermitRootLogin 0" },
	{ "", "root", NULL, BOTH, "allowed accepted 1" },
	{ "", "root", NULL, METHOD_PASSWORD, "denied PermitRootLogin 0" },
	{ "PermitRootLogin yes\n", "root", NULL, METHOD_PASSWORD, "allowed accepted 2" },
	{ "PermitRootLogin forced-commands-only\n", "root", NULL, BOTH, "unknown PermitRootLogin 1" },
	{ "PermitRootLogin forced-commands-only\n", "root", NULL, METHOD_PASSWORD, "denied PermitRootLogin 0" },
	{ "AuthenticationMethods publickey,password\n", "root", NULL, ALL, "denied PermitRootLogin 0" },
	{ "PasswordAuthentication no\n", "anna", NULL, METHOD_PASSWORD, "denied method-disabled 0" },
	{ "PasswordAuthentication no\nUsePAM yes\n", "anna", NULL, METHOD_PASSWORD | METHOD_KEYBOARD,
	  "allowed accepted 4" },
	/* nobody asks without PAM */
	{ "PasswordAuthentication no\nUsePAM no\n", "anna", NULL, METHOD_PASSWORD | METHOD_KEYBOARD,
	  "denied method-disabled 0" },
	{ "AuthenticationMethods publickey,password\n", "anna", NULL, KEYS, "denied method-disabled 0" },
	{ "AuthenticationMethods publickey,password\n", "anna", NULL, BOTH, "allowed accepted 3" },
	{ "AuthenticationMethods publickey,password keyboard-interactive:pam\nUsePAM yes\n", "anna", NULL,
	  METHOD_KEYBOARD, "allowed accepted 4" },
	{ "AuthenticationMethods any\n", "anna", NULL, BOTH, "allowed accepted 3" },
	{ "Match User anna\nPubkeyAuthentication no\n", "anna", NULL, KEYS, "denied method-disabled 0" },
	{ "", "anna", NULL, 0, "denied method-disabled 0" },
	{ "AllowUsers root\nMatch Group admins\nAllowUsers anna\n", "anna", NULL, KEYS, "allowed accepted 1" },
};

static void decisions(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (strcmp(decided(*state, cases[i].config, cases[i].user, cases[i].host, cases[i].can_use),
			   cases[i].decided))
			fail_msg("'%s' %s: %s, not %s", cases[i].config, cases[i].user,
				 decided(*state, cases[i].config, cases[i].user, cases[i].host, cases[i].can_use),
				 cases[i].decided);
}

static void what_cannot_be_read_makes_it_unknown(void **state)
{
	struct host *s = *state;

	unlink(scratch_path(s->dir, "etc/shadow"));
	assert_string_equal(decided(s, "UsePAM no\n", "anna", NULL, KEYS), "unknown unreadable 1");
	/* a refusal holds all the same */
	assert_string_equal(decided(s, "UsePAM no\nDenyUsers anna\n", "anna", NULL, KEYS), "denied DenyUsers 0");
	assert_string_equal(decided(s, "UsePAM yes\n", "anna", NULL, KEYS), "allowed accepted 1");
}

static void the_deciding_line_and_word_are_named(void **state)
{
	static const struct {
		const char *config;
		unsigned line;
		const char *pattern;
	} lines[] = {
		{ "AllowUsers root\nDenyUsers x y\nDenyUsers b an*\n", 3, "an*" },
		{ "UseDNS no\nAllowUsers root\nAllowUsers bob\n", 2, NULL },
		{ "AllowUsers *\nPubkeyAuthentication no\n", 2, NULL },
		{ "UsePAM no\nAuthenticationMethods publickey,password\n", 2, NULL },
		{ "DenyGroups x dev\n", 1, "dev" },
	};
	struct host *s = *state;
	struct account *anna = host_account(s, "anna");

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct sshd_config *c = text_fine(lines[i].config, R92);
		struct access_login who = { .user = "anna", .account = anna, .addr = "10.0.0.5", .can_use = KEYS };
		struct access_decision d = { 0 };
		assert_int_equal(access_decide(s->root, c, &who, &d), ERR_NONE);
		assert_int_equal(d.verdict, ACCESS_DENIED);
		assert_non_null(d.by);
		assert_int_equal(d.by->line, lines[i].line);
		if (lines[i].pattern)
			assert_string_equal(d.pattern, lines[i].pattern);
		else
			assert_null(d.pattern);
		access_decision_clear(&d);
		sshd_config_free(c);
	}
	account_free(anna);
}

/* "methods unknown" without the methods that can never be found out on disk. */
static const char *methods_of(const struct host *s, const char *config, const char *user)
{
	static char out[64];
	struct sshd_config *c = text_fine(config, R92);
	struct account *account = host_account(s, user);
	struct access_login who = { .user = user, .account = account, .addr = "10.0.0.5" };
	unsigned methods = 0, unknown = 0;

	assert_int_equal(access_account_methods(s->root, c, &who, &methods, &unknown), ERR_NONE);
	assert_true(unknown & METHOD_HOSTBASED && unknown & METHOD_GSSAPI);
	snprintf(out, sizeof out, "%u %u", methods, unknown & ~(unsigned)(METHOD_HOSTBASED | METHOD_GSSAPI));
	account_free(account);
	sshd_config_free(c);
	return out;
}

static void what_an_account_can_use_lies_on_disk(void **state)
{
	struct host *s = *state;

	assert_string_equal(methods_of(s, "", "anna"), "6 0");
	assert_string_equal(methods_of(s, "", "bob"), "0 0");
	assert_string_equal(methods_of(s, "", "free"), "0 0");
	assert_string_equal(methods_of(s, "PermitEmptyPasswords yes\n", "free"), "6 0");
	host_put(s, "home/anna/.ssh/authorized_keys", "# nothing\n\nnonsense\n");
	assert_string_equal(methods_of(s, "", "anna"), "6 0");
	host_put(s, "home/anna/.ssh/authorized_keys", "# one\n  " KEY "\n");
	assert_string_equal(methods_of(s, "", "anna"), "7 0");
	host_put(s, "home/anna/.ssh/authorized_keys", "command=\"echo \\\"a b\\\"\",no-pty " KEY "\r\n");
	assert_string_equal(methods_of(s, "", "anna"), "7 0");
	assert_string_equal(methods_of(s, "AuthorizedKeysFile none\n", "anna"), "6 0");
	assert_string_equal(methods_of(s, "AuthorizedKeysFile /etc/x/%u %h/.ssh/authorized_keys\n", "anna"), "7 0");
	assert_string_equal(methods_of(s, "AuthorizedKeysFile /home/%u/.ssh/authorized_keys\n", "anna"), "7 0");
	assert_string_equal(methods_of(s, "AuthorizedKeysFile %x\n", "anna"), "6 0");
	assert_string_equal(methods_of(s, "TrustedUserCAKeys /etc/ca\nAuthorizedKeysFile none\n", "anna"), "7 0");
	/* a missing RevokedKeys refuses every key */
	assert_string_equal(methods_of(s, "RevokedKeys /etc/ssh/revoked\n", "anna"), "6 0");
	host_put(s, "etc/ssh/revoked", "");
	assert_string_equal(methods_of(s, "RevokedKeys /etc/ssh/revoked\n", "anna"), "7 0");
	unlink(scratch_path(s->dir, "etc/shadow"));
	assert_string_equal(methods_of(s, "", "anna"), "1 6");
}

static void words_are_those_of_the_vectors(void **state)
{
	assert_string_equal(access_reason_text(REASON_METHOD_DISABLED), "method-disabled");
	assert_string_equal(access_reason_text(REASON_DENY_USERS), "DenyUsers");
	assert_string_equal(access_method_text(METHOD_KEYBOARD), "keyboard-interactive");
	for (unsigned r = 0; r <= REASON_UNREADABLE; r++)
		assert_non_null(access_reason_text(r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(decisions, host_make, host_remove),
		cmocka_unit_test_setup_teardown(what_cannot_be_read_makes_it_unknown, host_make, host_remove),
		cmocka_unit_test_setup_teardown(the_deciding_line_and_word_are_named, host_make, host_remove),
		cmocka_unit_test_setup_teardown(what_an_account_can_use_lies_on_disk, host_make, host_remove),
		cmocka_unit_test(words_are_those_of_the_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
