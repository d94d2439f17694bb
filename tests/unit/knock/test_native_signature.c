/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_native_signature.c - of signatures that hold a knock takes those of one form only, by keys of a size that is worth it. */
#include "knock/native.h"

#include "base/macros.h"
#include "key/signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <sodium.h>

#include "base/banned.h"

static const uint8_t host[NATIVE_HOST_KEY] = { 7 }, enc[32] = { 9 };

/* A knock up to its signature, and what is to be signed. */
struct unsigned_knock {
	uint8_t plain[NATIVE_PLAIN];
	struct native_knock knock;
	struct text message, to_be_signed;
};

static struct unsigned_knock usual;

static void add_string(struct text *out, const void *bytes, size_t len)
{
	const uint8_t size[4] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len };

	text_add_bytes(out, size, sizeof size);
	text_add_bytes(out, bytes, len);
}

static void add_word(struct text *out, const char *word)
{
	add_string(out, word, strlen(word));
}

static void add_number(struct text *out, const BIGNUM *number)
{
	uint8_t bytes[1200] = { 0 };
	size_t len = (size_t)BN_num_bytes(number);

	assert_true(len < sizeof bytes);
	BN_bn2bin(number, bytes + 1);
	if (bytes[1] & 0x80)
		add_string(out, bytes, len + 1);
	else
		add_string(out, bytes + 1, len);
}

static enum knock_stage judge(const struct text *key, const struct text *signature)
{
	struct native_knock k = usual.knock;

	k.sig = (const uint8_t *)signature->s;
	k.sig_len = signature->len;
	return native_verify(&k, host, enc, usual.plain, (const uint8_t *)key->s, key->len, 0, NULL);
}

/* By the rules for signatures in general. */
static bool holds(const struct text *key, const struct text *signature)
{
	return signature_verify((const uint8_t *)key->s, key->len, (const uint8_t *)signature->s, signature->len,
				(const uint8_t *)usual.to_be_signed.s, usual.to_be_signed.len, NULL) == ERR_NONE;
}

/* ---- RSA ---- */

struct rsa {
	BIGNUM *n, *e, *d;
};

/* The modulus is a product of many small primes: quick to make, and who verifies cannot tell. */
static void rsa_make(int bits, const char *exponent, struct rsa *r)
{
	BIGNUM *phi = BN_new(), *p = BN_new(), *wider = BN_new();
	BN_CTX *ctx = BN_CTX_new();

	*r = (struct rsa){ .n = BN_new(), .d = BN_new() };
	assert_true(BN_hex2bn(&r->e, exponent) > 0 && BN_one(r->n) && BN_one(phi));
	while (BN_num_bits(r->n) < bits) {
		int left = bits - BN_num_bits(r->n);
		bool last = left < 300;

		/* whether the product gets as many bits as both have, or one less, is known afterwards */
		assert_true(
			BN_generate_prime_ex(p, last ? left + (int)randombytes_uniform(2) : 200, 0, NULL, NULL, NULL));
		assert_true(BN_mul(wider, r->n, p, ctx) && BN_sub_word(p, 1) && BN_gcd(r->d, p, r->e, ctx));
		if (!BN_is_one(r->d) || (last && BN_num_bits(wider) != bits))
			continue;
		assert_true(BN_copy(r->n, wider) && BN_mul(phi, phi, p, ctx));
	}
	if (BN_is_one(r->e))
		assert_true(BN_one(r->d));
	else
		assert_non_null(BN_mod_inverse(r->d, r->e, phi, ctx));
	BN_free(phi);
	BN_free(p);
	BN_free(wider);
	BN_CTX_free(ctx);
}

static void rsa_clear(struct rsa *r)
{
	BN_free(r->n);
	BN_free(r->e);
	BN_free(r->d);
}

static void rsa_key(const struct rsa *r, struct text *out)
{
	add_word(out, "ssh-rsa");
	add_number(out, r->e);
	add_number(out, r->n);
}

/* RFC 8017 section 9.2: what stands before the digest. */
static const struct rsa_algorithm {
	const char *name, *digest;
	uint8_t prefix[19];
	size_t prefix_len;
} rsa_algorithms[] = {
	{ "rsa-sha2-512",
	  "SHA512",
	  { 0x30, 0x51, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3, 5, 0, 4, 0x40 },
	  19 },
	{ "rsa-sha2-256",
	  "SHA256",
	  { 0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20 },
	  19 },
	{ "ssh-rsa", "SHA1", { 0x30, 0x21, 0x30, 9, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0, 4, 0x14 }, 15 },
};

