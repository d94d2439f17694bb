/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keyfile.h - what is known of a key file without reading the private half: its public key, and a certificate beside it. */
#ifndef CLIENT_KEYFILE_H
#define CLIENT_KEYFILE_H

#include "base/err.h"
#include "base/macros.h"
#include "key/public.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Free with keyfile_clear(). */
struct keyfile {
	char *path;	       /* of the private half, which need not be there */
	bool private;	       /* it is there */
	struct public_key key; /* type, bits and fingerprint of the plain key */
	uint8_t *certificate;  /* blob; NULL: none beside it */
	size_t certificate_len;
};

/*
 * Of "NAME" or "NAME.pub": the public key in NAME.pub, or else what ssh-keygen -l says of NAME; a certificate in NAME-cert.pub, of
 * the same key. ERR_NOT_FOUND: neither file is there; ERR_SYNTAX: no public key can be had from them; ERR_MEMORY.
 */
MUST_USE enum err keyfile_read(const char *name, struct keyfile *out);
/* The first line of a file of public keys or certificates. ERR_NOT_FOUND, ERR_SYNTAX, ERR_MEMORY. Free with public_key_line_clear(). */
MUST_USE enum err keyfile_read_public(const char *path, struct public_key_line *out);
/* "256 SHA256:... comment (ED25519)", as ssh-keygen -l writes it. ERR_SYNTAX; also for a type that cannot knock. */
MUST_USE enum err keyfile_parse_listing(const char *line, size_t len, struct public_key *out);
void keyfile_clear(struct keyfile *i); /* leaves { 0 } */

#endif
