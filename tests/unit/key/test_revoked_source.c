/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_revoked_source.c - files of what is to be revoked: what they may say, what is wrong in them, how they are edited. */
#include "key/revoked_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINV5DF0oFVaaCTmNJbEZI0mGWNH7F7t5eTbtgI/kR8aM"
#define FINGERPRINT "SHA256:flOoSazPBUeqPdBNDB2RbbOZU/IuuIw4zJ5wd04Gz9c"
#define CA "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINXOVEGqRx3cZybMT9epqEu0vqahhZ9k4Kh5d78mEe7Q"
#define CERTIFICATE \
	"ssh-ed25519-cert-v01@openssh.com " \
	"AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIIuOr1aZkwoeUurMFKnhrRfYZ1zZAhq9pJKroFnhb3FaAAAAINV5DF0oFVaa" \
	"CTmNJbEZI0mGWNH7F7t5eTbtgI/kR8aMAAAAAAAAAAcAAAABAAAABGFubmEAAAAAAAAAAAAAAAD//////////wAAAAAAAACCAAAAFXBlcm1pdC1Y" \
	"MTEtZm9yd2FyZGluZwAAAAAAAAAXcGVybWl0LWFnZW50LWZvcndhcmRpbmcAAAAAAAAAFnBlcm1pdC1wb3J0LWZvcndhcmRpbmcAAAAAAAAACnBl" \
	"cm1pdC1wdHkAAAAAAAAADnBlcm1pdC11c2VyLXJjAAAAAAAAAAAAAAAzAAAAC3NzaC1lZDI1NTE5AAAAINXOVEGqRx3cZybMT9epqEu0vqahhZ9k" \
	"4Kh5d78mEe7QAAAAUwAAAAtzc2gtZWQyNTUxOQAAAEBFn7fCEQFKtNFuUOXPJOUIvSVOoDxkcOBfyU3uVosQ+fU7MmdZ77n3GgFCknHouJjFYymH" \
	"bL7IcE4nRD5s1osC"

static enum err parse(const char *content, struct revoked_sources *l, struct diags *d)
{
	return revoked_sources_parse(content, strlen(content), "a.list", l, d);
}

static void reads_every_kind(void **state)
{
	static const struct {
		const char *line, *shown;
	} cases[] = {
		{ "key: " KEY " anna@laptop", "ssh-ed25519 " FINGERPRINT " anna@laptop" },
		{ "key:" KEY, "ssh-ed25519 " FINGERPRINT },
		{ "hash: " FINGERPRINT, FINGERPRINT },
		{ "hash: " FINGERPRINT "=", FINGERPRINT },
		{ "sha256: " KEY, FINGERPRINT },
		{ "hash: SHA1:11F6ad8ec52a2984abaafd7c3b516503785c2072",
		  "SHA1:11f6ad8ec52a2984abaafd7c3b516503785c2072" },
		{ "certificate: " CERTIFICATE " anna",
		  "ssh-ed25519-cert-v01@openssh.com " FINGERPRINT
		  " anna, serial 7, key id 'anna' of CA SHA256:KI2Zm1vIDR+4wMZXVuOHBXoMLBWy4sAnGH5a8Rkb+fQ" },
		{ "ca: any\nserial: 1", "serial 1 of any CA" },
		{ "ca: any\nserial: 1-18446744073709551615", "serial 1-18446744073709551615 of any CA" },
		{ "ca: any\nid: a\\\\b\\x0a # no comment", "key id 'a\\\\b\\x0A # no comment' of any CA" },
		{ "ca: " KEY " ca\n\nserial: 9", "serial 9 of CA " FINGERPRINT },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct revoked_sources l = { 0 };
		struct diags d = { 0 };
		struct text shown = { 0 };

		assert_int_equal(parse(cases[i].line, &l, &d), ERR_NONE);
		assert_int_equal(l.n, 1);
		assert_int_equal(revoked_source_describe(&l.v[0], &shown), ERR_NONE);
		if (l.v[0].kind == SOURCE_CERTIFICATE) /* the fingerprint of that CA is ssh-keygen's business */
			assert_memory_equal(shown.s, cases[i].shown, strlen(cases[i].shown) - 43);
		else
			assert_string_equal(shown.s, cases[i].shown);
		text_free(&shown);
		revoked_sources_clear(&l);
	}
}

