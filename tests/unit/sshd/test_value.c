/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_value.c - each form of value is taken or refused as sshd does, and printed as sshd -T does. */
#include "sshd/value.h"

#include "sshd.h"

#include "base/banned.h"

/* Tried with the real 9.2; NULL: refused. */
static const struct {
	const char *line, *printed;
} cases[] = {
	{ "MaxAuthTries +3", "3" },
	{ "MaxAuthTries \" 3\"", "3" },
	{ "MaxAuthTries -1", NULL },
	{ "MaxAuthTries 3x", NULL },
	{ "MaxAuthTries 2147483648", NULL },
	{ "LoginGraceTime 1h30m5", "5405" },
	{ "LoginGraceTime \" +5\"", "5" },
	{ "LoginGraceTime -1", NULL },
	{ "LoginGraceTime 99999999999", NULL },
	{ "LoginGraceTime \"\"", NULL },
	{ "ClientAliveInterval 2147483647", "2147483647" },
	{ "ClientAliveInterval 2147483648", NULL },
	{ "MaxStartups 5", "5:30:5" },
	{ "MaxStartups 10:30:60x", "10:30:60" },
	{ "MaxStartups 5:5", NULL },
	{ "MaxStartups 10:30:5", NULL },
	{ "MaxStartups 10:101:60", NULL },
	{ "MaxStartups 0", NULL },
	{ "MaxStartups 99999999999999999999", NULL },
	{ "PerSourceNetBlockSize 24", "24:0" },
	{ "PerSourceNetBlockSize 24:64:x", "24:64" },
	{ "PerSourceNetBlockSize 33", NULL },
	{ "PerSourceMaxStartups NONE", NULL },
	{ "PerSourceMaxStartups none", "none" },
	{ "PermitTunnel YES", NULL },
	{ "PermitTunnel point-to-point", "point-to-point" },
	{ "PermitRootLogin YES", "yes" },
	{ "PermitRootLogin prohibit-password", "without-password" },
	{ "Compression delayed", "yes" },
	{ "PermitOpen x:0", NULL },
	{ "PermitOpen x:* [::1]:22", "x:* [::1]:22" },
	{ "PermitOpen [::1]:22 none", NULL },
	{ "PermitOpen none:22", "none:22" },
	{ "PermitOpen a/22", NULL },
	{ "PermitOpen [a]b:22", NULL },
	{ "PermitOpen any x", NULL },
	{ "PermitOpen a:1 \"\" b:2", NULL },
	{ "PermitListen * 8080 localhost:22", "*:* *:8080 localhost:22" },
	{ "ListenAddress ::1", "[::1]:22" },
	{ "ListenAddress 10.1", "10.0.0.1:22" },
	{ "ListenAddress [1.2.3.4]:99", "1.2.3.4:99" },
	{ "ListenAddress [::1", NULL },
	{ "ListenAddress :22", NULL },
	{ "ListenAddress 1.2.3.4:0", NULL },
	{ "ListenAddress 1.2.3.4 foo", NULL },
	{ "Banner foo", "//foo" },
	{ "Banner ~/x", "/root/x" },
	{ "Banner NONE", "none" },
	{ "HostKey none", "(null)" },
	{ "SecurityKeyProvider INTERNAL", "INTERNAL" },
	{ "SecurityKeyProvider x", "//x" },
	{ "HostKeyAgent SSH_AUTH_SOCK", "SSH_AUTH_SOCK" },
	{ "AuthorizedPrincipalsFile x", "x" },
	{ "AuthorizedKeysFile ~/x %h/y", "/root/x %h/y" },
	{ "AuthorizedKeysCommand \"/bin/x\"", NULL },
	{ "AuthorizedKeysCommand none", "none" },
	{ "StreamLocalBindMask 0177x", "0177" },
	{ "StreamLocalBindMask 1000", NULL },
	{ "StreamLocalBindMask x", NULL },
	{ "SyslogFacility local7", "LOCAL7" },
	{ "SyslogFacility kern", NULL },
	{ "LogLevel debug1", "DEBUG" },
	{ "FingerprintHash md5", "MD5" },
	{ "Subsystem sftp", NULL },
	{ "Subsystem a b \"c d\" e", "a b c d e" },
	{ "RekeyLimit 1.5K none", "1536 0" },
	{ "RekeyLimit 1.9999999999k", "2047 0" },
	{ "RekeyLimit .5M 1d", "524288 86400" },
	{ "RekeyLimit K", "0 0" },
	{ "RekeyLimit 1E", "1152921504606846976 0" },
	{ "RekeyLimit \"\"", NULL },
	{ "RekeyLimit 9E", NULL },
	{ "RekeyLimit 15", NULL },
	{ "RekeyLimit -1G", NULL },
	{ "RekeyLimit 1kb", NULL },
	{ "RekeyLimit none", NULL },
	{ "RekeyLimit 1G 1h x", NULL },
	{ "IPQoS 0x10 4", "lowdelay le" },
	{ "IPQoS lowdelay 1", "lowdelay 0x01" },
	{ "IPQoS AF21 cs0", "af21 cs0" },
	{ "IPQoS none", "none none" },
	{ "IPQoS 256", NULL },
	{ "IPQoS va", NULL },
	{ "PubkeyAuthOptions none touch-required VERIFY-required", "touch-required verify-required" },
	{ "PubkeyAuthOptions foo", NULL },
	{ "LogVerbose none foo", NULL },
	{ "LogVerbose a b", "a b" },
	{ "AuthenticationMethods publickey,publickey keyboard-interactive:pam",
	  "publickey,publickey keyboard-interactive:pam" },
	{ "AuthenticationMethods publickey,", NULL },
	{ "AuthenticationMethods any publickey", NULL },
	{ "AuthenticationMethods publickey any", NULL },
	{ "AuthenticationMethods publickey:foo,bar", NULL },
	{ "UnusedConnectionTimeout 0", "none" },
	{ "UnusedConnectionTimeout 5m", "300" },
	{ "ChannelTimeout session:*=5m x=1", "session:*=5m x=1" },
	{ "ChannelTimeout none", "" },
	{ "ChannelTimeout =5", NULL },
	{ "ChannelTimeout none a=1", NULL },
	{ "AcceptEnv A=B", NULL },
	{ "AcceptEnv A B", "A | B" },
	{ "SetEnv A=1 A=2 B=3", "A=1 | B=3" },
	{ "SetEnv foo", NULL },
	{ "PermitUserEnvironment LANG,LC_*", "LANG,LC_*" },
	{ "Ciphers aes128-ctr,aes128-ctr,aes256-ctr", "aes128-ctr,aes256-ctr" },
	{ "Ciphers aes*", NULL },
	{ "Ciphers +", NULL },
	{ "HostKeyAlgorithms ssh-*", "ssh-*" },
	{ "HostKeyAlgorithms !ssh-rsa", NULL },
	{ "GSSAPIKexAlgorithms +gss-group1-sha1-", NULL },
	{ "RDomain none", NULL },
	{ "Port 22 23", NULL },
	{ "Port ssh", "22" },
	{ "Port 0", NULL },
	{ "AllowUsers a@x,,y", NULL },
	{ "AllowGroups \"\"", NULL },
	{ "VersionAddendum a # b", "a # b" },
	{ "ForceCommand foo \"a b\" # bar", "foo \"a b\" # bar" },
	{ "ForceCommand None", "none" },
	{ "UsePAM maybe", NULL },
};

