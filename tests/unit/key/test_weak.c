/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_weak.c - weak keys are known as what they are, good ones are left in peace. */
#include "key/weak.h"

#include "key/public.h"

#include "keys.h"
#include "weak_vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gmp.h>
#include <sodium.h>

#include "base/banned.h"

#define BLOB_MAX 8192

struct blob {
	uint8_t at[BLOB_MAX];
	size_t len;
};

static void string_put(struct blob *b, const void *bytes, size_t len)
{
	const uint8_t be[4] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len };

	assert_true(b->len + 4 + len <= sizeof b->at);
	memcpy(b->at + b->len, be, 4);
	if (len)
		memcpy(b->at + b->len + 4, bytes, len);
	b->len += 4 + len;
}

/* As RFC 4251 section 5 has it, of numbers that are not negative. */
static void number_put(struct blob *b, const mpz_t n)
{
	uint8_t bytes[BLOB_MAX / 2] = { 0 };
	size_t len = (mpz_sizeinbase(n, 2) + 7) / 8;

	if (!mpz_sgn(n)) {
		string_put(b, "", 0);
		return;
	}
	mpz_export(bytes + 1, NULL, 1, 1, 1, 0, n);
	string_put(b, bytes[1] & 0x80 ? bytes : bytes + 1, bytes[1] & 0x80 ? len + 1 : len);
}

static struct blob rsa_blob(const mpz_t n, unsigned long exponent)
{
	struct blob b = { .len = 0 };
	mpz_t e;

	mpz_init_set_ui(e, exponent);
	string_put(&b, "ssh-rsa", strlen("ssh-rsa"));
	number_put(&b, e);
	number_put(&b, n);
	mpz_clear(e);
	return b;
}

static unsigned look(const mpz_t n, unsigned long exponent)
{
	struct blob b = rsa_blob(n, exponent);
	unsigned bits = ~0u;

	assert_int_equal(weak_rsa(b.at, b.len, &bits), ERR_NONE);
	return bits;
}

static void knows_published_keys(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(weak_vectors); i++) {
		mpz_t n;
		mpz_init_set_str(n, weak_vectors[i].modulus, 16);
		assert_int_equal(look(n, 65537), weak_vectors[i].bits);
		mpz_clear(n);
	}
}

/* A random number of so many bits, the same in each run. */
static void random_number(gmp_randstate_t random, unsigned bits, mpz_t out)
{
	mpz_urandomb(out, random, bits);
	mpz_setbit(out, bits - 1);
	mpz_setbit(out, bits - 2);
}

static void random_prime(gmp_randstate_t random, unsigned bits, mpz_t out)
{
	random_number(random, bits, out);
	mpz_nextprime(out, out);
}

/* k * M + (65537^a mod M), M of 512-bit primes' chips and of larger ones. */
static void roca_prime(gmp_randstate_t random, unsigned bits, unsigned largest, mpz_t out)
{
	mpz_t m, k, residue;

	mpz_inits(m, k, residue, NULL);
	mpz_primorial_ui(m, largest);
	do {
		mpz_urandomb(k, random, 64);
		mpz_set_ui(residue, 65537);
		mpz_powm(residue, residue, k, m);
		random_number(random, bits, k);
		mpz_tdiv_q(k, k, m);
		mpz_mul(out, k, m);
		mpz_add(out, out, residue);
	} while (!mpz_probab_prime_p(out, 10));
	mpz_clears(m, k, residue, NULL);
}

struct made {
	gmp_randstate_t random;
	mpz_t p, q, n;
};

static int made_setup(void **state)
{
	struct made *m = calloc(1, sizeof *m);

	if (!m)
		return -1;
	gmp_randinit_mt(m->random);
	gmp_randseed_ui(m->random, 15361);
	mpz_inits(m->p, m->q, m->n, NULL);
	*state = m;
	return 0;
}

static int made_teardown(void **state)
{
	struct made *m = *state;

	gmp_randclear(m->random);
	mpz_clears(m->p, m->q, m->n, NULL);
	free(m);
	return 0;
}

static void knows_primes_of_the_form_of_roca(void **state)
{
	struct made *m = *state;
	static const struct {
		unsigned bits, largest; /* of a prime; the last prime in M, by the paper */
	} sizes[] = { { 256, 167 }, { 512, 353 }, { 1024, 701 } };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		roca_prime(m->random, sizes[i].bits, sizes[i].largest, m->p);
		roca_prime(m->random, sizes[i].bits, sizes[i].largest, m->q);
		mpz_mul(m->n, m->p, m->q);
		assert_int_equal(look(m->n, 65537), WEAK_ROCA | (sizes[i].bits == 256 ? WEAK_TINY : 0));
		/* one such prime alone is none of theirs, and nothing that this attack could use */
		random_prime(m->random, sizes[i].bits, m->q);
		mpz_mul(m->n, m->p, m->q);
		assert_int_equal(look(m->n, 65537), sizes[i].bits == 256 ? WEAK_TINY : 0);
	}
}

