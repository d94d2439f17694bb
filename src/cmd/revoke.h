/* SPDX-License-Identifier: GPL-3.0-or-later */
/* revoke.h - what the sub-commands of revoke share: keys that were named, and the list that the server goes by. */
#ifndef CMD_REVOKE_H
#define CMD_REVOKE_H

#include "audit/facts.h"
#include "base/err.h"
#include "base/macros.h"
#include "cmd/command.h"
#include "key/public.h"
#include "key/revoked.h"
#include "key/revoked_source.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

extern const struct command cmd_revoke_add, cmd_revoke_remove, cmd_revoke_list, cmd_revoke_test, cmd_revoke_build;
extern const struct command cmd_revoke_sweep, cmd_revoke_update;

/* Public keys from files that were named. Start with { 0 }. */
struct given_key {
	char *where; /* "anna.pub", "authorized_keys:7" where the file has more than one */
	struct public_key_line line;
};
struct given_keys {
	struct given_key *v;
	size_t n;
};

/*
 * Appends the keys of a file ("-": standard input): public keys, certificates, also behind the options of an authorized_keys file. Of a
 * private key the public half beside it. 0, or an exit status with the error said.
 */
int given_keys_read(const char *file, struct given_keys *into);
void given_keys_clear(struct given_keys *k);

/* Only the configuration of it. 0, or an exit status with the error said. Free with facts_free(). */
int revoke_facts(const struct common_args *common, struct facts **out);
/* The file that RevokedKeys names for everybody; NULL: none. Borrowed. */
const char *revoke_list_path(const struct facts *f);

/* ---- sources ---- */

/* A file of sources with new content. */
struct revoke_edit {
	const char *path;
	struct text content;
};

/*
 * All files of /etc/sallyport/revoked.d in the order of their names, those that are edited with their new content. 0, or an exit status
 * with every mistake said.
 */
int revoke_sources_load(const struct root *r, const struct revoke_edit *edits, size_t n, struct revoked_sources *out);

/* ---- the list ---- */

#define REVOKED_LIST_MAX ((size_t)64 << 20)

/* The list that is installed. Start with { 0 }. */
struct revoke_list {
	char *path;
	bool named; /* RevokedKeys says so */
	bool there; /* the file is there */
	bool ours;  /* a KRL that was made from sources alone */
	char *bytes;
	size_t len;
	struct revoked *r;
	struct revoked_summary summary;
};

/* 0, or an exit status with the error said, as where sshd could not read it. Clear in every case. */
int revoke_list_read(const struct facts *f, struct revoke_list *out);
void revoke_list_clear(struct revoke_list *l);
/* Whether the sources would give what is installed. ERR_MEMORY. */
MUST_USE enum err revoke_list_is(const struct revoke_list *l, const struct revoked_sources *s, time_t now, bool *same);

struct change_told;

struct revoke_request {
	const char *what;	   /* for the history: "revoke add" */
	struct revoke_edit *edits; /* files of sources that get new content in the same transaction */
	size_t n;
	const struct strings *keep, *overrides; /* may be NULL */
	const char *nothing;			/* said when nothing would change */
	struct change_told *told;		/* as of struct change_request; may be NULL */
};

/*
 * Makes the list from the sources and puts both in place: tried, guarded, journalled, proven, in force at once. The caller has
 * begun a change (change_begin()). Returns the exit status.
 */
int revoke_build(const struct common_args *common, const struct facts *f, const struct revoke_request *q);

#endif
