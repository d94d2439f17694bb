/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ahead.h - digests of the host's files, by a thread of their own, while it is still being found out what else a jail needs. */
#ifndef JAIL_AHEAD_H
#define JAIL_AHEAD_H

#include "base/err.h"
#include "base/macros.h"

#include <sys/stat.h>

/*
 * Whoever looks into a file hands it over instead of closing it. Nothing depends on that: what is not read when ahead_stop() comes, or could not
 * be, or changed in the last seconds, has no digest, and whoever needs one reads the file itself. Without a second processor none is read.
 */
struct ahead;

MUST_USE enum err ahead_new(struct ahead **out);
void ahead_free(struct ahead *a); /* NULL is fine */
/* fd is a regular file, the one that path leads to, and looked like st when it was opened. fd is closed, now or later. a may be NULL. */
void ahead_give(struct ahead *a, const char *path, int fd, const struct stat *st);
/* Waits for the file in hand and leaves the others; none is taken afterwards. From then on ahead_digest() may be asked, by any thread. */
void ahead_stop(struct ahead *a);
/* Of the file of that path (borrowed), as long as it is as it was when it was read; NULL: not known. a may be NULL. */
const char *ahead_digest(const struct ahead *a, const char *path, const struct stat *now);

#endif
