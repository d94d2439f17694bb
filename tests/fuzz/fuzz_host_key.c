/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_host_key.c - any file, as it is and with the letters around it made for it, is the host's key or is refused with a reason. */
#include "gate/host_key.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BEGIN "-----BEGIN OPENSSH PRIVATE KEY-----\n"
#define END "\n-----END OPENSSH PRIVATE KEY-----\n"

static void check_key(const uint8_t *data, size_t size)
{
	uint8_t public[NATIVE_HOST_KEY] = { 0 }, seed[32] = { 0 }, pk[32], sk[64];
	const char *why = NULL;
	enum err e = host_key_parse(data, size, public, seed, &why);

	if (e == ERR_MEMORY)
		return;
	if (e && (!why || !*why || !sodium_is_zero(seed, sizeof seed) || !sodium_is_zero(public, sizeof public)))
		abort();
	if (e)
		return;
	crypto_sign_seed_keypair(pk, sk, seed);
	if (memcmp(pk, public, sizeof pk) != 0)
		abort();
}

static void check_secret(const uint8_t *data, size_t size)
{
	uint8_t secret[NATIVE_SECRET] = { 0 };

	if ((site_secret_parse(data, size, secret) == ERR_NONE) == sodium_is_zero(secret, sizeof secret))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char file[HOST_KEY_FILE_MAX];
	const size_t letters = sodium_base64_encoded_len(size, sodium_base64_VARIANT_ORIGINAL) - 1;
	size_t at = strlen(BEGIN);

	if (sodium_init() < 0)
		abort();
	check_key(data, size);
	check_secret(data, size);
	if (letters + strlen(BEGIN) + strlen(END) >= sizeof file)
		return 0;
	memcpy(file, BEGIN, at);
	sodium_bin2base64(file + at, sizeof file - at, data, size, sodium_base64_VARIANT_ORIGINAL);
	at += letters;
	memcpy(file + at, END, strlen(END));
	check_key((const uint8_t *)file, at + strlen(END));
	return 0;
}
