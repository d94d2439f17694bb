/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_known_weak.c - lists of known keys are read to the last good line, and keys are found in them. */
#include "key/known_weak.h"

#include "keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/banned.h"

/*
 * A key of CVE-2008-0166 that everybody can have: of root on Metasploitable 2. The collections of such keys call
 * it by its MD5 fingerprint, 57c3115d77c56390332dc5c49978627a.
 */
#define DEBIAN \
	"ssh-rsa " \
	"AAAAB3NzaC1yc2EAAAABIwAAAQEApmGJFZNl0ibMNALQx7M6sGGoi4KNmj6PVxpbpG70lShHQqldJkcteZZdPFSbW76IUiPR0Oh+WBV0x1c6iPL/" \
	"0zUYFHyFKAz1e6/5teoweG1jr2qOffdomVhvXXvSjGaSFwwOYB8R0QxsOWWTQTYSeBa66X6e777GVkHCDLYgZSo8wWr5JXln/" \
	"Tw7XotowHr8FEGvw2zW1krU3Zo9Bzp0e0ac2U+qUGIzIu/WwgztLZs5/D9IyhtRWocyQPE+kcP+Jz2mt4y1uA73KqoXfdw5oGUkxdFo9f1nu2" \
	"OwkjOc+Wv8Vw7bwkf+1RgiOMgiJ5cCs4WocyVxsXovcNnbALTp3w=="
#define DEBIAN_TAIL "6390332dc5c49978627a"

struct blob {
	uint8_t at[4096];
	size_t len;
};

static struct blob decode(const char *line)
{
	const char *base64 = strchr(line, ' ') + 1;
	struct blob b;

	assert_int_equal(sodium_base642bin(b.at, sizeof b.at, base64, strcspn(base64, " "), NULL, &b.len, NULL,
					   sodium_base64_VARIANT_ORIGINAL),
			 0);
	return b;
}

static enum err parse(struct known_weak *k, const char *text, struct diags *problems)
{
	char *copy = malloc(strlen(text) ? strlen(text) : 1); /* without a NUL, for the sanitizers to see */
	enum err e;

	assert_non_null(copy);
	memcpy(copy, text, strlen(text));
	e = known_weak_parse(k, "list", copy, strlen(text), problems);
	free(copy);
	return e;
}

/* Which line of the text knows the key; 0: none. */
static unsigned line_of(const char *text, const char *key, const char *note)
{
	struct known_weak *k;
	struct diags problems = { 0 };
	struct known_weak_hit hit = { 0 };
	struct blob b = decode(key);
	bool known;

	assert_int_equal(known_weak_new(&k), ERR_NONE);
	assert_int_equal(parse(k, text, &problems), ERR_NONE);
	assert_int_equal(problems.n, 0);
	assert_int_equal(known_weak_look(k, b.at, b.len, &known, &hit), ERR_NONE);
	if (known) {
		assert_string_equal(hit.file, "list");
		assert_string_equal(hit.note, note);
	}
	known_weak_free(k);
	diags_free(&problems);
	return known ? hit.line : 0;
}

static void knows_keys_of_debian(void **state)
{
	assert_int_equal(line_of("# one\n" DEBIAN_TAIL "\n", DEBIAN, ""), 2);
	assert_int_equal(line_of("00000000000000000000\n6390332DC5C49978627A\nffffffffffffffffffff", DEBIAN, ""), 2);
	assert_int_equal(line_of("00000000000000000000\nffffffffffffffffffff\n", DEBIAN, ""), 0);
	assert_int_equal(line_of("", DEBIAN, ""), 0);
}

static void knows_keys_by_fingerprint(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(key_vectors); i++) {
		const struct key_vector *v = &key_vectors[i];
		char text[512];
		snprintf(text, sizeof text, "\n \t\n  %s\tin the manual of a router \r\n", v->fingerprint);
		assert_int_equal(line_of(text, v->line, "in the manual of a router"), 3);
		snprintf(text, sizeof text, "%u %s anna@example.org (X)\n", v->bits, v->fingerprint);
		assert_int_equal(line_of(text, v->line, "anna@example.org (X)"), 1);
		assert_int_equal(line_of(text, i ? key_vectors[0].line : key_vectors[1].line, ""), 0);
	}
}

static void knows_keys_by_themselves(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(key_vectors); i++) {
		const struct key_vector *v = &key_vectors[i];
		char text[8192];
		snprintf(text, sizeof text, "# of Vagrant\n%s", v->line);
		assert_int_equal(line_of(text, v->line, ""), 2);
		snprintf(text, sizeof text, "%s shipped with a demo\n", v->line);
		assert_int_equal(line_of(text, v->line, "shipped with a demo"), 1);
	}
	assert_int_equal(line_of("from=\"10.*\",no-pty " DEBIAN " of a laboratory\n", DEBIAN, "of a laboratory"), 1);
}

