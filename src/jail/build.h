/* SPDX-License-Identifier: GPL-3.0-or-later */
/* build.h - a jail on disk: made, brought up to date, taken away; each of it as a whole or not at all. */
#ifndef JAIL_BUILD_H
#define JAIL_BUILD_H

#include "base/diag.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "jail/entry.h"
#include "jail/manifest.h"
#include "jail/salvage.h"

#include <stdbool.h>

struct ahead;

/* How a file of the host gets into the jail. */
enum build_how {
	BUILD_SHARE, /* a reflink, else a hard link where that is safe (root's, nobody else may write, no setuid, no capability), else a copy */
	BUILD_COPY,  /* a reflink, else a copy */
};

/* What a build did, for the answer. Start with { 0 }; build_told_clear(). */
struct build_told {
	struct strings added, replaced, removed; /* paths in the jail, by an update: "/usr/lib/libc.so.6" */
	size_t same;
	unsigned long long bytes_linked, bytes_copied;
};
void build_told_clear(struct build_told *t);

/*
 * The lock of all that changes jails: a descriptor, or ERR_BUSY. Whoever changes the configuration, too, takes that lock
 * (journal_lock()) first.
 */
MUST_USE enum err build_lock(const struct root *r, int *lock);

/*
 * Makes the tree of m->entries beside its place, under a name of its own, root's alone, and puts it into place by one rename. The manifest is
 * written before and after, as MANIFEST_MAKING; the caller writes MANIFEST_READY when the configuration stands. ERR_EXISTS: something is there
 * already that is not ours (problems says what). The folders above it that are not there are made, root's, 0755; those that are there must be
 * root's with nobody else allowed to write: ERR_CONFIG, as for whatever else problems tells. m->entries get their digests, and
 * lose of their modes what the sources have not. known: digests of sources, from contents_find_ahead(); NULL: all are read now. After an error
 * there is no tree and no manifest.
 */
MUST_USE enum err build_create(const struct root *r, struct manifest *m, enum build_how how, const struct ahead *known,
			       struct build_told *told, struct diags *problems);
/*
 * Brings the jail to 'wanted': new and changed files are first put ready inside the jail, out of the user's reach, then written down as to be
 * done, then renamed into place one by one, then what nothing needs any more is removed. Running programs keep what they have open. What is
 * 'his' stays as it is; a folder that was root's and is his by now is given to him, one that was his and is root's by now is taken with what he has
 * in it, unless that is in the way of something of ours: ERR_CONFIG. Nothing that is not ours is removed: a folder that has something else in it stays. A
 * crash before it is written down leaves the old state, afterwards build_recover() finishes it.
 */
MUST_USE enum err build_update(const struct root *r, const struct manifest *old, struct entries *wanted,
			       enum build_how how, struct build_told *told, struct diags *problems);
/* What that would do, and what stands in its way: it gets as far as before anything is changed. Of bytes nothing is told. */
MUST_USE enum err build_look_update(const struct root *r, const struct manifest *old, struct entries *wanted,
				    enum build_how how, struct build_told *told, struct diags *problems);
/* What stays beside the place of a jail that is gone. Start with { 0 }; build_kept_clear(). */
struct build_kept {
	char *home;  /* NULL: there was none, or it went, too */
	char *other; /* what may be somebody's own; NULL: nothing */
};
void build_kept_clear(struct build_kept *k);

/*
 * Takes the jail away, its manifest last; that is MANIFEST_REMOVING by then. with_home: the home, too; else it is moved beside the jail's
 * place, as is always what somebody else has put into the jail. Follows no link and crosses no mount. ERR_BUSY: something is mounted in it, or somebody is in there, as problems tells, and the
 * jail stands as it did. kept may be NULL.
 */
MUST_USE enum err build_remove(const struct root *r, const struct manifest *m, bool with_home, struct build_kept *kept,
			       struct diags *problems);
/* What is mounted in the jail and would be in the way of that, but for the socket that jail_log lays there; *point is yours, NULL: nothing. */
MUST_USE enum err build_find_mount(const struct root *r, const struct jail *j, char **point);

/*
 * A jail whose manifest is damaged or gone is made sound again where it stands: lost->jail is what it shall be from now on, wanted its rows. What may be
 * somebody's own is kept, see salvage.h; *kept (yours) is where, NULL: nothing is. All else as build_update().
 */
MUST_USE enum err build_again(const struct root *r, struct manifest *lost, struct entries *wanted, enum build_how how,
			      struct build_told *told, char **kept, struct diags *problems);
/* How much that would be: salvage_keep() with 'look'. s->jail, s->wanted and s->adopted as there. None there: ERR_NONE. */
MUST_USE enum err build_look_lost(const struct root *r, struct salvage *s, struct diags *problems);

/* What a crash left. */
struct build_recovery {
	char *user;
	const char *
		what; /* "half made: taken away", "made: kept", "half brought up to date: finished", "half removed: taken away" */
	bool lost; /* its manifest is damaged or gone, and it is left as it is; why says more */
	enum err err;
	int number; /* errno of ERR_SYSTEM */
	char *why;  /* what stands in the way, escaped; NULL: err says it */
};

/* What is decided above the jails. Transactions were recovered before. */
struct build_world {
	/* Whether sshd's configuration puts the user into this jail. An error: that cannot be told, and the jail is left as it is. */
	enum err (*in_force)(void *arg, const struct manifest *m, bool *yes);
	bool (*has_block)(void *arg, const char *user); /* there is a Match block of ours for that user */
	/* That was made for a jail which did not come about, or goes with one. */
	enum err (*remove_account)(void *arg, const struct manifest *m);
	void *arg;
};

/*
 * Jails that were being made are kept where the configuration puts the user into them, else taken away; those that were being removed are kept
 * where it still does, else taken away, unless somebody is in there; an update that was written down is finished, any other forgotten. One whose manifest is damaged, or
 * gone while there is a Match block of it, stays as it is. The caller holds the lock. *done is yours: build_recoveries_free().
 */
MUST_USE enum err build_recover(const struct root *r, const struct build_world *w, struct build_recovery **done,
				size_t *n);
bool build_unfinished(const struct root *r); /* whether that may have something to do; cheap, takes no lock */
void build_recoveries_free(struct build_recovery *v, size_t n);

#endif
