/* SPDX-License-Identifier: GPL-3.0-or-later */
/* work.h - what the parts of a build share: how it is done, what was done, what went wrong. */
#ifndef JAIL_WORK_H
#define JAIL_WORK_H

#include "base/diag.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "jail/build.h"
#include "jail/entry.h"
#include "jail/manifest.h"
#include "jail/walk.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define WORK_BUFFER (256u * 1024)
#define TREE_TOP_MODE 0755 /* of a jail */

struct work {
	const struct root *r;
	enum build_how how;
	uid_t uid; /* whose is what is 'his' */
	gid_t gid;
	uid_t own_uid; /* ours: root's */
	gid_t own_gid;
	const struct ahead *known; /* digests of sources that were read before; NULL: none */
	pthread_mutex_t mutex;	   /* of all that follows */
	struct build_told told;
	struct diags *problems;
	bool clones_not; /* from that file system no file can be cloned */
	dev_t clones_not_from;
};

void work_init(struct work *w, const struct root *r, const struct jail *j, enum build_how how, struct diags *problems);
void work_clear(struct work *w);
/* What was done, in place of what 'told' has; w has none of it any more. */
void work_tell(struct work *w, struct build_told *told);
/* Says in problems what could not be done with the path, and why by errno. */
enum err work_fail(struct work *w, const char *path, const char *what);
/* The same with the reason in words. */
enum err work_refuse(struct work *w, const char *path, const char *format, ...) FORMAT(3, 4);
/*
 * Calls job for each number below n, by several threads where there is enough to do; buffer has WORK_BUFFER bytes. Stops at the first
 * error, and with ERR_INTERRUPTED where a signal waits (base/interrupt.h).
 */
typedef enum err work_job(struct work *w, size_t i, void *arg, unsigned char *buffer);
MUST_USE enum err work_each(struct work *w, size_t n, work_job *job, void *arg);

/* ---- content.c: files, shared or copied, and read once for it ---- */

/* An open folder of a jail. */
struct content_folder {
	int fd;
	dev_t device;
};
/* The entry's file as a new one of that name in the folder; gives it its digest. */
MUST_USE enum err content_put(struct work *w, const struct content_folder *dir, const char *name, struct entry *e,
			      unsigned char *buffer);
/* The digest of what the entry's source or content is now; *st is the source's (st_ino 0: it has none). */
MUST_USE enum err content_digest(struct work *w, struct entry *e, struct stat *st);
/* The host's file at fd may stand in a jail by another name of its own, as far as owner, mode and attributes go. */
bool content_may_share(const struct work *w, const struct entry *e, int fd, const struct stat *st);
bool content_has_odd_attributes(int fd); /* an access list, or a capability */
/*
 * The entry's mode loses what that file has not: it may be another one by now than the one that was found, or have become a secret.
 */
MUST_USE enum err content_open_source(struct work *w, struct entry *e, int *fd, struct stat *st);
/* A sum of what would be otherwise when somebody had changed the file; "" when that cannot be told, as it was changed just now. */
void content_see(const struct stat *st, char out[ENTRY_SEEN]);

/* ---- tree.c: rows become things ---- */

/* Something new: the entry, at a path relative to a folder. */
struct tree_item {
	struct entry *entry;
	char *path; /* borrowed or owned, as who made the list knows */
};
/* Makes all; a folder stands before what is in it. */
MUST_USE enum err tree_put(struct work *w, int top, struct tree_item *items, size_t n);
/* A folder of root's, nobody else's to write to, without what it would inherit from above. */
MUST_USE enum err tree_make_top(int parent, const char *name, mode_t mode, int *fd);
bool tree_folder_is(int fd, mode_t mode); /* root's, of that mode, without an access list */
MUST_USE enum err tree_fix_folder(int fd, mode_t mode);
/* One that is root's becomes the user's, who has no part in it before all of that is done. */
MUST_USE enum err tree_give_folder(int fd, uid_t uid, gid_t gid, mode_t mode);

/* ---- update_order.c: in which order what was put ready comes to its place ---- */

struct update_step {
	size_t entry; /* its number, and its name where it was put ready */
	int when;
};
/*
 * A program is started at any moment: what is new comes first, then what the loader reads to find it, then what replaces something, libraries
 * before programs. *out is yours. ERR_SYSTEM, ERR_MEMORY.
 */
MUST_USE enum err update_order(int top, int stage, const struct entries *all, const bool *inside,
			       struct update_step **out, size_t *n);

/* ---- what create, update, remove and recover use of each other ---- */

/* Names beside a jail's place, of one that is made and one that is taken away. */
MUST_USE enum err remove_name_new(const struct walk_place *p, char out[NAME_MAX + 1]);
MUST_USE enum err remove_name_old(const struct walk_place *p, char out[NAME_MAX + 1]);
/*
 * Takes away a jail whose manifest says MANIFEST_REMOVING, and that. Its home, where with_home does not say that it goes too, is moved out
 * before, and what may be somebody's own.
 */
MUST_USE enum err remove_jail(const struct root *r, const struct manifest *m, struct build_kept *kept,
			      struct diags *problems);
/* What build_again() has kept, when all is done or nothing is. */
MUST_USE enum err again_show(const struct root *r, const struct jail *j, char **kept, struct diags *problems);
MUST_USE enum err again_forget(const struct root *r, const struct jail *j, struct diags *problems);
/* The same for one that says MANIFEST_MAKING; m->made NULL: what stands in its place is not ours. */
MUST_USE enum err remove_unfinished(const struct root *r, const struct manifest *m, struct diags *problems);
/* Finishes an update that was written down. */
MUST_USE enum err update_finish(const struct root *r, const struct manifest *old, const struct manifest *next,
				struct diags *problems);
/* Takes away what an update had put ready. */
MUST_USE enum err update_forget(const struct root *r, const struct manifest *m, struct diags *problems);

#endif