static void tells_of_lines_that_are_none(void **state)
{
	static const char *const bad[] = {
		"hello",
		"SHA256:",
		"SHA256:abc",
		"SHA256:!79cpb1Taxi4CZu4j0bUxa/+DtTJXlygZFV93vilfTM",
		"6390332dc5c4997862",
		"zzz0332dc5c49978627a",
		"ssh-rsa AAAA",
		"2048",
		"\xff\xfe",
		"ssh-rsa",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct known_weak *k;
		struct diags problems = { 0 };
		struct known_weak_hit hit;
		struct blob b = decode(DEBIAN);
		char text[256];
		bool known;
		snprintf(text, sizeof text, DEBIAN_TAIL "\n%s\n", bad[i]);
		assert_int_equal(known_weak_new(&k), ERR_NONE);
		assert_int_equal(parse(k, text, &problems), ERR_NONE);
		assert_int_equal(problems.n, 1);
		assert_int_equal(problems.v[0].line, 2);
		assert_string_equal(problems.v[0].file, "list");
		assert_int_equal(known_weak_look(k, b.at, b.len, &known, &hit), ERR_NONE);
		assert_true(known);
		diags_free(&problems);
		/* alone it is no list */
		assert_int_equal(parse(k, bad[i], &problems), ERR_SYNTAX);
		diags_free(&problems);
		known_weak_free(k);
	}
}

static void does_not_flood(void **state)
{
	struct known_weak *k;
	struct diags problems = { 0 };
	struct text t = { 0 };

	for (size_t i = 0; i < 1000; i++)
		text_add_string(&t, "what is this\n");
	assert_int_equal(known_weak_new(&k), ERR_NONE);
	assert_int_equal(known_weak_parse(k, "list", t.s, t.len, &problems), ERR_SYNTAX);
	assert_int_equal(problems.n, 11);
	known_weak_free(k);
	diags_free(&problems);
	text_free(&t);
}

static void refuses_what_is_no_key(void **state)
{
	struct known_weak *k;
	struct known_weak_hit hit;
	struct blob b = decode(DEBIAN);
	bool known = false;

	assert_int_equal(known_weak_new(&k), ERR_NONE);
	for (size_t len = 0; len < b.len; len++)
		assert_int_not_equal(known_weak_look(k, b.at, len, &known, &hit), ERR_NONE);
	known_weak_free(k);
	known_weak_free(NULL);
}

static void put(const char *dir, const char *name, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void finds_the_lists_of_debian(void **state)
{
	static const char *const dirs[] = { "usr", "usr/share", "usr/share/ssh", "etc", "etc/ssh" };
	char dir[] = "/tmp/sallyport-known-XXXXXX", path[512];
	struct blob b = decode(DEBIAN);
	struct known_weak *k;
	struct known_weak_hit hit;
	struct diags problems = { 0 };
	struct root *r;
	size_t found = 9;
	bool known;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(root_open(dir, &r), ERR_NONE);
	assert_int_equal(known_weak_new(&k), ERR_NONE);
	assert_int_equal(known_weak_load_debian(k, r, &problems, &found), ERR_NONE);
	assert_int_equal(found, 0);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		snprintf(path, sizeof path, "%s/%s", dir, dirs[i]);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	put(dir, "usr/share/ssh/blacklist.DSA-1024", "# none\n00000000000000000000\n");
	put(dir, "etc/ssh/blacklist.RSA-2048", "# some\n00000000000000000000\n" DEBIAN_TAIL "\n");
	assert_int_equal(known_weak_load_debian(k, r, &problems, &found), ERR_NONE);
	assert_int_equal(found, 2);
	assert_int_equal(known_weak_look(k, b.at, b.len, &known, &hit), ERR_NONE);
	assert_true(known);
	assert_string_equal(hit.file, "/etc/ssh/blacklist.RSA-2048");
	assert_int_equal(hit.line, 3);
	assert_int_equal(known_weak_load(k, r, "/etc/ssh/missing", &problems), ERR_SYSTEM);
	assert_int_equal(known_weak_load(k, r, "/etc/ssh", &problems), ERR_NOT_FILE);
	assert_int_equal(problems.n, 0);
	known_weak_free(k);
	root_close(r);
	snprintf(path, sizeof path, "%s/usr/share/ssh/blacklist.DSA-1024", dir);
	assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof path, "%s/etc/ssh/blacklist.RSA-2048", dir);
	assert_int_equal(unlink(path), 0);
	for (size_t i = ARRAY_SIZE(dirs); i-- > 0;) {
		snprintf(path, sizeof path, "%s/%s", dir, dirs[i]);
		assert_int_equal(rmdir(path), 0);
	}
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_keys_of_debian),
		cmocka_unit_test(knows_keys_by_fingerprint),
		cmocka_unit_test(knows_keys_by_themselves),
		cmocka_unit_test(tells_of_lines_that_are_none),
		cmocka_unit_test(does_not_flood),
		cmocka_unit_test(refuses_what_is_no_key),
		cmocka_unit_test(finds_the_lists_of_debian),
	};

	return cmocka_run_group_tests_name("known_weak", tests, NULL, NULL);
}
