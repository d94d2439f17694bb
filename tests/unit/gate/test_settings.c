/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_settings.c - sallyportd.conf: what it may say, its defaults, and every mistake with its line. */
#include "base/scratch.h"

#include "gate/settings.h"

#include "base/banned.h"

#define FILE_NAME "sallyportd.conf"

static struct settings *fine(const char *content)
{
	struct diags problems = { 0 };
	struct settings *s = NULL;
	enum err e = settings_parse(content, strlen(content), FILE_NAME, &s, &problems);

	if (e)
		fail_msg("'%s': %s", content, problems.n ? problems.v[0].text : err_text(e));
	assert_int_equal(problems.n, 0);
	return s;
}

/* What settings_print() writes of a file with this content; yours. */
static char *printed(const char *content)
{
	struct settings *s = fine(content);
	struct text out = { 0 };

	settings_print(s, &out);
	settings_free(s);
	return text_take(&out);
}

static void an_empty_file_has_all_defaults(void **state)
{
	static const char defaults[] = "Port 22\n"
				       "KnockPort 22\n"
				       "SiteSecretMode prefer\n"
				       "GrantTime 30s\n"
				       "MaxGrantTime 5m\n"
				       "IPv6Prefix 128\n"
				       "Shut yes\n"
				       "IfBroken closed\n"
				       "Answer drop\n"
				       "SshdConfig /etc/ssh/sshd_config\n"
				       "HostKey /etc/ssh/ssh_host_ed25519_key\n"
				       "PacketSource yes\n"
				       "SlowKeys yes\n"
				       "CpuShare 25\n"
				       "Rescue yes\n"
				       "StateDirectory /var/lib/sallyport/gate\n"
				       "ControlSocket /run/sallyport/control\n";
	static const char *const empty[] = { "", "\n", "# Port 23\n", "  \t\r\n\f\n  # x", "#\n" };

	for (size_t i = 0; i < ARRAY_SIZE(empty); i++) {
		char *text = printed(empty[i]);

		assert_string_equal(text, defaults);
		free(text);
	}
}

