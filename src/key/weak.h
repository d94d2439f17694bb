/* SPDX-License-Identifier: GPL-3.0-or-later */
/* weak.h - whether a public key gives itself away: tests that need the key alone. */
#ifndef KEY_WEAK_H
#define KEY_WEAK_H

#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum weakness {
	WEAK_ROCA = 1 << 0,	     /* CVE-2017-15361: primes of one form, made by chips of Infineon */
	WEAK_CLOSE_PRIMES = 1 << 1,  /* Fermat's method finds the primes at once, as in CVE-2022-26320 */
	WEAK_SMALL_FACTOR = 1 << 2,  /* a prime up to 65537 divides the modulus, 2 among them */
	WEAK_POWER = 1 << 3,	     /* the modulus is a square or a higher power */
	WEAK_PRIME = 1 << 4,	     /* the modulus is a prime itself */
	WEAK_TINY = 1 << 5,	     /* a modulus that one computer factors in days: up to 512 bits */
	WEAK_PATTERN = 1 << 6,	     /* 16 bytes in a row of the modulus are the same: not made at random */
	WEAK_EXPONENT_ONE = 1 << 7,  /* a signature is the message itself, anybody can make one */
	WEAK_EXPONENT_EVEN = 1 << 8, /* no private key belongs to an even exponent, or to 0 */
	WEAK_EXPONENT_SMALL =
		1 << 9,		     /* odd and below 65537: safe only while every padding is checked to the last bit */
	WEAK_NOT_POSITIVE = 1 << 10, /* the modulus or the exponent is 0 or negative */
	WEAK_POINT = 1 << 11,	     /* ECDSA: not on its curve; Ed25519: of small order, many signatures hold for it */
};

/* Those by which anybody can sign in the owner's name. The others are signs of a bad program, or make a key useless. */
#define WEAK_BROKEN \
	(WEAK_ROCA | WEAK_CLOSE_PRIMES | WEAK_SMALL_FACTOR | WEAK_POWER | WEAK_PRIME | WEAK_TINY | WEAK_EXPONENT_ONE)

/*
 * The bits (enum weakness) of an RSA key, also of the one in a certificate, whatever its size; 0: none of these. Within a
 * millisecond for 2048 bits. ERR_UNSUPPORTED: no RSA key; ERR_SHORT, ERR_TRAILING: a damaged blob; ERR_TOO_BIG: a number of
 * more than 16384 bits, which sshd refuses too.
 */
MUST_USE enum err weak_rsa(const uint8_t *blob, size_t len, unsigned *bits);
/* WEAK_PRIME or 0. Apart since it takes longer: 3 ms for 2048 bits, half a second for 16384. Errors as above. */
MUST_USE enum err weak_rsa_prime(const uint8_t *blob, size_t len, unsigned *bits);
/* WEAK_POINT or 0, of ECDSA and Ed25519 keys, also security keys, also in certificates. Errors as above; ERR_MEMORY. */
MUST_USE enum err weak_point(const uint8_t *blob, size_t len, unsigned *bits);
/* The modulus of an RSA key, borrowed from the blob, without zeros in front: for batch_gcd(). Errors as above; ERR_RANGE: not positive. */
MUST_USE enum err weak_rsa_modulus(const uint8_t *blob, size_t len, const uint8_t **modulus, size_t *modulus_len);

struct weak_name {
	enum weakness bit;
	const char *id;	  /* "close-primes", for machines */
	const char *text; /* "its primes are close together", for people */
};
/* The i-th of them, in the order of the bits; NULL behind the last. */
const struct weak_name *weak_name(size_t i);

#endif
