/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keygen.h - ssh-keygen at work on a private key that it sees in memory only, and passphrases that it is told on a terminal. */
#ifndef KEY_KEYGEN_H
#define KEY_KEYGEN_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

/*
 * All of these: a NULL passphrase means that there is none. ERR_SIGNATURE: it is the wrong passphrase; ERR_CHILD: ssh-keygen failed, *why is
 * what it said (yours; what it pointed to before is freed); ERR_NOT_FOUND: there is no ssh-keygen; ERR_TIMEOUT.
 */

/* The public key, as a line. */
MUST_USE enum err keygen_public(const void *content, size_t len, const char *passphrase, struct text *out, char **why);
/* The same key under another passphrase, in OpenSSH's form; *out is of sodium_malloc(). */
MUST_USE enum err keygen_change(const void *content, size_t len, const char *old, const char *new, unsigned rounds,
				uint8_t **out, size_t *out_len, char **why);

#endif
