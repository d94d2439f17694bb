/* SPDX-License-Identifier: GPL-3.0-or-later */
/* words.h - AllowUsers and its three siblings, made ready to ask often which of their words hits first. */
#ifndef SSHD_WORDS_H
#define SSHD_WORDS_H

#include "sshd/effective.h"
#include "sshd/pattern.h"

struct words;

/* The words of all lines of the value, in order; the lines are borrowed. ERR_MEMORY. */
MUST_USE enum err words_users_new(const struct sshd_value *v, struct words **out);
MUST_USE enum err words_groups_new(const struct sshd_value *v, struct words **out);
void words_free(struct words *w); /* NULL is fine */

/* Which word hit; line is NULL where none did. Borrowed from the configuration. */
struct words_hit {
	const struct sshd_line *line;
	const char *word;
};
/* key: hash_text() of the name. */
struct words_hit words_find_user(const struct words *w, const char *user, uint64_t key,
				 const struct pattern_from *from);
struct words_hit words_find_group(const struct words *w, const struct strings *groups);
/* Whether both are made of the same lines. */
bool words_made_of(const struct words *w, const struct sshd_value *v);

#endif
