/* SPDX-License-Identifier: GPL-3.0-or-later */
/* revoked.h - the file that RevokedKeys names: a KRL (OpenSSH PROTOCOL.krl) or a list of public keys, and who is in it. */
#ifndef KEY_REVOKED_H
#define KEY_REVOKED_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct revoked;

/*
 * As sshd of the release reads it: with the magic of a KRL all of its sections, else as text. What makes a KRL unreadable:
 * an unknown section, serial 0, an extension before 9.4 or a critical one, before 9.4 a signature that does not hold (later
 * ones skip signatures). What sshd could not read refuses every key: ERR_SYNTAX (also for a list whose line does not parse),
 * ERR_SHORT, ERR_TRAILING, ERR_MEMORY, with *why a sentence (yours, may be NULL) and *line the line of a text, 0 otherwise.
 * A text with a fault is still returned, since keys above it are found first. RSA keys below 1024 bits are passed over, a line of
 * a CR alone is a fault. Free with revoked_free().
 */
MUST_USE enum err revoked_parse(const uint8_t *content, size_t len, unsigned release, struct revoked **out,
				unsigned *line, char **why);
void revoked_free(struct revoked *r);

enum revoked_verdict {
	REVOKED_NO,
	REVOKED_YES,
	REVOKED_BROKEN, /* the list has a fault that sshd meets before it can say no: it refuses the key */
};

/*
 * Whether this key (blob of a plain key or a certificate, also the key in the certificate and its CA) is in it; *how, a static text, says by
 * what: "key", "SHA-1 of the key", "SHA-256 of the key", "serial", "key id", "CA", or "". ERR_SYNTAX where the blob is no key that
 * this release knows. Takes no memory but what a SHA-1 needs; where that cannot be had the verdict is REVOKED_BROKEN.
 */
MUST_USE enum err revoked_look(const struct revoked *r, const uint8_t *blob, size_t len, enum revoked_verdict *verdict,
			       const char **how);

/* What is in it, for people and for the writer's tests. */
struct revoked_summary {
	bool krl;
	uint64_t version, generated;		 /* of a KRL */
	char *comment;				 /* of a KRL; yours */
	size_t keys, sha1, sha256, key_ids, cas; /* different ones */
	size_t serials, ranges;			 /* as they are listed */
};
MUST_USE enum err revoked_summarise(const struct revoked *r, struct revoked_summary *out);

#endif
