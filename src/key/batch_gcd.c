/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * batch_gcd.c - primes that several moduli share, by a product tree and a remainder tree.
 *
 * After Bernstein (How to find smooth parts of integers, 2004) and Heninger, Durumeric, Wustrow, Halderman (Mining Your Ps
 * and Qs, USENIX Security 2012). They take P, the product of all n, modulo n^2 and divide by n. Here D, the sum of all P / n,
 * is built beside P: modulo one n all other terms are 0, so that D mod n is P / n mod n, and the way down needs no squares.
 */
#include "key/batch_gcd.h"

#include <gmp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define MODULUS_BYTES_MAX 2048
#define SMALL_PRIMES 65537u
#define MEMORY_USUAL ((size_t)64 << 20)
#define THREADS_MAX 64u
#define BLOCKS_MAX 64u
/* Moduli below a node of the lowest level; what is between is made again on the way down: six levels less to keep. */
#define GROUP 64u
#define LEVELS_MAX 64
/* What a block needs besides its levels, in sizes of one level: two levels of D, products, and what GMP needs for them, by measurement. */
#define LEVELS_BESIDES 12u
/* Pairs that are tried to find out who shares a prime, where equal factors do not tell. */
#define PAIRS_MAX 200000u

/* A modulus of the caller. */
struct entry {
	struct batch_modulus modulus;
	size_t index;
};

/* Several equal ones. */
struct unique {
	const struct entry *first;
	size_t n;
	bool hit;
	mpz_t factor; /* of a hit: what it shares with others */
	size_t with;  /* of a hit: another one; BATCH_UNKNOWN */
};

/* Those that are looked at in one go. */
struct block {
	struct unique *v;
	size_t n;
	mpz_t product; /* only where there are several blocks */
};

struct batch {
	struct entry *entries;
	size_t nentries;
	struct unique *v;
	size_t n;
	struct block *blocks;
	size_t nblocks;
	unsigned threads;
	mpz_t small; /* the product of the small primes */
};

struct numbers {
	mpz_t *v;
	size_t n;
};

/* Level 0 has a node for each group, every other one half of the nodes of the level below. */
struct tree {
	struct batch *batch;
	struct block *block;
	struct numbers product[LEVELS_MAX];
	size_t level;		      /* that is worked on */
	struct numbers value, result; /* of the level before, and of this one: D upwards, remainders downwards */
};

/* Work on the i-th of several things that do not touch each other. */
typedef void item_work(void *context, size_t i);

struct worker {
	item_work *work;
	void *context;
	size_t first, step, n;
};

static void *worker_run(void *argument)
{
	struct worker *w = argument;

	for (size_t i = w->first; i < w->n; i += w->step)
		w->work(w->context, i);
	return NULL;
}

/* A thread that cannot be had is done without. */
static void items_do(unsigned threads, item_work *work, void *context, size_t n)
{
	size_t step = threads < n ? threads : n;
	struct worker w[THREADS_MAX];
	pthread_t id[THREADS_MAX];
	bool started[THREADS_MAX];

	for (size_t i = 0; i < step; i++)
		w[i] = (struct worker){ work, context, i, step, n };
	for (size_t i = 1; i < step; i++)
		started[i] = !pthread_create(&id[i], NULL, worker_run, &w[i]);
	if (step)
		(void)worker_run(&w[0]);
	for (size_t i = 1; i < step; i++)
		if (!started[i])
			(void)worker_run(&w[i]);
		else
			(void)pthread_join(id[i], NULL);
}

static enum err numbers_new(size_t n, struct numbers *out)
{
	struct numbers l = { calloc(n + 1, sizeof *l.v), n };

	if (!l.v)
		return ERR_MEMORY;
	for (size_t i = 0; i < n; i++)
		mpz_init(l.v[i]);
	*out = l;
	return ERR_NONE;
}

static void numbers_free(struct numbers *l)
{
	for (size_t i = 0; i < l->n; i++)
		mpz_clear(l->v[i]);
	free(l->v);
	*l = (struct numbers){ 0 };
}

/* Its memory goes, too. */
static void number_drop(mpz_t n)
{
	mpz_clear(n);
	mpz_init(n);
}

static void modulus_import(const struct unique *u, mpz_t out)
{
	mpz_import(out, u->first->modulus.len, 1, 1, 1, 0, u->first->modulus.at);
}

