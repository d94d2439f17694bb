/* SPDX-License-Identifier: GPL-3.0-or-later */
/* contents.h - from what was asked for to every single thing that has to stand in a jail. */
#ifndef JAIL_CONTENTS_H
#define JAIL_CONTENTS_H

#include "base/diag.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"
#include "jail/entry.h"
#include "jail/jail.h"

struct ahead;

/*
 * By the host's files as they are now: the shell and the programs with all they need (resolve.h), what the sets name and the rules of what
 * is opened at run time add (data files, sallyport-jail.d(5)), folders, devices, /etc made for the jail (passwd and group with root's and the
 * user's lines only, nsswitch.conf, an ld.so.cache of its own), the home. No digests yet. Each word of j->with that is neither a set nor
 * a program, and what cannot be resolved, is said in problems: ERR_CONFIG.
 */
MUST_USE enum err contents_find(const struct root *r, const struct jail *j, struct entries *out,
				struct diags *problems);
/*
 * The same for whoever makes the jail next: what is looked into is read to its end meanwhile, by another thread, which has ended when the call
 * returns. *known is yours: ahead_free().
 */
MUST_USE enum err contents_find_ahead(const struct root *r, const struct jail *j, struct ahead **known,
				      struct entries *out, struct diags *problems);
/* The same by the data files of these folders. */
MUST_USE enum err contents_find_by(const struct root *r, const struct jail *j, const struct strings *dirs,
				   struct entries *out, struct diags *problems);

/* A set of programs, for people who ask which there are. */
struct jail_set {
	char *name, *summary;
};
/* Sorted by name; *out is yours: jail_sets_free(). ERR_CONFIG: the data files have mistakes, problems tells. */
MUST_USE enum err jail_sets_list(struct jail_set **out, size_t *n, struct diags *problems);
void jail_sets_free(struct jail_set *v, size_t n);

#endif
