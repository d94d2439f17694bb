/* SPDX-License-Identifier: GPL-3.0-or-later */
/* manifest.h - what we put into a jail, written down outside of it. */
#ifndef JAIL_MANIFEST_H
#define JAIL_MANIFEST_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"
#include "jail/entry.h"
#include "jail/jail.h"

#include <stdbool.h>
#include <stddef.h>

#define JAIL_STATE "/var/lib/sallyport/jails" /* 0700: a folder for each jail, by the user's name */

/*
 * A jail is a tree and a Match block, and the command that makes both may be cut off between them. So the manifest is written first, as
 * being made (or taken away), and last as ready; what a crash left is decided by the configuration: build_recover().
 */
enum manifest_state {
	MANIFEST_READY,
	MANIFEST_MAKING,
	MANIFEST_REMOVING,
};

/* JAIL_STATE/USER/manifest.json, schema sallyport.jail.v1. Start with { 0 }. */
struct manifest {
	enum manifest_state state;
	bool account_made; /* by us, for this jail */
	bool with_home;	   /* MANIFEST_REMOVING: the home goes, too */
	bool account_goes; /* MANIFEST_REMOVING: the account goes, too */
	bool lost; /* it stands in for one that is damaged or not there, and does not know what in the jail is ours: salvage.h */
	char *above; /* the topmost folder that had to be made for the jail to stand in; NULL: none */
	struct jail jail;
	struct entries entries; /* with digests */
	char *made, *updated;	/* RFC 3339, UTC. MANIFEST_MAKING, made NULL: the tree is not in its place yet */
};

/*
 * ERR_NOT_FOUND: there is no such jail. ERR_SYNTAX: damaged, by a newer version, or no file of root's own that nobody else may write to; problem (may be NULL) says what. While a jail without a sound
 * manifest is mended or taken away, JAIL_STATE/USER/lost.json counts, of the same form.
 */
MUST_USE enum err manifest_read(const struct root *r, const char *user, struct manifest *out, struct text *problem);
/* The same of the manifest itself, whatever stands in for it. */
MUST_USE enum err manifest_read_itself(const struct root *r, const char *user, struct manifest *out,
				       struct text *problem);
/* Atomically and synced; m->lost: as lost.json, beside the manifest, which stays as it is. */
MUST_USE enum err manifest_write(const struct root *r, const struct manifest *m);
/* From then on the manifest counts again, whatever it is. None there: ERR_NONE. */
MUST_USE enum err manifest_remove_lost(const struct root *r, const char *user);
/* The folder of the jail's state with all that is ours in it; none there, or something else left in it: ERR_NONE. */
MUST_USE enum err manifest_remove(const struct root *r, const char *user);
MUST_USE enum err manifest_parse(const char *json, size_t len, struct manifest *out, struct text *problem);
MUST_USE enum err manifest_format(const struct manifest *m, struct text *out);
/* The users that have a jail, sorted. None: ERR_NONE. */
MUST_USE enum err manifest_list(const struct root *r, struct strings *users);
/* "/var/lib/sallyport/jails/anna/manifest.json", for people. */
MUST_USE enum err manifest_path(const char *user, struct text *out);
/* Whether all that is there of the jail is a manifest that says MANIFEST_READY; reads its beginning only. Files of others do not count. */
bool manifest_at_rest(const struct root *r, const char *user);
/* Whether nothing of ours is in that folder, and something else is: no jail, unless a Match block says so. */
bool manifest_is_foreign(const struct root *r, const char *user);

/*
 * What an update is to bring the jail to: JAIL_STATE/USER/update.json, of the same form. MANIFEST_MAKING: it is being put ready;
 * MANIFEST_READY: it is to be done.
 */
MUST_USE enum err manifest_read_update(const struct root *r, const char *user, struct manifest *out,
				       struct text *problem);
MUST_USE enum err manifest_write_update(const struct root *r, const struct manifest *m);
MUST_USE enum err manifest_remove_update(const struct root *r, const char *user);
/* What a crash left of writing them. */
MUST_USE enum err manifest_discard_temporary(const struct root *r, const char *user);
/* The time now, as in a manifest; yours. NULL: no memory. */
char *manifest_now(void);

void manifest_clear(struct manifest *m);

#endif
