/* SPDX-License-Identifier: GPL-3.0-or-later */
/* entry_digest.c - BLAKE2b with 256 bits, by libsodium. */
#include "jail/entry_digest.h"

#include "base/file.h"

#include <errno.h>
#include <sodium.h>
#include <unistd.h>

#include "base/banned.h"

#define BYTES 32
#define CHUNK 65536

enum err entry_digest_copy(int fd, int to, off_t max, unsigned char *buffer, size_t size, char out[ENTRY_DIGEST],
			   bool *writes)
{
	unsigned char digest[BYTES];
	crypto_generichash_state state;
	off_t total = 0;
	ssize_t n;

	*writes = false;
	crypto_generichash_init(&state, NULL, 0, sizeof digest);
	/* what is short of the buffer and all that there should be is the end, without another look */
	for (bool end = false; !end;) {
		n = pread(fd, buffer, size, total);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_SYSTEM;
		total += n;
		if (total > max)
			return ERR_TOO_BIG;
		end = n == 0 || (total == max && (size_t)n < size);
		crypto_generichash_update(&state, buffer, (size_t)n);
		if (to >= 0 && file_write_all(to, buffer, (size_t)n)) {
			*writes = true;
			return ERR_SYSTEM;
		}
	}
	crypto_generichash_final(&state, digest, sizeof digest);
	sodium_bin2hex(out, ENTRY_DIGEST, digest, sizeof digest);
	return ERR_NONE;
}

enum err entry_digest_fd(int fd, off_t max, char out[ENTRY_DIGEST])
{
	unsigned char chunk[CHUNK];
	bool writes;

	return entry_digest_copy(fd, -1, max, chunk, sizeof chunk, out, &writes);
}

void entry_digest_bytes(const void *bytes, size_t len, char out[ENTRY_DIGEST])
{
	unsigned char digest[BYTES];

	crypto_generichash(digest, sizeof digest, bytes, len, NULL, 0);
	sodium_bin2hex(out, ENTRY_DIGEST, digest, sizeof digest);
}