static void keeps_who_why_and_until_when(void **state)
{
	struct revoked_sources l = { 0 };
	struct diags d = { 0 };

	assert_int_equal(parse("# for\r\n\nkey: " KEY "\n  reason: lost: in Rome \n\n\t# really\n\tby: anna\n"
			       "\tadded: 2026-11-29T12:00:00Z\n\tuntil: 2027-01-31T00:00:00Z\nhash: " FINGERPRINT "\n",
			       &l, &d),
			 ERR_NONE);
	assert_int_equal(l.n, 2);
	assert_string_equal(l.v[0].reason, "lost: in Rome");
	assert_string_equal(l.v[0].by, "anna");
	assert_int_equal(l.v[0].added, 1795953600);
	assert_int_equal(l.v[0].line, 3);
	assert_int_equal(l.v[0].last, 9);
	assert_false(revoked_source_expired(&l.v[0], l.v[0].until));
	assert_true(revoked_source_expired(&l.v[0], l.v[0].until + 1));
	assert_null(l.v[1].reason);
	assert_false(revoked_source_expired(&l.v[1], (time_t)1 << 40));
	revoked_sources_clear(&l);
}

/* Each with the line, and words that must be in what is said. */
static void says_what_is_wrong(void **state)
{
	static const struct {
		const char *content;
		unsigned line;
		const char *says;
	} cases[] = {
		{ "\nssh-ed25519 AAAA", 2, "wants a line such as 'key: TYPE BASE64'" },
		{ "keys: x", 1, "'keys': wants" },
		{ "key:", 1, "nothing stands behind 'key:'" },
		{ "key: x", 1, "key is 'x': wants a public key" },
		{ "key: " CERTIFICATE, 1, "no certificate" },
		{ "key: ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAYQDBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcE=",
		  1, "1024 bits or more" },
		{ "key: ssh-ed448 AAAA", 1, "of a type that OpenSSH has" },
		{ "certificate: " KEY, 1, "a plain key goes behind 'key:'" },
		{ "hash: SHA256:abc", 1, "43 characters" },
		{ "hash: SHA256:flOoSazPBUeqPdBNDB2RbbOZU/IuuIw4zJ5wd04Gz9", 1, "43 characters" },
		{ "hash: SHA1:11f6ad8ec52a2984abaafd7c3b516503785c20", 1, "40 digits" },
		{ "hash: MD5:00", 1, "SHA256: and" },
		{ "serial: 7", 1, "stands below no 'ca:' line" },
		{ "id: x", 1, "stands below no 'ca:' line" },
		{ "ca: ssh-dss AAAAB3NzaC1kc3M=\nserial: 1", 1, "a CA that is not DSA" },
		{ "ca: any\nserial: 0", 2, "serial is '0': wants a serial from 1" },
		{ "ca: any\nserial: 0-5", 2, "from 1" },
		{ "ca: any\nserial: 9-8", 2, "the smaller first" },
		{ "ca: any\nserial: 18446744073709551616", 2, "18446744073709551615" },
		{ "ca: any\nserial: 1-2-3", 2, "serial is" },
		{ "ca: any\nserial: 0x5", 2, "serial is" },
		{ "ca: any\nid: a\\b", 2, "a backslash as" },
		{ "ca: any\nid: \\x00", 2, "not 0" },
		{ "ca: all\nserial: 1", 1, "ca is 'all': wants a public key" },
		{ "\treason: x", 1, "below no entry" },
		{ "ca: any\n\treason: x", 2, "below no entry" },
		{ "key: " KEY "\n\tuntil: soon", 2, "wants a date such as" },
		{ "key: " KEY "\n\treason: a\n\treason: b", 3, "stands twice" },
		{ "key: " KEY "\n\twhy: x", 2, "reason, by, added or until" },
		{ "key: " KEY "\n\tlost", 2, "'reason: TEXT'" },
		{ "key: " KEY "\n\treason: a\033[2J", 2, "control character" },
		{ "key: x\n\twhy: y\n", 1, "key is" }, /* what belongs to it is not looked at */
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct revoked_sources l = { 0 };
		struct diags d = { 0 };

		assert_int_equal(parse("key: " KEY "\n", &l, &d), ERR_NONE);
		assert_int_equal(parse(cases[i].content, &l, &d), ERR_CONFIG);
		assert_int_equal(l.n, 1); /* of the file before */
		assert_int_equal(d.n, 1);
		assert_int_equal(d.v[0].line, cases[i].line);
		assert_string_equal(d.v[0].file, "a.list");
		if (!strstr(d.v[0].text, cases[i].says))
			fail_msg("%s", d.v[0].text);
		diags_free(&d);
		revoked_sources_clear(&l);
	}
}

