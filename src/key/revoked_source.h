/* SPDX-License-Identifier: GPL-3.0-or-later */
/* revoked_source.h - what is to be revoked as people write it down and review it: a file of /etc/sallyport/revoked.d. */
#ifndef KEY_REVOKED_SOURCE_H
#define KEY_REVOKED_SOURCE_H

#include "base/diag.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/*
 * Text in lines; empty ones and those that begin with '#' are comments. The words are those of ssh-keygen -k:
 *
 *	key: TYPE BASE64 [COMMENT]		the key, every certificate of it, and as a CA all that it signed
 *	certificate: TYPE BASE64 [COMMENT]	this one: by serial and CA, where its serial is 0 by key id and CA
 *	hash: SHA256:BASE64			a key of which only that is known
 *	hash: SHA1:HEX				40 digits; the same with SHA-1
 *	sha256: TYPE BASE64, sha1: TYPE BASE64	the hash of that key instead of the key
 *	ca: TYPE BASE64 [COMMENT] | any		whose certificates the next two kinds are about, up to the next such line
 *	serial: N[-M]				1 to 18446744073709551615
 *	id: TEXT				key id; a backslash as \\, any other byte may be \xNN
 *
 * Lines that are indented belong to the entry above them; each may stand once:
 *
 *		reason: TEXT
 *		by: TEXT
 *		added: DATE			2026-11-29 or 2026-11-29T12:00:00Z
 *		until: DATE			no longer revoked after that
 */
#define REVOKED_FOLDER "/etc/sallyport/revoked.d"
#define REVOKED_SUFFIX ".list"		      /* other files in the folder are not read */
#define REVOKED_SOURCE_MAX ((size_t)16 << 20) /* bytes of one file */

enum source_kind { SOURCE_KEY, SOURCE_CERTIFICATE, SOURCE_SHA256, SOURCE_SHA1, SOURCE_SERIAL, SOURCE_KEY_ID };

struct source_blob {
	uint8_t *at;
	size_t len;
};

struct revoked_source {
	enum source_kind kind;
	char *file;		 /* as it was given to the parser */
	unsigned line, last;	 /* of it, with the indented ones; from 1 */
	struct source_blob blob; /* key: plain, as sshd would write it; certificate: as it is; a hash: its bytes */
	struct source_blob ca;	 /* of a certificate, a serial, a key id: plain; length 0: any CA */
	uint64_t first, final;	 /* serials; of a certificate its own, which may be 0 */
	char *id;		 /* a key id; NULL with other kinds than that and a certificate */
	char *value;		 /* as it stands behind the word: "ssh-ed25519 AAAA... anna@laptop" */
	char *ca_value;		 /* the same of its CA: "any"; NULL where ca says nothing */
	char *reason, *by;	 /* NULL: not said */
	time_t added, until;	 /* 0: not said */
};

/* Start with { 0 }. */
struct revoked_sources {
	struct revoked_source *v;
	size_t n, size;
};

/*
 * Appends what the file says. ERR_CONFIG: there are mistakes, problems has each with line, value and what is wanted, and
 * into is as it was; ERR_MEMORY.
 */
MUST_USE enum err revoked_sources_parse(const char *content, size_t len, const char *file, struct revoked_sources *into,
					struct diags *problems);
void revoked_sources_clear(struct revoked_sources *l); /* leaves { 0 } */
/* Whether a file of that name in the folder is read. */
bool revoked_source_is_name(const char *name);
/* Whether both revoke the same; of whom the reasons come does not count. */
bool revoked_source_equal(const struct revoked_source *a, const struct revoked_source *b);
/* Whether it has ended. */
bool revoked_source_expired(const struct revoked_source *s, time_t now);

/* ---- as text ---- */

/* "key", "certificate", "hash", "serial", "key-id": for people and for JSON. */
const char *revoked_source_kind(const struct revoked_source *s);
/* "ssh-ed25519 SHA256:... anna@laptop", "serial 5-9 of CA SHA256:...", escaped; what people see. */
MUST_USE enum err revoked_source_describe(const struct revoked_source *s, struct text *out);
/* A key id as it is written in a file. */
void revoked_source_id_add(struct text *out, const void *id, size_t len);
/*
 * Puts the entry where it belongs in the content of a file: a serial or key id behind the last one of its CA, for which
 * a "ca:" line is made where there is none, everything else at the end. All other lines stay as they are.
 */
MUST_USE enum err revoked_source_insert(struct text *content, const struct revoked_source *s);
/* Takes out the lines of the entry, which was parsed from that content. All other lines stay. */
MUST_USE enum err revoked_source_delete(struct text *content, const struct revoked_source *s);

#endif
