/* SPDX-License-Identifier: GPL-3.0-or-later */
/* index_rate.h - how often commands are run for strangers, and which accounts have hung lately. */
#ifndef GATE_INDEX_RATE_H
#define GATE_INDEX_RATE_H

#include <stdbool.h>
#include <stdint.h>

#define INDEX_RATE_ALL 20.0  /* commands a second, in all */
#define INDEX_RATE_USER 1.0  /* for one account */
#define INDEX_RATE_BURST 3.0 /* for one account at once: a knock asks twice, and a second device may knock */
#define INDEX_HANG_MS 60000  /* that long an account that hung is asked about one question at a time */
#define INDEX_RATE_ACCOUNTS 256

struct index_bucket {
	double tokens;
	uint64_t since_ms;
};

/* Start with { 0 }. An account of which nothing is left to remember makes room, else the least recent one. */
struct index_rate {
	struct index_bucket all;
	struct index_account {
		char name[256]; /* "": free */
		struct index_bucket commands;
		uint64_t used_ms, hung_until_ms;
	} account[INDEX_RATE_ACCOUNTS];
	bool begun;
};

/* Takes one from both buckets, or from none. */
bool index_rate_take(struct index_rate *r, const char *user, uint64_t now_ms);
void index_rate_give_back(struct index_rate *r, const char *user);
void index_rate_hung(struct index_rate *r, const char *user, uint64_t now_ms);
void index_rate_fine(struct index_rate *r, const char *user);
bool index_rate_hangs(struct index_rate *r, const char *user, uint64_t now_ms);

#endif
