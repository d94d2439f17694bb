/* SPDX-License-Identifier: GPL-3.0-or-later */
/* batch_gcd.h - which of many RSA moduli have a prime in common. */
#ifndef KEY_BATCH_GCD_H
#define KEY_BATCH_GCD_H

#include "base/err.h"
#include "base/macros.h"

#include <stddef.h>
#include <stdint.h>

/* Big-endian, borrowed; weak_rsa_modulus() gives it. Longer ones than 2048 bytes, 0 and 1 are passed over. */
struct batch_modulus {
	const uint8_t *at;
	size_t len;
};

#define BATCH_UNKNOWN SIZE_MAX

struct batch_hit {
	size_t index; /* of the modulus */
	size_t with; /* one that shares a prime with it, never an equal one; BATCH_UNKNOWN: it would take too long to say which */
};
/* By index. */
struct batch_hits {
	struct batch_hit *v;
	size_t n;
};

/*
 * Finds every modulus that has a prime above 65537 in common with another one of the n. Equal moduli are the same key, and
 * alone no hit; where one of them is, all are. At most 'threads' at a time (0: one for each core). What it takes besides
 * the moduli stays near 'memory' bytes (0: 64 MiB), or near one and a half times the moduli where that is more: many of
 * them are taken in blocks, which costs time. ERR_MEMORY. Where memory runs out later on, GMP ends the process. Free with
 * batch_hits_clear().
 */
MUST_USE enum err batch_gcd(const struct batch_modulus *moduli, size_t n, unsigned threads, size_t memory,
			    struct batch_hits *out);
void batch_hits_clear(struct batch_hits *h); /* leaves { 0 } */

#endif