static void rsa_sign(const struct rsa *r, const struct rsa_algorithm *a, struct text *out)
{
	uint8_t padded[1200], digest[EVP_MAX_MD_SIZE];
	size_t size = (size_t)BN_num_bytes(r->n), digest_len;
	BIGNUM *m;
	BN_CTX *ctx = BN_CTX_new();

	assert_true(size <= sizeof padded);
	assert_int_equal(
		EVP_Q_digest(NULL, a->digest, NULL, usual.to_be_signed.s, usual.to_be_signed.len, digest, &digest_len),
		1);
	memset(padded, 0xff, size);
	padded[0] = 0;
	padded[1] = 1;
	memcpy(padded + size - digest_len, digest, digest_len);
	memcpy(padded + size - digest_len - a->prefix_len, a->prefix, a->prefix_len);
	padded[size - digest_len - a->prefix_len - 1] = 0;
	m = BN_bin2bn(padded, (int)size, NULL);
	assert_true(m && BN_mod_exp(m, m, r->d, r->n, ctx));
	assert_int_equal(BN_bn2binpad(m, padded, (int)size), (int)size);
	add_word(out, a->name);
	add_string(out, padded, size);
	BN_free(m);
	BN_CTX_free(ctx);
}

static void rsa_keys_have_a_size_and_an_exponent_worth_verifying(void **state)
{
	static const struct {
		int bits;
		const char *exponent;
		enum knock_stage stage;
	} cases[] = {
		{ 2047, "10001", STAGE_SIGNATURE },   { 2048, "10001", STAGE_ACCEPTED },
		{ 2049, "10001", STAGE_ACCEPTED },    { 8192, "10001", STAGE_ACCEPTED },
		{ 8193, "10001", STAGE_SIGNATURE },   { 2048, "3", STAGE_ACCEPTED },
		{ 2048, "1", STAGE_SIGNATURE },	      { 2048, "fffffffb", STAGE_ACCEPTED },
		{ 2048, "ffffffff", STAGE_ACCEPTED }, { 2048, "10000000f", STAGE_SIGNATURE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct text key = { 0 }, signature = { 0 };
		struct rsa r;

		rsa_make(cases[i].bits, cases[i].exponent, &r);
		rsa_key(&r, &key);
		rsa_sign(&r, &rsa_algorithms[0], &signature);
		if (!holds(&key, &signature) || judge(&key, &signature) != cases[i].stage)
			fail_msg("%d bits, exponent %s", cases[i].bits, cases[i].exponent);
		rsa_clear(&r);
		text_free(&key);
		text_free(&signature);
	}
}

static void rsa_signs_by_sha2_only(void **state)
{
	struct text key = { 0 };
	struct rsa r;

	(void)state;
	rsa_make(2048, "10001", &r);
	rsa_key(&r, &key);
	for (size_t i = 0; i < ARRAY_SIZE(rsa_algorithms); i++) {
		struct text signature = { 0 };

		rsa_sign(&r, &rsa_algorithms[i], &signature);
		assert_true(holds(&key, &signature));
		assert_int_equal(judge(&key, &signature), i < 2 ? STAGE_ACCEPTED : STAGE_SIGNATURE);
		text_free(&signature);
	}
	rsa_clear(&r);
	text_free(&key);
}

/* ---- ECDSA ---- */

#define P256 "ecdsa-sha2-nistp256"

struct pair {
	uint8_t r[40], s[40];
	size_t r_len, s_len;
};

static void mpint_of(const BIGNUM *number, uint8_t *out, size_t *len)
{
	*len = (size_t)BN_num_bytes(number) + 1;
	out[0] = 0;
	BN_bn2bin(number, out + 1);
	if (!(out[1] & 0x80))
		memmove(out, out + 1, --*len);
}

/* A signature whose r has its top bit set, so that a zero must stand before it, and whose s has not. */
static void p256_sign(struct text *key, struct pair *out)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	uint8_t point[65], der[80];
	size_t len = 0;

	assert_true(pkey && EVP_PKEY_get_octet_string_param(pkey, "encoded-pub-key", point, sizeof point, &len));
	assert_int_equal(len, sizeof point);
	add_word(key, P256);
	add_word(key, "nistp256");
	add_string(key, point, len);
	do {
		const uint8_t *at = der;
		EVP_MD_CTX *ctx = EVP_MD_CTX_new();
		ECDSA_SIG *sig;

		len = sizeof der;
		assert_true(EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, pkey, NULL) == 1);
		assert_true(EVP_DigestSign(ctx, der, &len, (const uint8_t *)usual.to_be_signed.s,
					   usual.to_be_signed.len) == 1);
		sig = d2i_ECDSA_SIG(NULL, &at, (long)len);
		assert_non_null(sig);
		mpint_of(ECDSA_SIG_get0_r(sig), out->r, &out->r_len);
		mpint_of(ECDSA_SIG_get0_s(sig), out->s, &out->s_len);
		ECDSA_SIG_free(sig);
		EVP_MD_CTX_free(ctx);
	} while (out->r_len != 33 || out->s_len != 32);
	EVP_PKEY_free(pkey);
}

