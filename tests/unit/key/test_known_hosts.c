/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_known_hosts.c - known_hosts is read as ssh reads it, and a host finds its lines. */
#include "key/known_hosts.h"

#include "keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define ED "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICGWztcNOdD6Zu5kPh/R+0aM5MHDKIRI89n3neEABhXm"
#define ED_FINGERPRINT "SHA256:679cpb1Taxi4CZu4j0bUxa/+DtTJXlygZFV93vilfTM"
/* by ssh-keygen -H: anna.example.org, and [berta]:2222 */
#define HASHED_ANNA "|1|tG6vOoSa57FCpleD+UKkylaGoqU=|iE83uDuoGA/Cbj8oc0TIZJhtczA="
#define HASHED_BERTA "|1|RkWa/+b0BKtECA+F0UUanRCU6AY=|oIp7yVnAFHqVrjbU5GXTe6/pjYU="

static void parse(const char *text, struct known_hosts *out)
{
	char *copy = malloc(strlen(text) + 1);

	memcpy(copy, text, strlen(text));
	assert_int_equal(known_hosts_parse(copy, strlen(text), 902, out), ERR_NONE);
	free(copy);
}

/* Whether a line with these names is about the host. */
static bool is(const char *names, const char *host)
{
	struct known_hosts k;
	char text[3000];
	bool found;

	snprintf(text, sizeof text, "%s " ED "\n", names);
	parse(text, &k);
	assert_int_equal(k.n, 1);
	found = known_host_is(&k.v[0], host);
	assert_true(found == (known_hosts_next(&k, host, NULL) != NULL));
	known_hosts_clear(&k);
	return found;
}

static void reads_all_that_a_line_holds(void **state)
{
	struct known_hosts k;

	parse("# a comment\n\n \tanna,berta\t" ED "  on the desk \n@cert-authority *.example.org " ED "\r\n"
	      "@revoked * " ED,
	      &k);
	assert_int_equal(k.nfaults, 0);
	assert_int_equal(k.n, 3);
	assert_int_equal(k.v[0].line, 3);
	assert_int_equal(k.v[0].kind, KNOWN_HOST_KEY);
	assert_string_equal(k.v[0].names, "anna,berta");
	assert_string_equal(k.v[0].key.key.type, "ssh-ed25519");
	assert_string_equal(k.v[0].key.key.fingerprint, ED_FINGERPRINT);
	assert_int_equal(k.v[0].key.blob_len, 51);
	assert_string_equal(k.v[0].key.comment, "on the desk");
	assert_int_equal(k.v[1].kind, KNOWN_HOST_CA);
	assert_int_equal(k.v[2].kind, KNOWN_HOST_REVOKED);
	assert_int_equal(k.v[2].line, 5);
	known_hosts_clear(&k);
}

static void says_which_lines_are_of_no_use(void **state)
{
	static const char *const bad[] = {
		"anna",
		"anna ",
		"anna # comment",
		"anna ssh-ed25519",
		"anna ssh-ed25519 AAAA",
		"anna ssh-ed448 AAAA",
		"@revoked",
		"@revoked anna",
		"@nonsense anna " ED,
		"@ anna " ED,
		"@revoked\tanna " ED,
		"@revoked @revoked anna " ED,
		"|1|x|y " ED,
		"|2|bBXTjbxKivKLoTI4r6lqa5YKBGU=|QD9LFH5yEXlIb8w7jEwC6CtyCpk= " ED,
		"|1|bBXTjbxKivKLoTI4r6lqa5YKBGU= " ED,
		"|1||QD9LFH5yEXlIb8w7jEwC6CtyCpk= " ED,
	};
	struct known_hosts k;
	char text[400];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(text, sizeof text, "a " ED "\n%s\nb " ED "\n", bad[i]);
		parse(text, &k);
		assert_int_equal(k.n, 2);
		assert_int_equal(k.nfaults, 1);
		assert_int_equal(k.faults[0].line, 2);
		assert_non_null(k.faults[0].why);
		known_hosts_clear(&k);
	}
}

