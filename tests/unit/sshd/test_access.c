/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_access.c - the decision and its reasons; recorded logins are compared by tests/judge, here are the rest. */
#include "sshd/access.h"

#include "sshd/pattern.h"

#include "host.h"

#include "base/banned.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBhVBSIm5UBHpmR7JWxpAynMjgc3/M9Xmh6Ws9yNsCmt anna"
#define KEY_PRINT "SHA256:h0iC46FSIL/HpsdA/el1e+uqfDSmi8BRctCFGSfuC1s"
#define OTHER "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOoF6uM5dJOS9V8vk/69sgYXXoTvqoZbu4Gq2/NdCtD7 other"
#define NOW 1700000000

/* "verdict reason methods" */
static const char *decided(const struct host *s, const char *config, const char *user, const char *host,
			   unsigned assume)
{
	static const char *const verdicts[] = { "allowed", "denied", "unknown" };
	static char out[128];
	struct sshd_config *c = text_fine(config, R92);
	struct account *account = NULL;
	struct access_login who = {
		.user = user, .host = host, .addr = "10.0.0.5", .laddr = "::1", .lport = 22, .assume = assume
	};
	struct access_decision d = { 0 };
	struct access *access = NULL;
	struct text detail = { 0 };

	if (!account_find(s->root, user, &account))
		who.account = account;
	assert_int_equal(access_new(s->root, c, NOW, &access), ERR_NONE);
	assert_int_equal(access_decide(access, &who, &d), ERR_NONE);
	assert_int_equal(access_detail(access, &who, &d, &detail), ERR_NONE);
	assert_true(detail.len > 10);
	snprintf(out, sizeof out, "%s %s %u", verdicts[d.verdict], access_reason_word(&d), d.methods);
	text_free(&detail);
	access_decision_clear(&d);
	access_free(access);
	account_free(account);
	sshd_config_free(c);
	return out;
}

#define KEYS METHOD_PUBLICKEY
#define NONE METHOD_HOSTBASED /* off by default */
#define BOTH (METHOD_PUBLICKEY | METHOD_PASSWORD)
#define ALL (METHOD_PUBLICKEY | METHOD_PASSWORD | METHOD_KEYBOARD)

static const struct {
	const char *config, *user, *host;
	unsigned assume;
	const char *decided;
} cases[] = {
	{ "", "anna", NULL, KEYS, "allowed accepted 1" },
	{ "", "ghost", NULL, KEYS, "denied unknown-user 0" },
	{ "UsePAM no\n", "bob", NULL, KEYS, "denied locked 0" },
	{ "UsePAM yes\n", "bob", NULL, KEYS, "allowed accepted 1" },
	{ "UsePAM no\n", "old", NULL, KEYS, "denied locked 0" },
	/* PAM has the last word */
	{ "UsePAM yes\n", "old", NULL, KEYS, "denied locked 0" },
	{ "UsePAM yes\nDenyUsers old\n", "old", NULL, KEYS, "denied DenyUsers 0" },
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
	{ "", "anna", NULL, NONE, "denied method-disabled 0" },
	{ "AllowUsers root\nMatch Group admins\nAllowUsers anna\n", "anna", NULL, KEYS, "allowed accepted 1" },
};

static void decisions(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (strcmp(decided(*state, cases[i].config, cases[i].user, cases[i].host, cases[i].assume),
			   cases[i].decided))
			fail_msg("'%s' %s: %s, not %s", cases[i].config, cases[i].user,
				 decided(*state, cases[i].config, cases[i].user, cases[i].host, cases[i].assume),
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
		struct access_login who = { .user = "anna", .account = anna, .addr = "10.0.0.5", .assume = KEYS };
		struct access_decision d = { 0 };
		struct access *access = NULL;
		assert_int_equal(access_new(s->root, c, NOW, &access), ERR_NONE);
		assert_int_equal(access_decide(access, &who, &d), ERR_NONE);
		assert_int_equal(d.verdict, ACCESS_DENIED);
		assert_non_null(d.by);
		assert_int_equal(d.by->line, lines[i].line);
		if (lines[i].pattern)
			assert_string_equal(d.pattern, lines[i].pattern);
		else
			assert_null(d.pattern);
		access_decision_clear(&d);
		access_free(access);
		sshd_config_free(c);
	}
	account_free(anna);
}

