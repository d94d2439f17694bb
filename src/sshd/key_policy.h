/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_policy.h - what a set of rules says about keys, with the CAs and the revoked keys that it names. */
#ifndef SSHD_KEY_POLICY_H
#define SSHD_KEY_POLICY_H

#include "key/revoked.h"
#include "sshd/credential.h"

/* The lines that decide about keys: two sets of rules that have the same ones mean the same. */
#define KEY_POLICY_LINES 14

/* One name of RevokedKeys. */
struct revoked_file {
	char *path;
	struct revoked *list;		   /* NULL: it could not be read */
	enum credential_obstacle obstacle; /* then of every key: REVOKED_BROKEN or UNKNOWN */
	char *why;
};

/* As RevokedKeys would name it: what cannot be read is in *out. ERR_MEMORY. */
MUST_USE enum err revoked_file_read(const struct root *root, const char *path, unsigned release,
				    struct revoked_file *r);
void revoked_file_clear(struct revoked_file *r);

struct key_policy {
	const struct sshd_line *by[KEY_POLICY_LINES];
	bool strict, forced_only, sha256;
	uint64_t rsa_bits;
	struct strings key_files;
	char *principals_file, *principals_command, *principals_user, *keys_command, *keys_user; /* NULL: none */
	char *ca_file;										 /* NULL: none */
	struct authorized_keys cas;
	char *ca_trouble; /* why there may be more CAs; NULL */
	struct revoked_file *revocations;
	size_t nrevocations;
};

void key_policy_identify(const struct sshd_effective *rules, const struct sshd_line *by[KEY_POLICY_LINES]);
/* Reads the files; what cannot be read is in *out. ERR_MEMORY. */
MUST_USE enum err key_policy_new(const struct root *r, const struct sshd_effective *rules, struct key_policy **out);
void key_policy_free(struct key_policy *p); /* NULL is fine */

#endif