static void p256_blob(const struct pair *p, size_t extra, struct text *out)
{
	struct text both = { 0 };

	add_string(&both, p->r, p->r_len);
	add_string(&both, p->s, p->s_len);
	text_add_bytes(&both, "\0\0\0", extra);
	add_word(out, P256);
	add_string(out, both.s, both.len);
	text_free(&both);
}

static void ecdsa_numbers_have_one_form(void **state)
{
	static const struct {
		const char *what;
		int r_from, s_zeros; /* r without its zero; s with more of them */
		size_t extra;
		enum knock_stage stage;
		bool holds;
	} cases[] = {
		{ "as it should be", 0, 0, 0, STAGE_ACCEPTED, true },
		{ "a needless zero", 0, 1, 0, STAGE_SIGNATURE, true },
		{ "three of them", 0, 3, 0, STAGE_SIGNATURE, true },
		{ "negative", 1, 0, 0, STAGE_SIGNATURE, false },
		{ "something after the pair", 0, 0, 1, STAGE_SIGNATURE, false },
	};
	struct text key = { 0 };
	struct pair good;

	(void)state;
	p256_sign(&key, &good);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pair p = good;
		struct text signature = { 0 };

		memmove(p.r, p.r + cases[i].r_from, p.r_len -= (size_t)cases[i].r_from);
		memmove(p.s + cases[i].s_zeros, p.s, p.s_len);
		memset(p.s, 0, (size_t)cases[i].s_zeros);
		p.s_len += (size_t)cases[i].s_zeros;
		p256_blob(&p, cases[i].extra, &signature);
		if (holds(&key, &signature) != cases[i].holds || judge(&key, &signature) != cases[i].stage)
			fail_msg("%s", cases[i].what);
		text_free(&signature);
	}
	text_free(&key);
}

/* ---- Ed25519 ---- */

static void ed25519_key(const uint8_t public[32], struct text *out)
{
	add_word(out, "ssh-ed25519");
	add_string(out, public, 32);
}

static void ed25519_blob(const uint8_t signature[64], struct text *out)
{
	add_word(out, "ssh-ed25519");
	add_string(out, signature, 64);
}

static void ed25519_sign(uint8_t public[32], uint8_t signature[64])
{
	uint8_t secret[64];

	crypto_sign_keypair(public, secret);
	crypto_sign_detached(signature, NULL, (const uint8_t *)usual.to_be_signed.s, usual.to_be_signed.len, secret);
}

/* S and S plus the order of the group are the same to the equation. */
static void ed25519_has_one_signature_for_a_text(void **state)
{
	static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c,	     0xf7,
					   0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,	   0,	 [31] = 0x10 };
	struct text key = { 0 }, good = { 0 }, twin = { 0 };
	uint8_t public[32], signature[64];

	(void)state;
	ed25519_sign(public, signature);
	ed25519_key(public, &key);
	ed25519_blob(signature, &good);
	assert_int_equal(judge(&key, &good), STAGE_ACCEPTED);
	sodium_add(signature + 32, order, sizeof order);
	ed25519_blob(signature, &twin);
	assert_int_equal(judge(&key, &twin), STAGE_SIGNATURE);
	text_free(&key);
	text_free(&good);
	text_free(&twin);
}

