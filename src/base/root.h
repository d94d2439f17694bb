/* SPDX-License-Identifier: GPL-3.0-or-later */
/* root.h - the file system that we work on: the running one, or another system's files under a directory. */
#ifndef BASE_ROOT_H
#define BASE_ROOT_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/*
 * All paths given to these calls are absolute paths inside the root. With a
 * directory other than "/" every component, also through symbolic links and
 * "..", stays inside it (openat2(2), RESOLVE_IN_ROOT).
 */
struct root;

MUST_USE enum err root_open(const char *dir, struct root **out); /* NULL or "/": the running system */
void root_close(struct root *r);				 /* NULL is fine */
bool root_is_live(const struct root *r);
const char *root_dir(const struct root *r); /* "/" when live; borrowed */

/* A file descriptor with O_CLOEXEC; flags as open(2). Never blocks on a FIFO when O_NONBLOCK is given. */
MUST_USE enum err root_open_file(const struct root *r, const char *path, int flags, mode_t mode, int *fd);
/*
 * The same on a path that others than root may change: no component is followed through a link, ELOOP. Wants openat2(2) on the
 * running system, too: ENOSYS before Linux 5.6.
 */
MUST_USE enum err root_open_straight(const struct root *r, const char *path, int flags, mode_t mode, int *fd);
MUST_USE enum err root_stat(const struct root *r, const char *path, struct stat *out);	/* follows links */
MUST_USE enum err root_lstat(const struct root *r, const char *path, struct stat *out); /* not the last one */
/*
 * The whole of a regular file; *out is yours, ends in a NUL that *len does not
 * count. ERR_NOT_FILE for anything else (a FIFO does not hang), ERR_TOO_BIG
 * beyond max bytes, ERR_SYSTEM.
 */
MUST_USE enum err root_read(const struct root *r, const char *path, size_t max, char **out, size_t *len);
/* glob(7) inside the root, sorted by byte value; no match is ERR_NONE with nothing added. */
MUST_USE enum err root_glob(const struct root *r, const char *pattern, struct strings *out);
/* Names in a directory without "." and "..", sorted by byte value. */
MUST_USE enum err root_list(const struct root *r, const char *path, struct strings *out);
/*
 * Where the path really leads, free of links, as an absolute path inside the root;
 * the last component need not exist. *out is yours.
 */
MUST_USE enum err root_resolve(const struct root *r, const char *path, char **out);
/* The same; *own: every link on the way stands in a folder that only root may change. */
MUST_USE enum err root_resolve_own(const struct root *r, const char *path, char **out, bool *own);
/* The path as seen from outside: root directory and path joined; *out is yours. For messages and live mounts only. */
MUST_USE enum err root_outside(const struct root *r, const char *path, char **out);

#endif
