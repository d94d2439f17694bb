/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sshsig.h - the signature in what ssh-keygen -Y sign writes (OpenSSH PROTOCOL.sshsig). */
#ifndef CLIENT_SSHSIG_H
#define CLIENT_SSHSIG_H

#include "base/err.h"
#include "base/macros.h"

#include <stddef.h>
#include <stdint.h>

#define SSHSIG_MAX 16384 /* of the armored text; RSA 16384 makes 6 KiB */

/* Free with sshsig_clear(). */
struct sshsig {
	uint8_t *key, *signature; /* blobs */
	size_t key_len, signature_len;
};

/*
 * The text from "-----BEGIN SSH SIGNATURE-----" on, nothing before it and nothing but blanks behind. The name space must be
 * this one, the digest sha256. ERR_SYNTAX, ERR_SHORT, ERR_TRAILING, ERR_TOO_BIG, ERR_MEMORY.
 */
MUST_USE enum err sshsig_parse(const char *text, size_t len, const char *name_space, struct sshsig *out);
void sshsig_clear(struct sshsig *s); /* leaves { 0 } */

#endif
