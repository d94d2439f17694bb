/* SPDX-License-Identifier: GPL-3.0-or-later */
/* weak.c - our tests of weak keys as a program, for tests: weak FILE, one public key a line; one line of words for each of them. */
#include "key/weak.h"
#include "base/root.h"
#include "key/batch_gcd.h"
#include "key/public.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define CONTENT_MAX ((size_t)64 << 20)
#define KEYS_MAX 100000u
#define RELEASE 902u

struct keys {
	struct public_key_line v[KEYS_MAX];
	struct batch_modulus moduli[KEYS_MAX];
	size_t n;
};

static enum err keys_read(const char *at, struct keys *k)
{
	enum err e = ERR_NONE;

	for (size_t len; *at && !e && k->n < KEYS_MAX; at += len + (at[len] == '\n')) {
		struct public_key_line *line = &k->v[k->n];
		struct batch_modulus *m = &k->moduli[k->n];
		len = strcspn(at, "\n");
		if (!(e = public_key_decode_line(at, len, RELEASE, line)) &&
		    !(e = weak_rsa_modulus(line->blob, line->blob_len, &m->at, &m->len)))
			k->n++;
	}
	return e;
}

static enum err key_print(const struct keys *k, size_t i, const struct batch_hit *shared)
{
	unsigned bits, prime;
	enum err e;

	if ((e = weak_rsa(k->v[i].blob, k->v[i].blob_len, &bits)) ||
	    (e = weak_rsa_prime(k->v[i].blob, k->v[i].blob_len, &prime)))
		return e;
	printf("%s", k->v[i].comment);
	for (size_t w = 0; weak_name(w); w++)
		if ((bits | prime) & weak_name(w)->bit)
			printf(" %s", weak_name(w)->id);
	if (shared)
		printf(" shared:%s", shared->with == BATCH_UNKNOWN ? "?" : k->v[shared->with].comment);
	printf("\n");
	return ERR_NONE;
}

static enum err look(const char *content)
{
	struct keys *k = calloc(1, sizeof *k);
	struct batch_hits h = { 0 };
	size_t hit = 0;
	enum err e = ERR_MEMORY;

	if (k && !(e = keys_read(content, k)) && !(e = batch_gcd(k->moduli, k->n, 0, 0, &h)))
		for (size_t i = 0; i < k->n && !e; i++) {
			bool shared = hit < h.n && h.v[hit].index == i;
			e = key_print(k, i, shared ? &h.v[hit] : NULL);
			hit += shared;
		}
	for (size_t i = 0; k && i < k->n; i++)
		public_key_line_clear(&k->v[i]);
	batch_hits_clear(&h);
	free(k);
	return e;
}

int main(int argc, char **argv)
{
	struct root *r = NULL;
	char *content = NULL;
	size_t len;
	enum err e;

	if (argc != 2) {
		fputs("usage: weak FILE\n", stderr);
		return 2;
	}
	if (!(e = root_open(NULL, &r)) && !(e = root_read(r, argv[1], CONTENT_MAX, &content, &len)))
		e = look(content);
	if (e)
		fprintf(stderr, "weak: %s\n", err_text(e));
	free(content);
	root_close(r);
	return e ? 2 : 0;
}
