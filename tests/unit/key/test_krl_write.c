/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_krl_write.c - the bytes of a KRL, and that everything that was written down is found in it again. */
#include "base/macros.h"
#include "key/krl_write.h"
#include "key/revoked_list.h"
#include "key/revoked_listed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define NOW 1800000000
#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINV5DF0oFVaaCTmNJbEZI0mGWNH7F7t5eTbtgI/kR8aM"
#define CA "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINXOVEGqRx3cZybMT9epqEu0vqahhZ9k4Kh5d78mEe7Q"
#define CERTIFICATE /* of KEY by CA, serial 7, key id anna */ \
	"ssh-ed25519-cert-v01@openssh.com " \
	"AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIIuOr1aZkwoeUurMFKnhrRfYZ1zZAhq9pJKroFnhb3FaAAAAINV5DF0oFVaa" \
	"CTmNJbEZI0mGWNH7F7t5eTbtgI/kR8aMAAAAAAAAAAcAAAABAAAABGFubmEAAAAAAAAAAAAAAAD//////////wAAAAAAAACCAAAAFXBlcm1pdC1Y" \
	"MTEtZm9yd2FyZGluZwAAAAAAAAAXcGVybWl0LWFnZW50LWZvcndhcmRpbmcAAAAAAAAAFnBlcm1pdC1wb3J0LWZvcndhcmRpbmcAAAAAAAAACnBl" \
	"cm1pdC1wdHkAAAAAAAAADnBlcm1pdC11c2VyLXJjAAAAAAAAAAAAAAAzAAAAC3NzaC1lZDI1NTE5AAAAINXOVEGqRx3cZybMT9epqEu0vqahhZ9k" \
	"4Kh5d78mEe7QAAAAUwAAAAtzc2gtZWQyNTUxOQAAAEBFn7fCEQFKtNFuUOXPJOUIvSVOoDxkcOBfyU3uVosQ+fU7MmdZ77n3GgFCknHouJjFYymH" \
	"bL7IcE4nRD5s1osC"
/* magic, format 1, version 3, generated 0, flags 0, reserved, the comment "c" */
#define HEAD \
	"5353484b524c0a00" \
	"00000001" \
	"0000000000000003" \
	"0000000000000000" \
	"0000000000000000" \
	"00000000" \
	"0000000163"

static void parse(const char *content, struct revoked_sources *l)
{
	struct diags problems = { 0 };

	assert_int_equal(revoked_sources_parse(content, strlen(content), "a.list", l, &problems), ERR_NONE);
	diags_free(&problems);
}

static void compile(const char *content, struct text *krl)
{
	const struct krl_head head = { .version = 3, .comment = "c" };
	struct revoked_sources l = { 0 };

	parse(content, &l);
	assert_int_equal(krl_compile(&l, NOW, &head, krl), ERR_NONE);
	revoked_sources_clear(&l);
}

static void hex(const struct text *t, struct text *out)
{
	for (size_t i = 0; i < t->len; i++)
		text_add(out, "%02x", (unsigned)(uint8_t)t->s[i]);
	assert_int_equal(text_check(out), ERR_NONE);
}

