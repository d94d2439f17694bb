/* SPDX-License-Identifier: GPL-3.0-or-later */
/* krl_write.h - makes a KRL (OpenSSH PROTOCOL.krl) that every sshd since 6.9 reads. */
#ifndef KEY_KRL_WRITE_H
#define KEY_KRL_WRITE_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"
#include "key/revoked.h"
#include "key/revoked_source.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct krl_head {
	uint64_t version;
	uint64_t generated;  /* seconds since 1970 */
	const char *comment; /* NULL: what krl_comment() gives */
};

/* How the comment of KRLs begins that were made from sources, and nothing but them; a digest of all that is in it follows. */
#define KRL_COMMENT "sallyport: made from " REVOKED_FOLDER ", "
/* *out is yours. As krl_write(). */
MUST_USE enum err krl_comment(const struct revoked *r, char **out);
/* Whether it was made from sources, and nobody has added to it or taken from it since ("ssh-keygen -k -u" keeps the comment). */
MUST_USE enum err krl_is_made(const struct revoked *r, bool *made);

/*
 * Appends the bytes of a KRL (NULs among them) with all that r says. The same r and head give the same bytes. No extension and
 * no signature: releases from 9.4 on and those before it do not read each other's. Serials that overlap or follow
 * each other are joined, and written as a list, a range or a bitmap, whichever is shorter. ERR_RANGE: serial 0.
 */
MUST_USE enum err krl_write(const struct revoked *r, const struct krl_head *head, struct text *out);
/* What the sources say, those that have ended left out; as if it had been read from a list. Free with revoked_free(). */
MUST_USE enum err revoked_compile(const struct revoked_sources *l, time_t now, struct revoked **out);
/* Both at once. */
MUST_USE enum err krl_compile(const struct revoked_sources *l, time_t now, const struct krl_head *head,
			      struct text *out);
/* The same KRL with one key more, its blob a plain key. As revoked_parse(). */
MUST_USE enum err krl_with_key(const uint8_t *krl, size_t len, const uint8_t *blob, size_t blob_len, struct text *out);
/*
 * The other way: what a list says, as lines of a file of sources, each with that reason and date, save what the sources say
 * already. *n: how many entries these are. ERR_UNSUPPORTED: it revokes an empty key id, which a file cannot say.
 */
MUST_USE enum err revoked_to_sources(const struct revoked *r, const struct revoked_sources *known, const char *reason,
				     time_t added, struct text *out, size_t *n);

#endif
