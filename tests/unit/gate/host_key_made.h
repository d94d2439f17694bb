/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_key_made.h - private key files of OpenSSH's form, right ones and such that are wrong at one place. */
#ifndef TESTS_UNIT_GATE_HOST_KEY_MADE_H
#define TESTS_UNIT_GATE_HOST_KEY_MADE_H

#include "base/text.h"

#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define KEY_BEGIN "-----BEGIN OPENSSH PRIVATE KEY-----\n"
#define KEY_END "-----END OPENSSH PRIVATE KEY-----\n"

/* What stands in the file; start with key_made_start(). */
struct key_made {
	const char *magic, *cipher, *kdf, *options, *type, *private_type, *comment;
	uint32_t count, check1, check2;
	uint8_t seed[32], public[32], private_public[32], secret_public[32];
	size_t public_len, secret_len;
	size_t padding; /* in place of what is right, if not SIZE_MAX */
	uint8_t pad_first;
	size_t behind; /* zeros behind the private part */
};

static inline void key_made_start(struct key_made *k, uint8_t fill)
{
	uint8_t sk[64];

	*k = (struct key_made){ .magic = "openssh-key-v1",
				.cipher = "none",
				.kdf = "none",
				.options = "",
				.type = "ssh-ed25519",
				.private_type = "ssh-ed25519",
				.comment = "root@host",
				.count = 1,
				.check1 = 0x01020304,
				.check2 = 0x01020304,
				.public_len = 32,
				.secret_len = 64,
				.padding = SIZE_MAX,
				.pad_first = 1 };
	memset(k->seed, fill, sizeof k->seed);
	crypto_sign_seed_keypair(k->public, sk, k->seed);
	memcpy(k->private_public, k->public, 32);
	memcpy(k->secret_public, k->public, 32);
}

static inline void key_made_u32(struct text *t, uint32_t n)
{
	const uint8_t bytes[] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };

	text_add_bytes(t, bytes, sizeof bytes);
}

static inline void key_made_string(struct text *t, const void *bytes, size_t len)
{
	key_made_u32(t, (uint32_t)len);
	text_add_bytes(t, bytes, len);
}

static inline void key_made_private(const struct key_made *k, struct text *t)
{
	uint8_t secret[64];
	size_t padding;

	memcpy(secret, k->seed, 32);
	memcpy(secret + 32, k->secret_public, 32);
	key_made_u32(t, k->check1);
	key_made_u32(t, k->check2);
	key_made_string(t, k->private_type, strlen(k->private_type));
	key_made_string(t, k->private_public, 32);
	key_made_string(t, secret, k->secret_len);
	key_made_string(t, k->comment, strlen(k->comment));
	padding = k->padding == SIZE_MAX ? (8 - t->len % 8) % 8 : k->padding;
	for (size_t i = 0; i < padding; i++)
		text_add_bytes(t, &(uint8_t){ (uint8_t)(k->pad_first + i) }, 1);
}

/* The bytes, without the letters around them. */
static inline void key_made_bytes(const struct key_made *k, struct text *t)
{
	static const uint8_t zeros[64];
	struct text blob = { 0 }, part = { 0 };

	key_made_string(&blob, k->type, strlen(k->type));
	key_made_string(&blob, k->public, k->public_len);
	key_made_private(k, &part);
	text_add_bytes(t, k->magic, strlen(k->magic) + 1);
	key_made_string(t, k->cipher, strlen(k->cipher));
	key_made_string(t, k->kdf, strlen(k->kdf));
	key_made_string(t, k->options, strlen(k->options));
	key_made_u32(t, k->count);
	key_made_string(t, blob.s, blob.len);
	key_made_string(t, part.s, part.len);
	text_add_bytes(t, zeros, k->behind);
	text_free(&blob);
	text_free(&part);
}

static inline void key_made_armor(const uint8_t *bytes, size_t len, struct text *t)
{
	char line[8192];

	text_add_string(t, KEY_BEGIN);
	if (sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL) <= sizeof line)
		sodium_bin2base64(line, sizeof line, bytes, len, sodium_base64_VARIANT_ORIGINAL);
	else
		line[0] = '\0';
	for (const char *p = line; *p; p += strlen(p) < 70 ? strlen(p) : 70)
		text_add(t, "%.70s\n", p);
	text_add_string(t, KEY_END);
}

static inline void key_made_file(const struct key_made *k, struct text *t)
{
	struct text bytes = { 0 };

	key_made_bytes(k, &bytes);
	key_made_armor((const uint8_t *)bytes.s, bytes.len, t);
	text_free(&bytes);
}

#endif
