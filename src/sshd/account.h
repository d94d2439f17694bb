/* SPDX-License-Identifier: GPL-3.0-or-later */
/* account.h - accounts and groups, from the running system (NSS) or from files under a root. */
#ifndef SSHD_ACCOUNT_H
#define SSHD_ACCOUNT_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"

#include <stdbool.h>
#include <sys/types.h>

enum password_state {
	PASSWORD_UNKNOWN, /* shadow could not be read */
	PASSWORD_SET,	  /* a hash that a password can match */
	PASSWORD_EMPTY,	  /* no password is needed */
	PASSWORD_NONE,	  /* "*" or another text that matches no password; not locked */
	PASSWORD_LOCKED,  /* begins with "!": sshd refuses the account where UsePAM is no */
};

struct account {
	char *name, *home, *shell; /* shell: "/bin/sh" where the field is empty */
	uid_t uid;
	gid_t gid;
	struct strings groups; /* names, primary first; ids without a name are left out */
	enum password_state password;
	bool expired; /* account expiry of shadow has passed, as sshd counts it: from the day after */
	bool pam_expired; /* as pam_unix does: from that day, and where a password is older than its longest and inactive days */
};

/*
 * ERR_NOT_FOUND: no such account. On the running system NSS may ask a directory: ERR_SYSTEM where it had trouble,
 * ERR_TIMEOUT where it hangs (sshd/patience.h; so do all calls below). Free with account_free().
 */
MUST_USE enum err account_find(const struct root *r, const char *name, struct account **out);
MUST_USE enum err account_find_uid(const struct root *r, uid_t uid, struct account **out);
void account_free(struct account *a);

/* A list that owns its accounts. Start with { 0 }. */
struct accounts {
	struct account **v;
	size_t n, size;
};

/*
 * All accounts that passwd (on the running system: NSS) lists, at most 100,000, in one
 * pass and therefore without their groups, which cost a look-up each: account_find()
 * has them. ERR_MEMORY, or what reading passwd gave.
 */
MUST_USE enum err accounts_read(const struct root *r, struct accounts *out);
void accounts_free(struct accounts *l);
/* Names of all local accounts (passwd file; with NSS also what it enumerates, bounded to 100,000). */
MUST_USE enum err account_names(const struct root *r, struct strings *out);
MUST_USE enum err group_names(const struct root *r, struct strings *out);

#endif
