/* SPDX-License-Identifier: GPL-3.0-or-later */
/* decisions.c - times the access decision over the accounts and rules of a root; bench/access makes one and runs it. */
#include "base/diag.h"
#include "base/number.h"
#include "sshd/access.h"
#include "sshd/membership.h"
#include "sshd/version.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

#define RELEASE SSHD_RELEASE(9, 2)
#define ADDRESSES 50u

struct bench {
	struct root *root;
	struct sshd_config *config;
	struct accounts who;
	char addresses[ADDRESSES][24];
	size_t verdicts[3];
};

static double seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static enum err bench_open(const char *dir, struct bench *b)
{
	struct diags problems = { 0 };
	enum err e;

	if ((e = root_open(dir, &b->root)) ||
	    (e = sshd_config_load(b->root, "/etc/ssh/sshd_config", RELEASE, &b->config, &problems)))
		fprintf(stderr, "decisions: %s\n", problems.n ? problems.v[0].text : err_text(e));
	else if (!(e = accounts_read(b->root, &b->who)))
		e = membership_fill(b->root, &b->who);
	diags_free(&problems);
	for (unsigned i = 0; i < ADDRESSES; i++)
		(void)snprintf(b->addresses[i], sizeof b->addresses[i], i % 5 ? "10.%u.%u.7" : "2001:db8:%x::%x", i, i);
	return e;
}

static void bench_close(struct bench *b)
{
	accounts_free(&b->who);
	sshd_config_free(b->config);
	root_close(b->root);
}

/* Every account from every address. */
static enum err round_once(struct bench *b, struct access *a)
{
	enum err e = ERR_NONE;

	for (unsigned k = 0; k < ADDRESSES; k++)
		for (size_t i = 0; i < b->who.n && !e; i++) {
			const struct access_login who = { .user = b->who.v[i]->name,
							  .account = b->who.v[i],
							  .host = b->addresses[k],
							  .addr = b->addresses[k],
							  .laddr = "10.0.0.1",
							  .lport = 22 };
			struct access_decision d;
			if ((e = access_decide(a, &who, &d)))
				break;
			b->verdicts[d.verdict]++;
			access_decision_clear(&d);
		}
	return e;
}

static enum err measure(struct bench *b, struct access *a, double least)
{
	double start = seconds(), first, again;
	size_t rounds = 0, each = b->who.n * ADDRESSES;
	enum err e = round_once(b, a);

	first = seconds() - start;
	memset(b->verdicts, 0, sizeof b->verdicts);
	start = seconds();
	do {
		e = e ? e : round_once(b, a);
		rounds++;
		again = seconds() - start;
	} while (!e && again < least);
	if (e)
		return e;
	printf("%zu accounts, %u addresses: %.0f decisions/s, %zu in %.2f s on one core (%zu%% allowed); "
	       "the first %zu, which read the keys, in %.2f s\n",
	       b->who.n, ADDRESSES, (double)(rounds * each) / again, rounds * each, again,
	       b->verdicts[ACCESS_ALLOWED] * 100 / (rounds * each), each, first);
	return ERR_NONE;
}

int main(int argc, char **argv)
{
	struct bench b = { 0 };
	struct access *a = NULL;
	uint64_t least = 2;
	enum err e = ERR_SYNTAX;

	if (argc < 2 || argc > 3 || sodium_init() < 0 || (argc == 3 && number_parse(argv[2], 0, 3600, &least))) {
		fputs("usage: decisions ROOT [SECONDS]\n", stderr);
		return 2;
	}
	if (!(e = bench_open(argv[1], &b)) && !(e = access_new(b.root, b.config, time(NULL), &a)))
		e = measure(&b, a, (double)least);
	if (e)
		fprintf(stderr, "decisions: %s\n", err_text(e));
	access_free(a);
	bench_close(&b);
	return e ? 2 : 0;
}
