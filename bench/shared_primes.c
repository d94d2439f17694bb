/* SPDX-License-Identifier: GPL-3.0-or-later */
/* shared_primes.c - times the search for shared primes in moduli made for it, and each with each beside it; bench/keys runs it. */
#include "base/number.h"
#include "key/batch_gcd.h"

#include <gmp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/banned.h"

#define BITS 2048u
#define MAKERS 2u
#define PAIRS 20000u

/* The moduli, and what is planted: each of the first ones has its first prime again half of them further on. */
struct bench {
	struct batch_modulus *moduli;
	uint8_t (*bytes)[BITS / 8];
	size_t n, planted, primes; /* primes: of one modulus */
};

static double seconds(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The same prime for the same number; its two highest bits are set, so that two of them have all bits of a modulus. */
static void prime_make(uint64_t number, unsigned bits, mpz_t out)
{
	gmp_randstate_t random;

	gmp_randinit_mt(random);
	gmp_randseed_ui(random, number);
	mpz_urandomb(out, random, bits);
	mpz_setbit(out, bits - 1);
	mpz_setbit(out, bits - 2);
	mpz_nextprime(out, out);
	gmp_randclear(random);
}

static void modulus_make(struct bench *b, size_t i)
{
	size_t half = b->n / 2, from = i >= half && i - half < b->planted ? i - half : i;
	mpz_t n, p;

	mpz_init_set_ui(n, 1);
	mpz_init(p);
	for (size_t k = 0; k < b->primes; k++) {
		prime_make((k ? i : from) * b->primes + k + 1, BITS / (unsigned)b->primes, p);
		mpz_mul(n, n, p);
	}
	b->moduli[i] = (struct batch_modulus){ b->bytes[i], (mpz_sizeinbase(n, 2) + 7) / 8 };
	mpz_export(b->bytes[i], NULL, 1, 1, 1, 0, n);
	mpz_clear(p);
	mpz_clear(n);
}

struct maker {
	struct bench *bench;
	size_t first;
};

static void *maker_run(void *argument)
{
	struct maker *m = argument;

	for (size_t i = m->first; i < m->bench->n; i += MAKERS)
		modulus_make(m->bench, i);
	return NULL;
}

static enum err moduli_make(struct bench *b)
{
	struct maker makers[MAKERS];
	pthread_t id[MAKERS];
	size_t n;

	if (!(b->moduli = calloc(b->n, sizeof *b->moduli)) || !(b->bytes = calloc(b->n, sizeof *b->bytes)))
		return ERR_MEMORY;
	for (n = 0; n < MAKERS; n++) {
		makers[n] = (struct maker){ b, n };
		if (pthread_create(&id[n], NULL, maker_run, &makers[n]))
			break;
	}
	for (size_t i = 0; i < n; i++)
		(void)pthread_join(id[i], NULL);
	return n == MAKERS ? ERR_NONE : ERR_MEMORY;
}

/* CPU seconds that one GCD takes, and so all pairs of them would. */
static double pairs_measure(const struct bench *b)
{
	mpz_t *v = calloc(b->n, sizeof *v), common;
	double start;
	size_t done = 0;

	if (!v)
		return 0;
	mpz_init(common);
	for (size_t i = 0; i < b->n; i++) {
		mpz_init(v[i]);
		mpz_import(v[i], b->moduli[i].len, 1, 1, 1, 0, b->moduli[i].at);
	}
	start = seconds(CLOCK_PROCESS_CPUTIME_ID);
	for (size_t i = 0; i < b->n && done < PAIRS; i++)
		for (size_t k = i + 1; k < b->n && done < PAIRS; k++, done++)
			mpz_gcd(common, v[i], v[k]);
	start = seconds(CLOCK_PROCESS_CPUTIME_ID) - start;
	for (size_t i = 0; i < b->n; i++)
		mpz_clear(v[i]);
	mpz_clear(common);
	free(v);
	return start / (double)done * (double)b->n * (double)(b->n - 1) / 2;
}

/* All that were planted, each with its partner, and nothing else. */
static bool hits_are_right(const struct bench *b, const struct batch_hits *h)
{
	size_t half = b->n / 2;

	if (h->n != 2 * b->planted)
		return false;
	for (size_t i = 0; i < b->planted; i++)
		if (h->v[i].index != i || h->v[i].with != half + i || h->v[b->planted + i].index != half + i ||
		    h->v[b->planted + i].with != i)
			return false;
	return true;
}

static enum err measure(struct bench *b)
{
	double cpu, wall, pairs;
	struct batch_hits h;
	struct rusage use;
	enum err e;

	if ((e = moduli_make(b)))
		return e;
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	wall = seconds(CLOCK_MONOTONIC);
	if ((e = batch_gcd(b->moduli, b->n, 0, 0, &h)))
		return e;
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	wall = seconds(CLOCK_MONOTONIC) - wall;
	(void)getrusage(RUSAGE_SELF, &use);
	if (!hits_are_right(b, &h))
		e = ERR_NOT_FOUND;
	batch_hits_clear(&h);
	if (e)
		return e;
	pairs = pairs_measure(b);
	printf("%zu moduli of %u bits, %zu with a shared prime, all found and nothing else: %.1f s of CPU in %.1f s, %ld MB at most; "
	       "each with each by mpz_gcd(): %.0f s of CPU, %.0f times as much   (of %u pairs; %zu primes in a modulus)\n",
	       b->n, BITS, 2 * b->planted, cpu, wall, use.ru_maxrss / 1024, pairs, pairs / cpu, PAIRS, b->primes);
	return ERR_NONE;
}

int main(int argc, char **argv)
{
	uint64_t n, planted, primes;
	struct bench b;
	enum err e;

	if (argc != 4 || number_parse(argv[1], 300, 1000000, &n) || number_parse(argv[2], 0, n / 2, &planted) ||
	    number_parse(argv[3], 2, 8, &primes) || BITS % primes) {
		fputs("usage: shared_primes MODULI PLANTED PRIMES\n", stderr);
		return 2;
	}
	b = (struct bench){ .n = n, .planted = planted, .primes = primes };
	if ((e = measure(&b)))
		fprintf(stderr, "shared_primes: %s\n",
			e == ERR_NOT_FOUND ? "what was found is not what was planted" : err_text(e));
	free(b.bytes);
	free(b.moduli);
	return e ? 2 : 0;
}
