/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_key_judge.c - one key with one trouble is one finding, by its id. */
#include "audit/key_judge.h"

#include "key/private.h"
#include "key/weak.h"
#include "sshd/credential.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW 1800000000
#define MODE .mode = 0600, .uid = 1001, .owner = 1001
#define ED25519 .key = { .type = "ssh-ed25519", .bits = 256, .fingerprint = "SHA256:a" }
#define RSA(n) .key = { .type = "ssh-rsa", .bits = n, .fingerprint = "SHA256:r" }
#define SK .key = { .type = "sk-ssh-ed25519@openssh.com", .bits = 256, .fingerprint = "SHA256:s" }

static const struct {
	const char *ids; /* of all findings but notes, in the order of the table */
	const char *policy;
	struct sighting s;
} rows[] = {
	{ "",
	  "",
	  { .kind = SIGHT_PRIVATE, .flags = SIGHT_ENCRYPTED, .kdf = PRIVATE_KDF_BCRYPT, .rounds = 16, MODE, ED25519 } },
	{ "private-unencrypted", "", { .kind = SIGHT_PRIVATE, MODE, ED25519 } },
	{ "", "", { .kind = SIGHT_PRIVATE, .flags = SIGHT_OF_HOST, .mode = 0600, ED25519 } },
	{ "host-key-mode", "", { .kind = SIGHT_PRIVATE, .flags = SIGHT_OF_HOST, .mode = 0644, ED25519 } },
	{ "", "", { .kind = SIGHT_PRIVATE, MODE, SK } },
	{ "private-weak-kdf",
	  "",
	  { .kind = SIGHT_PRIVATE, .flags = SIGHT_ENCRYPTED, .kdf = PRIVATE_KDF_BCRYPT, .rounds = 15, MODE } },
	{ "private-weak-kdf",
	  "Set bcrypt-rounds 100\n",
	  { .kind = SIGHT_PRIVATE, .flags = SIGHT_ENCRYPTED, .kdf = PRIVATE_KDF_BCRYPT, .rounds = 99, MODE } },
	{ "",
	  "Set pbkdf2-rounds 2048\n",
	  { .kind = SIGHT_PRIVATE, .flags = SIGHT_ENCRYPTED, .kdf = PRIVATE_KDF_PBKDF2, .rounds = 2048, MODE } },
	{ "private-weak-kdf",
	  "",
	  { .kind = SIGHT_PRIVATE, .flags = SIGHT_ENCRYPTED, .kdf = PRIVATE_KDF_PBKDF2, .rounds = 2048, MODE } },
	{ "private-weak-kdf",
	  "",
	  { .kind = SIGHT_PRIVATE, .flags = SIGHT_ENCRYPTED, .kdf = PRIVATE_KDF_SCRYPT, .rounds = 1024, MODE } },
	{ "private-weak-kdf",
	  "",
	  { .kind = SIGHT_PRIVATE, .flags = SIGHT_ENCRYPTED, .kdf = PRIVATE_KDF_ARGON2, .memory = 1024, MODE } },
	{ "private-weak-kdf", "", { .kind = SIGHT_PRIVATE, .flags = SIGHT_ENCRYPTED, .kdf = PRIVATE_KDF_SHA1, MODE } },
	{ "private-old-pem", "", { .kind = SIGHT_PRIVATE, .flags = SIGHT_ENCRYPTED, .kdf = PRIVATE_KDF_MD5, MODE } },
	{ "private-odd-place", "", { .kind = SIGHT_PRIVATE, .flags = SIGHT_ENCRYPTED | SIGHT_ODD, MODE } },
	{ "private-damaged", "", { .kind = SIGHT_PRIVATE, .flags = SIGHT_DAMAGED, MODE } },
	{ "private-mode private-owner",
	  "",
	  { .kind = SIGHT_PRIVATE, .flags = SIGHT_ENCRYPTED, .mode = 0604, .uid = 7, .owner = 8 } },
	{ "", "", { .kind = SIGHT_AUTHORIZED, ED25519 } },
	{ "key-dsa",
	  "",
	  { .kind = SIGHT_AUTHORIZED, .obstacle = OBSTACLE_ALGORITHM, .key = { .type = "ssh-dss", .bits = 1024 } } },
	{ "key-rsa-small", "", { .kind = SIGHT_AUTHORIZED, RSA(2047) } },
	{ "", "", { .kind = SIGHT_AUTHORIZED, RSA(2048) } },
	{ "key-rsa-below-policy", "Set rsa-bits 3072\n", { .kind = SIGHT_AUTHORIZED, RSA(2048) } },
	{ "key-roca", "", { .kind = SIGHT_AUTHORIZED, .weak = WEAK_ROCA, RSA(4096) } },
	{ "key-bad-numbers", "", { .kind = SIGHT_AUTHORIZED, .weak = WEAK_POWER, RSA(4096) } },
	{ "key-exponent", "", { .kind = SIGHT_AUTHORIZED, .weak = WEAK_EXPONENT_SMALL, RSA(4096) } },
	{ "key-shared-prime", "", { .kind = SIGHT_AUTHORIZED, .weak = SIGHT_SHARED_PRIME, RSA(4096) } },
	{ "known-host-weak", "", { .kind = SIGHT_KNOWN_HOST, .weak = WEAK_ROCA, RSA(4096) } },
	{ "key-revoked",
	  "",
	  { .kind = SIGHT_AUTHORIZED, .flags = SIGHT_REVOKED, .obstacle = OBSTACLE_REVOKED, ED25519 } },
	{ "authorized-expired", "", { .kind = SIGHT_AUTHORIZED, .expires = NOW, ED25519 } },
	{ "", "", { .kind = SIGHT_AUTHORIZED, .expires = NOW + 1, ED25519 } },
	{ "authorized-refused", "", { .kind = SIGHT_AUTHORIZED, .obstacle = OBSTACLE_STRICT_MODES, ED25519 } },
	{ "", "", { .kind = SIGHT_AUTHORIZED, .obstacle = OBSTACLE_UNKNOWN, ED25519 } },
	{ "authorized-no-from", "Set from-required a*\n", { .kind = SIGHT_AUTHORIZED, ED25519 } },
	{ "", "Set from-required b*\n", { .kind = SIGHT_AUTHORIZED, ED25519 } },
	{ "", "Set from-required a*\n", { .kind = SIGHT_AUTHORIZED, .flags = SIGHT_FROM, ED25519 } },
	{ "authorized-not-hardware", "Set hardware-keys required\n", { .kind = SIGHT_AUTHORIZED, ED25519 } },
	{ "", "Set hardware-keys required\n", { .kind = SIGHT_AUTHORIZED, SK } },
	{ "authorized-no-touch", "", { .kind = SIGHT_AUTHORIZED, .flags = SIGHT_NO_TOUCH, SK } },
	{ "authorized-unusable", "", { .kind = SIGHT_FAULT } },
	{ "ssh-not-a-file", "", { .kind = SIGHT_FAULT, .flags = SIGHT_NOT_FILE } },
	{ "unread", "", { .kind = SIGHT_UNREAD } },
};

