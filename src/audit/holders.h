/* SPDX-License-Identifier: GPL-3.0-or-later */
/* holders.h - the files of keys that accounts have: which of them somebody else could change; and who may log in at all. */
#ifndef AUDIT_HOLDERS_H
#define AUDIT_HOLDERS_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"
#include "sshd/account.h"
#include "sshd/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* A file of keys whose owner or mode, or that of a folder above it, is not as StrictModes wants it. */
struct loose_file {
	char *account, *path;
	char *why; /* "the folder /home/anna can be written by everybody (mode 0777)" */
};

struct loose_files {
	struct loose_file *v;
	size_t n;
	struct strings unseen; /* files that could not be looked at */
};

/*
 * AuthorizedKeysFile of every account with a login shell, Match blocks for that account regarded; addresses are not.
 * ERR_MEMORY; what cannot be looked at, or does not answer in time, is in 'unseen'. Free with loose_files_free().
 */
MUST_USE enum err loose_files_find(const struct root *r, const struct sshd_config *c, struct account *const *accounts,
				   size_t n, struct loose_files *out);
void loose_files_free(struct loose_files *l);

/* Names of the accounts with a login shell for which there is an address that the decision lets in; *unsure: not of all it could be said. ERR_MEMORY. */
MUST_USE enum err holders_may_log_in(const struct root *r, const struct sshd_config *c, time_t now,
				     struct account *const *accounts, size_t n, struct strings *out, bool *unsure);

/* Whether the shell lets somebody work: not nologin, not false. */
bool holder_has_shell(const struct account *a);

#endif
