/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_block.h - the Match block that puts an account into its jail. */
#ifndef HARDEN_JAIL_BLOCK_H
#define HARDEN_JAIL_BLOCK_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"
#include "jail/jail.h"
#include "sshd/config.h"

#include <stdbool.h>

/*
 * Letters, digits and what else neither a Match pattern nor a token of sshd nor a path takes for something else. ERR_SYNTAX: it has
 * another byte, or begins in an odd way; why gets half a sentence.
 */
MUST_USE enum err jail_block_check_name(const char *user, struct text *why);
/* The same for an absolute path without "." and "..", a double slash or a slash at its end; not "/". */
MUST_USE enum err jail_block_check_path(const char *path, struct text *why);

/* The lines of the block, for names and paths that the checks above let pass. keys: the file for AuthorizedKeysFile. */
MUST_USE enum err jail_block_lines(const struct jail *j, const char *keys, struct text *out);
/*
 * Puts Match and lines of this account into the content of a configuration file, before its first Match and instead of the block that it has
 * there already; NULL takes that out, and leaves every other byte as it was before it came. A comment of ours that is left over without a
 * Match behind it is no block, and goes, too.
 */
MUST_USE enum err jail_block_put(struct text *content, const char *user, const char *lines);
/* The users who have such a block in a file of the configuration, in its order, each once. */
MUST_USE enum err jail_block_users(const struct sshd_config *c, struct strings *out);
/*
 * What such a block says of the jail: user, dir, with sftp only also that and the home; all else of j, which starts as { 0 }, stays. *file (may be
 * NULL) is borrowed. ERR_NOT_FOUND: there is none. ERR_SYNTAX: it is none as we write it; why gets half a sentence.
 */
MUST_USE enum err jail_block_read(const struct sshd_config *c, const char *user, struct jail *j, const char **file,
				  struct text *why);
/* Whether the configuration puts the account into this folder, wherever it logs in from our own addresses. ERR_MEMORY. */
MUST_USE enum err jail_block_in_force(const struct root *r, const struct sshd_config *c, const struct jail *j,
				      bool *out);

#endif