/* "verdict word methods unknown", by what lies on disk. */
static const char *has_also(const struct host *s, const char *config, const char *user, const struct offered_key *key,
			    unsigned also)
{
	static const char *const verdicts[] = { "allowed", "denied", "unknown" };
	static char out[128];
	struct sshd_config *c = text_fine(config, R92);
	struct account *account = host_account(s, user);
	const struct access_login who = {
		.user = user, .account = account, .addr = "10.0.0.5", .key = key, .also = also
	};
	struct access_decision d = { 0 };
	struct access *access = NULL;

	assert_int_equal(access_new(s->root, c, NOW, &access), ERR_NONE);
	assert_int_equal(access_decide(access, &who, &d), ERR_NONE);
	snprintf(out, sizeof out, "%s %s %u %u", verdicts[d.verdict], access_reason_word(&d), d.methods, d.unknown);
	access_decision_clear(&d);
	access_free(access);
	account_free(account);
	sshd_config_free(c);
	return out;
}

static const char *has(const struct host *s, const char *config, const char *user, const struct offered_key *key)
{
	return has_also(s, config, user, key, 0);
}

#define LAX "StrictModes no\n" /* the files of these tests belong to whoever runs them */

static void what_an_account_can_use_lies_on_disk(void **state)
{
	struct host *s = *state;

	assert_string_equal(has(s, LAX, "anna", NULL), "allowed accepted 2 0");
	assert_string_equal(has(s, LAX "UsePAM yes\n", "anna", NULL), "allowed accepted 6 0");
	assert_string_equal(has(s, LAX "PasswordAuthentication no\n", "anna", NULL), "denied no-keys 0 0");
	assert_string_equal(has(s, LAX "UsePAM yes\n", "bob", NULL), "denied no-keys 0 0");
	assert_string_equal(has(s, LAX "ChrootDirectory /\n", "free", NULL), "denied no-keys 0 0");
	assert_string_equal(has(s, LAX "ChrootDirectory /\nPermitEmptyPasswords yes\n", "free", NULL),
			    "allowed accepted 2 0");
	host_put(s, "home/anna/.ssh/authorized_keys", "# nothing\n\nnonsense\n");
	assert_string_equal(has(s, LAX, "anna", NULL), "allowed accepted 2 0");
	host_put(s, "home/anna/.ssh/authorized_keys", "# one\n  " KEY "\n");
	assert_string_equal(has(s, LAX, "anna", NULL), "allowed accepted 3 0");
	assert_string_equal(has(s, LAX "PubkeyAuthentication no\nPasswordAuthentication no\n", "anna", NULL),
			    "denied method-disabled 0 0");
	assert_string_equal(has(s, LAX "AuthenticationMethods publickey,password\n", "anna", NULL),
			    "allowed accepted 3 0");
	/* the same key does not count twice */
	assert_string_equal(has(s, LAX "AuthenticationMethods publickey,publickey\n", "anna", NULL),
			    "denied method-disabled 0 0");
	host_put(s, "home/anna/.ssh/authorized_keys", "from=\"10.1.*\" " KEY "\n");
	assert_string_equal(has(s, LAX "PasswordAuthentication no\n", "anna", NULL), "denied key-from 0 0");
	host_put(s, "home/anna/.ssh/authorized_keys", "from=\"10.0.*\" " KEY "\n");
	assert_string_equal(has(s, LAX "PasswordAuthentication no\n", "anna", NULL), "allowed accepted 1 0");
}

static void a_password_that_cannot_be_read_is_not_taken_for_none(void **state)
{
	struct host *s = *state;

	host_put(s, "home/anna/.ssh/authorized_keys", KEY "\n");
	unlink(scratch_path(s->dir, "etc/shadow"));
	assert_string_equal(has(s, LAX "UsePAM yes\n", "anna", NULL), "allowed accepted 7 6");
	assert_string_equal(has(s, LAX "UsePAM yes\nPubkeyAuthentication no\n", "anna", NULL),
			    "unknown unreadable 6 6");
	assert_string_equal(has(s, LAX "UsePAM yes\nAuthenticationMethods publickey,password\n", "anna", NULL),
			    "unknown unreadable 3 2");
}