static void compares_names_as_ssh_does(void **state)
{
	static const struct {
		const char *names, *host;
		bool is;
	} cases[] = {
		{ "anna", "anna", true },
		{ "anna", "annab", false },
		{ "anna", "ann", false },
		{ "ANNA", "anna", true },
		{ "x,anna,y", "anna", true },
		{ "an*", "anna", true },
		{ "*", "anything", true },
		{ "*a", "anna", true },
		{ "a*n*a", "annna", true },
		{ "a*x*a", "annna", false },
		{ "ann?", "anna", true },
		{ "ann?", "ann", false },
		{ "*,!anna", "anna", false },
		{ "!anna,*", "anna", false },
		{ "!anna,*", "berta", true },
		{ "!anna", "berta", false },
		{ "anna", "[anna]:2222", false },
		{ "[anna]:2222", "[anna]:2222", true },
		{ "[*]:2222", "[anna]:2222", true },
		{ "192.0.2.*", "192.0.2.7", true },
		{ HASHED_ANNA, "anna.example.org", true },
		{ HASHED_ANNA, "anna.example.or", false },
		{ HASHED_ANNA, "Anna.example.org", false },
		{ HASHED_BERTA, "[berta]:2222", true },
		{ HASHED_BERTA, "berta", false },
		{ HASHED_ANNA "x", "anna.example.org", false },
		{ HASHED_ANNA ",*", "anna.example.org", false },
		{ "x," HASHED_ANNA, "anna.example.org", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(is(cases[i].names, cases[i].host), cases[i].is);
}

/* ssh gives up on the whole list. */
static void a_pattern_too_long_spoils_its_list(void **state)
{
	char names[1100] = "x,";

	memset(names + 2, '*', 1023);
	assert_false(is(names, "x"));
	names[2 + 1022] = '\0';
	assert_true(is(names, "x"));
	assert_true(is(names, "y"));
}

static void finds_all_lines_of_a_host(void **state)
{
	const struct known_host *h = NULL;
	struct known_hosts k;

	parse("anna " ED "\nberta " ED "\n* " ED "\n" HASHED_ANNA " " ED "\nanna " ED "\n", &k);
	assert_non_null(h = known_hosts_next(&k, "anna", h));
	assert_int_equal(h->line, 1);
	assert_non_null(h = known_hosts_next(&k, "anna", h));
	assert_int_equal(h->line, 3);
	assert_non_null(h = known_hosts_next(&k, "anna", h));
	assert_int_equal(h->line, 5);
	assert_null(known_hosts_next(&k, "anna", h));
	known_hosts_clear(&k);
}

static void names_a_host_as_ssh_does(void **state)
{
	static const struct {
		const char *host;
		unsigned port;
		const char *name;
	} cases[] = {
		{ "Anna.Example.ORG", 22, "anna.example.org" },
		{ "anna", 2222, "[anna]:2222" },
		{ "2001:DB8::1", 22, "2001:db8::1" },
		{ "2001:db8::1", 443, "[2001:db8::1]:443" },
	};
	char *name;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(known_hosts_name(cases[i].host, cases[i].port, &name), ERR_NONE);
		assert_string_equal(name, cases[i].name);
		free(name);
	}
}

static void every_truncation_is_a_shorter_file(void **state)
{
	static const char whole[] = "anna " ED " c\n@revoked " HASHED_ANNA " " ED "\n";

	for (size_t len = 0; len <= sizeof whole - 1; len++) {
		char *copy = malloc(len ? len : 1);
		struct known_hosts k;

		memcpy(copy, whole, len);
		assert_int_equal(known_hosts_parse(copy, len, 902, &k), ERR_NONE);
		assert_true(k.n + k.nfaults <= 2);
		assert_true(!len || k.n + k.nfaults >= 1);
		known_hosts_clear(&k);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_all_that_a_line_holds),
		cmocka_unit_test(says_which_lines_are_of_no_use),
		cmocka_unit_test(compares_names_as_ssh_does),
		cmocka_unit_test(a_pattern_too_long_spoils_its_list),
		cmocka_unit_test(finds_all_lines_of_a_host),
		cmocka_unit_test(names_a_host_as_ssh_does),
		cmocka_unit_test(every_truncation_is_a_shorter_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
