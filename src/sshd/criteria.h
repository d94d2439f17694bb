/* SPDX-License-Identifier: GPL-3.0-or-later */
/* criteria.h - the criteria of all Match blocks, made ready to ask often which blocks are on. */
#ifndef SSHD_CRITERIA_H
#define SSHD_CRITERIA_H

#include "sshd/config.h"
#include "sshd/pattern.h"

#include <stdint.h>

/* What Match criteria look at. NULL strings never match. Addresses as text; host is the address where UseDNS is no. */
struct sshd_connection {
	const char *user;
	const struct strings *groups; /* names of the user's groups */
	const char *host, *addr, *laddr;
	unsigned lport; /* 0: unknown */
	const char *rdomain;
	bool invalid_user;
};

struct criteria;

/* c is borrowed and must outlive it. ERR_MEMORY. */
MUST_USE enum err criteria_new(const struct sshd_config *c, struct criteria **out);
void criteria_free(struct criteria *c); /* NULL is fine */

/* How many words a set of blocks needs: one bit for each of config->matches. */
size_t criteria_words(const struct criteria *c);
/*
 * Which blocks are on, into criteria_words() words; the connection's addresses are given once more, read. Neither allocates
 * nor fails.
 */
void criteria_evaluate(const struct criteria *c, const struct sshd_connection *connection,
		       const struct pattern_from *from, const struct pattern_from *local, uint64_t *on);
/* Whether this block is among them. */
bool criteria_on(const struct criteria *c, const struct sshd_match *m, const uint64_t *on);

#endif
