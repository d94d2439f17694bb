/* SPDX-License-Identifier: GPL-3.0-or-later */
/* weak.c - finds RSA keys that can be factored at once, exponents that spoil a key, and points that are none. */
#include "key/weak.h"

#include "base/reader.h"
#include "key/plain.h"
#include "key/signature.h"

#include <gmp.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define NUMBER_BYTES_MAX (16384 / 8)
#define TINY_BITS 512
#define EXPONENT_USUAL 65537u
#define FACTOR_MAX 65537u
#define FERMAT_STEPS 1000
#define PATTERN_BYTES 16
#define ANY_RELEASE 902 /* that has all types */
#define CERTIFICATE "-cert-v01@openssh.com"

/* The two numbers of a key, borrowed from its blob, without zeros in front. */
struct rsa_key {
	const uint8_t *e, *n;
	size_t e_len, n_len;
	bool not_positive;
};

static const char *const rsa_types[] = { "ssh-rsa", "rsa-sha2-256", "rsa-sha2-512" };

/* "ssh-rsa", alone or as the type of a certificate. */
static bool type_is_rsa(const uint8_t *type, size_t len, bool *certificate)
{
	const size_t suffix = strlen(CERTIFICATE);

	*certificate = len > suffix && !memcmp(type + len - suffix, CERTIFICATE, suffix);
	if (*certificate)
		len -= suffix;
	for (size_t i = 0; i < ARRAY_SIZE(rsa_types); i++)
		if (len == strlen(rsa_types[i]) && !memcmp(type, rsa_types[i], len))
			return true;
	return false;
}

static enum err number_read(struct reader *in, const uint8_t **out, size_t *len, bool *not_positive)
{
	enum err e;

	if ((e = read_string(in, out, len)))
		return e;
	*not_positive |= *len && **out & 0x80;
	for (; *len && !**out; --*len)
		++*out;
	*not_positive |= !*len;
	return *len > NUMBER_BYTES_MAX ? ERR_TOO_BIG : ERR_NONE;
}

/* Any size and sign, unlike plain_read(): what sshd would refuse is judged here, too. */
static enum err rsa_read(const uint8_t *blob, size_t len, struct rsa_key *out)
{
	struct reader in = { .at = blob, .left = len };
	struct rsa_key k = { 0 };
	const uint8_t *word;
	size_t word_len;
	bool certificate;
	enum err e;

	if ((e = read_string(&in, &word, &word_len)))
		return e;
	if (!type_is_rsa(word, word_len, &certificate))
		return ERR_UNSUPPORTED;
	if ((certificate && (e = read_string(&in, &word, &word_len))) || /* nonce */
	    (e = number_read(&in, &k.e, &k.e_len, &k.not_positive)) ||
	    (e = number_read(&in, &k.n, &k.n_len, &k.not_positive)) || (!certificate && (e = read_end(&in))))
		return e;
	*out = k;
	return ERR_NONE;
}

/*
 * Nemec, Sys, Svenda, Klinec, Matyas: The Return of Coppersmith's Attack (ACM CCS 2017), section 4. Both primes are
 * k * M + (65537^a mod M), M being the product of the first primes, 39 of them at least. So the modulus is a power of
 * 65537 modulo M. Whether it is one is seen modulo each of these primes by trying; that it is the same power everywhere
 * by comparing any two exponents modulo what the two orders have in common (if all pairs agree, there is one for all of
 * them). A number without this form passes with a chance of 2^-154.
 */
static const unsigned roca_primes[] = { 3,   5,	  7,   11,  13,	 17,  19,  23,	29,  31,  37,  41,  43,
					47,  53,  59,  61,  67,	 71,  73,  79,	83,  89,  97,  101, 103,
					107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167 };
#define ROCA_GENERATOR 65537u

/* The order of the generator modulo p, and which power the residue is; false if it is none. */
static bool roca_logarithm(unsigned residue, unsigned p, unsigned *order, unsigned *power)
{
	unsigned x = 1, n = 0;
	bool found = false;

	do {
		if (x == residue) {
			*power = n;
			found = true;
		}
		x = x * (ROCA_GENERATOR % p) % p;
		n++;
	} while (x != 1);
	*order = n;
	return found;
}

