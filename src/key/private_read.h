/* SPDX-License-Identifier: GPL-3.0-or-later */
/* private_read.h - the inside of private.c: a reader per form, and the public key from what they find. */
#ifndef KEY_PRIVATE_READ_H
#define KEY_PRIVATE_READ_H

#include "base/err.h"
#include "base/macros.h"
#include "base/reader.h"
#include "key/private.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What stands between BEGIN and END. */
struct private_armor {
	struct reader headers; /* lines, borrowed from the file; empty: none */
	uint8_t *bytes;	       /* decoded; they hold the secret */
	size_t len;
};

/* 'text' begins behind the BEGIN line, 'label' is the one in it. ERR_SHORT, ERR_SYNTAX, ERR_MEMORY. Free with private_armor_clear(). */
MUST_USE enum err private_armor_read(struct reader text, const char *label, struct private_armor *out,
				     const char **why);
void private_armor_clear(struct private_armor *a); /* wipes; leaves { 0 } */

/*
 * Readers fill k, also partly where they fail: private.c gives it out only after a success. k->format and, of PEM, k->algorithm are set
 * before. *why is set where they fail with more than "it is damaged" to say.
 */
typedef enum err private_reader(const struct private_armor *a, struct private_key *k, const char **why);
private_reader private_openssh_read, private_rsa_read, private_dsa_read, private_ec_read, private_pkcs8_read,
	private_encrypted_read;
/* A file of PuTTY behind "PuTTY-User-Key-File-N: ". */
MUST_USE enum err private_putty_read(struct reader content, struct private_key *k, const char **why);
/* Whether the headers say that it is encrypted, and how; OpenSSL takes them with any label. */
MUST_USE enum err private_dek_read(const struct private_armor *a, struct private_key *k);

/* The next line without its end; false: there is none. */
bool private_line_take(struct reader *in, struct reader *line);
/* A name from outside that is kept: printable ASCII, at least one, with its NUL no more than size. ERR_SYNTAX. */
MUST_USE enum err private_name_copy(struct reader name, char *out, size_t size);
/* Bytes as a string; a NUL in them is ERR_SYNTAX. ERR_MEMORY. */
MUST_USE enum err private_text_copy(struct reader text, char **out);

/*
 * The public key from what is in the SEQUENCE of RSAPrivateKey (RFC 8017), OpenSSL's own for DSA, ECPrivateKey (RFC 5915), or from
 * the numbers of PKCS#8. A curve or a size that SSH does not have leaves key.type "". 'curve' is a NID of OpenSSL, 0: the key says it.
 */
MUST_USE enum err private_rsa_keep(struct private_key *k, struct reader sequence);
MUST_USE enum err private_dsa_keep(struct private_key *k, struct reader sequence);
MUST_USE enum err private_ec_keep(struct private_key *k, struct reader sequence, int curve);
MUST_USE enum err private_dsa_derive(struct private_key *k, struct reader parameters, struct reader x);
MUST_USE enum err private_ed25519_derive(struct private_key *k, struct reader seed);

/* Sets key, blob and, by the type, algorithm and sk. */
MUST_USE enum err private_blob_keep(struct private_key *k, const uint8_t *blob, size_t len);

#endif
