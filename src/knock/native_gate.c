/* SPDX-License-Identifier: GPL-3.0-or-later */
/* native_gate.c - the tag in front of a knock and the seal around it. */
#include "knock/hpke.h"

#include "base/writer.h"
#include "knock/native.h"

#include <sodium.h>
#include <string.h>

#include "base/banned.h"

/* With the zero byte at their ends, as sizeof counts it: section 3. */
static const char label_gate[] = "sallyport-v1 gate";
static const char label_knock[] = "sallyport-v1 knock";
static const char label_seal_psk[] = "sallyport-v1 seal psk";
static const char psk_id[] = "sallyport-v1 psk"; /* without it */

#define AT_ENC 8
#define AT_CT 40

uint64_t native_epoch(uint64_t unix_seconds)
{
	return unix_seconds / NATIVE_EPOCH_SECONDS;
}

void native_epochs(uint64_t unix_seconds, uint64_t out[2])
{
	/* A clock before 1970 plus five minutes has no earlier epoch, only a later one. */
	out[0] = unix_seconds < NATIVE_WINDOW_SECONDS ? 0 : native_epoch(unix_seconds - NATIVE_WINDOW_SECONDS);
	out[1] = out[0] + 1;
}

void native_gate_key(const uint8_t *secret, const uint8_t host[NATIVE_HOST_KEY], uint64_t epoch,
		     uint8_t out[NATIVE_GATE_KEY])
{
	static const uint8_t none[NATIVE_SECRET];
	uint8_t message[sizeof label_gate + NATIVE_HOST_KEY + 8], digest[crypto_auth_hmacsha256_BYTES];

	memcpy(message, label_gate, sizeof label_gate);
	memcpy(message + sizeof label_gate, host, NATIVE_HOST_KEY);
	store_u64(message + sizeof label_gate + NATIVE_HOST_KEY, epoch);
	crypto_auth_hmacsha256(digest, message, sizeof message, secret ? secret : none);
	memcpy(out, digest, NATIVE_GATE_KEY);
	sodium_memzero(digest, sizeof digest);
}

void native_gate_tag(const uint8_t key[NATIVE_GATE_KEY], const uint8_t enc[32], uint8_t out[8])
{
	/* SipHash-2-4; libsodium writes its result with the low byte first, as section 4.2 wants it. */
	crypto_shorthash(out, enc, 32, key);
}

bool native_gate_holds(const uint8_t key[NATIVE_GATE_KEY], const uint8_t datagram[NATIVE_DATAGRAM])
{
	uint8_t tag[8];

	native_gate_tag(key, datagram + AT_ENC, tag);
	return sodium_memcmp(tag, datagram, sizeof tag) == 0;
}

enum err native_host_public(const uint8_t host[NATIVE_HOST_KEY], uint8_t out[32])
{
	uint8_t u[32];

	if (crypto_sign_ed25519_pk_to_curve25519(u, host))
		return ERR_SYNTAX;
	memcpy(out, u, sizeof u);
	return ERR_NONE;
}

void native_host_secret(const uint8_t seed[32], uint8_t out[32])
{
	uint8_t hash[crypto_hash_sha512_BYTES];

	crypto_hash_sha512(hash, seed, 32);
	hash[0] &= 248;
	hash[31] = (uint8_t)((hash[31] & 127) | 64);
	memcpy(out, hash, 32);
	sodium_memzero(hash, sizeof hash);
}

/* What binds a seal to this protocol, this host and, where there is one, the site secret: section 4.3. */
struct binding {
	uint8_t info[sizeof label_knock + NATIVE_HOST_KEY];
	uint8_t psk[NATIVE_SECRET];
	struct hpke_context context;
};

static void bind(struct binding *b, const uint8_t host[NATIVE_HOST_KEY], const uint8_t *site_secret)
{
	memcpy(b->info, label_knock, sizeof label_knock);
	memcpy(b->info + sizeof label_knock, host, NATIVE_HOST_KEY);
	b->context = (struct hpke_context){ .info = b->info, .info_len = sizeof b->info };
	if (!site_secret)
		return;
	crypto_auth_hmacsha256(b->psk, (const uint8_t *)label_seal_psk, sizeof label_seal_psk, site_secret);
	b->context.psk = b->psk;
	b->context.psk_id = psk_id;
	b->context.psk_id_len = sizeof psk_id - 1;
}

enum err native_open(const uint8_t host[NATIVE_HOST_KEY], const uint8_t host_secret[32], const uint8_t *site_secret,
		     const uint8_t datagram[NATIVE_DATAGRAM], uint8_t plain[NATIVE_PLAIN])
{
	struct binding b;
	enum err e;

	bind(&b, host, site_secret);
	e = hpke_open(host_secret, datagram + AT_ENC, &b.context, datagram + AT_CT, NATIVE_DATAGRAM - AT_CT, plain);
	sodium_memzero(&b, sizeof b);
	return e;
}

enum err native_seal(const uint8_t host[NATIVE_HOST_KEY], const uint8_t *site_secret, const uint8_t ephemeral[32],
		     const uint8_t plain[NATIVE_PLAIN], uint8_t datagram[NATIVE_DATAGRAM])
{
	uint8_t recipient[32], sealed[NATIVE_DATAGRAM], key[NATIVE_GATE_KEY];
	struct binding b;
	enum err e;

	if ((e = native_host_public(host, recipient)))
		return e;
	bind(&b, host, site_secret);
	e = hpke_seal(recipient, &b.context, ephemeral, plain, NATIVE_PLAIN, sealed + AT_ENC, sealed + AT_CT);
	sodium_memzero(&b, sizeof b);
	if (e)
		return e;
	native_gate_key(site_secret, host, native_epoch(load_u64(plain + 4) / 1000), key);
	native_gate_tag(key, sealed + AT_ENC, sealed);
	sodium_memzero(key, sizeof key);
	memcpy(datagram, sealed, sizeof sealed);
	return ERR_NONE;
}

enum err native_enc(const uint8_t ephemeral[32], uint8_t enc[32])
{
	return crypto_scalarmult_base(enc, ephemeral) ? ERR_SIGNATURE : ERR_NONE;
}
