/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_host_key.c - a host key is read to its last byte, and what is wrong with one is told. */
#include "base/scratch.h"

#include "base/macros.h"
#include "gate/host_key.h"
#include "gate/host_key_made.h"

#include "base/banned.h"

/* Made for this test with ssh-keygen; the public half as in its .pub file. */
static const char real[] = KEY_BEGIN "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
				     "QyNTUxOQAAACAUdxiEnCOvglBGeUPvVEHQAc+IPW+2DL1K+XeYSTP7hQAAAIjLoRfhy6EX\n"
				     "4QAAAAtzc2gtZWQyNTUxOQAAACAUdxiEnCOvglBGeUPvVEHQAc+IPW+2DL1K+XeYSTP7hQ\n"
				     "AAAEAV+25vQG+RPPhoYT2wzCwuFRtF00EA5iXCWnbOverPARR3GIScI6+CUEZ5Q+9UQdAB\n"
				     "z4g9b7YMvUr5d5hJM/uFAAAABHRlc3QB\n" KEY_END;
static const uint8_t real_public[] = { 0x14, 0x77, 0x18, 0x84, 0x9c, 0x23, 0xaf, 0x82, 0x50, 0x46, 0x79,
				       0x43, 0xef, 0x54, 0x41, 0xd0, 0x01, 0xcf, 0x88, 0x3d, 0x6f, 0xb6,
				       0x0c, 0xbd, 0x4a, 0xf9, 0x77, 0x98, 0x49, 0x33, 0xfb, 0x85 };

/* From memory of just that size, so that a read behind it is noticed; on failure nothing must have been given out. */
static enum err parse(const void *content, size_t len, uint8_t public[32], uint8_t seed[32], const char **why)
{
	uint8_t *exact = malloc(len ? len : 1), untouched[32];
	const char *reason = NULL;
	enum err e;

	assert_non_null(exact);
	memcpy(exact, content, len);
	memset(untouched, 0xee, sizeof untouched);
	memset(public, 0xee, 32);
	memset(seed, 0xee, 32);
	e = host_key_parse(exact, len, public, seed, &reason);
	free(exact);
	if (e) {
		assert_memory_equal(public, untouched, 32);
		assert_memory_equal(seed, untouched, 32);
		assert_non_null(reason);
		assert_true(reason[0]);
	}
	if (why)
		*why = reason;
	return e;
}

static void a_key_of_ssh_keygen_is_read(void **state)
{
	uint8_t public[32], seed[32], again[32], sk[64];

	assert_int_equal(parse(real, sizeof real - 1, public, seed, NULL), ERR_NONE);
	assert_memory_equal(public, real_public, 32);
	crypto_sign_seed_keypair(again, sk, seed);
	assert_memory_equal(again, real_public, 32);
}

static void comments_of_every_length_are_padded(void **state)
{
	char comment[64] = "";

	for (size_t len = 0; len < sizeof comment; len++) {
		uint8_t public[32], seed[32];
		struct text t = { 0 };
		struct key_made k;

		key_made_start(&k, (uint8_t)len);
		k.comment = comment;
		key_made_file(&k, &t);
		assert_int_equal(parse(t.s, t.len, public, seed, NULL), ERR_NONE);
		assert_memory_equal(seed, k.seed, 32);
		assert_memory_equal(public, k.public, 32);
		text_free(&t);
		comment[len] = 'c';
		comment[len + 1 < sizeof comment ? len + 1 : len] = '\0';
	}
}

#define PASSPHRASE "it has a passphrase"
#define DAMAGED "it is damaged"
#define PRIVATE "the private part is damaged"
#define HALVES "its two halves do not belong together"

