/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_key.h - the secrets of the keeper as they lie on disk: sshd's private Ed25519 key and site secrets. */
#ifndef GATE_HOST_KEY_H
#define GATE_HOST_KEY_H

#include "base/err.h"
#include "base/macros.h"
#include "knock/native.h"

#include <stddef.h>
#include <stdint.h>

#define HOST_KEY_FILE_MAX 16384

/*
 * A file of the form openssh-key-v1 (OpenSSH PROTOCOL.key) with one Ed25519 key and no passphrase. Both parts of the key, and the
 * public one in front, must belong together. ERR_SYNTAX, ERR_SHORT, ERR_TRAILING: damaged; ERR_UNSUPPORTED: another type or form, or a
 * passphrase; ERR_MEMORY. *why, a static sentence, says which. Neither is touched where it fails.
 */
MUST_USE enum err host_key_parse(const uint8_t *content, size_t len, uint8_t public[NATIVE_HOST_KEY], uint8_t seed[32],
				 const char **why);
/* 64 hexadecimal digits and a line feed, not all zero. ERR_SYNTAX. */
MUST_USE enum err site_secret_parse(const uint8_t *content, size_t len, uint8_t secret[NATIVE_SECRET]);

#endif
