/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_public.c - public keys are known as ssh-keygen knows them, and refused when a byte is missing. */
#include "key/public.h"

#include "keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/banned.h"

/* A blob that is put together field by field. */
static uint8_t blob[70000];
static size_t blob_len;

static void put(const void *bytes, size_t len)
{
	const uint8_t be[4] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len };

	memcpy(blob + blob_len, be, sizeof be);
	memcpy(blob + blob_len + sizeof be, bytes, len);
	blob_len += sizeof be + len;
}

static void start(const char *type)
{
	blob_len = 0;
	put(type, strlen(type));
}

static enum err parse_blob(struct public_key *k)
{
	return public_key_parse_blob(blob, blob_len, k);
}

static enum err parse_text(const char *line, struct public_key *k)
{
	return public_key_parse_line(line, strlen(line), k);
}

/* Decodes the vector's base64 into 'blob'. */
static void decode(const struct key_vector *v)
{
	const char *base64 = strchr(v->line, ' ') + 1;

	assert_int_equal(sodium_base642bin(blob, sizeof blob, base64, strlen(base64), NULL, &blob_len, NULL,
					   sodium_base64_VARIANT_ORIGINAL),
			 0);
}

static void knows_what_ssh_keygen_knows(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(key_vectors); i++) {
		const struct key_vector *v = &key_vectors[i];
		struct public_key k;

		assert_int_equal(parse_text(v->line, &k), ERR_NONE);
		assert_string_equal(k.type, v->type);
		assert_int_equal(k.bits, v->bits);
		assert_string_equal(k.fingerprint, v->fingerprint);
	}
}

static void refuses_every_truncation(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(key_vectors); i++) {
		struct public_key k = { .bits = 4711 };

		decode(&key_vectors[i]);
		for (size_t len = 0; len < blob_len; len++) {
			uint8_t *copy = malloc(len ? len : 1);

			memcpy(copy, blob, len);
			assert_int_equal(public_key_parse_blob(copy, len, &k), ERR_SHORT);
			free(copy);
		}
		assert_int_equal(k.bits, 4711);
	}
}

static void refuses_every_truncated_line(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(key_vectors); i++) {
		size_t whole = strlen(key_vectors[i].line);

		for (size_t len = 0; len < whole; len++) {
			char *copy = malloc(len ? len : 1);
			struct public_key k;

			memcpy(copy, key_vectors[i].line, len);
			assert_int_not_equal(public_key_parse_line(copy, len, &k), ERR_NONE);
			free(copy);
		}
	}
}

static void refuses_what_is_left_over(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(key_vectors); i++) {
		struct public_key k;

		decode(&key_vectors[i]);
		blob[blob_len++] = 0;
		assert_int_equal(parse_blob(&k), ERR_TRAILING);
	}
}

static enum err rsa_with(const void *modulus, size_t len, struct public_key *k)
{
	start("ssh-rsa");
	put("\1\0\1", 3);
	put(modulus, len);
	return parse_blob(k);
}

static void counts_the_bits_of_a_modulus(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		unsigned bits; /* 0: refused */
	} cases[] = {
		{ "\1", 1, 1 },	      { "\x7f", 1, 7 }, { "\0\x80", 2, 8 }, { "\0\xff\xff", 3, 16 },
		{ "\1\0\0", 3, 17 },  { "\x80", 1, 0 }, /* negative */
		{ "\xff\xff", 2, 0 },			/* negative */
		{ "\0", 1, 0 },				/* zero is the empty string */
		{ "\0\x7f", 2, 0 },			/* a needless zero */
		{ "\0\0\x80", 3, 0 },			/* two zeros */
		{ "", 0, 0 },				/* zero is no modulus */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct public_key k;

		assert_int_equal(rsa_with(cases[i].bytes, cases[i].len, &k), cases[i].bits ? ERR_NONE : ERR_SYNTAX);
		if (cases[i].bits)
			assert_int_equal(k.bits, cases[i].bits);
	}
}

static enum err ecdsa_with(const char *type, const char *curve, uint8_t first, size_t point_len)
{
	uint8_t point[200] = { first };
	struct public_key k;

	start(type);
	put(curve, strlen(curve));
	put(point, point_len);
	return parse_blob(&k);
}

