/* SPDX-License-Identifier: GPL-3.0-or-later */
/* holding.h - the keys that an account holds under a rule set, counted once so that asking is cheap. */
#ifndef SSHD_HOLDING_H
#define SSHD_HOLDING_H

#include "sshd/credential.h"
#include "sshd/ruleset.h"

struct holdings;

/* ERR_MEMORY. As credential_store_new(), which it owns. */
MUST_USE enum err holdings_new(const struct root *r, const struct sshd_config *c, time_t now, struct holdings **out);
void holdings_free(struct holdings *h); /* NULL is fine */
struct credential_store *holdings_store(struct holdings *h);

struct holding;

/* Borrowed; looked up by the account's name, of which key is hash_text(). ERR_MEMORY. */
MUST_USE enum err holdings_find(struct holdings *h, const struct ruleset *rules, const struct account *a, uint64_t key,
				const struct holding **out);

/* What of it is of use from somewhere. */
struct holding_use {
	unsigned keys;			   /* usable; a CA counts as one */
	bool unsure;			   /* there may be more */
	enum credential_obstacle obstacle; /* with none: what keeps them out */
	const struct sshd_line *by;
	const char *detail; /* borrowed, may be NULL */
};
/* host may be the address. */
void holding_ask(const struct holding *h, const char *host, const char *addr, struct holding_use *out);
const struct credentials *holding_credentials(const struct holding *h);

#endif
