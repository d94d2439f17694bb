/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_sshsig.c - what ssh-keygen signed is taken out of its armor, and only that. */
#include "client/sshsig.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"
#define SPACE "knock-v1@sallyport"

/* ssh-keygen -Y sign -n knock-v1@sallyport -O hashalg=sha256 */
static const char good[] = "-----BEGIN SSH SIGNATURE-----\n"
			   "U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgOEqRKZ9jeh5WNuvtN1Mu2uwXpc\n"
			   "PWeb62SkRyDtMZmkIAAAASa25vY2stdjFAc2FsbHlwb3J0AAAAAAAAAAZzaGEyNTYAAABT\n"
			   "AAAAC3NzaC1lZDI1NTE5AAAAQKxbR2QAh96iYgN7D2sfx7RaPSdMYuv4UffeAZAId6H0QU\n"
			   "wGlNd+3IDkHERbe50ZKiQWVYO6whzL0XHdiOnIEgo=\n"
			   "-----END SSH SIGNATURE-----\n";

static void takes_key_and_signature(void **state)
{
	struct sshsig s;

	assert_int_equal(sshsig_parse(good, sizeof good - 1, SPACE, &s), ERR_NONE);
	assert_int_equal(s.key_len, 51);
	assert_memory_equal(s.key, "\0\0\0\x0bssh-ed25519", 15);
	assert_int_equal(s.signature_len, 83);
	assert_memory_equal(s.signature, "\0\0\0\x0bssh-ed25519", 15);
	sshsig_clear(&s);
	sshsig_clear(&s);
	assert_int_equal(sshsig_parse(good, sizeof good - 1, "file", &s), ERR_SYNTAX);
}

static void refuses_every_truncation(void **state)
{
	struct sshsig s = { .key_len = 7 };

	/* the last line feed may go */
	for (size_t len = 0; len < sizeof good - 2; len++) {
		char *cut = malloc(len ? len : 1);

		memcpy(cut, good, len);
		assert_int_not_equal(sshsig_parse(cut, len, SPACE, &s), ERR_NONE);
		free(cut);
	}
	assert_int_equal(s.key_len, 7);
}

static void refuses_what_is_around_it(void **state)
{
	char text[sizeof good + 20];
	struct sshsig s;

	snprintf(text, sizeof text, "x%s", good);
	assert_int_equal(sshsig_parse(text, strlen(text), SPACE, &s), ERR_SYNTAX);
	snprintf(text, sizeof text, "%sx", good);
	assert_int_equal(sshsig_parse(text, strlen(text), SPACE, &s), ERR_SYNTAX);
	assert_int_equal(sshsig_parse(good, sizeof good, SPACE, &s), ERR_SYNTAX); /* a zero */
	assert_int_equal(sshsig_parse(good, SSHSIG_MAX + 1, SPACE, &s), ERR_TOO_BIG);
}

/* The armor around a blob, cut to len bytes. */
static size_t armor(const char *blob, size_t len, char *out, size_t size)
{
	char base64[600];

	sodium_bin2base64(base64, sizeof base64, (const uint8_t *)blob, len, sodium_base64_VARIANT_ORIGINAL);
	return (size_t)snprintf(out, size, "-----BEGIN SSH SIGNATURE-----\n%s\n-----END SSH SIGNATURE-----\n", base64);
}

static void the_blob_is_read_to_its_last_byte(void **state)
{
	static const char blob[] = "SSHSIG\0\0\0\1\0\0\0\3key\0\0\0\4file\0\0\0\0\0\0\0\6sha256\0\0\0\3sig";
	static const struct {
		size_t at;
		char instead;
	} spoiled[] = {
		{ 0, 'X' },
		{ 9, 2 },    /* magic, version */
		{ 24, 'd' }, /* name space */
		{ 36, '1' }, /* digest */
	};
	char text[700], copy[sizeof blob];
	struct sshsig s;

	assert_int_equal(sshsig_parse(text, armor(blob, sizeof blob - 1, text, sizeof text), "file", &s), ERR_NONE);
	assert_memory_equal(s.signature, "sig", 3);
	sshsig_clear(&s);
	assert_int_equal(sshsig_parse(text, armor(blob, sizeof blob, text, sizeof text), "file", &s), ERR_TRAILING);
	for (size_t len = 0; len < sizeof blob - 1; len++)
		assert_int_not_equal(sshsig_parse(text, armor(blob, len, text, sizeof text), "file", &s), ERR_NONE);
	for (size_t i = 0; i < ARRAY_SIZE(spoiled); i++) {
		memcpy(copy, blob, sizeof blob);
		copy[spoiled[i].at] = spoiled[i].instead;
		assert_int_equal(sshsig_parse(text, armor(copy, sizeof blob - 1, text, sizeof text), "file", &s),
				 ERR_SYNTAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_key_and_signature),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(refuses_what_is_around_it),
		cmocka_unit_test(the_blob_is_read_to_its_last_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