static unsigned common_divisor(unsigned a, unsigned b)
{
	while (b) {
		unsigned r = a % b;
		a = b;
		b = r;
	}
	return a;
}

static bool is_roca(const mpz_t n)
{
	unsigned order[ARRAY_SIZE(roca_primes)], power[ARRAY_SIZE(roca_primes)];

	for (size_t i = 0; i < ARRAY_SIZE(roca_primes); i++) {
		if (!roca_logarithm((unsigned)mpz_fdiv_ui(n, roca_primes[i]), roca_primes[i], &order[i], &power[i]))
			return false;
		for (size_t k = 0; k < i; k++) {
			unsigned common = common_divisor(order[i], order[k]);
			if (power[i] % common != power[k] % common)
				return false;
		}
	}
	return true;
}

/*
 * Fermat's method: n = (a + b)(a - b), for a from the root of n upwards. In the keys of CVE-2022-26320 the very first a was the one
 * (Boeck: Fermat Factorization in the Wild, IACR ePrint 2023/026).
 */
static bool has_close_primes(const mpz_t n)
{
	bool found = false;
	mpz_t a, square;

	mpz_init(a);
	mpz_init(square);
	mpz_sqrt(a, n);
	mpz_mul(square, a, a);
	if (mpz_cmp(square, n) < 0)
		mpz_add_ui(a, a, 1);
	mpz_mul(square, a, a);
	mpz_sub(square, square, n); /* b^2 */
	for (unsigned i = 0; i < FERMAT_STEPS && !(found = mpz_perfect_square_p(square)); i++) {
		mpz_addmul_ui(square, a, 2);
		mpz_add_ui(square, square, 1);
		mpz_add_ui(a, a, 1);
	}
	mpz_clear(square);
	mpz_clear(a);
	return found;
}

static bool has_small_factor(const mpz_t n)
{
	mpz_t primes;
	bool found;

	mpz_init(primes);
	mpz_primorial_ui(primes, FACTOR_MAX);
	mpz_gcd(primes, primes, n);
	found = mpz_cmp_ui(primes, 1) != 0;
	mpz_clear(primes);
	return found;
}

static bool has_pattern(const uint8_t *n, size_t len)
{
	size_t same = 1;

	for (size_t i = 1; i < len; i++) {
		same = n[i] == n[i - 1] ? same + 1 : 1;
		if (same >= PATTERN_BYTES)
			return true;
	}
	return false;
}

static unsigned exponent_look(const struct rsa_key *k)
{
	unsigned value = 0;

	if (!k->e_len || !(k->e[k->e_len - 1] & 1))
		return WEAK_EXPONENT_EVEN;
	if (k->e_len > sizeof value)
		return 0;
	for (size_t i = 0; i < k->e_len; i++)
		value = value << 8 | k->e[i];
	if (value == 1)
		return WEAK_EXPONENT_ONE;
	return value < EXPONENT_USUAL ? WEAK_EXPONENT_SMALL : 0;
}

static unsigned modulus_look(const struct rsa_key *k)
{
	unsigned bits = 0;
	mpz_t n;

	mpz_init(n);
	mpz_import(n, k->n_len, 1, 1, 1, 0, k->n);
	bits |= is_roca(n) ? WEAK_ROCA : 0;
	bits |= has_close_primes(n) ? WEAK_CLOSE_PRIMES : 0;
	bits |= has_small_factor(n) ? WEAK_SMALL_FACTOR : 0;
	bits |= mpz_perfect_power_p(n) ? WEAK_POWER : 0;
	bits |= mpz_sizeinbase(n, 2) <= TINY_BITS ? WEAK_TINY : 0;
	bits |= has_pattern(k->n, k->n_len) ? WEAK_PATTERN : 0;
	mpz_clear(n);
	return bits;
}

enum err weak_rsa(const uint8_t *blob, size_t len, unsigned *bits)
{
	struct rsa_key k;
	enum err e;

	if ((e = rsa_read(blob, len, &k)))
		return e;
	*bits = exponent_look(&k) | (k.not_positive ? WEAK_NOT_POSITIVE : modulus_look(&k));
	return ERR_NONE;
}