static void a_key_alone_must_do_or_be_part_of_it(void **state)
{
	static const struct offered_key hers = { .fingerprint = KEY_PRINT },
					other = { .fingerprint = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
	struct host *s = *state;

	host_put(s, "home/anna/.ssh/authorized_keys", KEY "\n");
	assert_string_equal(has(s, LAX, "anna", &hers), "allowed accepted 1 0");
	assert_string_equal(has(s, LAX, "anna", &other), "denied key-not-listed 0 0");
	assert_string_equal(has(s, LAX "PubkeyAuthentication no\n", "anna", &hers), "denied method-disabled 0 0");
	assert_string_equal(has(s, LAX "AuthenticationMethods publickey,password\n", "anna", &hers),
			    "allowed accepted 3 0");
	assert_string_equal(has(s, LAX "AuthenticationMethods password\n", "anna", &hers),
			    "denied method-disabled 0 0");
}

/* anna has a password, free none, bob a locked one, and shadow can be lost. */
static void what_else_a_login_wants_is_taken_on_trust_where_it_can_be(void **state)
{
	static const unsigned rest = METHOD_PASSWORD | METHOD_KEYBOARD | METHOD_HOSTBASED | METHOD_GSSAPI;
	static const struct {
		const char *methods, *user;
		unsigned also;
		const char *decided, *without_shadow;
	} rows[] = {
		{ "publickey,keyboard-interactive", "anna", rest, "allowed accepted 5 0", "allowed accepted 5 0" },
		{ "publickey,keyboard-interactive", "anna", 0, "allowed accepted 5 0", "unknown unreadable 5 4" },
		{ "publickey,keyboard-interactive", "bob", rest, "allowed accepted 5 0", "allowed accepted 5 0" },
		{ "publickey,keyboard-interactive", "bob", 0, "denied method-disabled 0 0", "unknown unreadable 5 4" },
		{ "publickey,password", "bob", rest, "denied method-disabled 0 0", "allowed accepted 3 0" },
		{ "publickey,password", "anna", rest, "allowed accepted 3 0", "allowed accepted 3 0" },
		{ "publickey,gssapi-with-mic", "anna", rest, "allowed accepted 17 0", "allowed accepted 17 0" },
		{ "publickey,gssapi-with-mic", "anna", METHOD_PASSWORD, "unknown unreadable 17 16",
		  "unknown unreadable 17 16" },
		/* a key is never taken on trust */
		{ "publickey,publickey", "anna", rest | METHOD_PUBLICKEY, "denied method-disabled 0 0",
		  "denied method-disabled 0 0" },
		{ "keyboard-interactive", "anna", rest, "denied method-disabled 0 0", "denied method-disabled 0 0" },
	};
	static const struct offered_key hers = { .fingerprint = KEY_PRINT },
					other = { .fingerprint = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
	struct host *s = *state;

	host_put(s, "home/keys", KEY "\n");
	for (unsigned lost = 0; lost < 2; lost++) {
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			const char *expected = lost ? rows[i].without_shadow : rows[i].decided;
			char config[256];
			snprintf(config, sizeof config,
				 LAX "UsePAM yes\nGSSAPIAuthentication yes\nAuthorizedKeysFile /home/keys\n"
				     "AuthenticationMethods %s\n",
				 rows[i].methods);
			if (strcmp(has_also(s, config, rows[i].user, &hers, rows[i].also), expected))
				fail_msg("%s %s: not %s", rows[i].methods, rows[i].user, expected);
			assert_true(strncmp(has_also(s, config, rows[i].user, &other, rest), "allowed", 7));
		}
		unlink(scratch_path(s->dir, "etc/shadow"));
	}
	assert_string_equal(has_also(s, LAX "AuthorizedKeysFile /home/keys\n", "anna", &other, rest),
			    "denied key-not-listed 0 0");
}

/* anna has a password, bob none; who has a secret differs. */
#define CODE "auth required pam_oath.so usersfile=/etc/users.oath\n"
#define WITH_SECRETS "HOTP anna - 00\nHOTP bob - 00\n"
#define WITHOUT "HOTP eve - 00\n"

static void a_code_takes_a_secret(void **state)
{
	static const unsigned rest = METHOD_PASSWORD | METHOD_KEYBOARD;
	static const struct {
		const char *pam, *users, *user;
		unsigned also;
		const char *decided;
	} rows[] = {
		{ "", WITHOUT, "anna", 0, "allowed accepted 5 0" },
		{ "", WITH_SECRETS, "bob", 0, "denied method-disabled 0 0" },
		{ "", WITHOUT, "bob", rest, "allowed accepted 5 0" },
		{ CODE, WITH_SECRETS, "anna", 0, "allowed accepted 5 0" },
		{ CODE, WITH_SECRETS, "bob", 0, "allowed accepted 5 0" },
		{ CODE, WITHOUT, "anna", 0, "denied method-disabled 0 0" },
		/* not even on trust: there is no code that would be right */
		{ CODE, WITHOUT, "bob", rest, "denied method-disabled 0 0" },
		{ "@include common-auth\n" CODE, WITH_SECRETS, "anna", 0, "allowed accepted 5 0" },
		{ "@include common-auth\n" CODE, WITHOUT, "anna", 0, "denied method-disabled 0 0" },
		{ "@include common-auth\n" CODE, WITH_SECRETS, "bob", 0, "denied method-disabled 0 0" },
		{ "@include common-auth\n" CODE, WITH_SECRETS, "bob", rest, "denied method-disabled 0 0" },
		{ "auth required pam_oath.so\n", WITH_SECRETS, "anna", 0, "unknown unreadable 5 4" },
		{ "auth required pam_oath.so\n", WITH_SECRETS, "bob", rest, "allowed accepted 5 0" },
		{ "auth sufficient pam_oath.so usersfile=/etc/users.oath\n@include common-auth\n", WITHOUT, "bob", 0,
		  "unknown unreadable 5 4" },
	};
	static const struct offered_key hers = { .fingerprint = KEY_PRINT };
	struct host *s = *state;

	host_put(s, "home/keys", KEY "\n");
	assert_int_equal(mkdir(scratch_path(s->dir, "etc/pam.d"), 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		static const char config[] = LAX "UsePAM yes\nAuthorizedKeysFile /home/keys\n"
						 "AuthenticationMethods publickey,keyboard-interactive\n";

		host_put(s, "etc/pam.d/sshd", rows[i].pam);
		host_put(s, "etc/users.oath", rows[i].users);
		if (strcmp(has_also(s, config, rows[i].user, &hers, rows[i].also), rows[i].decided))
			fail_msg("'%s' %s: not %s", rows[i].pam, rows[i].user, rows[i].decided);
	}
	host_put(s, "etc/pam.d/sshd", CODE);
	assert_string_equal(has(s, LAX "UsePAM no\nAuthorizedKeysFile none\n", "anna", NULL), "allowed accepted 2 0");
}

static void forced_commands_only_lets_root_in_with_a_command(void **state)
{
	struct host *s = *state;

	assert_int_equal(mkdir(scratch_path(s->dir, "root"), 0700), 0);
	assert_int_equal(mkdir(scratch_path(s->dir, "root/.ssh"), 0700), 0);
	host_put(s, "root/.ssh/authorized_keys", KEY "\n");
	assert_string_equal(has(s, LAX "PermitRootLogin forced-commands-only\n", "root", NULL),
			    "denied key-command 0 0");
	host_put(s, "root/.ssh/authorized_keys", "command=\"backup\" " KEY "\n");
	assert_string_equal(has(s, LAX "PermitRootLogin forced-commands-only\n", "root", NULL), "allowed accepted 1 0");
}

/* sshd never comes to the line with the command, unless from= or expiry-time= keeps it from the one above. */
static void the_first_line_with_a_key_decides_about_its_command(void **state)
{
	static const struct {
		const char *above, *says; /* from 10.0.0.5 */
	} lines[] = {
		{ "", "denied key-command 0 0" },
		{ "from=\"10.0.0.0/8\" ", "denied key-from 0 0" },
		{ "from=\"192.168.0.0/16\" ", "allowed accepted 1 0" },
		{ "expiry-time=\"20200101\" ", "allowed accepted 1 0" },
		{ "cert-authority ", "allowed accepted 1 0" },
		{ "command=\"other\" ", "allowed accepted 1 0" },
		{ "from=\"192.168.0.0/16\" " KEY "\nfrom=\"10.*\" ", "denied key-from 0 0" },
		{ "from=\"192.168.0.0/16\" " KEY "\nfrom=\"172.16.0.0/12\" ", "allowed accepted 1 0" },
	};
	struct host *s = *state;
	char content[1024];

	assert_int_equal(mkdir(scratch_path(s->dir, "root"), 0700), 0);
	assert_int_equal(mkdir(scratch_path(s->dir, "root/.ssh"), 0700), 0);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		snprintf(content, sizeof content, "%s" KEY "\ncommand=\"backup\" " KEY "\n", lines[i].above);
		host_put(s, "root/.ssh/authorized_keys", content);
		assert_string_equal(has(s, LAX "PermitRootLogin forced-commands-only\n", "root", NULL), lines[i].says);
	}
}

/* AuthenticationMethods publickey,publickey wants two keys, and the same one on two lines is one. */
static void a_key_that_is_listed_twice_is_one_key(void **state)
{
	static const struct {
		const char *lines, *says; /* from 10.0.0.5 */
	} files[] = {
		{ KEY "\n" KEY "\n", "denied method-disabled 0 0" },
		{ "from=\"10.*\" " KEY "\n" KEY "\n", "denied method-disabled 0 0" },
		{ KEY "\nfrom=\"10.*\" " KEY "\n", "denied method-disabled 0 0" },
		{ "from=\"10.*\" " KEY "\nfrom=\"10.0.*\" " KEY "\n", "denied method-disabled 0 0" },
		{ KEY "\n" OTHER "\n", "allowed accepted 1 0" },
		{ KEY "\nfrom=\"10.*\" " OTHER "\n" KEY "\n", "allowed accepted 1 0" },
		{ KEY "\nfrom=\"192.168.*\" " OTHER "\n" KEY "\n", "denied method-disabled 0 0" },
	};
	struct host *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		host_put(s, "home/anna/.ssh/authorized_keys", files[i].lines);
		assert_string_equal(has(s, LAX "AuthenticationMethods publickey,publickey\n", "anna", NULL),
				    files[i].says);
	}
}

