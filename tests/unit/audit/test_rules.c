/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_rules.c - each rule says of a made host what it should, and shows the line that decides. */
#include "made.h"

#include "key/private.h"

#include "sshd/version.h"

#include "base/banned.h"

#define V74 SSHD_RELEASE(7, 4)
#define V81 SSHD_RELEASE(8, 1)
#define V84 SSHD_RELEASE(8, 4)
#define V92 SSHD_RELEASE(9, 2)
#define V100 SSHD_RELEASE(10, 0)
#define V105 SSHD_RELEASE(10, 5)

#define START "20220101000000 2 6 100 "
#define SMALL START "31 2 FFFFFFFB\n"

static struct policy *modern, *guide;

static int load_policies(void **state)
{
	modern = made_policy("modern");
	guide = made_policy("guide");
	return 0;
}

static int free_policies(void **state)
{
	policy_free(modern);
	policy_free(guide);
	return 0;
}

/* One line of the configuration as evidence: its number; 0: a default or nothing. */
struct rule_case {
	const char *rule, *config;
	unsigned release;
	enum status status;
	unsigned line;
	const char *change; /* "Keyword args" that is planned, or NULL for none at all; "" is not looked at */
};

static const struct rule_case cases[] = {
	/* key exchange */
	{ "kex-weak", "", V92, STATUS_WARN, 0, "KexAlgorithms" },
	{ "kex-weak", "", V81, STATUS_FAIL, 0, "KexAlgorithms" },
	{ "kex-weak", "", V100, STATUS_PASS, 0, NULL },
	{ "kex-weak", "KexAlgorithms curve25519-sha256\n", V92, STATUS_PASS, 0, NULL },
	{ "kex-weak", "#\nKexAlgorithms curve25519-sha256,diffie-hellman-group1-sha1\n", V92, STATUS_FAIL, 2,
	  "KexAlgorithms" },
	{ "kex-weak", "KexAlgorithms +diffie-hellman-group-exchange-sha1\n", V92, STATUS_FAIL, 1, "KexAlgorithms" },
	{ "kex-weak", "KexAlgorithms -diffie-hellman-group14-sha256\n", V92, STATUS_PASS, 0, NULL },
	{ "kex-weak", "KexAlgorithms ^curve25519-sha256\n", V92, STATUS_WARN, 1, "KexAlgorithms" },
	{ "kex-no-post-quantum", "", V92, STATUS_PASS, 0, NULL },
	{ "kex-no-post-quantum", "", V84, STATUS_SKIP, 0, NULL },
	{ "kex-no-post-quantum", "", SSHD_RELEASE(8, 8), STATUS_FAIL, 0, "KexAlgorithms" },
	{ "kex-no-post-quantum", "KexAlgorithms curve25519-sha256\n", V105, STATUS_FAIL, 1, "KexAlgorithms" },
	{ "kex-no-post-quantum", "KexAlgorithms mlkem768x25519-sha256\n", V105, STATUS_PASS, 0, NULL },
	{ "cipher-weak", "", V74, STATUS_PASS, 0, NULL },
	{ "cipher-weak", "Ciphers aes128-ctr,aes128-cbc\n", V92, STATUS_FAIL, 1, "Ciphers" },
	{ "cipher-weak", "Ciphers +3des-cbc\n", V92, STATUS_FAIL, 1, "Ciphers" },
	{ "mac-weak", "", V92, STATUS_FAIL, 0, "MACs" },
	{ "mac-weak", "MACs hmac-sha2-256\n", V92, STATUS_WARN, 1, "MACs" },
	{ "mac-weak", "MACs hmac-sha2-256-etm@openssh.com\n", V92, STATUS_PASS, 0, NULL },
	{ "mac-weak", "Ciphers aes128-gcm@openssh.com,chacha20-poly1305@openssh.com\n", V92, STATUS_PASS, 0, NULL },
	{ "mac-weak", "MACs hmac-sha1-96\nCiphers aes128-ctr\n", V92, STATUS_FAIL, 1, "MACs" },
	/* root */
	{ "root-login", "", V92, STATUS_WARN, 0, "PermitRootLogin no" },
	{ "root-login", "PermitRootLogin yes\n", V92, STATUS_FAIL, 1, "PermitRootLogin no" },
	{ "root-login", "PermitRootLogin no\nPermitRootLogin yes\n", V92, STATUS_PASS, 0, NULL },
	{ "root-login", "PermitRootLogin without-password\n", V92, STATUS_WARN, 1, "PermitRootLogin no" },
	{ "root-login", "PermitRootLogin no\nMatch Address 10.0.0.0/8\n\tPermitRootLogin yes\n", V92, STATUS_FAIL, 3,
	  "PermitRootLogin no" },
	{ "root-login", "PermitRootLogin no\nMatch User a\n\tPermitRootLogin no\n\tPermitRootLogin yes\n", V92,
	  STATUS_PASS, 0, NULL },
	{ "root-login", "PermitRootLogin no\nMatch User a\n PermitRootLogin forced-commands-only\n", V105, STATUS_WARN,
	  3, "PermitRootLogin no" },
	/* passwords */
	{ "password-login", "", V92, STATUS_FAIL, 0, "PasswordAuthentication no" },
	{ "password-login", "PasswordAuthentication no\n", V92, STATUS_PASS, 0, NULL },
	{ "password-login", "PasswordAuthentication no\nUsePAM yes\n", V92, STATUS_FAIL, 0,
	  "KbdInteractiveAuthentication no" },
	{ "password-login", "PasswordAuthentication no\nUsePAM yes\nKbdInteractiveAuthentication no\n", V92,
	  STATUS_PASS, 0, NULL },
	{ "password-login", "PasswordAuthentication no\nUsePAM yes\nChallengeResponseAuthentication no\n", V84,
	  STATUS_PASS, 0, NULL },
	{ "password-login", "PasswordAuthentication no\nMatch Group staff\n\tPasswordAuthentication yes\n", V92,
	  STATUS_FAIL, 3, "PasswordAuthentication no" },
	{ "password-login", "AuthenticationMethods publickey,password\n", V92, STATUS_PASS, 0, NULL },
	{ "password-login", "AuthenticationMethods publickey,password password\n", V92, STATUS_FAIL, 0,
	  "KbdInteractiveAuthentication no" },
	{ "password-login", "UsePAM yes\nAuthenticationMethods publickey,keyboard-interactive:pam\n", V92, STATUS_PASS,
	  0, NULL },
	{ "password-login", "AuthenticationMethods publickey,password\nMatch User a\nAuthenticationMethods password\n",
	  V92, STATUS_FAIL, 3, "KbdInteractiveAuthentication no" },
	{ "password-login",
	  "PasswordAuthentication no\nMatch User a\nPasswordAuthentication yes\nAuthenticationMethods publickey,password\n",
	  V92, STATUS_PASS, 0, NULL },
	{ "empty-passwords", "", V92, STATUS_PASS, 0, NULL },
	{ "empty-passwords", "PermitEmptyPasswords yes\n", V92, STATUS_FAIL, 1, "PermitEmptyPasswords no" },
	{ "empty-passwords", "Match User a\nPermitEmptyPasswords yes\n", V92, STATUS_FAIL, 2,
	  "PermitEmptyPasswords no" },
	{ "max-auth-tries", "", V92, STATUS_FAIL, 0, "MaxAuthTries 4" },
	{ "max-auth-tries", "MaxAuthTries 4\n", V92, STATUS_PASS, 0, NULL },
	{ "max-auth-tries", "MaxAuthTries 5\n", V92, STATUS_FAIL, 1, "MaxAuthTries 4" },
	{ "max-auth-tries", "MaxAuthTries 2\nMatch User a\nMaxAuthTries 10\n", V92, STATUS_FAIL, 3, "MaxAuthTries 4" },
	/* access lists */
	{ "access-open", "", V92, STATUS_WARN, 0, NULL },
	{ "access-open", "AllowGroups staff\n", V92, STATUS_PASS, 0, NULL },
	{ "access-open", "DenyUsers mallory\n", V92, STATUS_PASS, 0, NULL },
	{ "access-dead-rule", "AllowUsers anna\n", V92, STATUS_PASS, 0, NULL },
	{ "access-dead-rule", "AllowUsers anna@10.0.0.0/8,192.168.*,2001:db8::/32 a*\n", V92, STATUS_PASS, 0, NULL },
	{ "access-dead-rule", "AllowUsers\tnobodyhome\n", V92, STATUS_WARN, 1, NULL },
	{ "access-dead-rule", "DenyUsers !anna\n", V92, STATUS_FAIL, 1, NULL },
	{ "access-dead-rule", "AllowUsers anna,bob\n", V92, STATUS_FAIL, 1, NULL },
	{ "access-dead-rule", "AllowUsers anna@*.corp.example\n", V92, STATUS_FAIL, 1, NULL },
	{ "access-dead-rule", "UseDNS yes\nAllowUsers anna@*.corp.example\n", V92, STATUS_PASS, 0, NULL },
	{ "access-dead-rule", "DenyGroups staff@10.0.0.0/8\n", V92, STATUS_FAIL, 1, NULL },
	{ "access-dead-rule", "DenyGroups nosuchgroup\n", V92, STATUS_WARN, 1, NULL },
	{ "access-dead-rule", "AllowGroups !staff\n", V92, STATUS_FAIL, 1, NULL },
	{ "access-dead-rule", "AllowGroups staff\nMatch User anna\nDenyUsers bob,anna\n", V92, STATUS_FAIL, 3, NULL },
	{ "access-match-replaces", "DenyUsers mallory\nMatch Address 10.0.0.0/8\nDenyUsers eve\n", V92, STATUS_FAIL, 3,
	  NULL },
	{ "access-match-replaces", "DenyUsers mallory\nMatch Address 10.0.0.0/8\nDenyUsers eve mallory\n", V92,
	  STATUS_PASS, 0, NULL },
	{ "access-match-replaces", "DenyUsers mallory\nMatch Address 10.0.0.0/8\nDenyUsers eve\nDenyUsers mallory\n",
	  V92, STATUS_PASS, 0, NULL },
	{ "access-match-replaces", "AllowUsers anna\nMatch Address 10.0.0.0/8\nAllowUsers bob\n", V92, STATUS_WARN, 3,
	  NULL },
	{ "access-match-replaces", "DenyUsers mallory\nMatch Address 10.0.0.0/8\nDenyGroups x\n", V92, STATUS_PASS, 0,
	  NULL },
	{ "access-contradiction", "", V92, STATUS_PASS, 0, NULL },
	{ "access-contradiction", "AllowUsers anna\nDenyUsers bob\n", V92, STATUS_PASS, 0, NULL },
	{ "access-contradiction", "AllowUsers anna bob\nDenyUsers bob\n", V92, STATUS_WARN, 2, NULL },
	{ "access-contradiction", "AllowUsers bob\nDenyGroups bob\n", V92, STATUS_PASS, 0, NULL },
	{ "access-contradiction", "DenyGroups staff\nAllowGroups staff\n", V92, STATUS_WARN, 2, NULL },
	{ "access-contradiction", "AllowUsers bob\nMatch Address 10.0.0.0/8\nDenyUsers bob\n", V92, STATUS_PASS, 0,
	  NULL },
	{ "access-contradiction", "DenyUsers bob\nMatch Address 10.0.0.0/8\nAllowUsers bob\n", V92, STATUS_WARN, 3,
	  NULL },
	{ "access-contradiction", "DenyUsers bob\nMatch Address 10.0.0.0/8\nAllowUsers bob\nDenyUsers eve\n", V92,
	  STATUS_PASS, 0, NULL },
	{ "access-contradiction", "Match User a\nAllowUsers bob\nMatch User b\nDenyUsers bob\n", V92, STATUS_PASS, 0,
	  NULL },
	{ "match-never", "", V92, STATUS_PASS, 0, NULL },
	{ "match-never", "Match User anna\nMatch Group staff\nMatch User a*,!bob\nMatch all\n", V92, STATUS_PASS, 0,
	  NULL },
	{ "match-never", "#\nMatch User !bob\nMaxAuthTries 2\n", V92, STATUS_FAIL, 2, NULL },
	{ "match-never", "Match Group !staff,!x\n", V92, STATUS_FAIL, 1, NULL },
	{ "match-never", "Match Address !10.0.0.0/8\n", V92, STATUS_FAIL, 1, NULL },
	{ "match-never", "Match User nobodyhome\n", V92, STATUS_WARN, 1, NULL },
	{ "match-never", "Match User nobodyhome,anna\n", V92, STATUS_PASS, 0, NULL },
	{ "match-never", "Match Group nosuchgroup\n", V92, STATUS_WARN, 1, NULL },
	{ "match-never", "Match Host *.example.org\n", V92, STATUS_FAIL, 1, NULL },
	{ "match-never", "Match Host *.example.org,192.0.2.7\n", V92, STATUS_PASS, 0, NULL },
	{ "match-never", "UseDNS yes\nMatch Host *.example.org\n", V92, STATUS_PASS, 0, NULL },
	{ "match-never", "Match User anna User bob\n", V92, STATUS_FAIL, 1, NULL },
	{ "match-never", "Match User anna User a*\n", V92, STATUS_PASS, 0, NULL },
	{ "match-never", "Match User *,!anna User anna\n", V92, STATUS_FAIL, 1, NULL },
	{ "match-never", "Match Group staff Group staff\n", V92, STATUS_PASS, 0, NULL },
	{ "match-never", "Match LocalPort 22 LocalPort 2222\n", V92, STATUS_FAIL, 1, NULL },
	{ "match-never", "Match Address 10.0.0.0/8 Address 192.0.2.0/24,2001:db8::/32\n", V92, STATUS_FAIL, 1, NULL },
	{ "match-never", "Match Address 10.0.0.0/8 Address 192.0.2.0/24,10.9.0.0/16\n", V92, STATUS_PASS, 0, NULL },
	{ "match-never", "Match Address 10.9.8.7 Address 10.0.0.0/8\n", V92, STATUS_PASS, 0, NULL },
	{ "match-never", "Match Address 192.0.2.7 Address 10.*\n", V92, STATUS_FAIL, 1, NULL },
	{ "match-never", "Match Address 10.* Address 192.0.2.0/24\n", V92, STATUS_PASS, 0, NULL },
	{ "keyword-ignored", "RekeyLimit 1G\n", V92, STATUS_PASS, 0, NULL },
	{ "keyword-ignored", "Match User anna\nRekeyLimit 1G\n", V92, STATUS_WARN, 2, NULL },
	{ "keyword-ignored", "Match User anna\nRekeyLimit 1G\n", V105, STATUS_PASS, 0, NULL },
	{ "keyword-ignored", "UsePrivilegeSeparation yes\n", V92, STATUS_WARN, 1, NULL },
	{ "keyword-ignored", "UsePrivilegeSeparation yes\n", V74, STATUS_PASS, 0, NULL },
	{ "keyword-ignored", "Protocol 2\n", V92, STATUS_WARN, 1, NULL },
	{ "authorized-keys-mode", "", V92, STATUS_PASS, 0, NULL },
	{ "strict-modes", "", V92, STATUS_PASS, 0, NULL },
	{ "strict-modes", "StrictModes yes\n", V92, STATUS_PASS, 0, NULL },
	{ "strict-modes", "StrictModes no\n", V92, STATUS_FAIL, 1, "StrictModes yes" },
	{ "access-unused", "", V92, STATUS_SKIP, 0, NULL },
	/* keys, which a made host has none of; the rest is below */
	{ "private-key-open", "", V92, STATUS_SKIP, 0, NULL },
	{ "private-key-unprotected", "", V92, STATUS_SKIP, 0, NULL },
	{ "private-key-kdf", "", V92, STATUS_SKIP, 0, NULL },
	{ "authorized-key-weak", "", V92, STATUS_SKIP, 0, NULL },
	{ "authorized-key-revoked", "", V92, STATUS_SKIP, 0, NULL },
	{ "authorized-key-hardware", "", V92, STATUS_SKIP, 0, NULL },
	/* folders that people are locked into; the rest is below */
	{ "chroot-missing", "", V92, STATUS_SKIP, 0, NULL },
	{ "chroot-path-unsafe", "", V92, STATUS_SKIP, 0, NULL },
	{ "jail-stale", "", V92, STATUS_SKIP, 0, NULL },
	{ "jail-upkeep", "", V92, STATUS_SKIP, 0, NULL },
	{ "jail-escape", "", V92, STATUS_SKIP, 0, NULL },
	{ "jail-candidate", "", V92, STATUS_SKIP, 0, NULL },
	/* revoked keys */
	{ "revoked-none", "", V92, STATUS_FAIL, 0, "RevokedKeys /etc/ssh/revoked_keys" },
	{ "revoked-none", "RevokedKeys none\n", V92, STATUS_FAIL, 1, "RevokedKeys /etc/ssh/revoked_keys" },
	{ "revoked-none", "RevokedKeys /etc/ssh/r\n", V92, STATUS_PASS, 0, NULL },
	{ "revoked-missing-file", "", V92, STATUS_PASS, 0, NULL },
	{ "revoked-missing-file", "RevokedKeys /etc/ssh/missing\n", V92, STATUS_FAIL, 1, "create /etc/ssh/missing" },
	{ "revoked-missing-file", "RevokedKeys /elsewhere/missing\n", V92, STATUS_FAIL, 1, NULL },
	{ "revoked-missing-file", "RevokedKeys /etc/ssh/there\n", V92, STATUS_PASS, 0, NULL },
	{ "revoked-missing-file", "RevokedKeys /etc/ssh/bad\n", V92, STATUS_FAIL, 1, NULL },
	{ "revoked-missing-file", "RevokedKeys /etc/ssh/folder\n", V92, STATUS_FAIL, 1, NULL },
	{ "revoked-missing-file", "RevokedKeys /etc/ssh/hidden\n", V92, STATUS_UNKNOWN, 0, NULL },
	{ "revoked-missing-file", "RevokedKeys /etc/ssh/there\nMatch User a\nRevokedKeys /etc/ssh/missing\n", V92,
	  STATUS_FAIL, 3, "create /etc/ssh/missing" },
	{ "revoked-stale", "", V92, STATUS_PASS, 0, NULL },
	{ "revoked-mode", "", V92, STATUS_PASS, 0, NULL },
	/* time-outs */
	{ "login-grace", "", V92, STATUS_FAIL, 0, "LoginGraceTime 30" },
	{ "login-grace", "LoginGraceTime 1m\n", V92, STATUS_PASS, 0, NULL },
	{ "login-grace", "LoginGraceTime 61\n", V92, STATUS_FAIL, 1, "LoginGraceTime 30" },
	{ "login-grace", "LoginGraceTime 0\n", V92, STATUS_FAIL, 1, "LoginGraceTime 30" },
	{ "client-alive-off", "", V92, STATUS_FAIL, 0, "ClientAliveInterval 60" },
	{ "client-alive-off", "ClientAliveInterval 5m\n", V92, STATUS_PASS, 0, NULL },
	{ "client-alive-off", "ClientAliveInterval 301\n", V92, STATUS_FAIL, 1, "ClientAliveInterval 60" },
	{ "client-alive-off", "ClientAliveInterval 60\nMatch User a\nClientAliveInterval 0\n", V92, STATUS_FAIL, 3,
	  "ClientAliveInterval 60" },
	{ "client-alive-countmax-zero", "", V92, STATUS_PASS, 0, NULL },
	{ "client-alive-countmax-zero", "ClientAliveInterval 120\nClientAliveCountMax 0\n", V92, STATUS_FAIL, 2,
	  "ClientAliveCountMax 3" },
	{ "client-alive-countmax-zero", "ClientAliveInterval 120\nClientAliveCountMax 0\n", V81, STATUS_WARN, 2,
	  "ClientAliveCountMax 3" },
	{ "client-alive-countmax-zero", "Match User a\nClientAliveCountMax 0\n", V92, STATUS_FAIL, 2,
	  "ClientAliveCountMax 3" },
	{ "idle-timeout-none", "", V84, STATUS_SKIP, 0, NULL },
	{ "idle-timeout-none", "", V92, STATUS_FAIL, 0, "ChannelTimeout session:*=15m" },
	{ "idle-timeout-none", "ChannelTimeout session:*=5m\nUnusedConnectionTimeout 1m\n", V92, STATUS_PASS, 0, NULL },
	{ "idle-timeout-none", "ChannelTimeout *=5m\nUnusedConnectionTimeout 1m\n", V92, STATUS_PASS, 0, NULL },
	{ "idle-timeout-none", "ChannelTimeout session:*=5m\n", V92, STATUS_WARN, 0, "UnusedConnectionTimeout 5m" },
	{ "idle-timeout-none", "ChannelTimeout session:shell=5m\nUnusedConnectionTimeout 1m\n", V92, STATUS_FAIL, 1,
	  "ChannelTimeout session:*=15m" },
	{ "idle-timeout-none", "ChannelTimeout session=5m\nUnusedConnectionTimeout 1m\n", V92, STATUS_FAIL, 1,
	  "ChannelTimeout session:*=15m" },
	{ "idle-timeout-ineffective", "", V92, STATUS_PASS, 0, NULL },
	{ "idle-timeout-ineffective", "ChannelTimeout session:*=5m\n", V92, STATUS_PASS, 0, NULL },
	{ "idle-timeout-ineffective", "ChannelTimeout session=5m\n", V92, STATUS_FAIL, 1,
	  "ChannelTimeout session:*=15m" },
	{ "idle-timeout-ineffective", "Match User a\nChannelTimeout session:*=5m\n", V92, STATUS_FAIL, 2,
	  "ChannelTimeout session:*=15m" },
	{ "idle-timeout-ineffective", "Match User a\nChannelTimeout session:*=5m\n", V105, STATUS_PASS, 0, NULL },
	{ "startups", "", V92, STATUS_FAIL, 0, "MaxStartups 10:30:60" },
	{ "startups", "", V84, STATUS_FAIL, 0, "MaxStartups 10:30:60" },
	{ "startups", "MaxStartups 10:30:60\n", V84, STATUS_PASS, 0, NULL },
	{ "startups", "MaxStartups 10:30:60\n", V92, STATUS_FAIL, 0, "PerSourceMaxStartups 10" },
	{ "startups", "MaxStartups 10:30:60\nPerSourceMaxStartups 5\n", V92, STATUS_PASS, 0, NULL },
	{ "startups", "MaxStartups 10\nPerSourceMaxStartups 5\n", V92, STATUS_PASS, 0, NULL },
	{ "startups", "MaxStartups 200\nPerSourceMaxStartups 5\n", V92, STATUS_FAIL, 1, "MaxStartups 10:30:60" },
	{ "startups", "MaxStartups 10:30:60\nPerSourceMaxStartups 5\nPerSourcePenalties no\n", V105, STATUS_FAIL, 3,
	  NULL },
	/* banner */
	{ "banner-none", "", V92, STATUS_FAIL, 0, "Banner /etc/ssh/sallyport-banner" },
	{ "banner-none", "Banner none\n", V92, STATUS_FAIL, 1, "Banner /etc/ssh/sallyport-banner" },
	{ "banner-none", "Banner /etc/issue.net\n", V92, STATUS_PASS, 0, NULL },
	{ "banner-none", "Banner /etc/issue.net\nMatch User a\nBanner none\n", V92, STATUS_WARN, 3, NULL },
	{ "banner-missing-file", "", V92, STATUS_PASS, 0, NULL },
	{ "banner-missing-file", "Banner /etc/ssh/there\n", V92, STATUS_PASS, 0, NULL },
	{ "banner-missing-file", "Banner /etc/ssh/empty\n", V92, STATUS_FAIL, 1, NULL },
	{ "banner-missing-file", "Banner /etc/ssh/missing\n", V92, STATUS_FAIL, 1, "create /etc/ssh/missing" },
	{ "banner-missing-file", "Banner /elsewhere/missing\n", V92, STATUS_FAIL, 1, NULL },
	/* host keys, by their algorithms: the made host has no files of keys */
	{ "account-locked-lockout", "UsePAM yes\n", V92, STATUS_PASS, 0, NULL },
	{ "account-locked-lockout", "UsePAM no\n", V92, STATUS_PASS, 0, NULL },
	{ "config-refused", "", V92, STATUS_PASS, 0, NULL },
	{ "config-refused", "#\nNoSuchKeyword yes\n", V92, STATUS_FAIL, 2, NULL },
	{ "views-differ", "", V92, STATUS_SKIP, 0, NULL },
	{ "wire-differs", "", V92, STATUS_SKIP, 0, NULL },
	{ "terrapin", "", V92, STATUS_SKIP, 0, NULL },
	{ "terrapin", "", V100, STATUS_PASS, 0, NULL },
	{ "moduli-unused", "", V92, STATUS_SKIP, 0, NULL },
	{ "moduli-unused", "", V100, STATUS_WARN, 0, NULL },
	{ "moduli-unused", "KexAlgorithms +diffie-hellman-group-exchange-sha256\n", V100, STATUS_PASS, 0, NULL },
};