/* By hand from PROTOCOL.krl, and each read by ssh-keygen -Q -l as what it says. */
static void writes_these_bytes(void **state)
{
	static const struct {
		const char *sources, *bytes;
	} cases[] = {
		{ "", "" },
		{ "key: " KEY " anna", "02"
				       "00000037"
				       "00000033"
				       "0000000b7373682d65643235353139"
				       "00000020"
				       "d5790c5d2815569a09398d25b11923498658d1fb17bb797936ed808fe447c68c" },
		{ "hash: SHA1:11f6ad8ec52a2984abaafd7c3b516503785c2072", "03"
									 "00000018"
									 "00000014"
									 "11f6ad8ec52a2984abaafd7c3b516503785c2072" },
		{ "ca: any\nserial: 5", "01"
					"00000015"
					"00000000"
					"00000000"
					"20"
					"00000008"
					"0000000000000005" },
		/* what overlaps or follows each other is one range */
		{ "ca: any\nserial: 1-5\nserial: 4-9\nserial: 10", "01"
								   "0000001d"
								   "00000000"
								   "00000000"
								   "21"
								   "00000010"
								   "0000000000000001"
								   "000000000000000a" },
		{ "ca: any\nserial: 2-18446744073709551615\nserial: 1", "01"
									"0000001d"
									"00000000"
									"00000000"
									"21"
									"00000010"
									"0000000000000001"
									"ffffffffffffffff" },
		{ "ca: any\nserial: 18446744073709551615", "01"
							   "00000015"
							   "00000000"
							   "00000000"
							   "20"
							   "00000008"
							   "ffffffffffffffff" },
		/* 1, 3, 5, 7, 9 as bits 0, 2, 4, 6 and 8 from serial 1 on */
		{ "ca: any\nserial: 1\nserial: 3\nserial: 5\nserial: 7\nserial: 9", "01"
										    "0000001b"
										    "00000000"
										    "00000000"
										    "22"
										    "0000000e"
										    "0000000000000001"
										    "00000002"
										    "0155" },
		{ "ca: any\nid: b\nid: a\nid: b", "01"
						  "00000017"
						  "00000000"
						  "00000000"
						  "23"
						  "0000000a"
						  "00000001"
						  "61"
						  "00000001"
						  "62" },
		/* what has ended is left out */
		{ "ca: any\nserial: 5\n\tuntil: 2026-01-01", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct text krl = { 0 }, got = { 0 }, wanted = { 0 };

		compile(cases[i].sources, &krl);
		hex(&krl, &got);
		text_add(&wanted, HEAD "%s", cases[i].bytes);
		assert_string_equal(got.s, wanted.s);
		text_free(&krl);
		text_free(&got);
		text_free(&wanted);
	}
}

static void serial_0_is_refused(void **state)
{
	struct revoked_certificates c = { 0 };
	struct revoked r = { .krl = true, .cas = &c, .ncas = 1 };
	const struct krl_head head = { .version = 1, .comment = "" };
	struct text out = { 0 };

	assert_int_equal(revoked_range_add(&c, 0, 3), ERR_NONE);
	assert_int_equal(krl_write(&r, &head, &out), ERR_RANGE);
	assert_int_equal(out.len, 0);
	c.ranges.v[0].first = 1;
	assert_int_equal(krl_write(&r, &head, &out), ERR_NONE);
	text_free(&out);
	free(c.ranges.v);
}

static bool listed(const char *list, const char *entry)
{
	struct revoked_sources l = { 0 };
	struct revoked *r = NULL;
	struct text krl = { 0 };
	unsigned line;
	bool is;

	compile(list, &krl);
	assert_int_equal(revoked_parse((const uint8_t *)krl.s, krl.len, 902, &r, &line, NULL), ERR_NONE);
	parse(entry, &l);
	assert_int_equal(l.n, 1);
	is = revoked_listed(r, &l.v[0]);
	revoked_sources_clear(&l);
	revoked_free(r);
	text_free(&krl);
	return is;
}

static void a_list_tells_what_it_shuts_out(void **state)
{
	static const struct {
		const char *list, *entry;
		bool is;
	} cases[] = {
		{ "key: " KEY, "key: " KEY " other comment", true },
		{ "sha256: " KEY, "key: " KEY, true },
		{ "sha1: " KEY, "key: " KEY, true },
		{ "key: " KEY, "sha256: " KEY, false }, /* of the hash alone nobody can tell */
		{ "sha256: " KEY, "sha256: " KEY, true },
		{ "key: " CA, "key: " KEY, false },
		{ "", "key: " KEY, false },
		{ "key: " KEY, "certificate: " CERTIFICATE, true },
		{ "key: " CA, "certificate: " CERTIFICATE, true },
		{ "certificate: " CERTIFICATE, "certificate: " CERTIFICATE, true },
		{ "certificate: " CERTIFICATE, "key: " KEY, false },
		{ "ca: " CA "\nserial: 1-10", "certificate: " CERTIFICATE, true },
		{ "ca: " CA "\nserial: 8-10", "certificate: " CERTIFICATE, false },
		{ "ca: " KEY "\nserial: 1-10", "certificate: " CERTIFICATE, false },
		{ "ca: any\nid: anna", "certificate: " CERTIFICATE, true },
		{ "ca: any\nid: anna", "ca: " CA "\nid: anna", true },
		{ "ca: " CA "\nid: anna", "ca: any\nid: anna", false },
		{ "key: " CA, "ca: " CA "\nid: anna", true },
		{ "ca: " CA "\nserial: 1-5\nserial: 6-10", "ca: " CA "\nserial: 2-9", true },
		{ "ca: " CA "\nserial: 1-5\nserial: 7-10", "ca: " CA "\nserial: 2-9", false },
		/* by what is said of this CA and of any, in turns */
		{ "ca: " CA "\nserial: 1-5\nca: any\nserial: 6-10", "ca: " CA "\nserial: 2-9", true },
		{ "ca: any\nserial: 1\nserial: 3\nserial: 5\nserial: 7\nserial: 9", "ca: any\nserial: 7", true },
		{ "ca: any\nserial: 1\nserial: 3\nserial: 5\nserial: 7\nserial: 9", "ca: any\nserial: 6", false },
		{ "ca: any\nserial: 1-18446744073709551615", "ca: any\nserial: 18446744073709551615", true },
		{ "ca: any\nserial: 1-18446744073709551614", "ca: any\nserial: 5-18446744073709551615", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (listed(cases[i].list, cases[i].entry) != cases[i].is)
			fail_msg("'%s' in '%s'", cases[i].entry, cases[i].list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_these_bytes),
		cmocka_unit_test(serial_0_is_refused),
		cmocka_unit_test(a_list_tells_what_it_shuts_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