/* "name=outcome" of all steps. */
static const char *explained(const struct host *s, const char *config, const char *user)
{
	static const char marks[] = {
		[STEP_PASSED] = '+', [STEP_NOT_SET] = '.', [STEP_DECIDED] = '!', [STEP_NOT_REACHED] = '-'
	};
	static char out[512];
	struct sshd_config *c = text_fine(config, R92);
	struct account *account = NULL;
	struct access_login who = { .user = user, .addr = "10.0.0.5", .assume = KEYS };
	struct access_step *steps = NULL;
	struct access_decision d = { 0 };
	struct access *access = NULL;
	struct text t = { 0 };
	size_t n = 0;

	if (!account_find(s->root, user, &account))
		who.account = account;
	assert_int_equal(access_new(s->root, c, NOW, &access), ERR_NONE);
	assert_int_equal(access_explain(access, &who, &steps, &n, &d), ERR_NONE);
	for (size_t i = 0; i < n; i++) {
		assert_true(strlen(steps[i].sentence) > 2);
		text_add(&t, "%s%c ", steps[i].name, marks[steps[i].outcome]);
	}
	text_add_string(&t, access_reason_word(&d));
	snprintf(out, sizeof out, "%s", text_string(&t));
	text_free(&t);
	access_steps_free(steps, n);
	access_decision_clear(&d);
	access_free(access);
	account_free(account);
	sshd_config_free(c);
	return out;
}

