/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hpke.h - seal one message to a public key: RFC 9180 with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305. */
#ifndef KNOCK_HPKE_H
#define KNOCK_HPKE_H

#include "base/err.h"
#include "base/macros.h"

#include <stddef.h>
#include <stdint.h>

#define HPKE_KEY 32 /* bytes of a public key, a secret scalar, an encapsulated key */
#define HPKE_TAG 16 /* what the sealed text is longer by */

/* What both sides must know. psk NULL: mode_base, else mode_psk (RFC 9180 section 5.1). */
struct hpke_context {
	const void *info;
	size_t info_len;
	const uint8_t *psk; /* 32 bytes, or NULL */
	const void *psk_id;
	size_t psk_id_len;
};

/*
 * Single-shot (RFC 9180 section 6.1) with empty aad. 'ephemeral' is the sender's fresh secret scalar, given so that tests can
 * choose it; enc gets its public key; ct has len + HPKE_TAG bytes. ERR_SIGNATURE: the shared secret is zero. Secrets are wiped.
 */
MUST_USE enum err hpke_seal(const uint8_t recipient[HPKE_KEY], const struct hpke_context *c,
			    const uint8_t ephemeral[HPKE_KEY], const void *plain, size_t len, uint8_t enc[HPKE_KEY],
			    uint8_t *ct);
/* len is that of ct with its tag; plain gets len - HPKE_TAG bytes and is untouched on failure. ERR_SIGNATURE, ERR_SHORT. */
MUST_USE enum err hpke_open(const uint8_t secret[HPKE_KEY], const uint8_t enc[HPKE_KEY], const struct hpke_context *c,
			    const uint8_t *ct, size_t len, uint8_t *plain);

#endif
