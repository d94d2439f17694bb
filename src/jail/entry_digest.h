/* SPDX-License-Identifier: GPL-3.0-or-later */
/* entry_digest.h - the digest that a manifest keeps of a file's content. */
#ifndef JAIL_ENTRY_DIGEST_H
#define JAIL_ENTRY_DIGEST_H

#include "base/err.h"
#include "base/macros.h"
#include "jail/entry.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Of the whole file. ERR_TOO_BIG: it has more than max bytes; ERR_SYSTEM. */
MUST_USE enum err entry_digest_fd(int fd, off_t max, char out[ENTRY_DIGEST]);
/*
 * The same while it is written to 'to', unless that is -1; through the buffer. out NULL: the digest is not wanted. *writes: it was the writing
 * that failed.
 */
MUST_USE enum err entry_digest_copy(int fd, int to, off_t max, unsigned char *buffer, size_t size,
				    char out[ENTRY_DIGEST], bool *writes);
/*
 * Whether a digest that is taken now can be trusted as long as the file looks so: a write of this moment may leave the same ctime, and so may a
 * clock that was set back.
 */
bool entry_digest_settles(const struct stat *st);
/*
 * Whether a digest that was taken of a file which looked like 'before' is one of a file that looks like 'after': the same file, of the same size,
 * not written to in between.
 */
bool entry_digest_holds(const struct stat *before, const struct stat *after);
void entry_digest_bytes(const void *bytes, size_t len, char out[ENTRY_DIGEST]);

#endif