static void every_check_is_told(void **state)
{
	struct host *s = *state;

	assert_string_equal(explained(s, "UsePAM no\n", "ghost"),
			    "account! locked- shell- DenyUsers- AllowUsers- groups- DenyGroups- AllowGroups- "
			    "PermitRootLogin- methods- unknown-user");
	assert_string_equal(explained(s, "UsePAM yes\nAllowUsers an*\n", "anna"),
			    "account+ locked. shell+ DenyUsers. AllowUsers+ groups. DenyGroups. AllowGroups. "
			    "PermitRootLogin. methods+ accepted");
	assert_string_equal(explained(s, "UsePAM no\nDenyUsers x\nDenyGroups y staff\n", "anna"),
			    "account+ locked+ shell+ DenyUsers+ AllowUsers. groups+ DenyGroups! AllowGroups- "
			    "PermitRootLogin- methods- DenyGroups");
}

/* The compiled form against the words one by one, with names, wildcards and hosts mixed. */
static void the_first_word_that_hits_is_named(void **state)
{
	static const char *const words[] = {
		"anna@192.0.2.0/24", "bob", "a*@!10.*,*", "anna@10.0.0.6", "?nna@ws*", "*@10.0.0.5", "anna",
		"anna@10.0.0.5",     "*"
	};
	struct host *s = *state;
	struct account *anna = host_account(s, "anna");

	for (size_t skip = 0; skip < ARRAY_SIZE(words); skip++)
		for (size_t turn = 0; turn < ARRAY_SIZE(words); turn++) {
			struct access_login who = {
				.user = "anna", .account = anna, .addr = "10.0.0.5", .assume = KEYS
			};
			struct text t = { 0 };
			const char *first = NULL;
			struct access *access = NULL;
			struct access_decision d = { 0 };
			struct sshd_config *c;
			for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
				const char *word = words[(turn + i) % ARRAY_SIZE(words)];
				if (word == words[skip])
					continue;
				text_add(&t, "DenyUsers %s\n", word);
				if (!first && pattern_match_user("anna", "10.0.0.5", "10.0.0.5", word) == 1)
					first = word;
			}
			c = text_fine(text_string(&t), R92);
			assert_int_equal(access_new(s->root, c, NOW, &access), ERR_NONE);
			assert_int_equal(access_decide(access, &who, &d), ERR_NONE);
			assert_non_null(first);
			assert_string_equal(d.pattern, first);
			access_decision_clear(&d);
			access_free(access);
			sshd_config_free(c);
			text_free(&t);
		}
	account_free(anna);
}

