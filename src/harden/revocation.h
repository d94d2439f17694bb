/* SPDX-License-Identifier: GPL-3.0-or-later */
/* revocation.h - a new list of revoked keys shown to be good: by logins before it is in place, and once more afterwards. */
#ifndef HARDEN_REVOCATION_H
#define HARDEN_REVOCATION_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"
#include "key/revoked_source.h"

#include <time.h>

struct revocation {
	const char *path;		       /* where the list lies */
	const struct text *krl;		       /* what is in it, byte for byte */
	const struct revoked_sources *sources; /* what it was made from */
	time_t now;			       /* when: sources that had ended were left out */
	unsigned release;		       /* of the sshd that reads it */
};

/*
 * The file at path: it is these bytes, every entry of the sources is in it by our reader, and every key and certificate by ssh-keygen -Q.
 * What does not hold is appended to wrong, a sentence.
 */
MUST_USE enum err revocation_check(const struct revocation *v, const struct root *r, struct text *wrong);
/*
 * The same, and then real logins, with keys and an account that exist nowhere else: a second sshd that reads this very file lets in a fresh
 * key, and one that reads the same list with one key more refuses that key and still lets in the other. Only inside of a
 * stage_world().
 */
MUST_USE enum err revocation_try(const struct revocation *v, const char *sshd, struct text *wrong);

#endif
