/* SPDX-License-Identifier: GPL-3.0-or-later */
/* file.h - files of our own state, and the atomic replacement of anybody's files. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct xattr {
	char *name;
	void *value;
	size_t len;
};

/* All that a replacement must keep. Start with { 0 }. */
struct file_meta {
	mode_t mode; /* permission bits and setuid, setgid, sticky */
	uid_t uid;
	gid_t gid;
	struct timespec atime, mtime;
	struct xattr *xattrs; /* security labels and ACLs among them, sorted by name */
	size_t nxattrs;
};

MUST_USE enum err file_meta_read(int fd, struct file_meta *out);
/* Owner, mode, xattrs (others are removed), times last. */
MUST_USE enum err file_meta_apply(int fd, const struct file_meta *m);
bool file_meta_equal(const struct file_meta *a, const struct file_meta *b); /* atime does not count */
MUST_USE enum err file_meta_copy(struct file_meta *to, const struct file_meta *from);
void file_meta_free(struct file_meta *m);

/*
 * Puts content in place of path, all or nothing: temporary file in the same
 * directory, written, given meta, synced, renamed over path, directory synced.
 * Where path is a symbolic link its target is replaced, never the link. meta
 * NULL: the old file's owner, mode and xattrs are kept (a new file: root:root
 * 0644) and the times are now. 'tag' makes the name of the temporary file,
 * ".NAME.TAG", predictable, so that file_discard_temporary() can remove it
 * after a crash; an old one of that name is removed first. ERR_NOT_FILE where
 * something else than a regular file is in the way. An error means that the old
 * file is untouched, except that of the very last step, syncing the directory.
 */
MUST_USE enum err file_replace(const struct root *r, const char *path, const void *content, size_t len,
			       const struct file_meta *meta, const char *tag);
/* None there: ERR_NONE. */
MUST_USE enum err file_discard_temporary(const struct root *r, const char *path, const char *tag);

/*
 * For files in folders that others than root may change, such as homes: the path is followed through no link, and what stands
 * there must still be what was looked at.
 */
struct file_state {
	const char *content;
	size_t len;
	const struct file_meta *meta; /* owner and mode count */
};
/* Content and meta of one and the same regular file, at most max bytes; both are yours. ERR_NOT_FILE: also one with several names. */
MUST_USE enum err file_take_straight(const struct root *r, const char *path, size_t max, char **content, size_t *len,
				     struct file_meta *meta);
/* file_replace(), ERR_CHANGED where 'was' is not what stands there; NULL: nothing does. */
MUST_USE enum err file_replace_straight(const struct root *r, const char *path, const struct file_state *was,
					const void *content, size_t len, const struct file_meta *meta, const char *tag);
MUST_USE enum err file_discard_temporary_straight(const struct root *r, const char *path, const char *tag);

/* A link itself, not its target; syncs the directory; none there: ERR_NONE. */
MUST_USE enum err file_remove(const struct root *r, const char *path);
/* All missing components, with exactly that mode, synced. */
MUST_USE enum err file_make_dirs(const struct root *r, const char *path, mode_t mode);
MUST_USE enum err file_sync_dir(const struct root *r, const char *path);
MUST_USE enum err file_write_all(int fd, const void *bytes, size_t len);
/* Everything that can be read from fd (a pipe, a file) up to max bytes; *out is yours and ends in a NUL. */
MUST_USE enum err file_read_all(int fd, size_t max, char **out, size_t *len);
void file_close(int fd); /* -1 is fine; keeps errno */
bool file_is_absolute(const char *path);

#endif
