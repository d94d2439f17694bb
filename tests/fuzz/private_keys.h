/* SPDX-License-Identifier: GPL-3.0-or-later */
/* private_keys.h - what the targets of private keys share: the letters around the bytes, and what must hold of an answer. */
#ifndef TESTS_FUZZ_PRIVATE_KEYS_H
#define TESTS_FUZZ_PRIVATE_KEYS_H

#include "key/private.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A key, which is the same when it is read again from its blob, or a refusal with a reason that leaves nothing behind. */
static inline void private_check(const uint8_t *data, size_t size)
{
	struct private_key k = { 0 };
	struct public_key again;
	const char *why = NULL;
	enum err e = private_key_read(data, size, &k, &why);

	if (e == ERR_MEMORY)
		return;
	if (e && (k.blob || k.comment || k.application || k.encrypted || k.key.type[0] || !why || !*why))
		abort();
	if (e != ERR_TOO_BIG && private_key_is(data, size) != (e != ERR_NOT_FOUND))
		abort();
	if (!e && (!k.comment || !k.blob != !k.key.type[0] || k.encrypted != (k.kdf != PRIVATE_KDF_NONE) ||
		   k.encrypted != (k.cipher[0] != '\0')))
		abort();
	if (k.blob && (public_key_parse_blob(k.blob, k.blob_len, &again) ||
		       strcmp(again.fingerprint, k.key.fingerprint) != 0 || strcmp(again.type, k.key.type) != 0))
		abort();
	private_key_clear(&k);
}

#define PRIVATE_FILE_MAX 65536

/* The bytes between BEGIN and END, in base64 or as they are. */
static inline void private_check_armored(const char *label, const uint8_t *data, size_t size, bool encode)
{
	static char file[PRIVATE_FILE_MAX];
	size_t at = (size_t)snprintf(file, sizeof file, "-----BEGIN %s-----\n", label);

	if (sodium_base64_encoded_len(size, sodium_base64_VARIANT_ORIGINAL) + at + 128 > sizeof file)
		return;
	if (encode)
		sodium_bin2base64(file + at, sizeof file - at, data, size, sodium_base64_VARIANT_ORIGINAL);
	else if (size)
		memcpy(file + at, data, size);
	at += encode ? strlen(file + at) : size;
	at += (size_t)snprintf(file + at, sizeof file - at, "\n-----END %s-----\n", label);
	private_check((const uint8_t *)file, at);
}

#endif
