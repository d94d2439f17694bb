/* SPDX-License-Identifier: GPL-3.0-or-later */
/* entry_digest.c - BLAKE2b with 256 bits, by libsodium. */
#include "jail/entry_digest.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <sodium.h>
#include <unistd.h>

#include "base/banned.h"

#define BYTES 32
#define CHUNK 65536
#define SETTLED_SECONDS 2 /* no file system has coarser times that is root's */

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
		if (out)
			crypto_generichash_update(&state, buffer, (size_t)n);
		if (to >= 0 && file_write_all(to, buffer, (size_t)n)) {
			*writes = true;
			return ERR_SYSTEM;
		}
	}
	if (out) {
		crypto_generichash_final(&state, digest, sizeof digest);
		sodium_bin2hex(out, ENTRY_DIGEST, digest, sizeof digest);
	}
	return ERR_NONE;
}

enum err entry_digest_fd(int fd, off_t max, char out[ENTRY_DIGEST])
{
	unsigned char chunk[CHUNK];
	bool writes;

	return entry_digest_copy(fd, -1, max, chunk, sizeof chunk, out, &writes);
}

bool entry_digest_settles(const struct stat *st)
{
	return st->st_ctim.tv_sec <= clock_wall() - SETTLED_SECONDS;
}

bool entry_digest_holds(const struct stat *before, const struct stat *after)
{
	return after->st_dev == before->st_dev && after->st_ino == before->st_ino &&
	       after->st_size == before->st_size && after->st_mtim.tv_sec == before->st_mtim.tv_sec &&
	       after->st_mtim.tv_nsec == before->st_mtim.tv_nsec && after->st_ctim.tv_sec == before->st_ctim.tv_sec &&
	       after->st_ctim.tv_nsec == before->st_ctim.tv_nsec;
}

void entry_digest_bytes(const void *bytes, size_t len, char out[ENTRY_DIGEST])
{
	unsigned char digest[BYTES];

	crypto_generichash(digest, sizeof digest, bytes, len, NULL, 0);
	sodium_bin2hex(out, ENTRY_DIGEST, digest, sizeof digest);
}
