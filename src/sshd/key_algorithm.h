/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_algorithm.h - which signature algorithms sshd takes from user keys and from CAs. */
#ifndef SSHD_KEY_ALGORITHM_H
#define SSHD_KEY_ALGORITHM_H

#include "sshd/effective.h"

#include <stdbool.h>

/*
 * Whether a key of this type (of the blob: "ssh-rsa", "ssh-ed25519-cert-v01@openssh.com") can sign with an algorithm
 * that PubkeyAcceptedAlgorithms takes, by the setting or upstream's default of the release.
 */
bool key_algorithm_accepted(const struct sshd_effective *rules, const char *type);
/* Whether CASignatureAlgorithms takes this one algorithm ("rsa-sha2-512"). */
bool key_algorithm_ca(const struct sshd_effective *rules, const char *algorithm);
/* Whether a CA with a key of this type can sign with one that is taken. */
bool key_algorithm_ca_type(const struct sshd_effective *rules, const char *type);

#endif
