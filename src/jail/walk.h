/* SPDX-License-Identifier: GPL-3.0-or-later */
/* walk.h - ways inside a jail, by descriptors: who is logged in may move things about while we work there. */
#ifndef JAIL_WALK_H
#define JAIL_WALK_H

#include "base/diag.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"

#include <limits.h>
#include <stdbool.h>

/* Paths are relative to the folder 'top' and lead through no link, no mount and never above it: ELOOP, EXDEV. */
MUST_USE enum err walk_open(int top, const char *path, int flags, int *fd);
/* The folder in which the last name of the path is (O_PATH), and that name, borrowed. */
MUST_USE enum err walk_parent(int top, const char *path, int *parent, const char **name);
bool walk_is_missing(int number); /* errno of such a call: nothing is there, or something else than the way to it */

/* Flags that keep something from change (chattr +i, +a), while they are taken away. */
struct walk_flags {
	int fd; /* of what they belong to; -1: nothing was taken */
	int flags;
};
/* Whether there were such flags, and are none now. Ends with walk_flags_restore(), or the closing of fd. */
bool walk_flags_lift(int at, const char *name, struct walk_flags *out);
/* Unless no name leads to it any more. Keeps errno. */
void walk_flags_restore(struct walk_flags *f);
/* unlinkat() and renameat2() of what has such flags, or lies in a folder that has; they are there again afterwards. */
MUST_USE enum err walk_unlink(int at, const char *name, int flag);
MUST_USE enum err walk_rename(int from, const char *name, int to, const char *as, unsigned how);

/*
 * Removes name in the folder with everything in it, however deep, by a fixed number of descriptors; what somebody moves away meanwhile
 * is left where it went. None there: ERR_NONE. ERR_BUSY: something is mounted in it; ERR_CHANGED: somebody puts new things there all the
 * time; ERR_SYSTEM. where gets the path of what could not be removed.
 */
MUST_USE enum err walk_remove(int parent, const char *name, struct text *where);
/* Whether every path below the folder 'path' is one that 'known' knows; where gets the first that is not. */
MUST_USE enum err walk_find_unknown(int top, const char *path, bool (*known)(void *arg, const char *path), void *arg,
				    struct text *where);

/* The place of a jail: a folder of root's that nobody else may write to, as are all above it, and a name in it. */
struct walk_place {
	int parent;
	char name[NAME_MAX + 1];
};
/*
 * ERR_NOT_FOUND: a folder above is not there; *missing (may be NULL; yours) is the topmost such. ERR_CONFIG: problems says which is not safe.
 * make: folders that are missing are made.
 */
MUST_USE enum err walk_place_open(const struct root *r, const char *dir, bool make, struct walk_place *out,
				  char **missing, struct diags *problems);
/* "PREFIX" before the place's name and SUFFIX behind it, as the name of something beside it. */
MUST_USE enum err walk_place_beside(const struct walk_place *p, const char *prefix, const char *suffix,
				    char out[NAME_MAX + 1]);
/* The folder that stands in the place, also when a file system of its own is mounted there. */
MUST_USE enum err walk_place_enter(const struct walk_place *p, int *fd);
/* What openat2() calls another device is a mount, or a folder that was moved away while it looked for it. Before Linux 5.8 always true. */
bool walk_is_mount(int at, const char *name);
/* What is mounted at the path of this system, or below it, but at 'except' (may be NULL); *found is yours, NULL: nothing. */
MUST_USE enum err walk_find_mount(const char *path, const char *except, char **found);

#endif