static struct facts *host_of(const struct rule_case *c)
{
	struct facts *f = made_facts(c->config, c->release, SMALL);

	made_account(f, "anna", PASSWORD_SET);
	made_account(f, "bob", PASSWORD_NONE);
	assert_int_equal(strings_add(&f->groups, "staff"), ERR_NONE);
	made_file(f, "/etc/ssh/there", ERR_NONE, 10, 0);
	made_file(f, "/etc/ssh/empty", ERR_NONE, 0, 0);
	made_file(f, "/etc/ssh/bad", ERR_NONE, 10, 3);
	made_file(f, "/etc/ssh/missing", ERR_NOT_FOUND, 0, 0);
	made_file(f, "/elsewhere/missing", ERR_NOT_FOUND, 0, 0);
	made_file(f, "/etc/ssh/folder", ERR_NOT_FILE, 0, 0);
	made_file(f, "/etc/ssh/hidden", ERR_SYSTEM, 0, 0);
	return f;
}

static bool has_line(const struct finding *f, unsigned line)
{
	for (size_t i = 0; i < f->nevidence; i++)
		if (f->evidence[i].file && f->evidence[i].line == line)
			return true;
	return false;
}

/* "Keyword", "Keyword args" or "create PATH" */
static bool has_change(const struct finding *f, const char *wanted)
{
	for (size_t i = 0; i < f->nchanges; i++) {
		const struct change *c = &f->changes[i];
		char text[512];

		assert_ptr_equal(c->rule, f->rule->id);
		if (c->kind == CHANGE_CREATE)
			snprintf(text, sizeof text, "create %s", c->path);
		else if (c->kind == CHANGE_SET)
			snprintf(text, sizeof text, "%s %s", sshd_keyword(c->keyword)->name, c->args);
		else
			continue;
		if (strcmp(text, wanted) == 0 || (!strchr(wanted, ' ') && strncmp(text, wanted, strlen(wanted)) == 0))
			return true;
	}
	return false;
}