static void words_are_those_of_the_vectors(void **state)
{
	assert_string_equal(access_reason_text(REASON_METHOD_DISABLED), "method-disabled");
	assert_string_equal(access_reason_text(REASON_DENY_USERS), "DenyUsers");
	assert_string_equal(access_method_text(METHOD_KEYBOARD), "keyboard-interactive");
	for (unsigned r = 0; r <= REASON_UNREADABLE; r++)
		assert_non_null(access_reason_text(r));
	assert_string_equal(
		access_reason_word(&(struct access_decision){ .reason = REASON_KEY, .obstacle = OBSTACLE_REVOKED }),
		"key-revoked");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(decisions, host_make, host_remove),
		cmocka_unit_test_setup_teardown(what_cannot_be_read_makes_it_unknown, host_make, host_remove),
		cmocka_unit_test_setup_teardown(the_deciding_line_and_word_are_named, host_make, host_remove),
		cmocka_unit_test_setup_teardown(what_an_account_can_use_lies_on_disk, host_make, host_remove),
		cmocka_unit_test_setup_teardown(a_password_that_cannot_be_read_is_not_taken_for_none, host_make,
						host_remove),
		cmocka_unit_test_setup_teardown(a_key_alone_must_do_or_be_part_of_it, host_make, host_remove),
		cmocka_unit_test_setup_teardown(the_first_line_with_a_key_decides_about_its_command, host_make,
						host_remove),
		cmocka_unit_test_setup_teardown(what_else_a_login_wants_is_taken_on_trust_where_it_can_be, host_make,
						host_remove),
		cmocka_unit_test_setup_teardown(a_code_takes_a_secret, host_make, host_remove),
		cmocka_unit_test_setup_teardown(a_key_that_is_listed_twice_is_one_key, host_make, host_remove),
		cmocka_unit_test_setup_teardown(forced_commands_only_lets_root_in_with_a_command, host_make,
						host_remove),
		cmocka_unit_test_setup_teardown(every_check_is_told, host_make, host_remove),
		cmocka_unit_test_setup_teardown(the_first_word_that_hits_is_named, host_make, host_remove),
		cmocka_unit_test(words_are_those_of_the_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