static void knows_primes_that_are_close(void **state)
{
	struct made *m = *state;

	random_prime(m->random, 512, m->p);
	mpz_nextprime(m->q, m->p);
	mpz_mul(m->n, m->p, m->q);
	assert_int_equal(look(m->n, 65537), WEAK_CLOSE_PRIMES);
	/* they differ in the lower half: some steps more */
	mpz_set_ui(m->q, 1);
	mpz_mul_2exp(m->q, m->q, 260);
	mpz_add(m->q, m->q, m->p);
	mpz_nextprime(m->q, m->q);
	mpz_mul(m->n, m->p, m->q);
	assert_int_equal(look(m->n, 65537), WEAK_CLOSE_PRIMES);
	/* and so far apart that no number of steps helps */
	mpz_set_ui(m->q, 1);
	mpz_mul_2exp(m->q, m->q, 400);
	mpz_add(m->q, m->q, m->p);
	mpz_nextprime(m->q, m->q);
	mpz_mul(m->n, m->p, m->q);
	assert_int_equal(look(m->n, 65537), 0);
}

static void knows_moduli_that_are_none(void **state)
{
	struct made *m = *state;
	struct blob b;
	unsigned bits;

	random_prime(m->random, 1024, m->p);
	assert_int_equal(look(m->p, 65537), 0);
	b = rsa_blob(m->p, 65537);
	assert_int_equal(weak_rsa_prime(b.at, b.len, &bits), ERR_NONE);
	assert_int_equal(bits, WEAK_PRIME);
	mpz_mul(m->n, m->p, m->p);
	assert_int_equal(look(m->n, 65537), WEAK_POWER | WEAK_CLOSE_PRIMES);
	mpz_mul(m->n, m->n, m->p);
	assert_int_equal(look(m->n, 65537), WEAK_POWER);
	b = rsa_blob(m->n, 65537);
	assert_int_equal(weak_rsa_prime(b.at, b.len, &bits), ERR_NONE);
	assert_int_equal(bits, 0);
	mpz_mul_ui(m->n, m->p, 65537);
	assert_int_equal(look(m->n, 65537), WEAK_SMALL_FACTOR);
	mpz_mul_ui(m->n, m->p, 65539); /* the next prime */
	assert_int_equal(look(m->n, 65537), 0);
	mpz_mul_ui(m->n, m->p, 2);
	assert_int_equal(look(m->n, 65537), WEAK_SMALL_FACTOR);
	mpz_set_ui(m->n, 0);
	assert_int_equal(look(m->n, 65537), WEAK_NOT_POSITIVE);
	mpz_set_ui(m->n, 1);
	assert_true(look(m->n, 65537) & WEAK_TINY);
}

static void knows_a_modulus_of_one_byte_again_and_again(void **state)
{
	struct made *m = *state;
	mpz_t hole;

	mpz_init_set_str(hole, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 16);
	random_prime(m->random, 512, m->p);
	random_prime(m->random, 512, m->q);
	mpz_mul(m->n, m->p, m->q);
	assert_int_equal(look(m->n, 65537), 0);
	mpz_fdiv_r_2exp(m->p, m->n, 256);
	mpz_fdiv_q_2exp(m->n, m->n, 256 + 128);
	mpz_mul_2exp(m->n, m->n, 128);
	mpz_add(m->n, m->n, hole);
	mpz_mul_2exp(m->n, m->n, 256);
	mpz_add(m->n, m->n, m->p);
	assert_true(look(m->n, 65537) & WEAK_PATTERN);
	mpz_clear(hole);
}

static void knows_exponents(void **state)
{
	struct made *m = *state;
	static const struct {
		unsigned long e;
		unsigned bits;
	} cases[] = {
		{ 0, WEAK_EXPONENT_EVEN | WEAK_NOT_POSITIVE },
		{ 1, WEAK_EXPONENT_ONE },
		{ 2, WEAK_EXPONENT_EVEN },
		{ 3, WEAK_EXPONENT_SMALL },
		{ 35, WEAK_EXPONENT_SMALL }, /* of ssh-keygen before 5.4 */
		{ 65535, WEAK_EXPONENT_SMALL },
		{ 65536, WEAK_EXPONENT_EVEN },
		{ 65537, 0 },
		{ 4294967297, 0 },
		{ 4294967296, WEAK_EXPONENT_EVEN },
	};

	random_prime(m->random, 512, m->p);
	random_prime(m->random, 512, m->q);
	mpz_mul(m->n, m->p, m->q);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(look(m->n, cases[i].e), cases[i].bits);
}