static void check_case(const struct rule_case *c, const struct finding *f)
{
	if (f->status != c->status)
		fail_msg("%s on '%s' (%u): %s, wanted %s (%s)", c->rule, c->config, c->release, status_text(f->status),
			 status_text(c->status), f->detail ? f->detail : "-");
	if (c->line && !has_line(f, c->line))
		fail_msg("%s on '%s': line %u is not shown", c->rule, c->config, c->line);
	if (c->change ? *c->change && !has_change(f, c->change) : f->nchanges != 0)
		fail_msg("%s on '%s': %zu changes, wanted %s", c->rule, c->config, f->nchanges,
			 c->change ? c->change : "none");
	if ((f->status == STATUS_FAIL || f->status == STATUS_WARN) &&
	    (!f->fix || (!f->nevidence && strcmp(c->rule, "access-open"))))
		if (strcmp(c->rule, "config-refused") != 0)
			fail_msg("%s on '%s': no fix or no evidence", c->rule, c->config);
	if ((f->status == STATUS_UNKNOWN || f->status == STATUS_SKIP) && !f->detail)
		fail_msg("%s on '%s': does not say why", c->rule, c->config);
}

static void rules_judge_as_the_table_says(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct facts *f = host_of(&cases[i]);
		struct audit *a = NULL;

		assert_int_equal(audit_run(f, modern, AUDIT_ALL_STEPS, NULL, &a), ERR_NONE);
		assert_non_null(audit_find(a, cases[i].rule));
		check_case(&cases[i], audit_find(a, cases[i].rule));
		audit_free(a);
		facts_free(f);
	}
}