static void wants_the_curve_of_the_type_and_a_whole_point(void **state)
{
	static const struct {
		const char *type, *curve;
		size_t len;
	} curves[] = {
		{ "ecdsa-sha2-nistp256", "nistp256", 65 },
		{ "ecdsa-sha2-nistp384", "nistp384", 97 },
		{ "ecdsa-sha2-nistp521", "nistp521", 133 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(curves); i++) {
		const char *other = curves[(i + 1) % ARRAY_SIZE(curves)].curve;

		assert_int_equal(ecdsa_with(curves[i].type, curves[i].curve, 4, curves[i].len), ERR_NONE);
		assert_int_equal(ecdsa_with(curves[i].type, curves[i].curve, 4, curves[i].len - 1), ERR_SYNTAX);
		assert_int_equal(ecdsa_with(curves[i].type, curves[i].curve, 4, curves[i].len + 1), ERR_SYNTAX);
		assert_int_equal(ecdsa_with(curves[i].type, curves[i].curve, 2, curves[i].len), ERR_SYNTAX);
		assert_int_equal(ecdsa_with(curves[i].type, curves[i].curve, 4, 0), ERR_SYNTAX);
		assert_int_equal(ecdsa_with(curves[i].type, other, 4, curves[i].len), ERR_SYNTAX);
		assert_int_equal(ecdsa_with(curves[i].type, "", 4, curves[i].len), ERR_SYNTAX);
	}
}

static void wants_a_whole_edwards_key(void **state)
{
	static const uint8_t key[58];
	struct public_key k;

	for (size_t len = 0; len <= sizeof key; len++) {
		start("ssh-ed25519");
		put(key, len);
		assert_int_equal(parse_blob(&k), len == 32 ? ERR_NONE : ERR_SYNTAX);
		start("ssh-ed448");
		put(key, len);
		assert_int_equal(parse_blob(&k), len == 57 ? ERR_NONE : ERR_SYNTAX);
	}
	assert_string_equal(k.type, "ssh-ed448");
	assert_int_equal(k.bits, 448);
}

static void takes_types_that_it_does_not_know(void **state)
{
	static const char *const names[] = { "ssh-mldsa44-ed25519@openssh.com", "x" };
	static const uint8_t key[1400];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct public_key k = { .bits = 1 };

		start(names[i]);
		assert_int_equal(parse_blob(&k), ERR_NONE);
		put(key, sizeof key);
		assert_int_equal(parse_blob(&k), ERR_NONE);
		assert_string_equal(k.type, names[i]);
		assert_int_equal(k.bits, 0);
		assert_int_equal(strncmp(k.fingerprint, "SHA256:", 7), 0);
		assert_int_equal(strlen(k.fingerprint), 50);
	}
}

static void refuses_types_that_are_none(void **state)
{
	static const char *const names[] = { "",
					     "a b",
					     "a\tb",
					     "a,b",
					     "a\x1b",
					     "\xc3\xa4",
					     "0123456789012345678901234567890123456789012345678901234567890123" };
	struct public_key k;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		start(names[i]);
		assert_int_equal(parse_blob(&k), ERR_SYNTAX);
	}
	blob_len = 0;
	put("ssh-rsa\0", 8);
	assert_int_equal(parse_blob(&k), ERR_SYNTAX);
	start("012345678901234567890123456789012345678901234567890123456789012");
	assert_int_equal(parse_blob(&k), ERR_NONE);
}

#define ED "ssh-ed25519 "
#define KEY "AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

static void reads_the_line_as_strictly_as_the_blob(void **state)
{
	static const struct {
		const char *line;
		enum err e;
	} cases[] = {
		{ ED KEY, ERR_NONE },
		{ ED KEY " alice@example.org and more", ERR_NONE },
		{ " \tssh-ed25519\t " KEY "\r\n", ERR_NONE },
		{ "", ERR_SYNTAX },
		{ "ssh-ed25519", ERR_SYNTAX },
		{ KEY, ERR_SYNTAX },
		{ "ssh-rsa " KEY, ERR_SYNTAX },
		{ "ssh-ed2551 " KEY, ERR_SYNTAX },
		{ "ssh-ed255199 " KEY, ERR_SYNTAX },
		{ "restrict " ED KEY, ERR_SYNTAX },
		{ ED KEY "=", ERR_SYNTAX },
		{ ED KEY "A", ERR_SYNTAX },
		{ ED "*" KEY, ERR_SYNTAX },
		{ ED KEY "AAAA", ERR_TRAILING },
		{ "x AAAAAXg=", ERR_NONE },
		{ "x AAAAAXg", ERR_SYNTAX },  /* padding is missing */
		{ "x AAAAAXh=", ERR_SYNTAX }, /* bits that nobody would write */
		{ "x AAAAAXg==", ERR_SYNTAX },
		{ "x AAAA-_==", ERR_SYNTAX }, /* another alphabet */
	};
	struct public_key k;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(parse_text(cases[i].line, &k), cases[i].e);
}

static void limits_the_line(void **state)
{
	static const char start[] = ED KEY " ";
	static char line[65537];
	struct public_key k;

	memset(line, 'c', sizeof line);
	memcpy(line, start, sizeof start - 1);
	assert_int_equal(public_key_parse_line(line, 65536, &k), ERR_NONE);
	assert_int_equal(public_key_parse_line(line, 65537, &k), ERR_TOO_BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_what_ssh_keygen_knows),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(refuses_every_truncated_line),
		cmocka_unit_test(refuses_what_is_left_over),
		cmocka_unit_test(counts_the_bits_of_a_modulus),
		cmocka_unit_test(wants_the_curve_of_the_type_and_a_whole_point),
		cmocka_unit_test(wants_a_whole_edwards_key),
		cmocka_unit_test(takes_types_that_it_does_not_know),
		cmocka_unit_test(refuses_types_that_are_none),
		cmocka_unit_test(reads_the_line_as_strictly_as_the_blob),
		cmocka_unit_test(limits_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
