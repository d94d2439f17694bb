/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plain.h - the key in a blob without what a certificate adds, in the one form in which sshd compares and hashes keys. */
#ifndef KEY_PLAIN_H
#define KEY_PLAIN_H

#include "base/err.h"
#include "base/macros.h"
#include "base/reader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plain_kind;

#define PLAIN_PIECES 5
#define PLAIN_SHA1 20
#define PLAIN_SHA256 32

/*
 * The plain blob is the pieces one after the other, each behind its length in four bytes. They are borrowed from the
 * blob that was read; needless zeros in front of a number are left out, as sshd does when it writes the key again.
 */
struct plain_key {
	const struct plain_kind *kind; /* what type it is, also in a certificate */
	struct plain_piece {
		const uint8_t *at;
		size_t len;
	} piece[PLAIN_PIECES];
	size_t n;
	bool certificate;
	struct reader rest; /* of a certificate: from its serial on; else empty */
};

/*
 * The types that sshd of the release has, under all the names that it takes. ERR_SYNTAX, ERR_SHORT, ERR_TRAILING;
 * ERR_UNSUPPORTED for a type that it does not have; ERR_RANGE for RSA below 1024 bits.
 */
MUST_USE enum err plain_read(const uint8_t *blob, size_t len, unsigned release, struct plain_key *out);
/* Whether this name stands for the type of the key, as in front of its base64: "rsa-sha2-512" does for an RSA key. */
bool plain_is_called(const struct plain_key *k, const char *name, size_t len);
/* Whether the release has such a type at all. */
bool plain_is_type(const char *name, size_t len, unsigned release);
/* What reading leaves out since it takes time: whether the point is on its curve, the signature in the certificate holds. */
MUST_USE enum err plain_check(const struct plain_key *k, const uint8_t *blob, size_t len);

size_t plain_length(const struct plain_key *k);
void plain_copy(const struct plain_key *k, uint8_t *out); /* plain_length() bytes */
/* Shorter blobs first, then by byte value. */
int plain_compare(const struct plain_key *k, const uint8_t *blob, size_t len);
void plain_sha256(const struct plain_key *k, uint8_t out[PLAIN_SHA256]);
MUST_USE enum err plain_sha1(const struct plain_key *k, uint8_t out[PLAIN_SHA1]); /* ERR_UNSUPPORTED, ERR_MEMORY */

#endif
