/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * salvage.h - what may be somebody's own in the tree of a jail is kept beside it, as ".NAME.sallyport-kept/PATH", for root alone: by a rename before
 * the tree is taken away; by a second name before one is made anew whose manifest is damaged or gone, so that nothing says what in it is ours.
 */
#ifndef JAIL_SALVAGE_H
#define JAIL_SALVAGE_H

#include "base/diag.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"
#include "jail/entry.h"
#include "jail/jail.h"
#include "jail/walk.h"

#include <stdbool.h>
#include <stddef.h>

#define SALVAGE_NAMES 8

struct salvage {
	const struct root *r;
	const struct jail *jail;
	const struct entries *
		wanted; /* what is ours: the rows of the manifest, else what is made for such a jail now; NULL: not known */
	/*
	 * NULL: all of the tree goes, and what is kept leaves it. Else it stays, and this gets a row for each thing that root alone could have put
	 * there, as of what is ours: those that are not wanted go by the next update. What others could have put there stays, but where something of
	 * ours is to be.
	 */
	struct entries *adopted;
	bool look; /* nothing is kept, it is only counted; no rows then */
	/* the answer */
	size_t kept;	      /* things that may be somebody's own; one that is a folder counts with all in it */
	struct strings names; /* the first of them, in the jail; "/tmp/" where it is a folder */
};

/*
 * Looks through all that stands in the jail whose top is open, but for the home. Ours, or nothing that could be lost, is what the host or
 * 'wanted' has just the same, a device of ours, a cache of the loader's, the log socket, what an update has put ready. A folder that others than root
 * could write to is not looked through, but for the way to what is wanted in it: whoever it belongs to made it as deep and as full as they liked.
 * Follows no link. Repeatable. ERR_CONFIG: problems says what is in the way (a mount, say); where the tree is to stay nothing in it was changed.
 */
MUST_USE enum err salvage_keep(struct salvage *s, const struct walk_place *place, int top, struct diags *problems);
/* Gives what was kept a name for people, "NAME.kept" beside the jail: *kept is yours, NULL: there is nothing. */
MUST_USE enum err salvage_show(const struct walk_place *place, const char *dir, char **kept);
/* The tree stays as it was: the second names go. Only while everything that has one is still in the tree. */
MUST_USE enum err salvage_forget(const struct walk_place *place);
void salvage_clear(struct salvage *s);

/*
 * Whether the tree at j->dir may be taken for the jail of j->user: root's, with a home of his in it. One that is not there is nobody else's
 * either. ERR_CONFIG: problems says why not. j->home is what is taken for the home, but for a jail with a shell whose own /etc/passwd says
 * otherwise: home, shell and ids are those of the user's line there. Without that line the ids are those of whom the home belongs to.
 */
MUST_USE enum err salvage_know(const struct root *r, struct jail *j, struct diags *problems);

#endif
