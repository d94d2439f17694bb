/* SPDX-License-Identifier: GPL-3.0-or-later */
/* digest.c - SHA-256 as people write it. */
#include "base/digest.h"

#include <sodium.h>

#include "base/banned.h"

void digest_hex(const void *bytes, size_t len, char out[DIGEST_HEX])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, bytes, len);
	sodium_bin2hex(out, DIGEST_HEX, hash, sizeof hash);
}
