/* SPDX-License-Identifier: GPL-3.0-or-later */
/* owner.h - who may change a file of the host that a jail is made of, and who may come to it. */
#ifndef JAIL_OWNER_H
#define JAIL_OWNER_H

#include "base/diag.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "jail/entry.h"
#include "jail/track.h"

#include <stdbool.h>

/* A file or a folder of the host. */
struct owned {
	char *path;
	struct owned *foreign; /* the first on the way, or this itself, that others than root may change; NULL: none */
	struct owned *closed;  /* the first folder above that not everybody may enter; NULL: none */
	char *who;	       /* of a foreign one, those who may: "bob", "the group staff", "everybody" */
	bool closes;	       /* a folder that not everybody may enter */
	bool told;	       /* of it */
};

/*
 * Jails are brought up to date by root, unattended: whoever may change what goes into them, changes what others run, and has root read for him
 * what is none of his. Looked at once each.
 *
 * Root's is what root owns and neither group nor others may write; we pass for root where we are not. A group that /etc/passwd and /etc/group of
 * the root give to nobody but root may write, as Debian's "staff" in /usr/local: without an access control list.
 */
struct owners;

/* t, which is of the same root, is borrowed for as long. */
MUST_USE enum err owners_new(const struct root *r, struct track *t, struct owners **out);
void owners_free(struct owners *o); /* NULL is fine */
/*
 * path is free of links, but for the last component: of a link only what is above counts. What is not there is nobody's. *out is borrowed.
 * ERR_MEMORY, or what reading the accounts gave.
 */
MUST_USE enum err owners_find(struct owners *o, const char *path, struct owned **out);
/* ERR_CONFIG: it is foreign, and problems says so, once for each that makes it so. */
MUST_USE enum err owners_refuse(struct owners *o, const char *path, struct diags *problems);
/* The same for every row that comes from the host: sources and links, which must not be below a closed folder either. */
MUST_USE enum err owners_check(struct owners *o, const struct entries *all, struct diags *problems);

#endif
