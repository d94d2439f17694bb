/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_batch_gcd.c - shared primes are all found, and nothing else, whatever the blocks and threads. */
#include "key/batch_gcd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gmp.h>

#include "base/banned.h"

#define PRIME_BITS 128 /* small ones, since making them is what takes the time */
#define MODULUS_BYTES 2048

struct moduli {
	struct batch_modulus v[2100];
	size_t n;
	gmp_randstate_t random;
	mpz_t p, q;
};

static void prime_make(struct moduli *m, mpz_t out)
{
	mpz_urandomb(out, m->random, PRIME_BITS);
	mpz_setbit(out, PRIME_BITS - 1);
	mpz_nextprime(out, out);
}

static void number_put(struct moduli *m, const mpz_t n)
{
	size_t len = (mpz_sizeinbase(n, 2) + 7) / 8;
	uint8_t *bytes = calloc(1, len);

	assert_non_null(bytes);
	assert_true(m->n < ARRAY_SIZE(m->v));
	mpz_export(bytes, NULL, 1, 1, 1, 0, n);
	m->v[m->n++] = (struct batch_modulus){ bytes, mpz_sgn(n) ? len : 0 };
}

/* p times q, each a new prime where it is NULL. */
static void product_put(struct moduli *m, const mpz_t p, const mpz_t q)
{
	mpz_t n;

	if (!p)
		prime_make(m, m->p);
	if (!q)
		prime_make(m, m->q);
	mpz_init(n);
	mpz_mul(n, p ? p : m->p, q ? q : m->q);
	number_put(m, n);
	mpz_clear(n);
}

static void good_put(struct moduli *m, size_t n)
{
	for (size_t i = 0; i < n; i++)
		product_put(m, NULL, NULL);
}

static int moduli_setup(void **state)
{
	struct moduli *m = calloc(1, sizeof *m);

	if (!m)
		return -1;
	gmp_randinit_mt(m->random);
	gmp_randseed_ui(m->random, 2012);
	mpz_inits(m->p, m->q, NULL);
	*state = m;
	return 0;
}

static int moduli_teardown(void **state)
{
	struct moduli *m = *state;

	for (size_t i = 0; i < m->n; i++)
		free((void *)m->v[i].at);
	gmp_randclear(m->random);
	mpz_clears(m->p, m->q, NULL);
	free(m);
	return 0;
}

/* The slow and obvious way; it knows nothing of what is passed over. */
static bool shares(const struct batch_modulus *a, const struct batch_modulus *b)
{
	mpz_t x, y;
	bool shared;

	mpz_inits(x, y, NULL);
	mpz_import(x, a->len, 1, 1, 1, 0, a->at);
	mpz_import(y, b->len, 1, 1, 1, 0, b->at);
	shared = mpz_cmp(x, y) != 0;
	mpz_gcd(x, x, y);
	shared = shared && mpz_cmp_ui(x, 1) > 0;
	mpz_clears(x, y, NULL);
	return shared;
}

static void hits_are_right(const struct moduli *m, const struct batch_hits *h)
{
	size_t k = 0;

	for (size_t i = 0; i < m->n; i++) {
		bool hit = false;
		for (size_t j = 0; j < m->n && !hit; j++)
			hit = j != i && shares(&m->v[i], &m->v[j]);
		assert_int_equal(hit, k < h->n && h->v[k].index == i);
		if (!hit)
			continue;
		assert_true(h->v[k].with < m->n);
		assert_true(shares(&m->v[i], &m->v[h->v[k].with]));
		k++;
	}
	assert_int_equal(k, h->n);
}

static void finds_so_many(const struct moduli *m, size_t hits)
{
	static const struct {
		unsigned threads;
		size_t memory;
	} ways[] = { { 1, 0 }, { 2, 0 }, { 0, 0 }, { 3, 1 }, { 1, 400000 }, { 1000, 1000000 } };
	struct batch_hits h;

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		assert_int_equal(batch_gcd(m->v, m->n, ways[i].threads, ways[i].memory, &h), ERR_NONE);
		assert_int_equal(h.n, hits);
		batch_hits_clear(&h);
	}
}

static void looks_in_every_way(const struct moduli *m, size_t hits)
{
	struct batch_hits h;

	finds_so_many(m, hits);
	assert_int_equal(batch_gcd(m->v, m->n, 2, 0, &h), ERR_NONE);
	hits_are_right(m, &h);
	batch_hits_clear(&h);
}

static void finds_nothing_where_there_is_nothing(void **state)
{
	struct moduli *m = *state;
	struct batch_hits h;

	assert_int_equal(batch_gcd(NULL, 0, 1, 0, &h), ERR_NONE);
	assert_int_equal(h.n, 0);
	for (size_t n = 0; n < 5; n++) {
		looks_in_every_way(m, 0);
		good_put(m, 1);
	}
	good_put(m, 200);
	looks_in_every_way(m, 0);
}

static void finds_one_shared_prime_wherever_it_is(void **state)
{
	struct moduli *m = *state;
	mpz_t p;

	mpz_init(p);
	prime_make(m, p);
	product_put(m, p, NULL);
	good_put(m, 300);
	product_put(m, p, NULL);
	looks_in_every_way(m, 2);
	mpz_clear(p);
}