/* P and D of n numbers one after the other; without D where 'sum' is NULL. */
static void product_sum(const struct unique *v, size_t n, mpz_ptr product, mpz_ptr sum)
{
	mpz_t left, left_sum;

	if (n == 1) {
		modulus_import(v, product);
		if (sum)
			mpz_set_ui(sum, 1);
		return;
	}
	mpz_init(left);
	mpz_init(left_sum);
	product_sum(v, n / 2, left, sum ? left_sum : NULL);
	product_sum(v + n / 2, n - n / 2, product, sum);
	if (sum) {
		mpz_mul(sum, sum, left);
		mpz_addmul(sum, left_sum, product);
	}
	mpz_mul(product, product, left);
	mpz_clear(left_sum);
	mpz_clear(left);
}

static size_t group_size(const struct tree *t, size_t i)
{
	size_t left = t->block->n - i * GROUP;

	return left < GROUP ? left : GROUP;
}

static void group_up(void *context, size_t i)
{
	struct tree *t = context;

	product_sum(t->block->v + i * GROUP, group_size(t, i), t->product[0].v[i], t->result.v[i]);
}

static void node_up(void *context, size_t i)
{
	struct tree *t = context;
	size_t left = 2 * i, right = left + 1;
	const struct numbers *below = &t->product[t->level - 1];
	mpz_ptr product = t->product[t->level].v[i], sum = t->result.v[i];
	bool root_unused = t->result.n == 1 && t->batch->nblocks == 1;

	if (right == below->n) {
		mpz_set(product, below->v[left]);
		mpz_swap(sum, t->value.v[left]);
		return;
	}
	mpz_mul(sum, t->value.v[left], below->v[right]);
	number_drop(t->value.v[left]);
	mpz_addmul(sum, t->value.v[right], below->v[left]);
	number_drop(t->value.v[right]);
	if (!root_unused)
		mpz_mul(product, below->v[left], below->v[right]);
}

static void node_down(void *context, size_t i)
{
	struct tree *t = context;
	const struct numbers *below = &t->product[t->level - 1];

	for (size_t k = 2 * i; k < 2 * i + 2 && k < below->n; k++)
		mpz_tdiv_r(t->result.v[k], t->value.v[i], below->v[k]);
	number_drop(t->value.v[i]);
}

/* Small primes are not counted: a damaged modulus would share them with every other damaged one. */
static void factor_take(const struct batch *b, struct unique *u, const mpz_t common)
{
	mpz_t factor, small;

	mpz_init_set(factor, common);
	mpz_init(small);
	for (mpz_gcd(small, factor, b->small); mpz_cmp_ui(small, 1) != 0; mpz_gcd(small, factor, b->small))
		mpz_divexact(factor, factor, small);
	if (mpz_cmp_ui(factor, 1) != 0) {
		mpz_init_set(u->factor, factor);
		u->hit = true;
	}
	mpz_clear(small);
	mpz_clear(factor);
}

/* The rest of the tree below a group: 'value' is D modulo the product of these n. */
static void remainders_look(const struct batch *b, struct unique *v, size_t n, const mpz_t value)
{
	const struct {
		struct unique *v;
		size_t n;
	} halves[] = { { v, n / 2 }, { v + n / 2, n - n / 2 } };
	mpz_t product, rest;

	mpz_init(product);
	mpz_init(rest);
	if (n == 1) {
		modulus_import(v, product);
		mpz_gcd(rest, value, product);
		if (mpz_cmp_ui(rest, 1) != 0)
			factor_take(b, v, rest);
	}
	for (size_t i = 0; i < ARRAY_SIZE(halves) && n > 1; i++) {
		product_sum(halves[i].v, halves[i].n, product, NULL);
		mpz_tdiv_r(rest, value, product);
		remainders_look(b, halves[i].v, halves[i].n, rest);
	}
	mpz_clear(rest);
	mpz_clear(product);
}

static void group_down(void *context, size_t i)
{
	struct tree *t = context;

	remainders_look(t->batch, t->block->v + i * GROUP, group_size(t, i), t->value.v[i]);
}

/* The results are the values of the next step. */
static void level_done(struct tree *t)
{
	numbers_free(&t->value);
	t->value = t->result;
	t->result = (struct numbers){ 0 };
}

static enum err tree_up(struct tree *t)
{
	size_t n = (t->block->n + GROUP - 1) / GROUP;
	enum err e;

	for (t->level = 0;; t->level++) {
		if ((e = numbers_new(n, &t->product[t->level])) || (e = numbers_new(n, &t->result)))
			return e;
		items_do(t->batch->threads, t->level ? node_up : group_up, t, n);
		level_done(t);
		if (n == 1)
			return ERR_NONE;
		n = (n + 1) / 2;
	}
}

