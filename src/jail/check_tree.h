/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check_tree.h - what lies in a jail, looked at by descriptors; for check*.c only. */
#ifndef JAIL_CHECK_TREE_H
#define JAIL_CHECK_TREE_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"
#include "jail/check.h"
#include "jail/manifest.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* One name of a file that the user may change and that has several. */
struct many_names {
	uint64_t device, inode;
	size_t names;
	char *path; /* NULL: no room for more of the user's */
	bool his;
};

/* Of an entry of the manifest. */
struct met {
	bool here;
	bool shared; /* it is the host's very file */
};

/* One look at one jail. */
struct tree_look {
	const struct root *root;
	const struct manifest *manifest; /* NULL: any folder, only the ways out */
	struct jail_troubles *out;
	unsigned milliseconds; /* for what is the user's */

	struct met *met;      /* of the manifest's entries, as many; the caller's */
	struct strings blind; /* rows that were not looked into, "/home" or "" for the top */
	size_t nblind;	      /* all that was not, also what is no row */
	struct many_names *many;
	size_t nmany, many_size;
	size_t his_paths; /* bytes of the paths among them that are the user's */
	struct text path; /* where it is, "" at the top */
	size_t looked_at; /* of what is the user's */
	uint64_t until;	  /* 0: nothing of the user's was met yet */
	bool given_up;
};

/* fd: the jail's top, open for reading. Adds to l->out, fills l->met and l->blind. ERR_MEMORY. */
MUST_USE enum err tree_look_run(struct tree_look *l, int fd);
/* Whether the row lies in a folder that was not looked into. */
bool tree_look_is_blind(const struct tree_look *l, const char *path);
void tree_look_clear(struct tree_look *l);

#endif
