/* SPDX-License-Identifier: GPL-3.0-or-later */
/* identity.h - read files with the rights of an account, as sshd does when it looks for that account's keys. */
#ifndef SSHD_IDENTITY_H
#define SSHD_IDENTITY_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "sshd/account.h"
#include "sshd/trail.h"

#include <stdbool.h>
#include <sys/types.h>

/* The ids that decide about access to files. */
struct identity {
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* supplementary, the primary one may be among them */
	size_t ngroups;
};

/*
 * Whether being in a group can decide about reading this file: a folder above it or the file has other rights for its group
 * than for everybody, or an ACL, and is not the account's. Looking up groups costs much more than this. True in doubt.
 */
bool identity_needs_groups(const struct root *r, uid_t uid, const char *path);
bool identity_needs_groups_along(const struct root *r, uid_t uid, struct trail *t);
/* From NSS on the running system, else from /etc/group under the root. ERR_MEMORY, or what reading gave. */
MUST_USE enum err identity_find(const struct root *r, const struct account *a, struct identity *out);
void identity_clear(struct identity *id);

/*
 * This thread looks at files as that account until identity_leave(): the kernel judges, with ACLs, and a server of network
 * file systems that does not trust root answers as it would answer sshd. Only as root on the running system, else false
 * and nothing is changed; true for root itself.
 */
MUST_USE bool identity_enter(const struct root *r, const struct identity *id);
void identity_leave(void);

/* By owners and modes alone, where identity_enter() is not possible: whether the account may read the file at path. */
MUST_USE enum err identity_may_read(const struct root *r, const struct identity *id, const char *path, bool *may);
bool identity_may_read_along(const struct identity *id, const struct trail *t);

#endif
