/* SPDX-License-Identifier: GPL-3.0-or-later */
/* credential_store.h - what credential.c has read and keeps, shared with credential_try.c and nobody else. */
#ifndef SSHD_CREDENTIAL_STORE_H
#define SSHD_CREDENTIAL_STORE_H

#include "key/revoked.h"
#include "sshd/credential.h"
#include "sshd/hash.h"
#include "sshd/key_command.h"
#include "sshd/key_file.h"

/* The keywords that decide about keys: two sets of rules that have the same lines for them mean the same. */
#define POLICY_KEYWORDS 14

/* One name of RevokedKeys. */
struct revocation {
	char *path;
	struct revoked *list;		   /* NULL: it could not be read */
	enum credential_obstacle obstacle; /* then of every key: REVOKED_BROKEN or UNKNOWN */
	char *why;
};

/* What a set of rules says about keys. */
struct policy {
	const struct sshd_line *by[POLICY_KEYWORDS];
	bool strict, forced_only, sha256;
	uint64_t rsa_bits;
	struct strings key_files;
	char *principals_file, *principals_command, *principals_user, *keys_command, *keys_user; /* NULL: none */
	char *ca_file;									 /* NULL: none */
	struct authorized_keys cas;
	char *ca_trouble; /* why there may be more CAs; NULL */
	struct revocation *revocations;
	size_t nrevocations;
};

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
	struct policy *policy;
	struct listed_file *files;
	size_t nfiles;
	char *dead; /* a file name at which sshd gives up the connection; all behind it is not reached; NULL */
	bool principals_known;
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
	struct hash holders;
	struct policy **policies;
	size_t npolicies;
	struct holder **all;
	size_t nall;
};

MUST_USE enum err holder_find(struct credential_store *s, const struct sshd_effective *rules, const struct account *a,
			      struct holder **out);
/* Reads AuthorizedPrincipalsFile of the account, once. Only where the policy has one. */
MUST_USE enum err holder_principals(struct credential_store *s, struct holder *h, const struct account *a);
/* Runs a command, once for the same words. 'principals': what it prints are names, not keys. *out is borrowed. */
MUST_USE enum err holder_run(struct credential_store *s, struct holder *h, bool principals,
			     const struct key_command_facts *facts, const struct command_run **out);

/* An obstacle, with the sentence on it. Start with { 0 }. */
struct trouble {
	enum credential_obstacle obstacle;
	const struct sshd_line *by;
	char *detail;
};
void trouble_clear(struct trouble *f);
/* Nothing if there is an obstacle already. */
MUST_USE enum err trouble_set(struct trouble *f, enum credential_obstacle o, const struct sshd_line *by,
			      const char *format, ...) FORMAT(4, 5);
/* The checks that sshd makes before it looks for a key anywhere. */
MUST_USE enum err trouble_of_type(const struct sshd_effective *rules, const char *type, struct trouble *f);
MUST_USE enum err trouble_of_size(const struct policy *p, const struct sshd_effective *rules, const struct public_key *key,
			     struct trouble *f);
MUST_USE enum err trouble_of_revoked(const struct policy *p, const struct sshd_effective *rules, const uint8_t *blob,
				size_t len, struct trouble *f);
/* What an option in front of a key or name says, whoever comes. 'where': FILE:LINE. */
MUST_USE enum err trouble_of_expiry(const struct credential_store *s, const struct authorized_options *o, const char *where,
			       struct trouble *f);

#endif
