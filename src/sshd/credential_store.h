/* SPDX-License-Identifier: GPL-3.0-or-later */
/* credential_store.h - what has been read of accounts, shared by the credential_*.c files and nobody else. */
#ifndef SSHD_CREDENTIAL_STORE_H
#define SSHD_CREDENTIAL_STORE_H

#include "sshd/command_memory.h"
#include "sshd/credential.h"
#include "sshd/hash.h"
#include "sshd/key_command.h"
#include "sshd/key_file.h"
#include "sshd/key_policy.h"

/* A file of keys as the account has it. */
struct listed_file {
	struct key_file file;
	struct authorized_keys keys;
};

/* A command that was run, by its words. */
struct command_run {
	char *words;
	enum key_command_outcome outcome;
	char *why;
	struct authorized_keys keys;
	struct authorized_principals principals;
};

/* An account under a policy. */
struct holder {
	char *name;
	const struct key_policy *policy;
	struct listed_file *files;
	size_t nfiles;
	char *dead; /* a file name at which sshd gives up the connection; all behind it is not reached; NULL */
	bool principals_read, principals_known;
	bool principals_dead; /* its name has such a token */
	struct key_file principals_file;
	struct authorized_principals principals;
	struct command_run **runs;
	size_t nruns;
	struct credentials credentials;
};

struct credential_store {
	const struct root *root;
	const struct sshd_config *config;
	time_t now;
	struct key_file_limit limit;
	struct command_memory *memory; /* NULL: none */
	int command_ms;
	enum err (*confine)(void *context); /* NULL: nothing to give up */
	void *confine_context;
	bool omit_files, alone;
	struct strict_modes_cache strict;
	struct trail trail;
	struct reach reach;
	struct hash holders;
	struct key_policy **policies;
	size_t npolicies;
	struct holder **all;
	size_t nall;
};

/* An account under these rules, judged; from what is kept, else read now. */
MUST_USE enum err holder_find(struct credential_store *s, const struct sshd_effective *rules, const struct account *a,
			      struct holder **out);
/* All but 'credentials', which stays empty. */
MUST_USE enum err holder_new(struct credential_store *s, struct key_policy *p, const struct account *a,
			     struct holder **out);
void holder_free(struct holder *h); /* NULL is fine */
/* What AuthorizedPrincipalsFile of the account says, read once. Only where the policy has one. */
MUST_USE enum err holder_principals(struct credential_store *s, struct holder *h, const struct account *a);
/* Runs a command, once for the same words. 'principals': what it prints are names, not keys. *out is borrowed. */
MUST_USE enum err holder_run(struct credential_store *s, struct holder *h, bool principals,
			     const struct key_command_facts *facts, const struct command_run **out);

#endif
