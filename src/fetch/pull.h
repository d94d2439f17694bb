/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pull.h - one list from its source: fetched, signed by who may, complete, and no older than the one in place. */
#ifndef FETCH_PULL_H
#define FETCH_PULL_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "fetch/header.h"
#include "fetch/sources.h"

#include <stddef.h>
#include <time.h>

/* The first line of a list that was pulled, in front of the signed text; the rest of the line is for people. */
#define PULLED_MARK "# Pulled by sallyport revoke update"

struct pulled {
	char *content; /* the signed text, NUL at the end */
	size_t len;
	struct header header;
};

/*
 * From https or a file of the root, with its signature beside it as NAME.sig. An error stands for "keep the old one"; *why (yours) is a
 * sentence about it, except with ERR_MEMORY. Free with pulled_clear().
 */
MUST_USE enum err pull(const struct root *r, const struct source *s, struct pulled *out, char **why);
void pulled_clear(struct pulled *p);

enum pull_verdict {
	PULL_NEWER,   /* there is none yet, or an older one */
	PULL_SAME,    /* the one in place */
	PULL_OLDER,   /* a replay */
	PULL_REUSED,  /* another text under the version of the one in place */
	PULL_FOREIGN, /* what is in place was not pulled: somebody wrote it */
};
/* old: the file in place, with the mark; NULL: there is none. *in_place: its version, where it has one. */
enum pull_verdict pull_compare(const struct pulled *p, const char *old, size_t old_len, uint64_t *in_place);
/* Whether a list with this header is older than the source allows. */
bool pull_stale(const struct source *s, const struct header *h, time_t now);
/* What is put in place: mark, source and the signed text. */
MUST_USE enum err pull_format(const struct source *s, const struct pulled *p, struct text *out);
/* The signed text of a file in place; NULL: it has no mark. Borrowed. */
const char *pull_signed_part(const char *old, size_t old_len, size_t *len);

#endif
