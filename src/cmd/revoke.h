/* SPDX-License-Identifier: GPL-3.0-or-later */
/* revoke.h - what the sub-commands of revoke share: keys that were named, and the list that the server goes by. */
#ifndef CMD_REVOKE_H
#define CMD_REVOKE_H

#include "audit/facts.h"
#include "base/err.h"
#include "base/macros.h"
#include "cmd/command.h"
#include "key/public.h"

#include <stddef.h>

extern const struct command cmd_revoke_test, cmd_revoke_sweep, cmd_revoke_update;

/* Public keys from files that were named. Start with { 0 }. */
struct given_key {
	char *where; /* "anna.pub", "authorized_keys:7" where the file has more than one */
	struct public_key_line line;
};
struct given_keys {
	struct given_key *v;
	size_t n;
};

/*
 * Appends the keys of a file ("-": standard input): public keys, certificates, also behind the options of an authorized_keys file. Of a
 * private key the public half beside it. 0, or an exit status with the error said.
 */
int given_keys_read(const char *file, struct given_keys *into);
void given_keys_clear(struct given_keys *k);

/* Only the configuration of it. 0, or an exit status with the error said. Free with facts_free(). */
int revoke_facts(const struct common_args *common, struct facts **out);
/* The file that RevokedKeys names for everybody; NULL: none. Borrowed. */
const char *revoke_list_path(const struct facts *f);

#endif