/* A cut is read as what is left, or refused; it never reads beyond. */
static void takes_every_truncation(void **state)
{
	static const char whole[] =
		"key: " KEY " anna\n\treason: x\n\tuntil: 2027-01-31\nca: " CA "\nserial: 5-9\nid: a\\x20\n"
		"certificate: " CERTIFICATE "\nhash: " FINGERPRINT "\n";

	for (size_t len = 0; len < sizeof whole; len++) {
		struct revoked_sources l = { 0 };
		struct diags d = { 0 };
		char *exact = malloc(len + 1);
		enum err e;

		assert_non_null(exact);
		memcpy(exact, whole, len);
		e = revoked_sources_parse(exact, len, "a.list", &l, &d);
		assert_true(e == ERR_CONFIG ? d.errors && !l.n : e == ERR_NONE || len == sizeof whole);
		diags_free(&d);
		revoked_sources_clear(&l);
		free(exact);
	}
}

static void inserts_where_it_belongs(void **state)
{
	static const char before[] =
		"# ours\nca: any\nserial: 1\n\treason: x\n# between\nkey: " KEY "\nca: " CA "\nserial: 2";
	static const struct {
		const char *entry, *after;
	} cases[] = {
		{ "ca: any\nid: late\n\tby: anna\n",
		  "# ours\nca: any\nserial: 1\n\treason: x\nid: late\n\tby: anna\n# between\nkey: " KEY "\nca: " CA
		  "\nserial: 2" },
		{ "ca: " CA "\nserial: 3\n", "# ours\nca: any\nserial: 1\n\treason: x\n# between\nkey: " KEY "\nca: " CA
					     "\nserial: 2\nserial: 3\n" },
		{ "ca: " KEY " new\nserial: 4\n", "# ours\nca: any\nserial: 1\n\treason: x\n# between\nkey: " KEY
						  "\nca: " CA "\nserial: 2\nca: " KEY " new\nserial: 4\n" },
		{ "hash: " FINGERPRINT "\n", "# ours\nca: any\nserial: 1\n\treason: x\n# between\nkey: " KEY "\nca: " CA
					     "\nserial: 2\nhash: " FINGERPRINT "\n" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct revoked_sources l = { 0 };
		struct diags d = { 0 };
		struct text content = { 0 };
		size_t at;

		text_add_string(&content, before);
		assert_int_equal(parse(cases[i].entry, &l, &d), ERR_NONE);
		assert_int_equal(revoked_source_insert(&content, &l.v[0]), ERR_NONE);
		assert_string_equal(content.s, cases[i].after);
		/* and out again: all that is left is the line of its CA, and an end to the last line */
		assert_int_equal(parse(content.s, &l, &d), ERR_NONE);
		for (at = 1; !revoked_source_equal(&l.v[0], &l.v[at]); at++)
			;
		assert_int_equal(revoked_source_delete(&content, &l.v[at]), ERR_NONE);
		assert_memory_equal(content.s, before, strlen(before));
		text_free(&content);
		revoked_sources_clear(&l);
	}
}

static void tells_entries_apart(void **state)
{
	static const char all[] =
		"key: " KEY " a\nhash: " FINGERPRINT "\nca: any\nserial: 1\nserial: 1-2\nid: 1\nca: " CA
		"\nserial: 1\nid: 1\ncertificate: " CERTIFICATE "\nsha1: " KEY "\n";
	struct revoked_sources l = { 0 }, again = { 0 };
	struct diags d = { 0 };

	assert_int_equal(parse(all, &l, &d), ERR_NONE);
	assert_int_equal(parse(all, &again, &d), ERR_NONE);
	for (size_t i = 0; i < l.n; i++)
		for (size_t k = 0; k < l.n; k++)
			assert_int_equal(revoked_source_equal(&l.v[i], &again.v[k]), i == k);
	revoked_sources_clear(&l);
	revoked_sources_clear(&again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_kind),	    cmocka_unit_test(keeps_who_why_and_until_when),
		cmocka_unit_test(says_what_is_wrong),	    cmocka_unit_test(takes_every_truncation),
		cmocka_unit_test(inserts_where_it_belongs), cmocka_unit_test(tells_entries_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