static enum sshd_keyword_id id_of(const char *line)
{
	char name[64];

	snprintf(name, sizeof name, "%.*s", (int)strcspn(line, " "), line);
	return sshd_keyword_find(name)->id;
}

static void values_are_those_of_9_2(void **state)
{
	char text[512];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool refused = text_refused(cases[i].line, R92);
		/* alone it would lack its user */
		snprintf(text, sizeof text, "%s\nAuthorizedKeysCommandUser x\n", cases[i].line);
		if (cases[i].printed == NULL && !refused)
			fail_msg("'%s' is taken", cases[i].line);
		if (cases[i].printed)
			assert_string_equal(text_value(text, R92, id_of(cases[i].line), NULL), cases[i].printed);
	}
}

static void other_releases_take_other_values(void **state)
{
	assert_true(text_refused("IgnoreRhosts shosts-only", SSHD_RELEASE(8, 2)));
	assert_false(text_refused("IgnoreRhosts shosts-only", SSHD_RELEASE(8, 3)));
	assert_true(text_refused("RevokedKeys /a /b", SSHD_RELEASE(10, 2)));
	assert_string_equal(text_value("RevokedKeys /a /b", SSHD_RELEASE(10, 3), KW_REVOKEDKEYS, NULL), "/a /b");
	assert_false(text_refused("MaxStartups 0", SSHD_RELEASE(9, 1)));
	assert_string_equal(text_value("IPQoS lowdelay 0x10", SSHD_RELEASE(10, 1), KW_IPQOS, NULL), "none 0x10");
	assert_true(text_refused("Ciphers ^aes128-ctr", SSHD_RELEASE(8, 0)));
	assert_string_equal(
		text_value("PermitRootLogin without-password", SSHD_RELEASE(10, 1), KW_PERMITROOTLOGIN, NULL),
		"prohibit-password");
	assert_true(text_refused("PerSourcePenalties invaliduser:5", SSHD_RELEASE(10, 2)));
	assert_false(text_refused("PerSourcePenalties invaliduser:0.5", SSHD_RELEASE(10, 3)));
	assert_false(text_refused("DenyUsers", SSHD_RELEASE(8, 6)));
	assert_true(text_refused("DenyUsers", SSHD_RELEASE(8, 7)));
	assert_false(text_refused("DenyUsers # nobody", SSHD_RELEASE(9, 6)));
	assert_true(text_refused("DenyUsers # nobody", SSHD_RELEASE(9, 7)));
	assert_string_equal(text_value("Subsystem s a \"b c\"", SSHD_RELEASE(9, 5), KW_SUBSYSTEM, NULL), "s a \"b c\"");
}