/* D of the root becomes D times the product of all other blocks: modulo n still the product of all other moduli. */
static void others_multiply(struct tree *t)
{
	mpz_ptr value = t->value.v[0], root = t->product[t->level].v[0];

	for (const struct block *o = t->batch->blocks; o < t->batch->blocks + t->batch->nblocks; o++) {
		if (o == t->block)
			continue;
		mpz_mul(value, value, o->product);
		mpz_tdiv_r(value, value, root);
	}
}

static enum err tree_down(struct tree *t)
{
	enum err e;

	numbers_free(&t->product[t->level]);
	for (; t->level; t->level--) {
		if ((e = numbers_new(t->product[t->level - 1].n, &t->result)))
			return e;
		items_do(t->batch->threads, node_down, t, t->value.n);
		level_done(t);
		numbers_free(&t->product[t->level - 1]);
	}
	items_do(t->batch->threads, group_down, t, t->value.n);
	return ERR_NONE;
}

static enum err block_look(struct batch *b, struct block *block)
{
	struct tree t = { .batch = b, .block = block };
	enum err e;

	if (!(e = tree_up(&t))) {
		others_multiply(&t);
		e = tree_down(&t);
	}
	numbers_free(&t.result);
	numbers_free(&t.value);
	for (size_t i = 0; i < LEVELS_MAX; i++)
		numbers_free(&t.product[i]);
	return e;
}

static void block_product(void *context, size_t i)
{
	struct batch *b = context;

	product_sum(b->blocks[i].v, b->blocks[i].n, b->blocks[i].product, NULL);
}

static enum err blocks_look(struct batch *b)
{
	enum err e = ERR_NONE;

	if (b->nblocks > 1)
		items_do(b->threads, block_product, b, b->nblocks);
	for (size_t i = 0; i < b->nblocks && !e; i++)
		e = block_look(b, &b->blocks[i]);
	return e;
}

static int entry_order(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c;

	if (x->modulus.len != y->modulus.len)
		return x->modulus.len < y->modulus.len ? -1 : 1;
	if ((c = memcmp(x->modulus.at, y->modulus.at, x->modulus.len)))
		return c;
	return (x->index > y->index) - (x->index < y->index);
}

/* Without zeros in front; false for what is no modulus. */
static bool modulus_take(struct batch_modulus m, struct batch_modulus *out)
{
	for (; m.len && !*m.at; m.len--)
		m.at++;
	*out = m;
	return m.len && m.len <= MODULUS_BYTES_MAX && (m.len > 1 || *m.at > 1);
}

static enum err entries_take(struct batch *b, const struct batch_modulus *moduli, size_t n)
{
	if (!(b->entries = calloc(n, sizeof *b->entries)) || !(b->v = calloc(n, sizeof *b->v)))
		return ERR_MEMORY;
	for (size_t i = 0; i < n; i++) {
		struct entry *entry = &b->entries[b->nentries];
		if (modulus_take(moduli[i], &entry->modulus)) {
			entry->index = i;
			b->nentries++;
		}
	}
	qsort(b->entries, b->nentries, sizeof *b->entries, entry_order);
	for (const struct entry *entry = b->entries; entry < b->entries + b->nentries; entry++) {
		const struct batch_modulus *last = b->n ? &b->v[b->n - 1].first->modulus : NULL;
		if (!last || last->len != entry->modulus.len || memcmp(last->at, entry->modulus.at, last->len) != 0)
			b->v[b->n++].first = entry;
		b->v[b->n - 1].n++;
	}
	return ERR_NONE;
}

static size_t levels_of(size_t n)
{
	size_t levels = 1;

	for (n = (n + GROUP - 1) / GROUP; n > 1; n = (n + 1) / 2)
		levels++;
	return levels;
}

/* How many bytes of moduli one block may have. */
static size_t block_bytes(const struct batch *b, size_t all, size_t memory)
{
	size_t each = levels_of(b->n) + LEVELS_BESIDES, least = all / BLOCKS_MAX + MODULUS_BYTES_MAX;

	if (all <= memory / each)
		return all;
	/* the products of all blocks are kept besides */
	memory = memory > all ? (memory - all) / each : 0;
	return memory > least ? memory : least;
}

static enum err blocks_make(struct batch *b, size_t memory)
{
	size_t all = 0, most, bytes = 0;
	void *enough;

