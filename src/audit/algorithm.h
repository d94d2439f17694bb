/* SPDX-License-Identifier: GPL-3.0-or-later */
/* algorithm.h - lists of algorithms: what is in force, what a release has by default, what this binary takes. */
#ifndef AUDIT_ALGORITHM_H
#define AUDIT_ALGORITHM_H

#include "audit/facts.h"
#include "base/err.h"
#include "base/macros.h"

/*
 * The names in force for KexAlgorithms, Ciphers, MACs or HostKeyAlgorithms: what the binary
 * reports, else what the files say, with "+", "-" and "^" worked out on the list that the
 * release has by default. ERR_NOT_FOUND: neither is known.
 */
MUST_USE enum err algorithm_list(const struct facts *f, enum sshd_keyword_id keyword, struct strings *out);
/* The default list of a release, comma separated; NULL where it is not in our table. */
const char *algorithm_default(enum sshd_keyword_id keyword, unsigned release);
/* Applies "+a,b", "-a*", "^a" or a plain list to the names of 'base'. */
MUST_USE enum err algorithm_apply(const char *value, const char *base, struct strings *out);
/*
 * The names of 'wanted', in order, that this host's sshd accepts: guessed from its release and
 * its own list, then checked by running it where that is allowed. Remembered in the facts.
 */
MUST_USE enum err algorithm_supported(const struct facts *f, enum sshd_keyword_id keyword, const struct strings *wanted,
				      struct strings *out);
bool algorithm_is_post_quantum(const char *name);
bool algorithm_is_aead(const char *cipher);

#endif