static struct policy *made_policy(const char *content)
{
	struct diags problems = { 0 };
	struct policy *p = NULL;

	assert_int_equal(policy_parse(content, strlen(content), &p, &problems), ERR_NONE);
	diags_free(&problems);
	return p;
}

static void see(struct sightings *l, struct sighting s, const char *account)
{
	s.file = strdup("/f");
	s.text = strdup("why");
	s.account = account ? strdup(account) : NULL;
	assert_int_equal(sightings_add(l, &s), ERR_NONE);
}

static void judged(const struct sightings *l, const char *policy, char *ids, size_t size)
{
	static const struct strings names;
	struct policy *p = made_policy(policy);
	struct key_context c = { .policy = p, .now = NOW, .names = &names };
	struct key_report r = { 0 };
	size_t len = 0;

	assert_int_equal(key_judge(l, &c, &r), ERR_NONE);
	ids[0] = '\0';
	for (size_t i = 0; i < r.n; i++)
		if (r.v[i].check->status != KEY_NOTE)
			len += (size_t)snprintf(ids + len, size - len, "%s%s", len ? " " : "", r.v[i].check->id);
	key_report_free(&r);
	policy_free(p);
}

static void each_trouble_is_one_finding(void **state)
{
	char ids[256];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct sightings l = { 0 };

		see(&l, rows[i].s, "anna");
		judged(&l, rows[i].policy, ids, sizeof ids);
		if (strcmp(ids, rows[i].ids) != 0)
			print_error("row %zu\n", i);
		assert_string_equal(ids, rows[i].ids);
		sightings_free(&l);
	}
}

