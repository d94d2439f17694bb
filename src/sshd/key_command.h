/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_command.h - AuthorizedKeysCommand and AuthorizedPrincipalsCommand: their words, and running them as sshd does. */
#ifndef SSHD_KEY_COMMAND_H
#define SSHD_KEY_COMMAND_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"
#include "sshd/account.h"

#include <stdbool.h>

#define KEY_COMMAND_MS 5000 /* as long as anybody waits who is not in a hurry */

/* What the letters behind "%" stand for; NULL: not known here. */
struct key_command_facts {
	const struct account *account;		       /* %u %U %h */
	const char *type, *fingerprint, *key;	       /* %t %f %k */
	const char *ca_type, *ca_fingerprint, *ca_key; /* %T %F %K */
	const char *key_id, *serial;		       /* %i %s */
};

/*
 * A name with %% %h %u %U in it (files of keys and principals, users of commands), "" where the facts are not known.
 * ERR_SYNTAX: another letter, at which sshd gives up the connection. ERR_MEMORY.
 */
MUST_USE enum err key_command_expand(const char *pattern, const struct key_command_facts *facts, struct text *out);
/* The words of a command by sshd's quoting. ERR_SYNTAX: a quote is not closed. */
MUST_USE enum err key_command_split(const char *command, struct strings *out);
/* Whether the command has a word that only a key or certificate can fill in. */
bool key_command_wants_key(const char *command);

enum key_command_outcome {
	COMMAND_DONE,	   /* what it printed counts */
	COMMAND_REFUSED,   /* sshd would not run it, or not take its answer: as if it were not there */
	COMMAND_UNCERTAIN, /* sshd may get an answer, we do not: no root, another root, too slow, too much */
};

/*
 * Runs it as 'user' ("%u" is expanded there too), at most so long and 16 MiB. 'append_user': a command without words
 * gets the account's name. *why gets a sentence unless it is done. ERR_MEMORY.
 */
MUST_USE enum err key_command_run(const struct root *r, const char *command, const char *user, bool append_user,
				  int timeout_ms, const struct key_command_facts *facts,
				  enum key_command_outcome *outcome, struct text *output, struct text *why);

#endif
