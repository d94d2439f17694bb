/* SPDX-License-Identifier: GPL-3.0-or-later */
/* protect.h - the file of a private key gets a passphrase through ssh-keygen: all or nothing, proven before it counts. */
#ifndef KEY_PROTECT_H
#define KEY_PROTECT_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"
#include "key/private.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* Of the copy that is kept until the new file was read back, and of the new file before it is in place: ".NAME" and one of these. */
#define PROTECT_OLD ".sallyport-old"
#define PROTECT_NEW ".sallyport-new"

enum protect_left {
	PROTECT_LEFT_NONE,
	PROTECT_LEFT_NEW,  /* an earlier run ended before the new file was in place */
	PROTECT_LEFT_SAME, /* the copy was the file itself, or overwritten by half: the same */
	PROTECT_LEFT_OLD, /* the new file is in place and was not read back: the old one is in the copy, and stays there */
};

/* One file, held against other runs. */
struct protect {
	char *path;	  /* where it really is, free of links */
	const char *name; /* its last part */
	int dir, fd;	  /* its folder; the file, locked */
	struct stat st;	  /* when it was read */
	uint8_t *content; /* sodium_malloc() */
	size_t len;
	struct private_key key;
	enum protect_left left;
	char *old; /* path of the copy, where left is PROTECT_LEFT_OLD */
	char *why; /* what ssh-keygen said last where it failed; not escaped */
};

/*
 * Opens and reads it. ERR_NOT_FILE; ERR_TOO_BIG; ERR_BUSY: another run has it; ERR_EXISTS: it has more names (hard links), which would keep
 * the old content; ERR_SIGNATURE: it belongs to somebody else than who we are; what private_key_read() returns, with *why. Close with
 * protect_close(), which forgets all secrets.
 */
MUST_USE enum err protect_open(const char *path, struct protect *p, const char **why);
void protect_close(struct protect *p);

/* Removes what an earlier run left and nobody needs: not the copy of PROTECT_LEFT_OLD. */
MUST_USE enum err protect_tidy(struct protect *p);
/* Whether this passphrase opens it. ERR_SIGNATURE: it does not; ERR_CHILD: ssh-keygen cannot read the file, p->why says why. */
MUST_USE enum err protect_try(struct protect *p, const char *passphrase);
/* Removes the copy of PROTECT_LEFT_OLD, overwritten first. */
MUST_USE enum err protect_forget_old(struct protect *p);

/*
 * Gives it the new passphrase, in OpenSSH's form with so many rounds of bcrypt. old: NULL where it has none. The new file is made in memory,
 * and must open with the new passphrase to the same public key before it takes the name; owner, mode and attributes stay. ERR_SIGNATURE:
 * not the old passphrase; ERR_CHANGED: somebody else changed the file meanwhile; ERR_CHILD: p->why says what is wrong. After an error the old
 * file is in place, whole; except for one in the very last step, removing the copy: then *done is true, as it is after success.
 */
MUST_USE enum err protect_change(struct protect *p, const char *old, const char *new, unsigned rounds, bool *done);

/*
 * Whether a guess at its passphrase costs enough, whatever the form: bcrypt from the 16 rounds on that ssh-keygen has had by itself, PBKDF2
 * from 100,000, scrypt from a cost of 16,384, Argon2; never with single DES, RC2 or RC4 behind it.
 */
bool protect_is_strong(const struct private_key *k);
/* "PEM, one round of MD5", "OpenSSH, no passphrase". */
void protect_describe(const struct private_key *k, struct text *out);

#endif
