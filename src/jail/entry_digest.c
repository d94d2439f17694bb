/* SPDX-License-Identifier: GPL-3.0-or-later */
/* entry_digest.c - BLAKE2b with 256 bits, by libsodium. */
#include "jail/entry_digest.h"

#include <errno.h>
#include <sodium.h>
#include <unistd.h>

#include "base/banned.h"

#define BYTES 32
#define CHUNK 65536

enum err entry_digest_fd(int fd, off_t max, char out[ENTRY_DIGEST])
{
	unsigned char chunk[CHUNK], digest[BYTES];
	crypto_generichash_state state;
	off_t total = 0;
	ssize_t n;

	crypto_generichash_init(&state, NULL, 0, sizeof digest);
	while ((n = pread(fd, chunk, sizeof chunk, total)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_SYSTEM;
		total += n;
		if (total > max)
			return ERR_TOO_BIG;
		crypto_generichash_update(&state, chunk, (size_t)n);
	}
	crypto_generichash_final(&state, digest, sizeof digest);
	sodium_bin2hex(out, ENTRY_DIGEST, digest, sizeof digest);
	return ERR_NONE;
}

void entry_digest_bytes(const void *bytes, size_t len, char out[ENTRY_DIGEST])
{
	unsigned char digest[BYTES];

	crypto_generichash(digest, sizeof digest, bytes, len, NULL, 0);
	sodium_bin2hex(out, ENTRY_DIGEST, digest, sizeof digest);
}
