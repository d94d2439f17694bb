/* SPDX-License-Identifier: GPL-3.0-or-later */
/* effective.h - the values in force for a connection, each with the line that decided it. */
#ifndef SSHD_EFFECTIVE_H
#define SSHD_EFFECTIVE_H

#include "sshd/config.h"
#include "sshd/criteria.h"

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
/* The same for the blocks that are on: criteria_evaluate() of these criteria has filled 'on'. */
MUST_USE enum err sshd_effective_on(const struct sshd_config *c, const struct criteria *criteria, const uint64_t *on,
				    struct sshd_effective **out);

/* The only or first value, or the default of this release; "" if there is none. Borrowed. */
const char *sshd_value(const struct sshd_effective *e, enum sshd_keyword_id id);
const struct strings *sshd_values(const struct sshd_effective *e, enum sshd_keyword_id id);
/* The line that decided (of an accumulating one the first), NULL for a default. */
const struct sshd_line *sshd_decider(const struct sshd_effective *e, enum sshd_keyword_id id);
/* All lines that set this keyword anywhere, in order; *out is yours (free()), the lines are borrowed. */
MUST_USE enum err sshd_lines_of(const struct sshd_config *c, enum sshd_keyword_id id, const struct sshd_line ***out,
				size_t *n);

#endif