static void a_key_for_several_accounts_is_one_finding(void **state)
{
	const struct sighting s = { .kind = SIGHT_AUTHORIZED, ED25519 };
	struct sightings l = { 0 };
	char ids[256];

	see(&l, s, "anna");
	see(&l, s, "anna");
	judged(&l, "", ids, sizeof ids);
	assert_string_equal(ids, "");
	see(&l, s, "bob");
	see(&l, s, "vera");
	judged(&l, "", ids, sizeof ids);
	assert_string_equal(ids, "authorized-shared");
	sightings_free(&l);
}

static void a_ca_among_the_keys_of_people_is_found(void **state)
{
	struct sightings l = { 0 };
	char ids[256];

	see(&l, (struct sighting){ .kind = SIGHT_AUTHORIZED, .flags = SIGHT_CA, ED25519 }, NULL);
	judged(&l, "", ids, sizeof ids);
	assert_string_equal(ids, "");
	see(&l, (struct sighting){ .kind = SIGHT_AUTHORIZED, ED25519 }, "anna");
	judged(&l, "", ids, sizeof ids);
	assert_string_equal(ids, "authorized-ca-as-key");
	sightings_free(&l);
}

static void ids_are_different_and_fail_with_a_fix(void **state)
{
	for (size_t i = 0; i < key_checks_count(); i++) {
		const struct key_check *c = key_check_at(i);

		assert_non_null(c->title);
		assert_true(c->fix || c->status == KEY_NOTE);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(c->id, key_check_at(j)->id);
	}
}

static void what_holds_a_key_is_told_by_the_comment(void **state)
{
	static const struct {
		const char *comment, *type, *holder;
	} held[] = {
		{ "cardno:000500001234", "ssh-ed25519", "OpenPGP card" },
		{ "(none)", "ssh-ed25519", "GPG agent" },
		{ "/usr/lib/softhsm/libsofthsm2.so", "ssh-rsa", "PKCS#11 token" },
		{ "PIV AUTH pubkey", "ssh-rsa", "PKCS#11 token" },
		{ "anna@laptop", "sk-ecdsa-sha2-nistp256@openssh.com", "FIDO token" },
		{ "anna@laptop", "ssh-ed25519", NULL },
		{ NULL, "ssh-ed25519", NULL },
	};

	for (size_t i = 0; i < sizeof held / sizeof held[0]; i++) {
		struct sighting s = { .kind = SIGHT_AGENT, .comment = (char *)held[i].comment };
		const char *got;

		snprintf(s.key.type, sizeof s.key.type, "%s", held[i].type);
		got = key_holder_text(&s);
		assert_true(held[i].holder ? got && !strcmp(got, held[i].holder) : !got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_trouble_is_one_finding),
		cmocka_unit_test(a_key_for_several_accounts_is_one_finding),
		cmocka_unit_test(a_ca_among_the_keys_of_people_is_found),
		cmocka_unit_test(ids_are_different_and_fail_with_a_fix),
		cmocka_unit_test(what_holds_a_key_is_told_by_the_comment),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