static void knows_negative_numbers(void **state)
{
	static const uint8_t negative[] = { 0x80, 0, 1 }, three[] = { 3 };
	struct blob b = { .len = 0 };
	const uint8_t *n;
	unsigned bits;
	size_t len;

	string_put(&b, "ssh-rsa", strlen("ssh-rsa"));
	string_put(&b, three, sizeof three);
	string_put(&b, negative, sizeof negative);
	assert_int_equal(weak_rsa(b.at, b.len, &bits), ERR_NONE);
	assert_int_equal(bits, WEAK_NOT_POSITIVE | WEAK_EXPONENT_SMALL);
	assert_int_equal(weak_rsa_modulus(b.at, b.len, &n, &len), ERR_RANGE);
}

static void decode(const char *line, struct blob *out)
{
	const char *base64 = strchr(line, ' ') + 1;

	out->len = 0;
	assert_int_equal(sodium_base642bin(out->at, sizeof out->at, base64, strlen(base64), NULL, &out->len, NULL,
					   sodium_base64_VARIANT_ORIGINAL),
			 0);
}

static void leaves_good_keys_of_all_kinds_in_peace(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(key_vectors); i++) {
		bool rsa = !strncmp(key_vectors[i].type, "ssh-rsa", strlen("ssh-rsa"));
		bool point = strstr(key_vectors[i].type, "ed25519") || strstr(key_vectors[i].type, "ecdsa");
		unsigned bits = 1;
		struct blob b;
		decode(key_vectors[i].line, &b);
		assert_int_equal(weak_rsa(b.at, b.len, &bits), rsa ? ERR_NONE : ERR_UNSUPPORTED);
		assert_int_equal(bits, !rsa);
		bits = 1;
		assert_int_equal(weak_point(b.at, b.len, &bits), point ? ERR_NONE : ERR_UNSUPPORTED);
		assert_int_equal(bits, !point);
	}
}

static struct blob edwards_blob(const uint8_t key[32])
{
	struct blob b = { .len = 0 };

	string_put(&b, "ssh-ed25519", strlen("ssh-ed25519"));
	string_put(&b, key, 32);
	return b;
}

static void knows_points_that_are_none(void **state)
{
	static const uint8_t order_4[32] = { 0 }, order_1[32] = { 1 };
	struct blob b = edwards_blob(order_4);
	unsigned bits = 0;

	assert_int_equal(weak_point(b.at, b.len, &bits), ERR_NONE);
	assert_int_equal(bits, WEAK_POINT);
	b = edwards_blob(order_1);
	assert_int_equal(weak_point(b.at, b.len, &bits), ERR_NONE);
	assert_int_equal(bits, WEAK_POINT);
	for (size_t i = 0; i < ARRAY_SIZE(key_vectors); i++) {
		if (strncmp(key_vectors[i].type, "ecdsa-sha2-nistp", strlen("ecdsa-sha2-nistp")) != 0 ||
		    strstr(key_vectors[i].type, "cert"))
			continue;
		decode(key_vectors[i].line, &b);
		b.at[b.len - 1] ^= 1;
		assert_int_equal(weak_point(b.at, b.len, &bits), ERR_NONE);
		assert_int_equal(bits, WEAK_POINT);
	}
}

static void refuses_every_truncation(void **state)
{
	struct made *m = *state;
	struct blob b;
	unsigned bits = 77;

	random_number(m->random, 1024, m->n);
	b = rsa_blob(m->n, 65537);
	for (size_t len = 0; len < b.len; len++) {
		assert_int_equal(weak_rsa(b.at, len, &bits), ERR_SHORT);
		assert_int_equal(weak_rsa_prime(b.at, len, &bits), ERR_SHORT);
	}
	assert_int_equal(weak_rsa(b.at, b.len + 1, &bits), ERR_TRAILING);
	random_number(m->random, 16385, m->n);
	b = rsa_blob(m->n, 65537);
	assert_int_equal(weak_rsa(b.at, b.len, &bits), ERR_TOO_BIG);
	assert_int_equal(bits, 77);
}

static void names_each_weakness(void **state)
{
	unsigned last = 0;

	for (size_t i = 0; weak_name(i); i++) {
		last = 1u << i;
		assert_int_equal(weak_name(i)->bit, last);
	}
	assert_int_equal(last, WEAK_POINT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_published_keys),
		cmocka_unit_test(knows_primes_of_the_form_of_roca),
		cmocka_unit_test(knows_primes_that_are_close),
		cmocka_unit_test(knows_moduli_that_are_none),
		cmocka_unit_test(knows_a_modulus_of_one_byte_again_and_again),
		cmocka_unit_test(knows_exponents),
		cmocka_unit_test(knows_negative_numbers),
		cmocka_unit_test(leaves_good_keys_of_all_kinds_in_peace),
		cmocka_unit_test(knows_points_that_are_none),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(names_each_weakness),
	};

	return cmocka_run_group_tests_name("weak", tests, made_setup, made_teardown);
}
