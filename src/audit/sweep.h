/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sweep.h - revoked keys that are still listed: in every file of keys that sshd would look into, of all accounts. */
#ifndef AUDIT_SWEEP_H
#define AUDIT_SWEEP_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"
#include "key/public.h"
#include "sshd/key_policy.h"

#include <stdbool.h>
#include <stddef.h>

/* A file of keys that is larger is not read. */
#define SWEEP_BYTES (16u << 20)

enum sweep_kind {
	SWEEP_KEY,	  /* a key with which somebody could have come in */
	SWEEP_AUTHORITY,  /* a CA: a cert-authority line in a file of keys */
	SWEEP_TRUSTED_CA, /* a CA: a line of TrustedUserCAKeys */
};

struct sweep_line {
	enum sweep_kind kind;
	unsigned line;
	struct public_key key;
	char *comment;
	const char *how;  /* by what it is revoked: as revoked_look() */
	const char *list; /* and where: the path of the list, borrowed from the sweep */
};

struct sweep_lines {
	struct sweep_line *v;
	size_t n;
};

/* Lists of revoked keys, borrowed. */
struct sweep_lists {
	const struct revoked_file *v;
	size_t n;
};

/* A file in which something was found. */
struct sweep_file {
	char *path, *real; /* as the configuration leads there, and without links */
	bool linked;	   /* a link on the way stands where others than root may put one */
	char *account;	   /* whose it is, "" for TrustedUserCAKeys */
	uid_t uid;
	struct sweep_lists lists;
	struct sweep_lines lines;
	char *stays; /* why lines with a key are not taken out, a sentence; NULL. The plan's to set */
};

struct sweep {
	struct sweep_file *v;
	size_t n;
	size_t looked;	       /* files that were read */
	size_t lists;	       /* that keys were looked for in */
	struct strings unseen; /* what could not be looked at, a sentence each: there may be more */
	struct sweep_cache *cache;
};

/*
 * Files of keys and of CAs are those of every Match block that could be on for the account, addresses aside, and are held against
 * RevokedKeys as it is with them; with 'given' against that alone. users: only of these accounts, which all exist; empty: of all.
 * given is borrowed, for as long as the sweep lives. What hangs, such as a home on a dead network mount, is given up after seconds. ERR_MEMORY; what else went wrong is in 'unseen'. Free with sweep_clear().
 */
MUST_USE enum err sweep_find(const struct root *root, const struct sshd_config *c, const struct strings *users,
			     const struct revoked_file *given, struct sweep *out);
void sweep_clear(struct sweep *s);
/* Lines of keys in this content that are in the lists; free with sweep_lines_clear(). *broken: a list that cannot say no. ERR_MEMORY. */
MUST_USE enum err sweep_scan(const struct sweep_lists *lists, unsigned release, const char *content, size_t len,
			     struct sweep_lines *out, bool *broken);
void sweep_lines_clear(struct sweep_lines *l);
/* content without these lines; every other byte stays as it is. ERR_MEMORY. */
MUST_USE enum err sweep_without(const char *content, size_t len, const struct sweep_lines *lines, struct text *out);
/* How many lines of that kind were found in all. */
size_t sweep_count(const struct sweep *s, enum sweep_kind kind);

#endif
