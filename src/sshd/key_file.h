/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_file.h - one file of keys or principals of an account, read as sshd would, and why it does not count if it does not. */
#ifndef SSHD_KEY_FILE_H
#define SSHD_KEY_FILE_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "sshd/account.h"
#include "sshd/credential.h"
#include "sshd/identity.h"
#include "sshd/reach.h"
#include "sshd/strict_modes.h"
#include "sshd/trail.h"

#include <stdbool.h>

/* What is larger is not read. */
struct key_file_limit {
	size_t bytes, lines;
};
#define KEY_FILE_BYTES (16u << 20)

/* For whom files are read. Start with { .root, .limit, .account, .cache, .trail, .reach }; clear with key_reader_clear(). */
struct key_reader {
	const struct root *root;
	struct key_file_limit limit;
	const struct account *account;
	struct strict_modes_cache *cache;
	struct trail *trail;
	struct reach *reach;	  /* asked first on the running system; NULL: nobody is */
	struct identity identity; /* with its groups only once they are needed */
	bool known;
};
void key_reader_clear(struct key_reader *k);

struct key_file {
	char *path;
	/*
	 * NONE: sshd reads it. NOT_LISTED: it is not there, or no file. STRICT_MODES: sshd leaves it out for its owner or
	 * mode, or since the account may not read it. UNKNOWN: we could not read it, or it is over the limit.
	 */
	enum credential_obstacle obstacle;
	bool missing;
	char *detail;  /* a sentence, NULL without an obstacle */
	char *content; /* also where sshd would not take it, if it could be read; else NULL */
	size_t len;
};

/* A name of AuthorizedKeysFile with its tokens filled in, below the home unless it is absolute then. ERR_SYNTAX: sshd gives up. */
MUST_USE enum err key_file_path(const char *pattern, const struct account *a, struct text *out);
/* Whether the path, or the folders in front of a pattern, can be looked at without waiting for ever. */
bool key_file_answers(struct key_reader *k, const char *path);
/* ERR_MEMORY; all other trouble is in *out. Reading never waits on a FIFO or a device, nor on a dead network mount where 'reach' is set. */
MUST_USE enum err key_file_read(struct key_reader *k, const char *path, bool strict, struct key_file *out);
void key_file_clear(struct key_file *f);

#endif
