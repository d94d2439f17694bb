/* SPDX-License-Identifier: GPL-3.0-or-later */
/* secret.h - whether an account has a secret for one-time codes, where the modules of PAM keep them. */
#ifndef SSHD_SECRET_H
#define SSHD_SECRET_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"
#include "sshd/account.h"
#include "sshd/pam.h"

#include <stdint.h>

enum secret_state {
	SECRET_UNKNOWN, /* it could not be read */
	SECRET_NONE,
	SECRET_SET,
};

/* The accounts that a usersfile of pam_oath has a secret for, as liboath reads it. ERR_MEMORY. */
MUST_USE enum err secret_users(const char *content, size_t len, struct strings *names);
/*
 * Where this line's module keeps the secret of the account: "~", "${HOME}", "${USER}", "%h" and "%u" are the account's. NULL account: for
 * all, ERR_NOT_FOUND where each has a file of its own. ERR_NOT_FOUND also where the line does not say.
 */
MUST_USE enum err secret_path(const struct pam_rule *rule, const struct account *a, char **out);
/* A file of one account's own, which its module takes only as it should be: the owner's, and nobody else may read it. */
enum secret_state secret_own(const struct root *r, const struct pam_rule *rule, const char *path,
			     const struct account *a);

/* What PAM asks an account for at the keyboard. */
struct keyboard {
	enum pam_wants wants;
	enum secret_state secret;	 /* where a code is wanted for sure */
	const struct pam_module *module; /* NULL: none asks for a code */
	const char *where;		 /* the secrets are; borrowed, may be NULL */
};

/* PAM's services on one system and who has secrets, each read when it is first asked for and never again. */
struct keyboards;
MUST_USE enum err keyboards_new(const struct root *r, struct keyboards **out); /* ERR_MEMORY; r is borrowed */
void keyboards_free(struct keyboards *k);				       /* NULL is fine */
/* service: "sshd"; key: hash_text() of the account's name. Allocates only for what is new. ERR_MEMORY. */
MUST_USE enum err keyboards_find(struct keyboards *k, const char *service, const struct account *a, uint64_t key,
				 struct keyboard *out);

#endif