/* With the neutral point as the key the equation holds for any s, if R is s times the base: no secret is needed. */
static void nobody_signs_for_a_key_of_small_order(void **state)
{
	static const uint8_t neutral[32] = { 1 };
	struct text key = { 0 }, forged = { 0 };
	uint8_t signature[64];

	(void)state;
	crypto_core_ed25519_scalar_random(signature + 32);
	assert_int_equal(crypto_scalarmult_ed25519_base_noclamp(signature, signature + 32), 0);
	ed25519_key(neutral, &key);
	ed25519_blob(signature, &forged);
	assert_int_equal(judge(&key, &forged), STAGE_SIGNATURE);
	text_free(&key);
	text_free(&forged);
}

/* ---- all ---- */

/* The name of the algorithm with one NUL more, which sshd passes over. */
static void nul_add(const struct text *signature, struct text *out)
{
	size_t len = (size_t)(uint8_t)signature->s[3];

	text_add_bytes(out, "\0\0\0", 3);
	text_add_bytes(out, (const char[]){ (char)(len + 1) }, 1);
	text_add_bytes(out, signature->s + 4, len);
	text_add_bytes(out, "", 1);
	text_add_bytes(out, signature->s + 4 + len, signature->len - 4 - len);
}

static void refuses_more_than_the_name_and_the_signature(const struct text *key, const struct text *good)
{
	struct text changed = { 0 };

	assert_int_equal(judge(key, good), STAGE_ACCEPTED);
	nul_add(good, &changed);
	assert_true(holds(key, &changed));
	assert_int_equal(judge(key, &changed), STAGE_SIGNATURE);
	text_free(&changed);
	text_add_bytes(&changed, good->s, good->len);
	text_add_bytes(&changed, "", 1);
	assert_int_equal(judge(key, &changed), STAGE_SIGNATURE);
	text_free(&changed);
}

static void a_blob_has_one_form(void **state)
{
	struct text key[3] = { 0 }, good[3] = { 0 };
	uint8_t public[32], signature[64];
	struct pair p;
	struct rsa r;

	(void)state;
	rsa_make(2048, "10001", &r);
	rsa_key(&r, &key[0]);
	rsa_sign(&r, &rsa_algorithms[1], &good[0]);
	rsa_clear(&r);
	p256_sign(&key[1], &p);
	p256_blob(&p, 0, &good[1]);
	ed25519_sign(public, signature);
	ed25519_key(public, &key[2]);
	ed25519_blob(signature, &good[2]);
	for (size_t i = 0; i < ARRAY_SIZE(key); i++) {
		refuses_more_than_the_name_and_the_signature(&key[i], &good[i]);
		for (size_t j = 0; j < ARRAY_SIZE(good); j++)
			assert_int_equal(judge(&key[i], &good[j]), i == j ? STAGE_ACCEPTED : STAGE_SIGNATURE);
	}
	for (size_t i = 0; i < ARRAY_SIZE(key); i++) {
		text_free(&key[i]);
		text_free(&good[i]);
	}
}

static int prepare(void **state)
{
	const struct native_knock k = { .kind = NATIVE_PLAIN_KEY, .ts = 1790000000000, .user = "anna" };
	size_t len;

	(void)state;
	if (native_write(&k, usual.plain, &len))
		return -1;
	usual.knock = k;
	usual.knock.signed_len = len;
	native_message(host, enc, usual.plain, len, &usual.message);
	native_to_be_signed(&usual.message, &usual.to_be_signed);
	return text_check(&usual.to_be_signed) == ERR_NONE ? 0 : -1;
}

static int clean(void **state)
{
	(void)state;
	text_free(&usual.message);
	text_free(&usual.to_be_signed);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rsa_keys_have_a_size_and_an_exponent_worth_verifying),
		cmocka_unit_test(rsa_signs_by_sha2_only),
		cmocka_unit_test(ecdsa_numbers_have_one_form),
		cmocka_unit_test(ed25519_has_one_signature_for_a_text),
		cmocka_unit_test(nobody_signs_for_a_key_of_small_order),
		cmocka_unit_test(a_blob_has_one_form),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, prepare, clean);
}