static void finds_keys_whose_primes_are_both_shared(void **state)
{
	struct moduli *m = *state;
	mpz_t p[4];

	for (size_t i = 0; i < 4; i++) {
		mpz_init(p[i]);
		prime_make(m, p[i]);
	}
	good_put(m, 70);
	for (size_t i = 0; i < 4; i++) /* a ring */
		product_put(m, p[i], p[(i + 1) % 4]);
	good_put(m, 70);
	looks_in_every_way(m, 4);
	product_put(m, p[0], p[2]); /* across */
	product_put(m, p[1], NULL); /* a tail */
	looks_in_every_way(m, 6);
	for (size_t i = 0; i < 4; i++)
		mpz_clear(p[i]);
}

static void takes_equal_moduli_for_one_key(void **state)
{
	struct moduli *m = *state;
	mpz_t p, q;

	mpz_inits(p, q, NULL);
	prime_make(m, p);
	prime_make(m, q);
	good_put(m, 20);
	for (size_t i = 0; i < 3; i++)
		product_put(m, p, q);
	looks_in_every_way(m, 0);
	product_put(m, q, NULL); /* now the three are weak, each of them */
	looks_in_every_way(m, 4);
	mpz_clears(p, q, NULL);
}

static void passes_over_what_is_no_modulus(void **state)
{
	struct moduli *m = *state;
	static const uint8_t zeros[300] = { 0 };
	uint8_t *padded;
	size_t last;
	mpz_t n;

	mpz_init_set_ui(n, 0);
	number_put(m, n);
	mpz_set_ui(n, 1);
	number_put(m, n);
	number_put(m, n);
	mpz_ui_pow_ui(n, 3, 8 * MODULUS_BYTES); /* more bytes than a modulus has */
	number_put(m, n);
	mpz_mul_ui(n, n, 3);
	number_put(m, n);
	good_put(m, 3);
	last = m->n - 1;
	/* the same with zeros in front */
	padded = calloc(1, sizeof zeros + m->v[last].len);
	assert_non_null(padded);
	memcpy(padded + sizeof zeros, m->v[last].at, m->v[last].len);
	m->v[m->n++] = (struct batch_modulus){ padded, sizeof zeros + m->v[last].len };
	finds_so_many(m, 0);
	mpz_clear(n);
}

static void counts_no_small_primes(void **state)
{
	struct moduli *m = *state;
	mpz_t three, p, even;

	mpz_init_set_ui(three, 3 * 3 * 65537);
	mpz_init_set_ui(even, 2);
	mpz_init(p);
	prime_make(m, p);
	product_put(m, three, NULL);
	product_put(m, three, NULL);
	product_put(m, even, NULL);
	product_put(m, even, NULL);
	finds_so_many(m, 0);
	/* beside them a large one counts */
	mpz_mul(three, three, p);
	product_put(m, three, NULL);
	product_put(m, p, NULL);
	finds_so_many(m, 2);
	mpz_clears(three, p, even, NULL);
}

static void finds_divisors_of_others(void **state)
{
	struct moduli *m = *state;
	mpz_t p, square;

	mpz_inits(p, square, NULL);
	prime_make(m, p);
	mpz_mul(square, p, p);
	number_put(m, p);
	number_put(m, square);
	good_put(m, 10);
	product_put(m, square, NULL);
	looks_in_every_way(m, 3);
	mpz_clears(p, square, NULL);
}

static void finds_all_of_many(void **state)
{
	struct moduli *m = *state;
	struct batch_hits h;
	mpz_t p;

	mpz_init(p);
	for (size_t i = 0; i < 1000; i++) {
		if (i % 100 == 7)
			prime_make(m, p);
		/* ten groups of two to four */
		product_put(m, i % 100 >= 7 && i % 100 < 9 + i / 100 % 3 ? p : NULL, NULL);
	}
	assert_int_equal(batch_gcd(m->v, m->n, 0, 0, &h), ERR_NONE);
	hits_are_right(m, &h);
	assert_int_equal(h.n, 4 * 2 + 3 * 3 + 3 * 4);
	batch_hits_clear(&h);
	mpz_clear(p);
}

static void gives_up_naming_partners_in_time(void **state)
{
	struct moduli *m = *state;
	struct batch_hits h;
	size_t unknown = 0;
	mpz_t first, p, next;

	/* a ring of a thousand: all primes are shared, no two factors are equal */
	mpz_inits(first, p, next, NULL);
	prime_make(m, first);
	mpz_set(p, first);
	for (size_t i = 0; i < 1000; i++) {
		if (i == 999)
			mpz_set(next, first);
		else
			prime_make(m, next);
		product_put(m, p, next);
		mpz_swap(p, next);
	}
	assert_int_equal(batch_gcd(m->v, m->n, 0, 0, &h), ERR_NONE);
	assert_int_equal(h.n, 1000);
	for (size_t i = 0; i < h.n; i++)
		if (h.v[i].with == BATCH_UNKNOWN)
			unknown++;
		else
			assert_true(shares(&m->v[i], &m->v[h.v[i].with]));
	assert_true(unknown && unknown < h.n);
	batch_hits_clear(&h);
	mpz_clears(first, p, next, NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, moduli_setup, moduli_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_nothing_where_there_is_nothing),
		TEST(finds_one_shared_prime_wherever_it_is),
		TEST(finds_keys_whose_primes_are_both_shared),
		TEST(takes_equal_moduli_for_one_key),
		TEST(passes_over_what_is_no_modulus),
		TEST(counts_no_small_primes),
		TEST(finds_divisors_of_others),
		TEST(finds_all_of_many),
		TEST(gives_up_naming_partners_in_time),
	};

	return cmocka_run_group_tests_name("batch_gcd", tests, NULL, NULL);
}