static void every_rule_has_a_case(void **state)
{
	static const char *const elsewhere[] = { "hostkey-weak", "hostkey-mode", "moduli-small", "moduli-malformed" };

	for (size_t r = 0; r < rules_count(); r++) {
		bool found = false;

		for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
			found = found || strcmp(cases[i].rule, rule_at(r)->id) == 0;
		for (size_t i = 0; i < ARRAY_SIZE(elsewhere); i++)
			found = found || strcmp(elsewhere[i], rule_at(r)->id) == 0;
		if (!found)
			fail_msg("%s has no case", rule_at(r)->id);
	}
}

static enum status status_of(struct facts *f, const struct policy *p, const char *rule)
{
	struct audit *a = NULL;
	enum status s;

	assert_int_equal(audit_run(f, p, AUDIT_ALL_STEPS, NULL, &a), ERR_NONE);
	assert_non_null(audit_find(a, rule));
	s = audit_find(a, rule)->status;
	audit_free(a);
	return s;
}

static void without_a_server_all_that_needs_it_is_unknown(void **state)
{
	struct facts *f = made_facts(NULL, 0, NULL);
	struct audit *a = NULL;

	free(f->sshd);
	f->sshd = NULL;
	assert_int_equal(audit_run(f, modern, AUDIT_ALL_STEPS, NULL, &a), ERR_NONE);
	assert_int_equal(a->count[STATUS_FAIL], 0);
	for (size_t i = 0; i < a->n; i++) {
		const char *id = a->findings[i].rule->id;

		/* a moduli file can be missing without a server, too */
		if (a->findings[i].status == STATUS_PASS && strcmp(id, "moduli-malformed") != 0)
			fail_msg("%s passes without a server", id);
		if (a->findings[i].status == STATUS_WARN && strcmp(id, "moduli-small") != 0)
			fail_msg("%s warns without a server", id);
	}
	audit_free(a);
	facts_free(f);
}

static void an_unknown_release_has_no_defaults(void **state)
{
	struct facts *f = made_facts("MaxAuthTries 3\n", 0, SMALL);

	assert_int_equal(status_of(f, modern, "max-auth-tries"), STATUS_PASS);
	assert_int_equal(status_of(f, modern, "login-grace"), STATUS_UNKNOWN);
	assert_int_equal(status_of(f, modern, "kex-weak"), STATUS_UNKNOWN);
	assert_int_equal(status_of(f, modern, "idle-timeout-none"), STATUS_UNKNOWN);
	facts_free(f);
}

static void the_binary_has_the_last_word(void **state)
{
	struct facts *f = made_facts("MaxAuthTries 3\n", V92, SMALL);

	made_report(f, "maxauthtries 10\nlogingracetime 20\n");
	assert_int_equal(status_of(f, modern, "max-auth-tries"), STATUS_FAIL);
	assert_int_equal(status_of(f, modern, "login-grace"), STATUS_PASS);
	assert_int_equal(status_of(f, modern, "views-differ"), STATUS_FAIL);
	made_report(f, "MaxAuthTries 3\n");
	assert_int_equal(status_of(f, modern, "max-auth-tries"), STATUS_PASS);
	assert_int_equal(status_of(f, modern, "views-differ"), STATUS_PASS);
	facts_free(f);
}

static void a_changed_default_is_no_difference_of_views(void **state)
{
	struct facts *f = made_facts("", V92, SMALL);

	made_report(f, "x11forwarding yes\n");
	assert_int_equal(report_parse("x11forwarding yes\n", 18, &f->defaults), ERR_NONE);
	assert_int_equal(status_of(f, modern, "views-differ"), STATUS_PASS);
	report_free(&f->defaults);
	assert_int_equal(report_parse("x11forwarding no\n", 17, &f->defaults), ERR_NONE);
	assert_int_equal(status_of(f, modern, "views-differ"), STATUS_FAIL);
	facts_free(f);
}

static void a_refused_configuration_is_critical(void **state)
{
	struct facts *f = made_facts("", V92, SMALL);
	struct audit *a = NULL;

	f->live = true;
	f->report_err = ERR_CHILD;
	f->report_complaint = strdup("/etc/ssh/sshd_config line 3: Bad configuration option: Foo\033[31m");
	assert_int_equal(audit_run(f, modern, AUDIT_ALL_STEPS, NULL, &a), ERR_NONE);
	assert_int_equal(audit_find(a, "config-refused")->status, STATUS_FAIL);
	assert_int_equal(audit_find(a, "config-refused")->severity, SEVERITY_CRITICAL);
	assert_null(strchr(audit_find(a, "config-refused")->evidence[0].text, '\033'));
	audit_free(a);
	facts_free(f);
}

static void what_only_we_do_not_understand_is_a_warning(void **state)
{
	struct facts *f = made_facts("NewKeywordOfTomorrow yes\n", V92, SMALL);

	made_report(f, "port 22\n");
	assert_int_equal(status_of(f, modern, "config-refused"), STATUS_WARN);
	facts_free(f);
}

/* moduli */

static void small_groups_are_planned_away_unless_none_would_remain(void **state)
{
	struct facts *f = made_facts("", V92, SMALL);
	struct audit *a = NULL;
	const struct finding *x;

	assert_int_equal(audit_run(f, modern, 1u << 1, NULL, &a), ERR_NONE);
	x = audit_find(a, "moduli-small");
	assert_int_equal(x->status, STATUS_FAIL);
	assert_int_equal(x->evidence[0].line, 1);
	assert_int_equal(x->nchanges, 0);
	audit_free(a);

	f->moduli.v = realloc(f->moduli.v, 2 * sizeof *f->moduli.v);
	f->moduli.v[1] = (struct moduli_entry){ .line = 2, .bits = 4096 };
	f->moduli.n = 2;
	assert_int_equal(audit_run(f, modern, 1u << 1, NULL, &a), ERR_NONE);
	x = audit_find(a, "moduli-small");
	assert_int_equal(x->nchanges, 1);
	assert_int_equal(x->changes[0].kind, CHANGE_MODULI);
	assert_int_equal(x->changes[0].bits, 3072);
	assert_string_equal(x->changes[0].path, "/etc/ssh/moduli");
	audit_free(a);

	f->moduli.v[0].bits = 2048;
	assert_int_equal(status_of(f, guide, "moduli-small"), STATUS_PASS);
	f->moduli.v[0].bits = 1024;
	assert_int_equal(status_of(f, guide, "moduli-small"), STATUS_FAIL);
	facts_free(f);
}

static void moduli_do_not_matter_where_no_group_exchange_is_offered(void **state)
{
	struct facts *f = made_facts("KexAlgorithms curve25519-sha256\n", V92, SMALL);

	assert_int_equal(status_of(f, modern, "moduli-small"), STATUS_PASS);
	facts_free(f);
}

static void unreadable_moduli_are_unknown_and_missing_ones_a_warning(void **state)
{
	struct facts *f = made_facts("", V92, NULL);

	assert_int_equal(status_of(f, modern, "moduli-small"), STATUS_WARN);
	f->moduli_err = ERR_SYSTEM;
	assert_int_equal(status_of(f, modern, "moduli-small"), STATUS_UNKNOWN);
	assert_int_equal(status_of(f, modern, "moduli-malformed"), STATUS_UNKNOWN);
	facts_free(f);
}

static void lines_that_sshd_drops_are_named(void **state)
{
	struct facts *f = made_facts("", V92, SMALL START "31  2 FFFFFFFB\n");
	struct audit *a = NULL;
	const struct finding *x;

	assert_int_equal(audit_run(f, modern, AUDIT_ALL_STEPS, NULL, &a), ERR_NONE);
	x = audit_find(a, "moduli-malformed");
	assert_int_equal(x->status, STATUS_WARN);
	assert_int_equal(x->evidence[0].line, 2);
	audit_free(a);
	facts_free(f);
	f = made_facts("", V92, START "31  2 FFFFFFFB\n");
	assert_int_equal(status_of(f, modern, "moduli-malformed"), STATUS_FAIL);
	facts_free(f);
}

/* host keys */

static struct host_key_fact *host_key(struct facts *f, const char *type, unsigned bits, mode_t mode)
{
	struct host_key_fact k = { .path = strdup("/etc/ssh/ssh_host_key"),
				   .st.st_mode = S_IFREG | mode,
				   .key.bits = bits };

