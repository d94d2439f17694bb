/* SPDX-License-Identifier: GPL-3.0-or-later */
/* native_signature.c - what a knock signs, and whether the signature is one that we take. */
#include "knock/native.h"

#include "base/reader.h"
#include "base/writer.h"
#include "key/signature.h"

#include <sodium.h>
#include <string.h>

#include "base/banned.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192
#define RSA_EXPONENT_BYTES 4

void native_message(const uint8_t host[NATIVE_HOST_KEY], const uint8_t enc[32], const uint8_t *plain, size_t signed_len,
		    struct text *out)
{
	text_add_bytes(out, host, NATIVE_HOST_KEY);
	text_add_bytes(out, enc, 32);
	text_add_bytes(out, plain, signed_len);
}

void native_to_be_signed(const struct text *message, struct text *out)
{
	uint8_t digest[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(digest, (const uint8_t *)message->s, message->len);
	text_add_bytes(out, "SSHSIG", 6);
	write_string(out, NATIVE_NAMESPACE, strlen(NATIVE_NAMESPACE));
	write_string(out, "", 0); /* reserved */
	write_string(out, "sha256", 6);
	write_string(out, digest, sizeof digest);
}

struct bytes {
	const uint8_t *at;
	size_t len;
};

static bool take(struct reader *in, struct bytes *out)
{
	return read_string(in, &out->at, &out->len) == ERR_NONE;
}

static bool bytes_are(struct bytes b, const char *s)
{
	return b.len == strlen(s) && !memcmp(b.at, s, b.len);
}

static unsigned bit_length(struct bytes number)
{
	while (number.len && !number.at[0])
		number.at++, number.len--;
	if (!number.len || number.len > RSA_BITS_MAX)
		return number.len ? RSA_BITS_MAX + 1 : 0;
	return (unsigned)(number.len * 8) - (unsigned)(__builtin_clz(number.at[0]) - 24);
}

/* Odd, from 3, of at most 32 bits: another exponent is slow to use, or lets forgeries through. */
static bool exponent_holds(struct bytes e)
{
	unsigned bits = bit_length(e);

	return bits >= 2 && bits <= 8 * RSA_EXPONENT_BYTES && e.at[e.len - 1] & 1;
}

static bool rsa_holds(struct reader *key)
{
	struct bytes e, n;

	if (!take(key, &e) || !take(key, &n) || !exponent_holds(e))
		return false;
	return bit_length(n) >= RSA_BITS_MIN && bit_length(n) <= RSA_BITS_MAX;
}

/* Positive, without needless zeros in front. */
static bool number_is_minimal(struct bytes b)
{
	if (!b.len || b.at[0] & 0x80)
		return false;
	return b.at[0] || (b.len > 1 && b.at[1] & 0x80);
}

static bool ecdsa_is_minimal(struct bytes pair)
{
	struct reader in = { .at = pair.at, .left = pair.len };
	struct bytes r, s;

	return take(&in, &r) && take(&in, &s) && number_is_minimal(r) && number_is_minimal(s) &&
	       read_end(&in) == ERR_NONE;
}

/*
 * What knocks want beyond what signature_verify() does. The name is the algorithm's to the last byte: sshd, and so
 * signature_verify(), pass over a NUL after it.
 */
static bool form_holds(const struct native_knock *k, const uint8_t *key, size_t key_len)
{
	struct reader of_key = { .at = key, .left = key_len }, of_sig = { .at = k->sig, .left = k->sig_len };
	struct bytes type, name, value;

	if (!take(&of_key, &type) || !take(&of_sig, &name) || !take(&of_sig, &value))
		return false;
	if (bytes_are(type, "ssh-rsa"))
		return (bytes_are(name, "rsa-sha2-512") || bytes_are(name, "rsa-sha2-256")) && rsa_holds(&of_key);
	if (name.len != type.len || memcmp(name.at, type.at, type.len) != 0)
		return false;
	return bytes_are(type, "ssh-ed25519") || bytes_are(type, "sk-ssh-ed25519@openssh.com") ||
	       ecdsa_is_minimal(value);
}

static bool touch_holds(const struct signature_facts *f, unsigned wants)
{
	if (!f->security_key)
		return true;
	if (wants & NATIVE_WANT_TOUCH && !(f->sk_flags & SIGNATURE_USER_PRESENT))
		return false;
	return !(wants & NATIVE_WANT_VERIFY) || f->sk_flags & SIGNATURE_USER_VERIFIED;
}

enum knock_stage native_verify(const struct native_knock *k, const uint8_t host[NATIVE_HOST_KEY], const uint8_t enc[32],
			       const uint8_t plain[NATIVE_PLAIN], const uint8_t *key, size_t key_len, unsigned wants,
			       char *algorithm)
{
	struct text message = { 0 }, signed_text = { 0 };
	struct signature_facts facts = { 0 };
	enum knock_stage stage = STAGE_SIGNATURE;

	if (!form_holds(k, key, key_len))
		return STAGE_SIGNATURE;
	native_message(host, enc, plain, k->signed_len, &message);
	if (text_check(&message) == ERR_NONE)
		native_to_be_signed(&message, &signed_text);
	/* Without memory there is nothing to verify against, and nobody gets in. */
	if (signed_text.s && text_check(&signed_text) == ERR_NONE &&
	    signature_verify(key, key_len, k->sig, k->sig_len, (const uint8_t *)signed_text.s, signed_text.len,
			     &facts) == ERR_NONE)
		stage = touch_holds(&facts, wants) ? STAGE_ACCEPTED : STAGE_TOUCH;
	if (algorithm && stage != STAGE_SIGNATURE)
		memcpy(algorithm, facts.algorithm, sizeof facts.algorithm);
	text_free(&message);
	text_free(&signed_text);
	return stage;
}