static void reads_every_setting(void **state)
{
	struct settings *s = fine("Port 22 2222\nport=443\n"
				  "KnockPort 4430\n"
				  "Interface eth0\nInterface br-lan.7\n"
				  "ExceptInterface wg0\n"
				  "Except 10.0.0.0/8 192.0.2.7\nExcept 2001:db8::/32 # the office\n"
				  "IPv6Prefix 64\n"
				  "Answer RESET\n"
				  "Shut no\nIfBroken open-after=30m\n"
				  "SshdConfig \"/etc/ssh two/sshd_config\"\n"
				  "HostKey /a\nHostKey /b\n"
				  "SiteSecret /c /d\n"
				  "SiteSecretMode require\n"
				  "GrantTime 1m30s\nMaxGrantTime 1h\n"
				  "PacketSource no\nSlowKeys no\nCpuShare 100\nRescue no\n"
				  "StateDirectory /e\nControlSocket /f\n");
	const struct firewall_rules *f = &s->firewall;

	assert_int_equal(f->nports, 3);
	assert_int_equal(f->ports[1], 2222);
	assert_int_equal(f->ports[2], 443);
	assert_int_equal(f->nknocks, 1);
	assert_int_equal(f->knocks[0], 4430);
	assert_int_equal(f->ninterfaces, 2);
	assert_string_equal(f->interfaces[1], "br-lan.7");
	assert_int_equal(f->nexcept, 1);
	assert_string_equal(f->except[0], "wg0");
	assert_int_equal(f->nnetworks, 3);
	assert_int_equal(f->networks[0].address.family, 4);
	assert_int_equal(f->networks[0].bits, 8);
	assert_int_equal(f->networks[1].bits, 32);
	assert_memory_equal(f->networks[1].address.bytes, "\300\0\002\007\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_int_equal(f->networks[2].address.family, 6);
	assert_int_equal(f->networks[2].bits, 32);
	assert_int_equal(f->ipv6_bits, 64);
	assert_int_equal(f->answer, FIREWALL_RESET);
	assert_int_equal(f->shut, FIREWALL_OPEN);
	assert_int_equal(f->unattended_seconds, 1800);
	assert_string_equal(s->sshd_config, "/etc/ssh two/sshd_config");
	assert_int_equal(s->nhost_keys, 2);
	assert_string_equal(s->host_keys[1], "/b");
	assert_int_equal(s->nsecrets, 2);
	assert_string_equal(s->secrets[1], "/d");
	assert_int_equal(s->secret_mode, SECRET_REQUIRE);
	assert_int_equal(s->grant_seconds, 90);
	assert_int_equal(s->max_grant_seconds, 3600);
	assert_false(s->packet_source);
	assert_false(s->slow_keys);
	assert_false(s->rescue);
	assert_int_equal(s->cpu_share, 100);
	assert_string_equal(s->state_dir, "/e");
	assert_string_equal(s->control, "/f");
	settings_free(s);
}

static void one_default_follows_from_another_setting(void **state)
{
	struct settings *s = fine("Port 22\nPort 2222\nMaxGrantTime 10\n");

	assert_int_equal(s->firewall.nknocks, 2);
	assert_int_equal(s->firewall.knocks[1], 2222);
	assert_int_equal(s->grant_seconds, 10);
	settings_free(s);
}

static void tells_every_mistake_with_its_line(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *says;
	} cases[] = {
		{ "Prot 22\n", 1, "there is no setting 'Prot': did you mean 'Port'?" },
		{ "\n# x\nGrantTimes 30\n", 3, "did you mean 'GrantTime'?" },
		{ "Banana 1\n", 1, "there is no setting 'Banana'" },
		{ "Set\033 x\n", 1, "'Set\\x1B'" },
		{ "GrantTime 2d\n", 1, "GrantTime is '2d': wants a time from 1s to 1h" },
		{ "GrantTime 0\n", 1, "GrantTime is '0': wants a time from 1s to 1h" },
		{ "GrantTime soon\n", 1, "wants a time from 1s to 1h" },
		{ "GrantTime 3601\nMaxGrantTime 1h\n", 1, "wants a time from 1s to 1h" },
		{ "MaxGrantTime 3601\n", 1, "wants a time from 1s to 1h" },
		{ "\nGrantTime 6m\n", 2, "GrantTime is 360s, MaxGrantTime 300s" },
		{ "MaxGrantTime 60\nGrantTime 61\n", 2, "GrantTime is 61s, MaxGrantTime 60s" },
		{ "GrantTime 5\nSlowKeys no\ngranttime 5\n", 3, "GrantTime is set already in line 1" },
		{ "Answer drop\nAnswer drop\n", 2, "Answer is set already in line 1" },
		{ "Answer maybe\n", 1, "wants drop or reset" },
		{ "Shut maybe\n", 1, "wants yes or no" },
		{ "IfBroken open\n", 1, "wants closed, or open-after=" },
		{ "IfBroken open-after=59s\n", 1, "wants closed, or open-after=" },
		{ "IfBroken open-after=31d\n", 1, "wants closed, or open-after=" },
		{ "GrantTime\n", 1, "GrantTime has 0 values" },
		{ "GrantTime # none\n", 1, "GrantTime has 0 values" },
		{ "Port\n", 1, "Port has 0 values: wants TCP ports" },
		{ "GrantTime 1 2\n", 1, "GrantTime has 2 values" },
		{ "Port 0\n", 1, "Port is '0': wants TCP ports from 1 to 65535" },
		{ "Port 65536\n", 1, "Port is '65536'" },
		{ "Port 22 ssh\n", 1, "Port is 'ssh'" },
		{ "Port -1\n", 1, "Port is '-1'" },
		{ "Port 0x16\n", 1, "Port is '0x16'" },
		{ "Port 22\nPort 22\n", 2, "Port is '22', which is in the list already" },
		{ "Port 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n", 1, "Port is '17': wants at most 16 in all" },
		{ "KnockPort 123\n", 1, "KnockPort is '123': wants UDP ports" },
		{ "KnockPort 0\n", 1, "KnockPort is '0'" },
		{ "SlowKeys no\nPort 123\n", 2, "wants a KnockPort besides" },
		{ "Interface eth0/1\n", 1, "Interface is 'eth0/1': wants names of network interfaces" },
		{ "Interface abcdefghijklmnop\n", 1, "wants names of network interfaces" },
		{ "Interface \"\"\n", 1, "wants names of network interfaces" },
		{ "Interface ..\n", 1, "wants names of network interfaces" },
		{ "Interface lo\n", 1, "other than lo" },
		{ "Interface 'e\"'\n", 1, "wants names of network interfaces" },
		{ "ExceptInterface a a\n", 1, "in the list already" },
		{ "Except 10.0.0.1/8\n", 1, "Except is '10.0.0.1/8': wants addresses or networks" },
		{ "Except 2001:db8::1/32\n", 1, "with no bit set behind the length" },
		{ "Except 10.0.0.0/33\n", 1, "wants addresses or networks" },
		{ "Except example.org\n", 1, "wants addresses or networks" },
		{ "Except fe80::1%eth0\n", 1, "wants addresses or networks" },
		{ "Except 10.0.0.0/8\nExcept 10.0.0.0/8\n", 2, "in the list already" },
		{ "IPv6Prefix 63\n", 1, "wants a number from 64 to 128" },
		{ "IPv6Prefix 129\n", 1, "wants a number from 64 to 128" },
		{ "CpuShare 0\n", 1, "wants a number from 1 to 100" },
		{ "CpuShare 101\n", 1, "wants a number from 1 to 100" },
		{ "SshdConfig sshd_config\n", 1, "SshdConfig is 'sshd_config': wants an absolute path" },
		{ "SshdConfig \"\"\n", 1, "wants an absolute path" },
		{ "SshdConfig \"/a\tb\"\n", 1, "SshdConfig is '/a\\x09b': wants an absolute path" },
		{ "HostKey /a /b /c\n", 1, "HostKey is '/c': wants at most 2 in all" },
		{ "HostKey key\n", 1, "wants absolute paths" },
		{ "SiteSecret /a\nSiteSecret /a\n", 2, "in the list already" },
		{ "SiteSecretMode require\n", 1, "wants a SiteSecret besides" },
		{ "PacketSource maybe\n", 1, "wants yes or no" },
		{ "SlowKeys \"yes\n", 1, "SlowKeys has a quote without an end" },
		{ "\"SlowKeys yes\n", 1, "a setting's name was expected" },
		{ "\"\"\n", 1, "a setting's name was expected" },
		{ "ControlSocket /234567890123456789012345678901234567890123456789012345678901234567890123456789"
		  "01234567890123456789012345678\n",
		  1, "at most 107 bytes" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct diags problems = { 0 };
		struct settings *s = NULL;

		assert_int_equal(settings_parse(cases[i].text, strlen(cases[i].text), FILE_NAME, &s, &problems),
				 ERR_CONFIG);
		assert_null(s);
		if (problems.n != 1)
			fail_msg("'%s' has %zu problems", cases[i].text, problems.n);
		assert_string_equal(problems.v[0].file, FILE_NAME);
		if (problems.v[0].line != cases[i].line || !strstr(problems.v[0].text, cases[i].says))
			fail_msg("%u: '%s' does not say %u: '%s'", problems.v[0].line, problems.v[0].text,
				 cases[i].line, cases[i].says);
		diags_free(&problems);
	}
}

static void tells_all_mistakes_at_once(void **state)
{
	static const char text[] = "Port 0\nAnswer x\nSlowKeys\nGrantTime 6m\n";
	struct diags problems = { 0 };
	struct settings *s = NULL;

	assert_int_equal(settings_parse(text, strlen(text), FILE_NAME, &s, &problems), ERR_CONFIG);
	assert_int_equal(problems.errors, 4);
	diags_free(&problems);
}

static void a_nul_byte_or_an_endless_file_is_a_mistake(void **state)
{
	struct diags problems = { 0 };
	struct settings *s = NULL;
	char *large = calloc(1, 256 * 1024 + 1);

	assert_int_equal(settings_parse("\nPort 2\0002\n", 10, FILE_NAME, &s, &problems), ERR_CONFIG);
	assert_int_equal(problems.v[0].line, 2);
	memset(large, '\n', 256 * 1024 + 1);
	assert_int_equal(settings_parse(large, 256 * 1024 + 1, FILE_NAME, &s, &problems), ERR_CONFIG);
	assert_int_equal(problems.v[1].line, 0);
	diags_free(&problems);
	assert_int_equal(settings_parse(large, 256 * 1024, FILE_NAME, &s, &problems), ERR_NONE);
	settings_free(s);
	free(large);
}

static void what_is_printed_reads_back_as_the_same(void **state)
{
	static const char *const files[] = {
		"",
		"Port 22 2222\nKnockPort 5 6\nInterface a b\nExceptInterface c d\nExcept 10.0.0.0/8 ::1 192.0.2.1\n",
		"SshdConfig \"/a \\\"b\\\\c'd#e=f\"\nHostKey '/x y' /z\nSiteSecret \"/#\"\nSiteSecretMode require\n",
		"GrantTime 1h\nMaxGrantTime 1h\nIPv6Prefix 80\nAnswer reset\nPacketSource no\nSlowKeys no\n",
		"Shut no\nIfBroken open-after=90m\n",
		"StateDirectory /a=b\nControlSocket \"/ \"\nCpuShare 7\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char *once = printed(files[i]), *again = printed(once);

		assert_string_equal(once, again);
		free(once);
		free(again);
	}
}

static void survives_every_truncation(void **state)
{
	static const char text[] = "Port 22 2222\n KnockPort=\"443\"\nExcept 10.0.0.0/8 '2001:db8::/32'\n"
				   "Interface eth0\nSiteSecret \"/a \\\"b\"\nGrantTime 1m30s # x\n"
				   "Answer reset\nSlowKeys no\nCpuShare 50\n";

	for (size_t len = 0; len < sizeof text; len++) {
		struct diags problems = { 0 };
		struct settings *s = NULL;
		char *cut = malloc(len ? len : 1);
		enum err e;

		memcpy(cut, text, len);
		e = settings_parse(cut, len, FILE_NAME, &s, &problems);
		assert_true(e == ERR_NONE || e == ERR_CONFIG);
		assert_int_equal(e == ERR_CONFIG, problems.errors > 0);
		assert_int_equal(e == ERR_NONE, s != NULL);
		settings_free(s);
		diags_free(&problems);
		free(cut);
	}
}

static void a_file_that_cannot_be_read_is_a_problem_of_that_file(void **state)
{
	struct diags problems = { 0 };
	struct settings *s = NULL;
	struct root *live = NULL;

	assert_int_equal(root_open("/", &live), ERR_NONE);
	assert_int_equal(settings_load(live, "/nonexistent/sallyportd.conf", &s, &problems), ERR_CONFIG);
	assert_null(s);
	assert_int_equal(problems.errors, 1);
	assert_string_equal(problems.v[0].file, "/nonexistent/sallyportd.conf");
	diags_free(&problems);
	assert_int_equal(settings_load(live, "/dev/null", &s, &problems), ERR_CONFIG);
	diags_free(&problems);
	root_close(live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_file_has_all_defaults),
		cmocka_unit_test(reads_every_setting),
		cmocka_unit_test(one_default_follows_from_another_setting),
		cmocka_unit_test(tells_every_mistake_with_its_line),
		cmocka_unit_test(tells_all_mistakes_at_once),
		cmocka_unit_test(a_nul_byte_or_an_endless_file_is_a_mistake),
		cmocka_unit_test(what_is_printed_reads_back_as_the_same),
		cmocka_unit_test(survives_every_truncation),
		cmocka_unit_test(a_file_that_cannot_be_read_is_a_problem_of_that_file),
	};

	return cmocka_run_group_tests_name("gate/settings", tests, NULL, NULL);
}