static void messages_say_what_is_wanted(void **state)
{
	static const struct {
		const char *line, *text;
	} messages[] = {
		{ "UsePAM maybe", "UsePAM is 'maybe': wants yes or no" },
		{ "PermitRootLogin x",
		  "PermitRootLogin is 'x': wants yes, no, prohibit-password or forced-commands-only" },
		{ "Port 22 23", "Port has more values than it takes: '23' is left over" },
		{ "Port", "Port has no value: wants a port from 1 to 65535" },
		{ "MaxAuthTries \"\"", "MaxAuthTries has no value: wants a number from 0 to 2147483647" },
		{ "UsePAM \033[2J", "UsePAM is '\\x1B[2J': wants yes or no" },
	};
	struct sshd_config *c = NULL;
	char problem[512];

	for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
		assert_int_equal(text_parse(messages[i].line, R92, &c, problem, sizeof problem), ERR_CONFIG);
		assert_string_equal(problem, messages[i].text);
		sshd_config_free(c);
	}
}

static void a_message_does_not_grow_with_the_value(void **state)
{
	struct sshd_config *c = NULL;
	char line[5000] = "UsePAM ", problem[6000];

	memset(line + 7, 'x', sizeof line - 8);
	line[sizeof line - 1] = '\0';
	assert_int_equal(text_parse(line, R92, &c, problem, sizeof problem), ERR_CONFIG);
	assert_true(strlen(problem) < 300);
	sshd_config_free(c);
}

static void penalties_of_each_release(void **state)
{
	assert_string_equal(text_value("PerSourcePenalties authfail:1m authfail:9 overflow:deny-all",
				       SSHD_RELEASE(9, 8), KW_PERSOURCEPENALTIES, NULL),
			    "crash:90 authfail:60 noauth:1 grace-exceeded:10 max:600 min:15 max-sources4:65536 "
			    "max-sources6:65536 overflow:deny-all overflow6:deny-all");
	assert_string_equal(text_value("PerSourcePenalties no", SSHD_RELEASE(9, 9), KW_PERSOURCEPENALTIES, NULL), "no");
	assert_string_equal(
		text_value("PerSourcePenalties noauth:0.5", SSHD_RELEASE(10, 3), KW_PERSOURCEPENALTIES, NULL),
		"crash:90.000000 authfail:5.000000 noauth:0.500000 invaliduser:5.000000 "
		"grace-exceeded:10.000000 refuseconnection:10.000000 max:600.000000 min:15.000000 "
		"max-sources4:65536 max-sources6:65536 overflow:permissive overflow6:permissive");
	/* what is printed for a setting that repeats the default is the default */
	for (unsigned r = SSHD_RELEASE(9, 8); r <= SSHD_RELEASE(10, 5); r = r == 909 ? 1000 : r + 1)
		assert_string_equal(text_value("PerSourcePenalties crash:90", r, KW_PERSOURCEPENALTIES, NULL),
				    sshd_keyword_default(sshd_keyword(KW_PERSOURCEPENALTIES), r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_those_of_9_2),     cmocka_unit_test(other_releases_take_other_values),
		cmocka_unit_test(messages_say_what_is_wanted), cmocka_unit_test(a_message_does_not_grow_with_the_value),
		cmocka_unit_test(penalties_of_each_release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