static void edit_cipher(struct key_made *k)
{
	k->cipher = "aes256-ctr";
	k->kdf = "bcrypt";
	k->options = "salt";
}
static void edit_kdf(struct key_made *k)
{
	k->kdf = "bcrypt";
}
static void edit_options(struct key_made *k)
{
	k->options = "x";
}
static void edit_magic(struct key_made *k)
{
	k->magic = "openssh-key-v2";
}
static void edit_no_key(struct key_made *k)
{
	k->count = 0;
}
static void edit_two_keys(struct key_made *k)
{
	k->count = 2;
}
static void edit_type(struct key_made *k)
{
	k->type = k->private_type = "ssh-rsa";
}
static void edit_security_key(struct key_made *k)
{
	k->type = k->private_type = "sk-ssh-ed25519@openssh.com";
}
static void edit_longer_type(struct key_made *k)
{
	k->type = "ssh-ed255190";
}
static void edit_private_type(struct key_made *k)
{
	k->private_type = "ssh-ed25518";
}
static void edit_short_public(struct key_made *k)
{
	k->public_len = 31;
}
static void edit_check(struct key_made *k)
{
	k->check2++;
}
static void edit_public(struct key_made *k)
{
	k->public[0] ^= 1;
}
static void edit_private_public(struct key_made *k)
{
	k->private_public[31] ^= 1;
}
static void edit_secret_public(struct key_made *k)
{
	k->secret_public[5] ^= 1;
}
static void edit_seed(struct key_made *k)
{
	k->seed[0] ^= 1;
}
static void edit_short_secret(struct key_made *k)
{
	k->secret_len = 63;
}
static void edit_pad_value(struct key_made *k)
{
	k->pad_first = 2;
}
static void edit_no_padding(struct key_made *k)
{
	k->padding = 0;
}
static void edit_more_padding(struct key_made *k)
{
	k->padding = 15;
}
static void edit_behind(struct key_made *k)
{
	k->behind = 1;
}

