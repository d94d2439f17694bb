/* SPDX-License-Identifier: GPL-3.0-or-later */
/* entry_digest.h - the digest that a manifest keeps of a file's content. */
#ifndef JAIL_ENTRY_DIGEST_H
#define JAIL_ENTRY_DIGEST_H

#include "base/err.h"
#include "base/macros.h"
#include "jail/entry.h"

#include <sys/types.h>

/* Of the whole file. ERR_TOO_BIG: it has more than max bytes; ERR_SYSTEM. */
MUST_USE enum err entry_digest_fd(int fd, off_t max, char out[ENTRY_DIGEST]);
void entry_digest_bytes(const void *bytes, size_t len, char out[ENTRY_DIGEST]);

#endif