	snprintf(k.key.type, sizeof k.key.type, "%s", type);
	f->host_keys = realloc(f->host_keys, (f->nhost_keys + 1) * sizeof *f->host_keys);
	f->host_keys[f->nhost_keys] = k;
	return &f->host_keys[f->nhost_keys++];
}

static void host_keys_are_judged_by_type_size_and_mode(void **state)
{
	static const struct {
		const char *type;
		unsigned bits;
		mode_t mode;
		uid_t uid;
		gid_t gid;
		enum status weak, file;
	} keys[] = {
		{ "ssh-ed25519", 256, 0600, 0, 0, STATUS_PASS, STATUS_PASS },
		{ "ssh-rsa", 3072, 0400, 0, 0, STATUS_PASS, STATUS_PASS },
		{ "ssh-rsa", 3071, 0600, 0, 0, STATUS_FAIL, STATUS_PASS },
		{ "ssh-dss", 1024, 0600, 0, 0, STATUS_FAIL, STATUS_PASS },
		{ "ecdsa-sha2-nistp256", 256, 0644, 0, 0, STATUS_PASS, STATUS_FAIL },
		{ "ssh-ed25519", 256, 0640, 0, 0, STATUS_PASS, STATUS_FAIL },
		{ "ssh-ed25519", 256, 0640, 0, 998, STATUS_PASS, STATUS_WARN },
		{ "ssh-ed25519", 256, 0600, 1000, 0, STATUS_PASS, STATUS_FAIL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		struct facts *f = made_facts("", V92, SMALL);
		struct host_key_fact *k = host_key(f, keys[i].type, keys[i].bits, keys[i].mode);

		k->st.st_uid = keys[i].uid;
		k->st.st_gid = keys[i].gid;
		assert_int_equal(status_of(f, modern, "hostkey-weak"), keys[i].weak);
		assert_int_equal(status_of(f, modern, "hostkey-mode"), keys[i].file);
		facts_free(f);
	}
}

static void an_open_host_key_gets_its_mode_planned(void **state)
{
	struct facts *f = made_facts("", V92, SMALL);
	struct audit *a = NULL;
	const struct finding *x;

	host_key(f, "ssh-ed25519", 256, 0644);
	assert_int_equal(audit_run(f, modern, 1u << 1, NULL, &a), ERR_NONE);
	x = audit_find(a, "hostkey-mode");
	assert_int_equal(x->nchanges, 1);
	assert_int_equal(x->changes[0].kind, CHANGE_MODE);
	assert_int_equal(x->changes[0].mode, 0600);
	audit_free(a);
	facts_free(f);
}

static void old_signatures_are_taken_out_of_the_list(void **state)
{
	struct facts *f = made_facts("", V84, SMALL);
	struct audit *a = NULL;
	const struct finding *x;

	host_key(f, "ssh-ed25519", 256, 0600);
	assert_int_equal(audit_run(f, modern, 1u << 1, NULL, &a), ERR_NONE);
	x = audit_find(a, "hostkey-weak");
	assert_int_equal(x->status, STATUS_FAIL);
	assert_int_equal(x->nchanges, 1);
	assert_int_equal(x->changes[0].keyword, KW_HOSTKEYALGORITHMS);
	assert_non_null(strstr(x->changes[0].args, "rsa-sha2-512"));
	assert_null(strstr(x->changes[0].args, "ssh-rsa"));
	audit_free(a);
	facts_free(f);
}

static void a_host_key_that_cannot_be_seen_is_unknown(void **state)
{
	struct facts *f = made_facts("", V92, SMALL);
	struct host_key_fact *k = host_key(f, "", 0, 0600);

	k->stat_err = k->key_err = ERR_SYSTEM;
	assert_int_equal(status_of(f, modern, "hostkey-weak"), STATUS_UNKNOWN);
	assert_int_equal(status_of(f, modern, "hostkey-mode"), STATUS_UNKNOWN);
	facts_free(f);
}

/* the wire */

static void offer(struct strings *l, const char *names)
{
	assert_int_equal(strings_split(l, names, ","), ERR_NONE);
}

static struct facts *wired(const char *config, const char *ciphers, const char *macs, bool strict)
{
	struct facts *f = made_facts(config, V92, SMALL);

	f->live = f->wire_tried = true;
	f->wire_err = ERR_NONE;
	f->wire_where = strdup("127.0.0.1 port 22");
	f->wire.identification = strdup("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10");
	f->wire.kexinit.strict = strict;
	offer(&f->wire.kexinit.kex, "curve25519-sha256,kex-strict-s-v00@openssh.com,ext-info-s");
	offer(&f->wire.kexinit.cipher_s2c, ciphers);
	offer(&f->wire.kexinit.cipher_c2s, ciphers);
	offer(&f->wire.kexinit.mac_s2c, macs);
	offer(&f->wire.kexinit.mac_c2s, macs);
	return f;
}

static void terrapin_is_judged_on_the_wire(void **state)
{
	static const struct {
		const char *ciphers, *macs;
		bool strict;
		enum status status;
	} wires[] = {
		{ "chacha20-poly1305@openssh.com", "hmac-sha1", true, STATUS_PASS },
		{ "chacha20-poly1305@openssh.com", "hmac-sha1", false, STATUS_FAIL },
		{ "aes128-cbc", "hmac-sha2-256-etm@openssh.com", false, STATUS_FAIL },
		{ "aes128-cbc", "hmac-sha2-256", false, STATUS_PASS },
		{ "aes128-ctr", "hmac-sha2-256-etm@openssh.com", false, STATUS_PASS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wires); i++) {
		struct facts *f = wired("", wires[i].ciphers, wires[i].macs, wires[i].strict);

		assert_int_equal(status_of(f, modern, "terrapin"), wires[i].status);
		facts_free(f);
	}
}

static void a_server_that_was_not_reloaded_is_noticed(void **state)
{
	static const char config[] = "KexAlgorithms curve25519-sha256\nCiphers aes128-ctr\nMACs hmac-sha2-256\n";
	struct facts *f = wired(config, "aes128-ctr", "hmac-sha2-256", true);

	assert_int_equal(status_of(f, modern, "wire-differs"), STATUS_PASS);
	f->release = SSHD_RELEASE(9, 6);
	assert_int_equal(status_of(f, modern, "wire-differs"), STATUS_FAIL);
	facts_free(f);
	f = wired(config, "aes128-ctr,aes256-ctr", "hmac-sha2-256", true);
	assert_int_equal(status_of(f, modern, "wire-differs"), STATUS_FAIL);
	f->wire_err = ERR_PENALTY;
	assert_int_equal(status_of(f, modern, "wire-differs"), STATUS_UNKNOWN);
	assert_int_equal(status_of(f, modern, "terrapin"), STATUS_UNKNOWN);
	facts_free(f);
}

/* accounts */

static void a_locked_account_with_a_key_is_kept_out_without_pam(void **state)
{
	struct facts *f = made_facts("UsePAM no\n", V92, SMALL);

	f->locked_known = false;
	assert_int_equal(status_of(f, modern, "account-locked-lockout"), STATUS_UNKNOWN);
	assert_int_equal(strings_add(&f->locked_with_keys, "anna"), ERR_NONE);
	assert_int_equal(status_of(f, modern, "account-locked-lockout"), STATUS_FAIL);
	facts_free(f);
}

static void a_used_file_of_revoked_keys_is_not_made_again(void **state)
{
	struct facts *f = made_facts("", V92, SMALL);
	struct audit *a = NULL;

	assert_int_equal(audit_run(f, modern, 1u << 5, NULL, &a), ERR_NONE);
	assert_int_equal(audit_find(a, "revoked-none")->nchanges, 2);
	assert_int_equal(audit_find(a, "revoked-none")->changes[0].kind, CHANGE_CREATE); /* before anything names it */
	audit_free(a);
	f->files[0].err = ERR_NONE;
	assert_int_equal(audit_run(f, modern, 1u << 5, NULL, &a), ERR_NONE);
	assert_int_equal(audit_find(a, "revoked-none")->nchanges, 1);
	audit_free(a);
	f->files[0].unreadable = true;
	f->files[0].bad_line = 7;
	assert_int_equal(audit_run(f, modern, 1u << 5, NULL, &a), ERR_NONE);
	assert_int_equal(audit_find(a, "revoked-none")->nchanges, 0);
	audit_free(a);
	facts_free(f);
}

static void overridden_lines_are_told(void **state)
{
	struct facts *f = made_facts("PasswordAuthentication yes\n#\nPasswordAuthentication no\n", V92, SMALL);
	struct audit *a = NULL;

	assert_int_equal(audit_run(f, modern, 1u << 2, NULL, &a), ERR_NONE);
	assert_string_equal(audit_find(a, "password-login")->reason, "sshd_config:1 overrides sshd_config:3");
	audit_free(a);
	facts_free(f);
}

static void a_second_factor_is_not_switched_off(void **state)
{
	struct facts *f = made_facts(
		"UsePAM yes\nMatch Group admins\nAuthenticationMethods publickey,keyboard-interactive\n", V92, SMALL);
	struct audit *a = NULL;
	const struct finding *x;

	assert_int_equal(audit_run(f, modern, 1u << 2, NULL, &a), ERR_NONE);
	x = audit_find(a, "password-login");
	assert_int_equal(x->status, STATUS_FAIL);
	for (size_t i = 0; i < x->nchanges; i++)
		assert_int_not_equal(x->changes[i].keyword, KW_KBDINTERACTIVEAUTHENTICATION);
	audit_free(a);
	facts_free(f);
}

static void the_guide_keeps_to_its_seven_steps(void **state)
{
	struct facts *f = made_facts("", V92, SMALL);
	struct audit *a = NULL;
	const struct finding *x;

	assert_int_equal(audit_run(f, guide, AUDIT_ALL_STEPS, NULL, &a), ERR_NONE);
	assert_null(audit_find(a, "kex-weak"));
	assert_null(audit_find(a, "password-login"));
	x = audit_find(a, "client-alive-off");
	assert_int_equal(x->nchanges, 2);
	assert_string_equal(x->changes[0].args, "40");
	assert_string_equal(x->changes[1].args, "3");
	assert_string_equal(audit_find(a, "login-grace")->changes[0].args, "30");
	x = audit_find(a, "banner-none");
	assert_int_equal(x->changes[0].kind, CHANGE_CREATE);
	assert_non_null(strstr(x->changes[0].content, "Authorised use only"));
	audit_free(a);
	facts_free(f);
}

static void a_krl_that_cannot_be_read_is_shown(void **state)
{
	struct facts *f = made_facts("RevokedKeys /etc/ssh/krl\n", V92, NULL);
	struct audit *a = NULL;

	made_file(f, "/etc/ssh/krl", ERR_NONE, 44, 0);
	assert_int_equal(status_of(f, modern, "revoked-missing-file"), STATUS_PASS);
	f->files[f->nfiles - 1].unreadable = true;
	assert_int_equal(audit_run(f, modern, AUDIT_ALL_STEPS, NULL, &a), ERR_NONE);
	assert_int_equal(audit_find(a, "revoked-missing-file")->status, STATUS_FAIL);
	assert_non_null(strstr(audit_find(a, "revoked-missing-file")->reason, "a KRL that sshd cannot read"));
	audit_free(a);
	facts_free(f);
}

static void made_stale(struct facts *f, bool ended)
{
	struct revocations *l = &f->revocations;

	l->stale = realloc(l->stale, (l->nstale + 1) * sizeof *l->stale);
	assert_non_null(l->stale);
	l->stale[l->nstale++] = (struct stale_entry){ strdup("/etc/sallyport/revoked.d/local.list"),
						      strdup("serial 5 of any CA"), 3 + (unsigned)l->nstale, ended };
	l->entries += !ended;
}

static void a_list_that_is_not_what_is_written_down_is_shown(void **state)
{
	struct facts *f = made_facts("RevokedKeys /etc/ssh/krl\n", V92, NULL);
	const struct finding *x;
	struct audit *a = NULL;

	assert_int_equal(status_of(f, modern, "revoked-stale"), STATUS_PASS);
	made_stale(f, false);
	made_stale(f, true);
	assert_int_equal(audit_run(f, modern, AUDIT_ALL_STEPS, NULL, &a), ERR_NONE);
	x = audit_find(a, "revoked-stale");
	assert_int_equal(x->status, STATUS_FAIL);
	assert_int_equal(x->nevidence, 2);
	assert_string_equal(x->evidence[0].text, "not in the list: serial 5 of any CA");
	assert_string_equal(x->evidence[1].text, "over, and still in the list: serial 5 of any CA");
	assert_string_equal(x->command, "sudo sallyport revoke build");
	audit_free(a);
	f->revocations.unread = strdup("/etc/sallyport/revoked.d/a.list");
	f->revocations.err = ERR_SYSTEM;
	assert_int_equal(status_of(f, modern, "revoked-stale"), STATUS_UNKNOWN);
	facts_free(f);
}

static void a_list_that_others_can_write_is_shown(void **state)
{
	static const struct {
		const char *path;
		mode_t mode;
	} loose[] = { { "/etc/ssh/krl", 0644 }, { "/etc/sallyport/revoked.d", 0 } };
	struct facts *f = made_facts("RevokedKeys /etc/ssh/krl\n", V92, NULL);
	struct revocations *l = &f->revocations;
	const struct finding *x;
	struct audit *a = NULL;

	assert_int_equal(strings_add(&l->unseen, "/etc/ssh/krl"), ERR_NONE);
	assert_int_equal(status_of(f, modern, "revoked-mode"), STATUS_UNKNOWN);
	strings_free(&l->unseen);
	assert_int_equal(status_of(f, modern, "revoked-mode"), STATUS_PASS);
	l->loose = calloc(ARRAY_SIZE(loose), sizeof *l->loose);
	assert_non_null(l->loose);
	for (size_t i = 0; i < ARRAY_SIZE(loose); i++) {
		l->loose[l->nloose++] =
			(struct loose_list){ strdup(loose[i].path), strdup("can be written"), loose[i].mode };
		assert_int_equal(audit_run(f, modern, AUDIT_ALL_STEPS, NULL, &a), ERR_NONE);
		x = audit_find(a, "revoked-mode");
		assert_int_equal(x->status, STATUS_FAIL);
		assert_int_equal(x->nevidence, i + 1);
		assert_int_equal(x->nchanges, 1); /* of a folder harden knows nothing */
		assert_int_equal(x->changes[0].kind, CHANGE_MODE);
		assert_int_equal(x->changes[0].mode, 0644);
		assert_int_equal(strstr(x->fix, "chown") != NULL, i);
		audit_free(a);
	}
	facts_free(f);
}

static void made_loose(struct facts *f)
{
	f->loose.v = calloc(1, sizeof *f->loose.v);
	assert_non_null(f->loose.v);
	f->loose.v[0] = (struct loose_file){ strdup("anna"), strdup("/home/anna/.ssh/authorized_keys"),
					     strdup("the folder /home/anna can be written by everybody (mode 0777)") };
	f->loose.n = 1;
}

static void files_of_keys_that_others_can_write_are_shown(void **state)
{
	static const char *const configs[] = { "", "StrictModes no\n" };

	for (size_t i = 0; i < ARRAY_SIZE(configs); i++) {
		struct facts *f = made_facts(configs[i], V92, NULL);
		const struct finding *mode, *strict;
		struct audit *a = NULL;

		made_loose(f);
		assert_int_equal(audit_run(f, modern, AUDIT_ALL_STEPS, NULL, &a), ERR_NONE);
		mode = audit_find(a, "authorized-keys-mode");
		assert_int_equal(mode->status, STATUS_FAIL);
		assert_string_equal(mode->evidence[0].file, "/home/anna/.ssh/authorized_keys");
		assert_non_null(strstr(mode->reason, "/home/anna can be written"));
		assert_non_null(strstr(mode->detail, i ? "let himself in" : "cannot log in"));
		/* with such a file StrictModes yes would lock somebody out */
		strict = audit_find(a, "strict-modes");
		assert_int_equal(strict->status, i ? STATUS_FAIL : STATUS_PASS);
		assert_int_equal(strict->nchanges, 0);
		audit_free(a);
		facts_free(f);
	}
}

static void files_of_keys_that_cannot_be_seen_are_unknown(void **state)
{
	struct facts *f = made_facts("", V92, NULL);

	assert_int_equal(strings_add(&f->loose.unseen, "/home/bob/.ssh/authorized_keys"), ERR_NONE);
	assert_int_equal(status_of(f, modern, "authorized-keys-mode"), STATUS_UNKNOWN);
	facts_free(f);
}

static void what_could_not_be_looked_up_is_not_nobody(void **state)
{
	static const struct {
		const char *rule, *config, *unsure;
		enum status status;
	} unsure[] = {
		{ "access-dead-rule", "AllowUsers nobodyhome@10.0.0.0/8\n", "nobodyhome", STATUS_UNKNOWN },
		{ "access-dead-rule", "DenyGroups nosuchgroup\n", "nosuchgroup", STATUS_UNKNOWN },
		{ "access-dead-rule", "AllowUsers nobodyhome gone\n", "nobodyhome", STATUS_WARN },
		{ "access-dead-rule", "AllowUsers gone nobodyhome\n", "nobodyhome", STATUS_WARN },
		{ "access-dead-rule", "AllowUsers anna\n", "nobodyhome", STATUS_PASS },
		{ "match-never", "Match User nobodyhome\n", "nobodyhome", STATUS_UNKNOWN },
		{ "match-never", "Match User gone,nobodyhome\n", "nobodyhome", STATUS_UNKNOWN },
		{ "match-never", "Match User anna,nobodyhome\n", "nobodyhome", STATUS_PASS },
		{ "match-never", "Match Group nosuchgroup\n", "nosuchgroup", STATUS_UNKNOWN },
		{ "match-never", "Match User nobodyhome\nMatch User gone\n", "nobodyhome", STATUS_WARN },
	};

	for (size_t i = 0; i < ARRAY_SIZE(unsure); i++) {
		struct facts *f = made_facts(unsure[i].config, V92, NULL);

		made_account(f, "anna", PASSWORD_SET);
		assert_int_equal(strings_add(&f->groups, "staff"), ERR_NONE);
		assert_int_equal(strings_add(&f->unsure, unsure[i].unsure), ERR_NONE);
		assert_int_equal(status_of(f, modern, unsure[i].rule), unsure[i].status);
		facts_free(f);
	}
}

static void accounts_that_cannot_be_listed_are_no_good_news(void **state)
{
	struct facts *f = made_facts("UsePAM no\nStrictModes no\n", V92, NULL);

	f->accounts_err = ERR_TIMEOUT;
	f->locked_known = false;
	f->past_read = true;
	f->past.since = f->now - 90L * 86400;
	assert_int_equal(status_of(f, modern, "authorized-keys-mode"), STATUS_UNKNOWN);
	assert_int_equal(status_of(f, modern, "access-unused"), STATUS_UNKNOWN);
	assert_int_equal(status_of(f, modern, "account-locked-lockout"), STATUS_UNKNOWN);
	f->accounts_err = ERR_NONE;
	f->may_log_in_unsure = true;
	assert_int_equal(status_of(f, modern, "authorized-keys-mode"), STATUS_PASS);
	assert_int_equal(status_of(f, modern, "access-unused"), STATUS_UNKNOWN);
	facts_free(f);
}

static void accounts_that_nobody_uses_are_told_where_the_logs_reach_back(void **state)
{
	static const struct {
		const char *user;
		long days;
		const char *incomplete;
		enum status status;
	} unused[] = {
		{ "anna", 90, NULL, STATUS_PASS }, { "bob", 90, NULL, STATUS_WARN },
		{ "bob", 30, NULL, STATUS_WARN },  { "bob", 29, NULL, STATUS_SKIP },
		{ "bob", 0, NULL, STATUS_SKIP },   { "bob", 90, "a log could not be read", STATUS_SKIP },
	};

	for (size_t i = 0; i < ARRAY_SIZE(unused); i++) {
		struct facts *f = made_facts("", V92, NULL);

		f->past_read = true;
		f->past.since = unused[i].days ? f->now - unused[i].days * 86400 : 0;
		f->past.incomplete = unused[i].incomplete ? strdup(unused[i].incomplete) : NULL;
		f->past.v = calloc(1, sizeof *f->past.v);
		assert_non_null(f->past.v);
		f->past.n = 1;
		f->past.v[0].user = strdup(unused[i].user);
		f->past.v[0].addr = strdup("192.0.2.1");
		f->past.v[0].method = strdup("publickey");
		assert_int_equal(strings_add(&f->may_log_in, "anna"), ERR_NONE);
		assert_int_equal(status_of(f, modern, "access-unused"), unused[i].status);
		facts_free(f);
	}
}

static void see(struct facts *f, struct sighting s)
{
	s.file = strdup("/home/anna/.ssh/x");
	s.account = strdup("anna");
	s.text = s.kind == SIGHT_UNREAD ? strdup("hangs") : NULL;
	assert_int_equal(sightings_add(&f->keys, &s), ERR_NONE);
}

static void keys_fail_the_rule_that_is_about_them_and_no_other(void **state)
{
	static const char *const rules[] = { "private-key-open", "private-key-unprotected", "private-key-kdf",
					     "authorized-key-weak", "authorized-key-revoked" };
	static const struct sighting seen[] = {
		{ .kind = SIGHT_PRIVATE, .flags = SIGHT_ENCRYPTED, .mode = 0644 },
		{ .kind = SIGHT_PRIVATE, .mode = 0600 },
		{ .kind = SIGHT_PRIVATE, .flags = SIGHT_ENCRYPTED, .kdf = PRIVATE_KDF_MD5, .mode = 0600 },
		{ .kind = SIGHT_AUTHORIZED, .key = { .type = "ssh-dss", .bits = 1024 } },
		{ .kind = SIGHT_AUTHORIZED, .flags = SIGHT_REVOKED, .key = { .type = "ssh-ed25519", .bits = 256 } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(seen); i++) {
		struct facts *f = made_facts("", V92, NULL);

		f->keys_read = true;
		see(f, seen[i]);
		for (size_t j = 0; j < ARRAY_SIZE(rules); j++)
			assert_int_equal(status_of(f, modern, rules[j]), i == j ? STATUS_FAIL : STATUS_PASS);
		assert_int_equal(status_of(f, modern, "authorized-key-hardware"), STATUS_SKIP);
		facts_free(f);
	}
}

static struct chroot_fact *made_chroot(struct facts *f, const char *path, enum err err)
{
	f->jails.chroots = realloc(f->jails.chroots, (f->jails.nchroots + 1) * sizeof *f->jails.chroots);
	assert_non_null(f->jails.chroots);
	f->jails.chroots[f->jails.nchroots] =
		(struct chroot_fact){ .line = &f->config->lines[0], .path = strdup(path), .err = err };
	return &f->jails.chroots[f->jails.nchroots++];
}

static struct jail_fact *made_jail(struct facts *f, const char *user)
{
	f->jails.ours = realloc(f->jails.ours, (f->jails.nours + 1) * sizeof *f->jails.ours);
	assert_non_null(f->jails.ours);
	f->jails.ours[f->jails.nours] = (struct jail_fact){ .user = strdup(user), .dir = strdup("/home/chroot/anna") };
	return &f->jails.ours[f->jails.nours++];
}

static void made_trouble(struct jail_troubles *t, enum jail_trouble_kind kind, const char *detail)
{
	t->v = realloc(t->v, (t->n + 1) * sizeof *t->v);
	assert_non_null(t->v);
	t->v[t->n++] = (struct jail_trouble){ kind, strdup("/srv/x"), strdup(detail) };
}

/* The rule, what fails it, and whose folder that is in; all others of the step pass. */
static void each_trouble_of_a_jail_fails_its_rule(void **state)
{
	static const struct {
		enum jail_trouble_kind kind;
		const char *rule, *command;
		bool ours;
	} troubles[] = {
		{ JAIL_PATH, "chroot-path-unsafe", "sudo chmod go-w /srv/x", false },
		{ JAIL_PATH, "chroot-path-unsafe", "sudo chmod go-w /srv/x", true },
		{ JAIL_STALE, "jail-stale", "sudo sallyport jail update anna", true },
		{ JAIL_CHANGED, "jail-stale", "sudo sallyport jail update anna", true },
		{ JAIL_MISSING, "jail-stale", "sudo sallyport jail update anna", true },
		{ JAIL_FOREIGN, "jail-stale", "sudo sallyport jail update anna", true },
		{ JAIL_SETUID, "jail-escape", NULL, false },
		{ JAIL_SETUID, "jail-escape", "sudo sallyport jail check", true },
		{ JAIL_DEVICE, "jail-escape", NULL, false },
		{ JAIL_WRITABLE, "jail-escape", NULL, false },
		{ JAIL_SOCKET, "jail-escape", NULL, false },
		{ JAIL_MOUNT, "jail-escape", NULL, false },
		{ JAIL_LINKED, "jail-escape", NULL, false },
	};
	static const char *const rules[] = { "chroot-missing", "chroot-path-unsafe", "jail-stale", "jail-escape" };

	for (size_t i = 0; i < ARRAY_SIZE(troubles); i++) {
		struct facts *f = made_facts("ChrootDirectory /srv/x\n", V92, NULL);
		struct chroot_fact *c = made_chroot(f, "/srv/x", ERR_NONE);
		struct jail_fact *j = made_jail(f, "anna");
		struct audit *a = NULL;

		made_trouble(troubles[i].ours ? &j->troubles : &c->troubles, troubles[i].kind, "everybody may write");
		assert_int_equal(audit_run(f, modern, 1u << 4, NULL, &a), ERR_NONE);
		for (size_t k = 0; k < ARRAY_SIZE(rules); k++) {
			const bool its = strcmp(rules[k], troubles[i].rule) == 0;
			const struct finding *x = audit_find(a, rules[k]);

			assert_int_equal(x->status, its ? STATUS_FAIL : STATUS_PASS);
			if (!its)
				continue;
			assert_non_null(strstr(x->evidence[x->nevidence - 1].text, "everybody may write"));
			assert_int_equal(x->nchanges, 0);
			assert_int_equal(x->command != NULL, troubles[i].command != NULL);
			if (x->command)
				assert_string_equal(x->command, troubles[i].command);
		}
		audit_free(a);
		facts_free(f);
	}
}

static void a_block_of_ours_that_was_weakened_is_a_way_out(void **state)
{
	struct facts *f = made_facts("ChrootDirectory /srv/x\n", V92, NULL);
	struct jail_fact *j = made_jail(f, "anna");
	struct audit *a = NULL;
	const struct finding *x;

	diag_error(&j->weakened, "/etc/ssh/own.conf", 7, "PermitUserRC is 'yes': wants 'no'");
	assert_int_equal(audit_run(f, modern, 1u << 4, NULL, &a), ERR_NONE);
	x = audit_find(a, "jail-escape");
	assert_int_equal(x->status, STATUS_FAIL);
	assert_int_equal(x->nevidence, 1);
	assert_string_equal(x->evidence[0].file, "/etc/ssh/own.conf");
	assert_int_equal(x->evidence[0].line, 7);
	assert_non_null(strstr(x->reason, "PermitUserRC is 'yes': wants 'no', in the jail of anna"));
	assert_string_equal(x->command, "sudo sallyport jail check");
	audit_free(a);
	facts_free(f);
}

static void a_folder_that_is_not_there_is_shown_with_its_line(void **state)
{
	static const struct {
		enum err err;
		enum status status;
		const char *reason;
	} folders[] = {
		{ ERR_NONE, STATUS_PASS, NULL },
		{ ERR_NOT_FOUND, STATUS_FAIL, "sshd_config:1 names /srv/x: there is no such folder" },
		{ ERR_SYNTAX, STATUS_FAIL,
		  "sshd_config:1 names /srv/x: no absolute path, or a % that sshd does not know" },
		{ ERR_TIMEOUT, STATUS_UNKNOWN, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		struct facts *f = made_facts("ChrootDirectory /srv/x\n", V92, NULL);
		struct audit *a = NULL;
		const struct finding *x;

		/* the parser names no file: the line stands in the made one */
		f->config->lines[0].file = f->config_path;
		made_chroot(f, "/srv/x", folders[i].err);
		assert_int_equal(audit_run(f, modern, 1u << 4, NULL, &a), ERR_NONE);
		x = audit_find(a, "chroot-missing");
		assert_int_equal(x->status, folders[i].status);
		if (folders[i].reason)
			assert_string_equal(x->reason, folders[i].reason);
		audit_free(a);
		facts_free(f);
	}
}

static void jails_that_nothing_keeps_current_are_told(void **state)
{
	static const struct {
		bool packages, clock;
		enum status status;
		size_t evidence;
	} looks[] = {
		{ true, true, STATUS_PASS, 0 },
		{ true, false, STATUS_WARN, 0 },
		{ false, true, STATUS_WARN, 1 },
		{ false, false, STATUS_FAIL, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(looks); i++) {
		struct facts *f = made_facts("ChrootDirectory /srv/x\n", V92, NULL);
		struct audit *a = NULL;
		const struct finding *x;

		made_jail(f, "anna");
		/* a hook of a package manager that is here, and a timer that may run */
		f->jails.upkeep.v[0] = (struct upkeep_part){ .kind = UPKEEP_PACKAGES,
							     .id = "apt",
							     .where = "/etc/apt/x",
							     .fits = true,
							     .there = looks[i].packages };
		f->jails.upkeep.v[1] = (struct upkeep_part){ .kind = UPKEEP_DAILY,
							     .id = "cron",
							     .where = "/etc/cron.daily/x",
							     .fits = looks[i].clock,
							     .there = true };
		assert_int_equal(audit_run(f, modern, 1u << 4, NULL, &a), ERR_NONE);
		x = audit_find(a, "jail-upkeep");
		assert_int_equal(x->status, looks[i].status);
		assert_int_equal(x->nevidence, looks[i].evidence);
		if (looks[i].status != STATUS_PASS) {
			assert_string_equal(x->command, "sudo sallyport jail update --all");
			assert_non_null(strstr(x->reason, "no jail is brought up to date "));
		}
		audit_free(a);
		facts_free(f);
	}
}

static void a_jail_that_cannot_be_looked_at_is_unknown(void **state)
{
	struct facts *f = made_facts("ChrootDirectory /srv/x\n", V92, NULL);
	struct jail_fact *j = made_jail(f, "anna");

	assert_int_equal(status_of(f, modern, "jail-stale"), STATUS_PASS);
	j->problem = strdup("its manifest is damaged");
	assert_int_equal(status_of(f, modern, "jail-stale"), STATUS_UNKNOWN);
	assert_int_equal(status_of(f, modern, "jail-escape"), STATUS_UNKNOWN);
	made_trouble(&j->troubles, JAIL_STALE, "old");
	assert_int_equal(status_of(f, modern, "jail-stale"), STATUS_FAIL);
	free(j->problem);
	j->problem = NULL;
	assert_int_equal(status_of(f, modern, "jail-escape"), STATUS_PASS);
	made_trouble(&j->troubles, JAIL_UNKNOWN, "could not be looked at");
	assert_int_equal(status_of(f, modern, "jail-escape"), STATUS_UNKNOWN);
	j->gone = true;
	assert_int_equal(status_of(f, modern, "chroot-missing"), STATUS_FAIL);
	facts_free(f);
	f = made_facts("", V92, NULL);
	f->jails.unsure = strdup("not all accounts could be looked up");
	assert_int_equal(status_of(f, modern, "jail-escape"), STATUS_UNKNOWN);
	facts_free(f);
}

static void who_only_moves_files_is_told_where_the_logs_say_so(void **state)
{
	static const struct {
		bool told, sftp_only;
		unsigned long logins;
		const char *incomplete;
		enum status status;
	} logs[] = {
		{ true, true, 5, NULL, STATUS_WARN },	     { true, false, 5, NULL, STATUS_PASS },
		{ false, false, 5, NULL, STATUS_UNKNOWN },   { false, false, 0, NULL, STATUS_SKIP },
		{ true, false, 5, "a log", STATUS_UNKNOWN }, { true, true, 5, "a log", STATUS_WARN },
	};

	for (size_t i = 0; i < ARRAY_SIZE(logs); i++) {
		struct facts *f = made_facts("", V92, NULL);

		f->past_read = true;
		f->past.logins = logs[i].logins;
		f->past.incomplete = logs[i].incomplete ? strdup(logs[i].incomplete) : NULL;
		f->sessions_told = logs[i].told;
		if (logs[i].sftp_only)
			assert_int_equal(strings_add(&f->sftp_only, "anna"), ERR_NONE);
		assert_int_equal(status_of(f, modern, "jail-candidate"), logs[i].status);
		facts_free(f);
	}
}

static void keys_that_could_not_be_looked_at_are_unknown(void **state)
{
	struct facts *f = made_facts("", V92, NULL);

	f->keys_read = true;
	see(f, (struct sighting){ .kind = SIGHT_UNREAD });
	assert_int_equal(status_of(f, modern, "private-key-unprotected"), STATUS_UNKNOWN);
	see(f, (struct sighting){ .kind = SIGHT_PRIVATE, .mode = 0600 });
	assert_int_equal(status_of(f, modern, "private-key-unprotected"), STATUS_FAIL);
	facts_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_judge_as_the_table_says),
		cmocka_unit_test(every_rule_has_a_case),
		cmocka_unit_test(a_krl_that_cannot_be_read_is_shown),
		cmocka_unit_test(files_of_keys_that_others_can_write_are_shown),
		cmocka_unit_test(keys_fail_the_rule_that_is_about_them_and_no_other),
		cmocka_unit_test(keys_that_could_not_be_looked_at_are_unknown),
		cmocka_unit_test(each_trouble_of_a_jail_fails_its_rule),
		cmocka_unit_test(a_block_of_ours_that_was_weakened_is_a_way_out),
		cmocka_unit_test(a_folder_that_is_not_there_is_shown_with_its_line),
		cmocka_unit_test(jails_that_nothing_keeps_current_are_told),
		cmocka_unit_test(a_jail_that_cannot_be_looked_at_is_unknown),
		cmocka_unit_test(who_only_moves_files_is_told_where_the_logs_say_so),
		cmocka_unit_test(files_of_keys_that_cannot_be_seen_are_unknown),
		cmocka_unit_test(what_could_not_be_looked_up_is_not_nobody),
		cmocka_unit_test(accounts_that_cannot_be_listed_are_no_good_news),
		cmocka_unit_test(accounts_that_nobody_uses_are_told_where_the_logs_reach_back),
		cmocka_unit_test(without_a_server_all_that_needs_it_is_unknown),
		cmocka_unit_test(an_unknown_release_has_no_defaults),
		cmocka_unit_test(the_binary_has_the_last_word),
		cmocka_unit_test(a_changed_default_is_no_difference_of_views),
		cmocka_unit_test(a_refused_configuration_is_critical),
		cmocka_unit_test(what_only_we_do_not_understand_is_a_warning),
		cmocka_unit_test(small_groups_are_planned_away_unless_none_would_remain),
		cmocka_unit_test(moduli_do_not_matter_where_no_group_exchange_is_offered),
		cmocka_unit_test(unreadable_moduli_are_unknown_and_missing_ones_a_warning),
		cmocka_unit_test(lines_that_sshd_drops_are_named),
		cmocka_unit_test(host_keys_are_judged_by_type_size_and_mode),
		cmocka_unit_test(an_open_host_key_gets_its_mode_planned),
		cmocka_unit_test(old_signatures_are_taken_out_of_the_list),
		cmocka_unit_test(a_host_key_that_cannot_be_seen_is_unknown),
		cmocka_unit_test(terrapin_is_judged_on_the_wire),
		cmocka_unit_test(a_server_that_was_not_reloaded_is_noticed),
		cmocka_unit_test(a_locked_account_with_a_key_is_kept_out_without_pam),
		cmocka_unit_test(a_used_file_of_revoked_keys_is_not_made_again),
		cmocka_unit_test(a_list_that_is_not_what_is_written_down_is_shown),
		cmocka_unit_test(a_list_that_others_can_write_is_shown),
		cmocka_unit_test(overridden_lines_are_told),
		cmocka_unit_test(a_second_factor_is_not_switched_off),
		cmocka_unit_test(the_guide_keeps_to_its_seven_steps),
	};

	return cmocka_run_group_tests(tests, load_policies, free_policies);
}
