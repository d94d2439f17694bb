/* SPDX-License-Identifier: GPL-3.0-or-later */
/* user_config.h - the files below ~/.ssh that enrolling changes. */
#ifndef CLIENT_USER_CONFIG_H
#define CLIENT_USER_CONFIG_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ssh goes by the account database, not by $HOME. Free with user_config_clear(). */
struct user_config {
	struct root *root;
	char *folder; /* "~/.ssh/sallyport" */
	char *ours;   /* the file with our stanzas */
	char *theirs; /* the file that is to include it */
};

/* theirs NULL: ~/.ssh/config. ERR_NOT_FOUND: this account has no home; ERR_MEMORY; as root_open(). */
MUST_USE enum err user_config_open(const char *theirs, struct user_config *out);
/*
 * Both files with the host's lines in, or with 'lines' NULL out of ours. *changed: they were not so; with 'dry' nothing is written. *at: the
 * file that is in trouble; borrowed. ERR_SYNTAX: as stanza_put(); ERR_TOO_BIG, ERR_NOT_FILE, ERR_SYSTEM, ERR_MEMORY.
 */
MUST_USE enum err user_config_put(const struct user_config *u, const char *host, const char *lines, bool dry,
				  bool *changed, const char **at);
/* Appends the hosts whose lines are in our file. As user_config_put(). */
MUST_USE enum err user_config_hosts(const struct user_config *u, struct strings *out);
/* Replaces a file, which ends with 'content' then, or makes it, for this user alone to read. */
MUST_USE enum err user_config_append(const struct user_config *u, const char *path, const char *content);
/* "~/.ssh/sallyport/NAME", with that content. *path is yours. */
MUST_USE enum err user_config_keep(const struct user_config *u, const char *name, const char *content, char **path);
void user_config_clear(struct user_config *u); /* leaves { 0 } */

#endif