enum err weak_rsa_prime(const uint8_t *blob, size_t len, unsigned *bits)
{
	struct rsa_key k;
	enum err e;
	mpz_t n;

	if ((e = rsa_read(blob, len, &k)))
		return e;
	mpz_init(n);
	mpz_import(n, k.n_len, 1, 1, 1, 0, k.n);
	*bits = !k.not_positive && mpz_probab_prime_p(n, 1) ? WEAK_PRIME : 0;
	mpz_clear(n);
	return ERR_NONE;
}

enum err weak_rsa_modulus(const uint8_t *blob, size_t len, const uint8_t **modulus, size_t *modulus_len)
{
	struct rsa_key k;
	enum err e;

	if ((e = rsa_read(blob, len, &k)))
		return e;
	if (k.not_positive)
		return ERR_RANGE;
	*modulus = k.n;
	*modulus_len = k.n_len;
	return ERR_NONE;
}

static bool piece_is(const struct plain_piece *p, const char *word)
{
	return p->len == strlen(word) && !memcmp(p->at, word, p->len);
}

/* Where it is: a point of the prime order, in the one form it has. */
static bool edwards_point_is_valid(const struct plain_key *k)
{
	return k->piece[1].len == crypto_core_ed25519_BYTES && crypto_core_ed25519_is_valid_point(k->piece[1].at);
}

static enum err ecdsa_check(const struct plain_key *k)
{
	size_t len = plain_length(k);
	uint8_t *blob = malloc(len);
	enum err e;

	if (!blob)
		return ERR_MEMORY;
	plain_copy(k, blob);
	e = signature_key_check(blob, len);
	free(blob);
	return e;
}

enum err weak_point(const uint8_t *blob, size_t len, unsigned *bits)
{
	struct plain_key k;
	bool valid;
	enum err e;

	if ((e = plain_read(blob, len, ANY_RELEASE, &k)))
		return e == ERR_RANGE ? ERR_UNSUPPORTED : e; /* a short RSA key */
	if (piece_is(&k.piece[0], "ssh-ed25519") || piece_is(&k.piece[0], "sk-ssh-ed25519@openssh.com")) {
		valid = edwards_point_is_valid(&k);
	} else if (k.n > 1 && k.piece[1].len > strlen("nistp") && !memcmp(k.piece[1].at, "nistp", strlen("nistp"))) {
		if ((e = ecdsa_check(&k)) && e != ERR_SYNTAX)
			return e;
		valid = !e;
	} else {
		return ERR_UNSUPPORTED;
	}
	*bits = valid ? 0 : WEAK_POINT;
	return ERR_NONE;
}

static const struct weak_name names[] = {
	{ WEAK_ROCA, "roca", "made by a chip with the flaw ROCA (CVE-2017-15361): it can be factored" },
	{ WEAK_CLOSE_PRIMES, "close-primes", "its two primes are close together: it is factored at once" },
	{ WEAK_SMALL_FACTOR, "small-factor", "its modulus has a small factor" },
	{ WEAK_POWER, "power", "its modulus is a power of one number" },
	{ WEAK_PRIME, "prime", "its modulus is a prime: anybody can work out the private key" },
	{ WEAK_TINY, "tiny", "its modulus has 512 bits or fewer: one computer factors it in days" },
	{ WEAK_PATTERN, "pattern", "its modulus repeats a byte: it was not made at random" },
	{ WEAK_EXPONENT_ONE, "exponent-one", "its exponent is 1: anybody can sign with it" },
	{ WEAK_EXPONENT_EVEN, "exponent-even", "its exponent is even: no private key belongs to it" },
	{ WEAK_EXPONENT_SMALL, "exponent-small", "its exponent is below 65537" },
	{ WEAK_NOT_POSITIVE, "not-positive", "its modulus or exponent is not above 0" },
	{ WEAK_POINT, "point", "its point is not one that a key can have" },
};

const struct weak_name *weak_name(size_t i)
{
	return i < ARRAY_SIZE(names) ? &names[i] : NULL;
}
