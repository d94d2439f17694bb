/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_match.c - Match lines: what is a criterion, and when a block is on. */
#include "sshd/match.h"

#include "sshd.h"

#include "base/banned.h"

static const struct {
	const char *line;
	unsigned release;
	bool fine;
} lines[] = {
	{ "Match all", R92, true },
	{ "Match ALL # everybody", R92, true },
	{ "Match all extra", R92, false },
	{ "Match User a all", R92, false },
	{ "Match", R92, false },
	{ "Match #", R92, false },
	{ "Match User", R92, false },
	{ "Match User \"\"", R92, false },
	{ "Match User a,b Address 10.0.0.0/8 # why", R92, true },
	{ "Match User a #b", R92, true },
	{ "Match User \"a b\"", R92, true },
	{ "Match User \"a\"b", R92, false },
	{ "Match User 'a b'", R92, false },
	{ "Match User 'a b'", 909, true },
	{ "Match user=root", R92, true },
	{ "Match user = root", R92, true },
	{ "Match user=root", 909, false },
	{ "Match user=root", 1000, true },
	{ "Match user = root", 1000, false },
	{ "Match Address 10.0.0.1/8", R92, false },
	{ "Match Address a,,b", R92, false },
	{ "Match Address 10.0.0.0/129", R92, true },
	{ "Match LocalAddress 10.*", R92, true },
	{ "Match LocalPort 22", R92, true },
	{ "Match LocalPort ssh", R92, true },
	{ "Match LocalPort 22,23", R92, false },
	{ "Match LocalPort 65536", R92, false },
	{ "Match RDomain x", 706, false },
	{ "Match RDomain x", 707, true },
	{ "Match invalid-user", 908, false },
	{ "Match invalid-user", 909, true },
	{ "Match Version OpenSSH_10.*", 909, false },
	{ "Match Version OpenSSH_10.*", 1000, true },
	{ "Match exec /bin/true", R92, false },
	{ "Match Foo bar", R92, false },
	{ "Match User a #b", 806, false },
};

static void criteria_of_each_release(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (text_refused(lines[i].line, lines[i].release) == lines[i].fine)
			fail_msg("'%s' in %u", lines[i].line, lines[i].release);
}

static void blocks_are_on_when_all_their_criteria_hit(void **state)
{
	static const struct {
		const char *criteria;
		bool on;
	} cases[] = {
		{ "User anna", true },
		{ "User ANNA", false },
		{ "User !bob", false },
		{ "User *,!bob", true },
		{ "User *,!anna", false },
		{ "Group staff", true },
		{ "Group *,!admins", false },
		{ "Group !nobody", false },
		{ "Host *.CORP.example", true },
		{ "Host 10.0.0.5", false },
		{ "Address 10.0.0.0/8", true },
		{ "Address 10.0.0.0/8,!10.0.0.5", false },
		{ "LocalAddress ::1", true },
		{ "LocalPort 22", true },
		{ "LocalPort ssh", true },
		{ "LocalPort 2222", false },
		{ "RDomain *", false },
		{ "User anna Address 11.*", false },
		{ "User anna Address 10.* Group admins Host ws5*", true },
		{ "all", true },
	};
	char staff[] = "staff", admins[] = "admins", *groups[] = { staff, admins, NULL };
	struct strings list = { .v = groups, .n = 2 };
	struct sshd_connection to = { .user = "anna",
				      .groups = &list,
				      .host = "ws5.corp.example",
				      .addr = "10.0.0.5",
				      .laddr = "::1",
				      .lport = 22 };
	char text[256];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(text, sizeof text, "PermitTTY yes\nMatch %s\nPermitTTY no\n", cases[i].criteria);
		if (strcmp(text_value(text, R92, KW_PERMITTTY, &to), cases[i].on ? "no" : "yes"))
			fail_msg("%s", cases[i].criteria);
	}
}

static void what_is_not_known_never_hits(void **state)
{
	static const char *const criteria[] = { "User *",    "Group *",	       "Host *",
						"Address *", "LocalAddress *", "LocalPort 22" };
	const struct sshd_connection nobody = { 0 };
	char text[256];

	for (size_t i = 0; i < ARRAY_SIZE(criteria); i++) {
		snprintf(text, sizeof text, "Match %s\nPermitTTY no\n", criteria[i]);
		assert_string_equal(text_value(text, R92, KW_PERMITTTY, &nobody), "yes");
	}
}

static void an_invalid_user_and_a_version_can_be_criteria(void **state)
{
	const struct sshd_connection ghost = { .user = "ghost", .invalid_user = true }, anna = { .user = "anna" };

	assert_string_equal(text_value("Match invalid-user\nRefuseConnection yes\n", 909, KW_REFUSECONNECTION, &ghost),
			    "yes");
	assert_string_equal(text_value("Match invalid-user\nRefuseConnection yes\n", 909, KW_REFUSECONNECTION, &anna),
			    "no");
	assert_string_equal(text_value("Match Version OpenSSH_10.1*\nPermitTTY no\n", 1001, KW_PERMITTTY, &anna), "no");
	assert_string_equal(text_value("Match Version OpenSSH_10.1*\nPermitTTY no\n", 1002, KW_PERMITTTY, &anna),
			    "yes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(criteria_of_each_release),
		cmocka_unit_test(blocks_are_on_when_all_their_criteria_hit),
		cmocka_unit_test(what_is_not_known_never_hits),
		cmocka_unit_test(an_invalid_user_and_a_version_can_be_criteria),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