static void what_is_wrong_is_told(void **state)
{
	static const struct {
		const char *name;
		void (*edit)(struct key_made *k);
		enum err e;
		const char *why;
	} cases[] = {
		{ "encrypted", edit_cipher, ERR_UNSUPPORTED, PASSPHRASE },
		{ "key derivation alone", edit_kdf, ERR_UNSUPPORTED, PASSPHRASE },
		{ "options alone", edit_options, ERR_UNSUPPORTED, PASSPHRASE },
		{ "magic", edit_magic, ERR_SYNTAX, DAMAGED },
		{ "no key", edit_no_key, ERR_UNSUPPORTED, "it does not hold one key" },
		{ "two keys", edit_two_keys, ERR_UNSUPPORTED, "it does not hold one key" },
		{ "RSA", edit_type, ERR_UNSUPPORTED, "it is no Ed25519 key" },
		{ "security key", edit_security_key, ERR_UNSUPPORTED, "it is no Ed25519 key" },
		{ "longer type", edit_longer_type, ERR_UNSUPPORTED, "it is no Ed25519 key" },
		{ "other type inside", edit_private_type, ERR_SYNTAX, PRIVATE },
		{ "short public key", edit_short_public, ERR_SYNTAX, DAMAGED },
		{ "check numbers", edit_check, ERR_SYNTAX, PRIVATE },
		{ "public key", edit_public, ERR_SYNTAX, PRIVATE },
		{ "public key inside", edit_private_public, ERR_SYNTAX, PRIVATE },
		{ "public key in the secret one", edit_secret_public, ERR_SYNTAX, PRIVATE },
		{ "seed", edit_seed, ERR_SYNTAX, HALVES },
		{ "short secret key", edit_short_secret, ERR_SYNTAX, PRIVATE },
		{ "padding from 2", edit_pad_value, ERR_SYNTAX, PRIVATE },
		{ "no padding", edit_no_padding, ERR_SYNTAX, PRIVATE },
		{ "a block of padding too many", edit_more_padding, ERR_SYNTAX, PRIVATE },
		{ "bytes behind", edit_behind, ERR_TRAILING, DAMAGED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t public[32], seed[32];
		struct text t = { 0 };
		struct key_made k;
		const char *why;
		enum err e;

		key_made_start(&k, 7);
		k.comment = "1234567890"; /* seven bytes of padding */
		cases[i].edit(&k);
		key_made_file(&k, &t);
		e = parse(t.s, t.len, public, seed, &why);
		if (e != cases[i].e || strcmp(why ? why : "", cases[i].why) != 0)
			fail_msg("%s: %d, %s", cases[i].name, e, why);
		text_free(&t);
	}
}

static void other_files_are_none(void **state)
{
	static const struct {
		const char *content;
		enum err e;
	} cases[] = {
		{ "", ERR_UNSUPPORTED },
		{ "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", ERR_UNSUPPORTED },
		{ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBR3GIScI6+CUEZ5Q+9UQdABz4g9b7YMvUr5d5hJM/uF\n",
		  ERR_UNSUPPORTED },
		{ KEY_BEGIN, ERR_UNSUPPORTED },
		{ KEY_END KEY_BEGIN, ERR_UNSUPPORTED },
		{ KEY_BEGIN KEY_END, ERR_SHORT },
		{ KEY_BEGIN "b3BlbnNz*C1rZXktdjEA\n" KEY_END, ERR_SYNTAX },
		{ KEY_BEGIN "b3BlbnNzaC1rZXktdjE\n" KEY_END, ERR_SYNTAX },
	};
	uint8_t public[32], seed[32];
	static char large[HOST_KEY_FILE_MAX + 2];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(parse(cases[i].content, strlen(cases[i].content), public, seed, NULL), cases[i].e);
	memset(large, '\n', sizeof large);
	memcpy(large, real, sizeof real - 1);
	assert_int_equal(parse(large, HOST_KEY_FILE_MAX, public, seed, NULL), ERR_NONE);
	assert_int_equal(parse(large, HOST_KEY_FILE_MAX + 1, public, seed, NULL), ERR_SYNTAX);
}

static void every_truncation_is_refused(void **state)
{
	uint8_t public[32], seed[32];
	struct text bytes = { 0 };
	struct key_made k;

	/* of the text: all up to the line feed at its end */
	for (size_t len = 0; len < sizeof real - 2; len++)
		assert_int_not_equal(parse(real, len, public, seed, NULL), ERR_NONE);
	key_made_start(&k, 9);
	key_made_bytes(&k, &bytes);
	for (size_t len = 0; len < bytes.len; len++) {
		struct text t = { 0 };

		key_made_armor((const uint8_t *)bytes.s, len, &t);
		assert_int_not_equal(parse(t.s, t.len, public, seed, NULL), ERR_NONE);
		text_free(&t);
	}
	text_free(&bytes);
}

/* But those of the comment, which is nobody's. */
static void every_changed_bit_is_noticed(void **state)
{
	uint8_t public[32], seed[32];
	struct text bytes = { 0 };
	struct key_made k;
	size_t comment;

	key_made_start(&k, 11);
	k.comment =
		"root@host1"; /* not of a length that is one bit from taking in all of the padding, which would be right */
	key_made_bytes(&k, &bytes);
	comment = (size_t)((const char *)memmem(bytes.s, bytes.len, k.comment, strlen(k.comment)) - bytes.s);
	for (size_t bit = 0; bit < bytes.len * 8; bit++) {
		const bool of_comment = bit / 8 >= comment && bit / 8 < comment + strlen(k.comment);
		struct text t = { 0 };

		bytes.s[bit / 8] ^= (char)(1 << bit % 8);
		key_made_armor((const uint8_t *)bytes.s, bytes.len, &t);
		bytes.s[bit / 8] ^= (char)(1 << bit % 8);
		if ((parse(t.s, t.len, public, seed, NULL) == ERR_NONE) != of_comment)
			fail_msg("bit %zu", bit);
		text_free(&t);
	}
	text_free(&bytes);
}

#define DIGITS "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static void site_secrets_are_64_digits(void **state)
{
	static const struct {
		const char *content;
		enum err e;
	} cases[] = {
		{ DIGITS, ERR_NONE },
		{ DIGITS "\n", ERR_NONE },
		{ ZEROS "\n", ERR_SYNTAX },
		{ DIGITS "\n\n", ERR_SYNTAX },
		{ DIGITS "\r\n", ERR_SYNTAX },
		{ DIGITS " \n", ERR_SYNTAX },
		{ " " DIGITS, ERR_SYNTAX },
		{ DIGITS "0", ERR_SYNTAX },
		{ DIGITS "00", ERR_SYNTAX },
		{ "0x" DIGITS, ERR_SYNTAX },
		{ "g0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", ERR_SYNTAX },
		{ "00:12233445566778899aabbccddeeff00112233445566778899aabbccddeeff", ERR_SYNTAX },
	};
	uint8_t secret[32];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(secret, 0xee, sizeof secret);
		if (site_secret_parse((const uint8_t *)cases[i].content, strlen(cases[i].content), secret) !=
		    cases[i].e)
			fail_msg("'%s'", cases[i].content);
		assert_int_equal(secret[1], cases[i].e ? 0xee : 0x11);
		assert_int_equal(secret[31], cases[i].e ? 0xee : 0xff);
	}
	for (size_t len = 0; len < strlen(DIGITS); len++)
		assert_int_equal(site_secret_parse((const uint8_t *)DIGITS, len, secret), ERR_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_of_ssh_keygen_is_read), cmocka_unit_test(comments_of_every_length_are_padded),
		cmocka_unit_test(what_is_wrong_is_told),       cmocka_unit_test(other_files_are_none),
		cmocka_unit_test(every_truncation_is_refused), cmocka_unit_test(every_changed_bit_is_noticed),
		cmocka_unit_test(site_secrets_are_64_digits),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("gate/host_key", tests, NULL, NULL);
}
