/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sighting.h - one thing that was seen while looking for keys, in a form that goes through a pipe. */
#ifndef AUDIT_SIGHTING_H
#define AUDIT_SIGHTING_H

#include "base/err.h"
#include "base/macros.h"
#include "base/reader.h"
#include "base/text.h"
#include "key/public.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sighting_kind {
	SIGHT_AUTHORIZED, /* a line by which somebody may log in */
	SIGHT_FAULT,	  /* a line there, or a file, that sshd cannot use: text says why */
	SIGHT_PRIVATE,	  /* a file that holds a private key, of the host too */
	SIGHT_PUBLIC,	  /* a public key in a file, of the host too */
	SIGHT_KNOWN_HOST, /* a line of known_hosts; text: its names */
	SIGHT_AGENT,	  /* what an agent offers; file: its socket */
	SIGHT_UNREAD,	  /* what could not be looked at: text says why */
	SIGHT_KINDS,
};

enum sighting_flag {
	SIGHT_OF_HOST = 1,	   /* a key of this host */
	SIGHT_ODD = 2,		   /* outside of ~/.ssh */
	SIGHT_NAMED = 4,	   /* found under a PATH that was given */
	SIGHT_CA = 8,		   /* a CA, not a key for logins */
	SIGHT_FROM = 16,	   /* the line has from= */
	SIGHT_NO_TOUCH = 32,	   /* no-touch-required */
	SIGHT_VERIFY = 64,	   /* verify-required */
	SIGHT_ENCRYPTED = 128,	   /* of a private key */
	SIGHT_DAMAGED = 256,	   /* it looks like a private key and cannot be read as one: text says why */
	SIGHT_REVOKED = 512,	   /* RevokedKeys has it */
	SIGHT_LINK = 1024,	   /* the file is a symbolic link */
	SIGHT_HOST_REVOKED = 2048, /* @revoked in known_hosts */
	SIGHT_NOT_FILE = 4096,	   /* a fault: no regular file stands there */
};

/* What the other keys and lists tell against a key, in .weak beside the bits of key/weak.h. */
#define SIGHT_SHARED_PRIME (1u << 28) /* with another key that was seen: known says which */
#define SIGHT_DEBIAN (1u << 29)	      /* of Debian's generator of 2008 */
#define SIGHT_LISTED (1u << 30)	      /* in a list that was given: known says where */

/* Texts are owned, NULL where there is nothing to say. Start with { 0 }. */
struct sighting {
	uint64_t kind;	/* SIGHT_* of enum sighting_kind */
	uint64_t flags; /* of enum sighting_flag */
	char *file;	/* inside the root */
	uint64_t line;	/* 0: the whole file */
	char *account;	/* NULL: nobody's in particular */
	char *text;	/* by its kind */
	char *comment;
	char *known;	       /* what the other keys and lists say of it; NULL: nothing */
	struct public_key key; /* type "": not known */
	uint8_t *blob;
	size_t blob_len;
	uint64_t obstacle; /* of an authorized line: enum credential_obstacle, text says it in words */
	uint64_t expires;  /* expiry-time=; 0: none */
	uint64_t weak;	   /* of the key: enum weakness and the above */
	/* of a private key */
	uint64_t format, kdf, rounds, memory, sk_flags;
	uint64_t mode, uid, owner; /* owner: whose it should be */
};

void sighting_clear(struct sighting *s); /* leaves { 0 } */
/* Appends it, so that sighting_read() gets the same. Borrowed texts are fine. */
void sighting_write(const struct sighting *s, struct text *out);
/* ERR_SHORT, ERR_SYNTAX, ERR_MEMORY. Clear with sighting_clear(). */
MUST_USE enum err sighting_read(struct reader *r, struct sighting *out);

/* A list that owns what is in it. Start with { 0 }. */
struct sightings {
	struct sighting *v;
	size_t n, size;
};
/* Takes it over, also when it fails. */
MUST_USE enum err sightings_add(struct sightings *l, struct sighting *s);
void sightings_free(struct sightings *l);

#endif
