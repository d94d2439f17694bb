/* SPDX-License-Identifier: GPL-3.0-or-later */
/* signature.h - whether an SSH signature holds (RFC 4253 section 6.6, RFC 5656, 8332, 8709, OpenSSH PROTOCOL.u2f). */
#ifndef KEY_SIGNATURE_H
#define KEY_SIGNATURE_H

#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a security key says of the moment it signed. */
#define SIGNATURE_USER_PRESENT 0x01  /* it was touched */
#define SIGNATURE_USER_VERIFIED 0x04 /* it saw a PIN or a finger */

struct signature_facts {
	char algorithm[64]; /* "rsa-sha2-512" */
	bool security_key;  /* the rest holds of one only */
	uint8_t sk_flags;   /* SIGNATURE_USER_... */
	uint32_t sk_counter;
};

/*
 * Whether the holder of this plain public key (a blob) signed the data. ERR_SIGNATURE: no, also where the signature is
 * damaged or of an algorithm for other keys. ERR_UNSUPPORTED: a type of key or an algorithm that is not known here (DSA and
 * webauthn are none); ERR_SYNTAX, ERR_SHORT, ERR_TRAILING: this is no such key; ERR_MEMORY. facts may be NULL; they are set
 * only where the signature holds.
 */
MUST_USE enum err signature_verify(const uint8_t *key, size_t key_len, const uint8_t *signature, size_t signature_len,
				   const uint8_t *data, size_t len, struct signature_facts *facts);

/* Whether anything could be signed with this plain key: an ECDSA point must lie on its curve. ERR_SYNTAX if not, else as above. */
MUST_USE enum err signature_key_check(const uint8_t *key, size_t key_len);

#endif
