/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_key.c - takes an unencrypted private key apart; every copy of it is wiped. */
#include "gate/host_key.h"

#include "base/reader.h"

#include <sodium.h>
#include <string.h>

#include "base/banned.h"

#define BEGIN "-----BEGIN OPENSSH PRIVATE KEY-----"
#define END "-----END OPENSSH PRIVATE KEY-----"
#define TYPE "ssh-ed25519"
#define BLOCK 8 /* of no cipher: what the private part is padded to */

static const char magic[] = "openssh-key-v1"; /* with its zero byte */

struct bytes {
	const uint8_t *at;
	size_t len;
};

static enum err take(struct reader *in, struct bytes *out)
{
	return read_string(in, &out->at, &out->len);
}

static bool are(struct bytes b, const char *s)
{
	return b.len == strlen(s) && !memcmp(b.at, s, b.len);
}

/* The part behind the public key: two equal check numbers, the key, a comment, padding 1, 2, 3 ... */
static enum err read_private(struct bytes part, struct bytes public, uint8_t seed[32], const char **why)
{
	struct reader in = { .at = part.at, .left = part.len };
	struct bytes type, pk, sk, comment;
	uint32_t check1, check2;
	enum err e;

	*why = "the private part is damaged";
	if ((e = read_u32(&in, &check1)) || (e = read_u32(&in, &check2)) || (e = take(&in, &type)) ||
	    (e = take(&in, &pk)) || (e = take(&in, &sk)) || (e = take(&in, &comment)))
		return e;
	if (check1 != check2 || !are(type, TYPE) || pk.len != NATIVE_HOST_KEY || sk.len != 64)
		return ERR_SYNTAX;
	if (part.len % BLOCK || in.left >= BLOCK)
		return ERR_SYNTAX;
	for (uint8_t pad = 1; in.left; pad++) {
		uint8_t byte;

		if (read_u8(&in, &byte) || byte != pad)
			return ERR_SYNTAX;
	}
	if (memcmp(pk.at, public.at, pk.len) != 0 || memcmp(sk.at + 32, pk.at, pk.len) != 0)
		return ERR_SYNTAX;
	memcpy(seed, sk.at, 32);
	return ERR_NONE;
}

static enum err read_public(struct bytes blob, struct bytes *key, const char **why)
{
	struct reader in = { .at = blob.at, .left = blob.len };
	struct bytes type;
	enum err e;

	if ((e = take(&in, &type)))
		return e;
	if (!are(type, TYPE)) {
		*why = "it is no Ed25519 key";
		return ERR_UNSUPPORTED;
	}
	if ((e = take(&in, key)) || (e = read_end(&in)))
		return e;
	return key->len == NATIVE_HOST_KEY ? ERR_NONE : ERR_SYNTAX;
}

static enum err read_key(struct reader in, uint8_t public[NATIVE_HOST_KEY], uint8_t seed[32], const char **why)
{
	struct bytes cipher, kdf, options, blob, part, key;
	char head[sizeof magic];
	uint32_t count;
	enum err e;

	*why = "it is damaged";
	if ((e = read_bytes(&in, head, sizeof head)))
		return e;
	if (memcmp(head, magic, sizeof head) != 0)
		return ERR_SYNTAX;
	if ((e = take(&in, &cipher)) || (e = take(&in, &kdf)) || (e = take(&in, &options)) ||
	    (e = read_u32(&in, &count)))
		return e;
	if (!are(cipher, "none") || !are(kdf, "none") || options.len) {
		*why = "it has a passphrase";
		return ERR_UNSUPPORTED;
	}
	if (count != 1) {
		*why = "it does not hold one key";
		return ERR_UNSUPPORTED;
	}
	if ((e = take(&in, &blob)) || (e = take(&in, &part)) || (e = read_end(&in)) ||
	    (e = read_public(blob, &key, why)) || (e = read_private(part, key, seed, why)))
		return e;
	memcpy(public, key.at, NATIVE_HOST_KEY);
	return ERR_NONE;
}

/* The seed makes the public key, or sshd itself could not use the file. */
static enum err pair_check(const uint8_t public[NATIVE_HOST_KEY], const uint8_t seed[32], const char **why)
{
	uint8_t pk[crypto_sign_PUBLICKEYBYTES], sk[crypto_sign_SECRETKEYBYTES];
	enum err e = ERR_NONE;

	crypto_sign_seed_keypair(pk, sk, seed);
	if (sodium_memcmp(pk, public, sizeof pk) != 0) {
		*why = "its two halves do not belong together";
		e = ERR_SYNTAX;
	}
	sodium_memzero(sk, sizeof sk);
	return e;
}

/* What stands between the two lines that mark it; NULL: they are not there. */
static const char *armor_find(const char *text, size_t len, size_t *inside)
{
	const char *end;

	if (len < strlen(BEGIN) || memcmp(text, BEGIN, strlen(BEGIN)) != 0)
		return NULL;
	text += strlen(BEGIN);
	len -= strlen(BEGIN);
	end = memmem(text, len, END, strlen(END));
	*inside = end ? (size_t)(end - text) : 0;
	return end ? text : NULL;
}

static enum err read_text(const char *text, size_t len, uint8_t public[NATIVE_HOST_KEY], uint8_t seed[32],
			  const char **why)
{
	uint8_t *bytes = sodium_malloc(HOST_KEY_FILE_MAX), found_seed[32] = { 0 }, found_public[NATIVE_HOST_KEY];
	size_t got;
	enum err e = ERR_SYNTAX;

	*why = "there is no memory for it";
	if (!bytes)
		return ERR_MEMORY;
	*why = "it is damaged";
	if (!sodium_base642bin(bytes, HOST_KEY_FILE_MAX, text, len, "\r\n", &got, NULL,
			       sodium_base64_VARIANT_ORIGINAL) &&
	    !(e = read_key((struct reader){ .at = bytes, .left = got }, found_public, found_seed, why)) &&
	    !(e = pair_check(found_public, found_seed, why))) {
		memcpy(public, found_public, sizeof found_public);
		memcpy(seed, found_seed, sizeof found_seed);
	}
	sodium_memzero(found_seed, sizeof found_seed);
	sodium_free(bytes);
	return e;
}

enum err host_key_parse(const uint8_t *content, size_t len, uint8_t public[NATIVE_HOST_KEY], uint8_t seed[32],
			const char **why)
{
	const char *text;
	size_t inside;

	*why = "it is larger than any key";
	if (len > HOST_KEY_FILE_MAX)
		return ERR_SYNTAX;
	*why = "it is no private key of OpenSSH's own form";
	if (!(text = armor_find((const char *)content, len, &inside)))
		return ERR_UNSUPPORTED;
	return read_text(text, inside, public, seed, why);
}

enum err site_secret_parse(const uint8_t *content, size_t len, uint8_t secret[NATIVE_SECRET])
{
	uint8_t found[NATIVE_SECRET];
	size_t got = 0;
	enum err e = ERR_NONE;

	if (len && content[len - 1] == '\n')
		len--;
	if (len != 2 * sizeof found ||
	    sodium_hex2bin(found, sizeof found, (const char *)content, len, NULL, &got, NULL) || got != sizeof found ||
	    sodium_is_zero(found, sizeof found))
		e = ERR_SYNTAX;
	else
		memcpy(secret, found, sizeof found);
	sodium_memzero(found, sizeof found);
	return e;
}
