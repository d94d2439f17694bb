/* SPDX-License-Identifier: GPL-3.0-or-later */
/* index_rate.c - a bucket for all accounts and one for each. */
#include "gate/index_rate.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static void bucket_fill(struct index_bucket *b, double most, double per_second, uint64_t now_ms)
{
	uint64_t passed = now_ms > b->since_ms ? now_ms - b->since_ms : 0;

	b->tokens += (double)passed * per_second / 1000;
	if (b->tokens > most)
		b->tokens = most;
	b->since_ms = now_ms;
}

static struct index_account *account_find(struct index_rate *r, const char *user)
{
	for (size_t i = 0; i < INDEX_RATE_ACCOUNTS; i++)
		if (!strcmp(r->account[i].name, user))
			return &r->account[i];
	return NULL;
}

static bool is_as_new(struct index_account *a, uint64_t now_ms)
{
	if (!a->name[0])
		return true;
	bucket_fill(&a->commands, INDEX_RATE_BURST, INDEX_RATE_USER, now_ms);
	return a->commands.tokens >= INDEX_RATE_BURST && a->hung_until_ms <= now_ms;
}

/* Who floods us with names must not wash away what is known of others: theirs have nothing worth keeping. */
static struct index_account *account_spare(struct index_rate *r, uint64_t now_ms)
{
	struct index_account *oldest = &r->account[0];

	for (struct index_account *a = r->account; a < r->account + INDEX_RATE_ACCOUNTS; a++) {
		if (is_as_new(a, now_ms))
			return a;
		if (a->used_ms < oldest->used_ms)
			oldest = a;
	}
	return oldest;
}

static struct index_account *account_at(struct index_rate *r, const char *user, uint64_t now_ms)
{
	struct index_account *a = account_find(r, user);

	if (!a) {
		a = account_spare(r, now_ms);
		*a = (struct index_account){ .commands = { INDEX_RATE_BURST, now_ms } };
		snprintf(a->name, sizeof a->name, "%s", user);
	}
	a->used_ms = now_ms;
	return a;
}

bool index_rate_take(struct index_rate *r, const char *user, uint64_t now_ms)
{
	struct index_account *a = account_at(r, user, now_ms);

	if (!r->begun)
		r->all = (struct index_bucket){ INDEX_RATE_ALL, now_ms };
	r->begun = true;
	bucket_fill(&r->all, INDEX_RATE_ALL, INDEX_RATE_ALL, now_ms);
	bucket_fill(&a->commands, INDEX_RATE_BURST, INDEX_RATE_USER, now_ms);
	if (r->all.tokens < 1 || a->commands.tokens < 1)
		return false;
	r->all.tokens--;
	a->commands.tokens--;
	return true;
}

void index_rate_give_back(struct index_rate *r, const char *user)
{
	struct index_account *a = account_find(r, user);

	r->all.tokens++;
	if (a)
		a->commands.tokens++;
}

void index_rate_hung(struct index_rate *r, const char *user, uint64_t now_ms)
{
	account_at(r, user, now_ms)->hung_until_ms = now_ms + INDEX_HANG_MS;
}

void index_rate_fine(struct index_rate *r, const char *user)
{
	struct index_account *a = account_find(r, user);

	if (a)
		a->hung_until_ms = 0;
}

bool index_rate_hangs(struct index_rate *r, const char *user, uint64_t now_ms)
{
	const struct index_account *a = account_find(r, user);

	return a && a->hung_until_ms > now_ms;
}
