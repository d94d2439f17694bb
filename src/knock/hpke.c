/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hpke.c - the key schedule of RFC 9180 over libsodium's X25519, HMAC-SHA-256 and ChaCha20-Poly1305. */
#include "knock/hpke.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/banned.h"

#define HASH crypto_auth_hmacsha256_BYTES
#define AEAD_KEY crypto_aead_chacha20poly1305_ietf_KEYBYTES
#define AEAD_NONCE crypto_aead_chacha20poly1305_ietf_NPUBBYTES

/* Section 7.1: mode_base, mode_psk. */
enum { MODE_BASE = 0, MODE_PSK = 1 };

struct bytes {
	const void *at;
	size_t len;
};

/* "KEM" and its number; "HPKE" and the numbers of the three algorithms: sections 4.1 and 5.1. */
static const uint8_t suite_kem[] = { 'K', 'E', 'M', 0x00, 0x20 };
static const uint8_t suite_hpke[] = { 'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01, 0x00, 0x03 };
#define SUITE_KEM \
	(struct bytes) \
	{ \
		suite_kem, sizeof suite_kem \
	}
#define SUITE_HPKE \
	(struct bytes) \
	{ \
		suite_hpke, sizeof suite_hpke \
	}

static void hmac(struct bytes key, const struct bytes *parts, size_t n, uint8_t out[HASH])
{
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, key.len ? key.at : "", key.len); /* no salt is no pointer either */
	for (size_t i = 0; i < n; i++)
		if (parts[i].len)
			crypto_auth_hmacsha256_update(&state, parts[i].at, parts[i].len);
	crypto_auth_hmacsha256_final(&state, out);
	sodium_memzero(&state, sizeof state);
}

/* LabeledExtract(salt, label, ikm) */
static void extract(struct bytes suite, struct bytes salt, const char *label, struct bytes ikm, uint8_t out[HASH])
{
	const struct bytes parts[] = { { "HPKE-v1", 7 }, suite, { label, strlen(label) }, ikm };

	/* HMAC pads its key with zeros, so that no salt and one of zeros are the same. */
	hmac(salt, parts, sizeof parts / sizeof parts[0], out);
}

/* LabeledExpand(prk, label, info, len), one block long at most: no output here is longer than a digest. */
static void expand(struct bytes suite, const uint8_t prk[HASH], const char *label, struct bytes info, uint8_t *out,
		   size_t len)
{
	const uint8_t size[2] = { (uint8_t)(len >> 8), (uint8_t)len }, block = 1;
	const struct bytes parts[] = { { size, 2 }, { "HPKE-v1", 7 }, suite, { label, strlen(label) },
				       info,	    { &block, 1 } };
	uint8_t digest[HASH];

	assert(len <= HASH);
	hmac((struct bytes){ prk, HASH }, parts, sizeof parts / sizeof parts[0], digest);
	memcpy(out, digest, len);
	sodium_memzero(digest, sizeof digest);
}

/* Section 4.1, ExtractAndExpand: the shared secret of the KEM. */
static void kem_secret(const uint8_t dh[HPKE_KEY], const uint8_t enc[HPKE_KEY], const uint8_t recipient[HPKE_KEY],
		       uint8_t out[HASH])
{
	uint8_t context[2 * HPKE_KEY], prk[HASH];

	memcpy(context, enc, HPKE_KEY);
	memcpy(context + HPKE_KEY, recipient, HPKE_KEY);
	extract(SUITE_KEM, (struct bytes){ 0 }, "eae_prk", (struct bytes){ dh, HPKE_KEY }, prk);
	expand(SUITE_KEM, prk, "shared_secret", (struct bytes){ context, sizeof context }, out, HASH);
	sodium_memzero(prk, sizeof prk);
}

struct aead {
	uint8_t key[AEAD_KEY], nonce[AEAD_NONCE];
};

/* Section 5.1, KeySchedule. The first message has the base nonce as its nonce. */
static void schedule(const struct hpke_context *c, const uint8_t shared[HASH], struct aead *out)
{
	uint8_t context[1 + 2 * HASH], secret[HASH];
	const struct bytes all = { context, sizeof context };

	context[0] = c->psk ? MODE_PSK : MODE_BASE;
	extract(SUITE_HPKE, (struct bytes){ 0 }, "psk_id_hash",
		c->psk ? (struct bytes){ c->psk_id, c->psk_id_len } : (struct bytes){ 0 }, context + 1);
	extract(SUITE_HPKE, (struct bytes){ 0 }, "info_hash", (struct bytes){ c->info, c->info_len },
		context + 1 + HASH);
	extract(SUITE_HPKE, (struct bytes){ shared, HASH }, "secret", (struct bytes){ c->psk, c->psk ? HPKE_KEY : 0 },
		secret);
	expand(SUITE_HPKE, secret, "key", all, out->key, AEAD_KEY);
	expand(SUITE_HPKE, secret, "base_nonce", all, out->nonce, AEAD_NONCE);
	sodium_memzero(secret, sizeof secret);
}

/* From one's own scalar and the other's public key. libsodium refuses a zero result. */
static enum err agree(const struct hpke_context *c, const uint8_t scalar[HPKE_KEY], const uint8_t other[HPKE_KEY],
		      const uint8_t enc[HPKE_KEY], const uint8_t recipient[HPKE_KEY], struct aead *out)
{
	uint8_t dh[HPKE_KEY], shared[HASH];
	enum err e = ERR_SIGNATURE;

	if (crypto_scalarmult(dh, scalar, other) == 0) {
		kem_secret(dh, enc, recipient, shared);
		schedule(c, shared, out);
		e = ERR_NONE;
	}
	sodium_memzero(dh, sizeof dh);
	sodium_memzero(shared, sizeof shared);
	return e;
}

enum err hpke_seal(const uint8_t recipient[HPKE_KEY], const struct hpke_context *c, const uint8_t ephemeral[HPKE_KEY],
		   const void *plain, size_t len, uint8_t enc[HPKE_KEY], uint8_t *ct)
{
	uint8_t public[HPKE_KEY];
	struct aead aead;
	enum err e;

	if (crypto_scalarmult_base(public, ephemeral))
		return ERR_SIGNATURE;
	if ((e = agree(c, ephemeral, recipient, public, recipient, &aead)))
		return e;
	crypto_aead_chacha20poly1305_ietf_encrypt(ct, NULL, plain, len, NULL, 0, NULL, aead.nonce, aead.key);
	memcpy(enc, public, sizeof public);
	sodium_memzero(&aead, sizeof aead);
	return ERR_NONE;
}

enum err hpke_open(const uint8_t secret[HPKE_KEY], const uint8_t enc[HPKE_KEY], const struct hpke_context *c,
		   const uint8_t *ct, size_t len, uint8_t *plain)
{
	uint8_t recipient[HPKE_KEY];
	struct aead aead;
	enum err e;

	if (len < HPKE_TAG)
		return ERR_SHORT;
	if (crypto_scalarmult_base(recipient, secret))
		return ERR_SIGNATURE;
	if ((e = agree(c, secret, enc, enc, recipient, &aead)))
		return e;
	/* Where the tag does not hold libsodium writes zeros: so it is first asked for the tag alone. */
	if (crypto_aead_chacha20poly1305_ietf_decrypt(NULL, NULL, NULL, ct, len, NULL, 0, aead.nonce, aead.key) ||
	    crypto_aead_chacha20poly1305_ietf_decrypt(plain, NULL, NULL, ct, len, NULL, 0, aead.nonce, aead.key))
		e = ERR_SIGNATURE;
	sodium_memzero(&aead, sizeof aead);
	return e;
}
