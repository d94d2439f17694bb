/* SPDX-License-Identifier: GPL-3.0-or-later */
/* track.h - from a path to the file that it leads to, with every link on the way. */
#ifndef JAIL_TRACK_H
#define JAIL_TRACK_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "jail/entry.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What stands at a path that has no link before its last component. */
struct spot {
	char *path;
	int number;  /* errno when it could not be looked at, ENOENT when it is not there; 0: the rest holds */
	mode_t mode; /* with its kind */
	uid_t uid;
	gid_t gid;
	dev_t dev;
	ino_t ino;
	char *target; /* of a link */
};

/* A path, followed. */
struct way {
	char *path;		    /* as it was asked for */
	int number;		    /* 0, or the errno of whoever would open it: ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG */
	const struct spot **passed; /* links, and folders that it goes into and leaves by ".." */
	size_t n, size;
	const struct spot *end; /* where it leads; NULL unless number is 0 */
};

/* Remembers whatever it looked at: what changes on the disk meanwhile is not seen. */
struct track;

MUST_USE enum err track_new(const struct root *r, struct track **out);
void track_free(struct track *t); /* NULL is fine */
/* path is absolute. *out lives as long as the track. Only ERR_MEMORY: what else goes wrong is in (*out)->number. */
MUST_USE enum err track_follow(struct track *t, const char *path, const struct way **out);
/* What stands at the path itself: a link in its last component is not followed. */
MUST_USE enum err track_look(struct track *t, const char *path, const struct spot **out);
/*
 * Adds the links on the way, and the file that a way without 'number' ends at. What is there already stays: ERR_EXISTS only where a link or a
 * folder of the way is something else there, *taken (borrowed) says which.
 */
MUST_USE enum err track_add(const struct way *w, struct entries *into, const char **taken);

#endif
