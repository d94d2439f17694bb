/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ruleset.h - what is in force while certain Match blocks are on, ready for decisions; worked out once for each set of blocks. */
#ifndef SSHD_RULESET_H
#define SSHD_RULESET_H

#include "sshd/effective.h"
#include "sshd/method.h"
#include "sshd/words.h"

struct ruleset {
	struct sshd_effective *values;
	const struct words *deny_users, *allow_users, *deny_groups, *allow_groups; /* NULL: not set */
	struct methods methods;
	enum root_login { ROOT_YES, ROOT_NO_PASSWORD, ROOT_COMMANDS, ROOT_NO } root;
	bool use_pam, chroot, empty_passwords;
	const struct keys_rules *keys; /* the same one in all sets that say the same about keys */
	uint64_t *on;
};

struct rulesets;

/* c is borrowed and must outlive it. ERR_MEMORY. */
MUST_USE enum err rulesets_new(const struct sshd_config *c, struct rulesets **out);
void rulesets_free(struct rulesets *r); /* NULL is fine */
/* Whether host names count at all. */
bool rulesets_use_dns(const struct rulesets *r);
/* Borrowed, for as long as r lives; from: the connection's address, read. Allocates only for what is new. ERR_MEMORY. */
MUST_USE enum err rulesets_find(struct rulesets *r, const struct sshd_connection *connection,
				const struct pattern_from *from, const struct ruleset **out);

#endif