	if (!b->n)
		return ERR_NONE;
	for (size_t i = 0; i < b->n && b->v[i].first; i++)
		all += b->v[i].first->modulus.len;
	most = block_bytes(b, all, memory);
	/* GMP would end the process */
	if (!(enough = malloc(most * (levels_of(b->n) + LEVELS_BESIDES) + all + 1)))
		return ERR_MEMORY;
	free(enough);
	if (!(b->blocks = calloc(BLOCKS_MAX + 1, sizeof *b->blocks)))
		return ERR_MEMORY;
	for (size_t i = 0; i < b->n && b->v[i].first; i++) {
		size_t len = b->v[i].first->modulus.len;
		if (!b->nblocks || bytes + len > most) {
			mpz_init(b->blocks[b->nblocks].product);
			b->blocks[b->nblocks++].v = &b->v[i];
			bytes = 0;
		}
		b->blocks[b->nblocks - 1].n++;
		bytes += len;
	}
	return ERR_NONE;
}

static int factor_order(const void *a, const void *b)
{
	return mpz_cmp((*(struct unique *const *)a)->factor, (*(struct unique *const *)b)->factor);
}

/* The two primes of one may be shared with two others, so that its factor is equal to nobody's. */
static size_t partner_search(struct unique **hits, size_t n, size_t i, size_t *pairs)
{
	size_t with = BATCH_UNKNOWN;
	mpz_t common;

	mpz_init(common);
	for (size_t k = 0; k < n && *pairs && with == BATCH_UNKNOWN; k++) {
		if (k == i)
			continue;
		mpz_gcd(common, hits[i]->factor, hits[k]->factor);
		--*pairs;
		if (mpz_cmp_ui(common, 1) != 0)
			with = hits[k]->first->index;
	}
	mpz_clear(common);
	return with;
}

static enum err partners_find(struct batch *b)
{
	struct unique **hits = calloc(b->n ? b->n : 1, sizeof(struct unique *));
	size_t n = 0, pairs = PAIRS_MAX;

	if (!hits)
		return ERR_MEMORY;
	for (size_t i = 0; i < b->n; i++)
		if (b->v[i].hit)
			hits[n++] = &b->v[i];
	if (n)
		qsort(hits, n, sizeof *hits, factor_order);
	for (size_t i = 0; i < n; i++) {
		if (i + 1 < n && !factor_order(&hits[i], &hits[i + 1]))
			hits[i]->with = hits[i + 1]->first->index;
		else if (i && !factor_order(&hits[i], &hits[i - 1]))
			hits[i]->with = hits[i - 1]->first->index;
		else
			hits[i]->with = partner_search(hits, n, i, &pairs);
	}
	free(hits);
	return ERR_NONE;
}

static int hit_order(const void *a, const void *b)
{
	const struct batch_hit *x = a, *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

static enum err hits_report(const struct batch *b, struct batch_hits *out)
{
	struct batch_hits h = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += b->v[i].hit ? b->v[i].n : 0;
	if (!(h.v = calloc(n + 1, sizeof *h.v)))
		return ERR_MEMORY;
	for (const struct unique *u = b->v; u < b->v + b->n; u++)
		for (size_t k = 0; u->hit && k < u->n; k++)
			h.v[h.n++] = (struct batch_hit){ u->first[k].index, u->with };
	if (h.n)
		qsort(h.v, h.n, sizeof *h.v, hit_order);
	*out = h;
	return ERR_NONE;
}

static void batch_clear(struct batch *b)
{
	for (size_t i = 0; i < b->nblocks; i++)
		mpz_clear(b->blocks[i].product);
	for (size_t i = 0; i < b->n; i++)
		if (b->v[i].hit)
			mpz_clear(b->v[i].factor);
	mpz_clear(b->small);
	free(b->blocks);
	free(b->v);
	free(b->entries);
}

static unsigned cores(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : (unsigned)n;
}

enum err batch_gcd(const struct batch_modulus *moduli, size_t n, unsigned threads, size_t memory,
		   struct batch_hits *out)
{
	struct batch b = { .threads = threads ? threads : cores() };
	enum err e;

	if (!n) {
		*out = (struct batch_hits){ 0 };
		return ERR_NONE;
	}
	if (b.threads > THREADS_MAX)
		b.threads = THREADS_MAX;
	mpz_init(b.small);
	mpz_primorial_ui(b.small, SMALL_PRIMES);
	if (!(e = entries_take(&b, moduli, n)) && !(e = blocks_make(&b, memory ? memory : MEMORY_USUAL)) &&
	    !(e = blocks_look(&b)) && !(e = partners_find(&b)))
		e = hits_report(&b, out);
	batch_clear(&b);
	return e;
}

void batch_hits_clear(struct batch_hits *h)
{
	free(h->v);
	*h = (struct batch_hits){ 0 };
}
