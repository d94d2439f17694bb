/* SPDX-License-Identifier: GPL-3.0-or-later */
/* public.h - SSH public keys: type and strength, from the one-line form or the blob. */
#ifndef KEY_PUBLIC_H
#define KEY_PUBLIC_H

#include "base/err.h"
#include "base/macros.h"

#include <stddef.h>
#include <stdint.h>

struct public_key {
	char type[64];	      /* "ssh-ed25519", as in the blob */
	unsigned bits;	      /* RSA and DSA: of the modulus; ECDSA: of the curve; Ed25519: 256 */
	char fingerprint[64]; /* "SHA256:..." without padding; of a certificate: of the key in it, as ssh-keygen -l */
};

/*
 * RFC 4253 section 6.6, RFC 5656, RFC 8709, OpenSSH PROTOCOL.u2f and PROTOCOL.certkeys (its
 * signature is not checked). A type that is not known is no error: bits is 0, the rest of the
 * blob is not looked at. ERR_SYNTAX, ERR_SHORT, ERR_TRAILING.
 */
MUST_USE enum err public_key_parse_blob(const uint8_t *blob, size_t len, struct public_key *out);
/* "TYPE BASE64 [comment]", without options. The type word must be the one in the blob. Also ERR_TOO_BIG beyond 64 KiB, ERR_MEMORY. */
MUST_USE enum err public_key_parse_line(const char *line, size_t len, struct public_key *out);

/* A line with all that it holds. */
struct public_key_line {
	struct public_key key;
	uint8_t *blob;
	size_t blob_len;
	char *comment; /* "" if none */
};

/*
 * One line as sshd of the release (902 is 9.2) reads it in authorized_keys (behind the options), in TrustedUserCAKeys and
 * in a list of revoked keys: words end at blanks and tabs only, a NUL ends the line, "rsa-sha2-512" is a word for ssh-rsa, a
 * certificate must be signed. Leading blanks are the caller's. ERR_SYNTAX, ERR_SHORT, ERR_TRAILING; ERR_UNSUPPORTED: the word is no
 * type that this release knows; ERR_RANGE: an RSA modulus below 1024 or above 16384 bits; ERR_SIGNATURE; ERR_MEMORY.
 * Free with public_key_line_clear().
 */
MUST_USE enum err public_key_decode_line(const char *line, size_t len, unsigned release, struct public_key_line *out);
void public_key_line_clear(struct public_key_line *l); /* leaves { 0 } */

#endif
