/* SPDX-License-Identifier: GPL-3.0-or-later */
/* effective.h - the values in force for a connection, each with the line that decided it. */
#ifndef SSHD_EFFECTIVE_H
#define SSHD_EFFECTIVE_H

#include "sshd/config.h"

/* What Match criteria look at. NULL strings never match. Addresses as text; host is the address where UseDNS is no. */
struct sshd_connection {
	const char *user;
	const struct strings *groups; /* names of the user's groups */
	const char *host, *addr, *laddr;
	unsigned lport; /* 0: unknown */
	const char *rdomain;
	bool invalid_user;
};

struct sshd_value {
	struct strings values; /* as sshd -T prints them: one entry a printed line; empty: unset and nothing printed */
	const struct sshd_line **by; /* the lines that gave them, nby of them; none: the default */
	size_t nby;
};

struct sshd_effective {
	const struct sshd_config *config; /* borrowed: must outlive this */
	struct sshd_value v[KW_COUNT];
};

/*
 * connection NULL: what sshd starts with, that is the global part and blocks that are on for
 * everybody ("Match all"). ERR_MEMORY. Free with sshd_effective_free().
 */
MUST_USE enum err sshd_effective(const struct sshd_config *c, const struct sshd_connection *connection,
				 struct sshd_effective **out);
void sshd_effective_free(struct sshd_effective *e);

/* The only or first value, or the default of this release; "" if there is none. Borrowed. */
const char *sshd_value(const struct sshd_effective *e, enum sshd_keyword_id id);
const struct strings *sshd_values(const struct sshd_effective *e, enum sshd_keyword_id id);
/* The line that decided (of an accumulating one the first), NULL for a default. */
const struct sshd_line *sshd_decider(const struct sshd_effective *e, enum sshd_keyword_id id);
/* Whether the Match block is on for this connection. */
bool sshd_match_on(const struct sshd_match *m, const struct sshd_connection *connection);
/* All lines that set this keyword anywhere, in order; *out is yours (free()), the lines are borrowed. */
MUST_USE enum err sshd_lines_of(const struct sshd_config *c, enum sshd_keyword_id id, const struct sshd_line ***out,
				size_t *n);

#endif
