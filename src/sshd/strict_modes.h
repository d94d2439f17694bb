/* SPDX-License-Identifier: GPL-3.0-or-later */
/* strict_modes.h - whether others could have changed a file that sshd is to trust (StrictModes, and programs that it runs). */
#ifndef SSHD_STRICT_MODES_H
#define SSHD_STRICT_MODES_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"
#include "sshd/account.h"
#include "sshd/trail.h"

#include <sys/stat.h>
#include <sys/types.h>

/* All accounts, which a group's right to write makes necessary; read once. Start with { 0 }. */
struct strict_modes_cache {
	struct accounts all;
	bool known;
};
void strict_modes_cache_clear(struct strict_modes_cache *c);

/*
 * 'file' is what stat(2) says of path, a regular file. It and every folder above it, links resolved, up to 'home' (NULL or
 * outside of it: up to "/"), must belong to root or to uid, and nobody else may write to them. 'fault' gets a sentence
 * about the first one that does not hold; "" all is well. Debian's sshd, and what comes of it, also takes a group's
 * right to write where the group is of that user alone; so it does here where the root holds such a system.
 * ERR_MEMORY. Other errors: with a sentence in 'fault' that something could not be looked at; without one, that NSS did
 * not tell who is in a group.
 */
MUST_USE enum err strict_modes_check(const struct root *r, struct strict_modes_cache *cache, const char *path,
				     const struct stat *file, const char *home, uid_t uid, struct text *fault);
/* The same for the file that t leads to. */
MUST_USE enum err strict_modes_check_along(const struct root *r, struct strict_modes_cache *cache,
					   const struct trail *t, const char *home, uid_t uid, struct text *fault);

#endif
