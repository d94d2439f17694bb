/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keyword.h - every keyword of sshd_config from OpenSSH 7.4 to 10.5, as one table. */
#ifndef SSHD_KEYWORD_H
#define SSHD_KEYWORD_H

#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>

/* One name per keyword, by name: KW_ACCEPTENV, KW_ADDRESSFAMILY, ... */
enum sshd_keyword_id {
#define KEYWORD(id) KW_##id,
#include "sshd/keyword_ids.h"
#undef KEYWORD
	KW_COUNT
};

enum sshd_order {
	ORDER_FIRST, /* the first value counts */
	ORDER_LAST,  /* the last one does, in the releases before 'first_since' */
	ORDER_ADD,   /* values add up; a list inside Match replaces the global one */
	ORDER_BLOCK, /* Match and Include: no value of their own */
};

enum sshd_kind {
	KIND_FLAG,     /* yes, no */
	KIND_CHOICE,   /* one of 'choices' (alias=canonical pairs allowed, see keyword.c) */
	KIND_NUMBER,   /* a decimal number */
	KIND_TIME,     /* seconds, TIME FORMATS */
	KIND_WORD,     /* one argument, as it is */
	KIND_WORDS,    /* several arguments */
	KIND_REST,     /* the rest of the line, as it is (ForceCommand, Banner of old, VersionAddendum) */
	KIND_ALGS,     /* a comma list of algorithms with + - ^ */
	KIND_SPECIAL,  /* a form of its own, checked by a function in keyword.c */
	KIND_BLOCK,    /* Match, Include */
	KIND_OBSOLETE, /* accepted and ignored, or refused, see 'gone' */
};

/* A default and the release since which it holds; the oldest first, "" is nothing. */
struct sshd_default {
	unsigned since;
	const char *value;
};

struct sshd_keyword {
	enum sshd_keyword_id id;
	const char *name; /* as sshd_config(5) spells it */
	enum sshd_kind kind;
	enum sshd_order order;
	bool in_match;	      /* allowed inside Match ... */
	unsigned match_since; /* ... from this release on; 0 always */
	unsigned since;	      /* first release that knows it; 0: older than 7.4 */
	unsigned gone;	      /* first release that no longer uses it ("Deprecated option"); 0: still used */
	unsigned first_since; /* ORDER_LAST: first release in which the first value counts; SSHD_NEVER */
	bool exact;	      /* KIND_CHOICE: upper and lower case differ */
	const char *choices;  /* KIND_CHOICE: words; "alias=word", and "word@803" for one that is known since 8.3 */
	struct sshd_default defaults[4]; /* ends with { 0 } */
};

#define SSHD_NEVER 9999u /* later than every release */

/* Any spelling (case, aliases such as ChallengeResponseAuthentication). NULL if there is none. Borrowed, static. */
const struct sshd_keyword *sshd_keyword_find(const char *name);
const struct sshd_keyword *sshd_keyword(enum sshd_keyword_id id);
/* Whether this release knows the keyword at all, and whether it may stand in Match there. */
bool sshd_keyword_known(const struct sshd_keyword *k, unsigned release);
bool sshd_keyword_in_match(const struct sshd_keyword *k, unsigned release);
/* The same for one spelling of it: an alias can be younger than its keyword, or not allowed in Match where the keyword is. */
bool sshd_spelling_known(const char *name, unsigned release);
bool sshd_spelling_in_match(const char *name, unsigned release);
/* Whether the first value counts in this release (of what is neither ORDER_ADD nor ORDER_BLOCK). */
bool sshd_keyword_first_wins(const struct sshd_keyword *k, unsigned release);
/* The value in force when no file sets it, upstream's, as sshd -T prints it; NULL: none, or not constant (algorithm lists: ask the binary). */
const char *sshd_keyword_default(const struct sshd_keyword *k, unsigned release);
/* All names (no aliases), NULL-terminated, for nearest_word(). */
const char *const *sshd_keyword_names(void);

#endif
