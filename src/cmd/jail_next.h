/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_next.h - what helps with what was found wrong with a jail: the fewest steps, in their order. */
#ifndef CMD_JAIL_NEXT_H
#define CMD_JAIL_NEXT_H

#include "base/macros.h"
#include "base/text.h"
#include "jail/check.h"
#include "jail/manifest.h"

#include <jansson.h>
#include <stdbool.h>

enum jail_step {
	STEP_RECOVER, /* a change was cut off */
	STEP_UNMOUNT,
	STEP_WAY, /* a folder that sshd would refuse */
	STEP_REMOVE,
	STEP_REMAKE, /* remove, then create */
	STEP_HOST,   /* the host lacks what belongs there */
	STEP_SHELL,
	STEP_BLOCK, /* create once more */
	STEP_AWAY,  /* something else stands in the place of what is the user's */
	STEP_UPDATE,
	STEP_OWNER, /* of what is the user's */
	STEP_STARTS,
	STEP_FOREIGN,
	STEP_OUTSIDE,
	STEP_LOOK,
	STEPS
};

/* Start with { 0 }. */
struct jail_next {
	bool wanted[STEPS];
	struct strings paths[STEPS]; /* the first that it is about, escaped */
	size_t npaths[STEPS];
};

/* path: what it is about, in the host, or NULL. ERR_MEMORY. */
MUST_USE enum err jail_next_want(struct jail_next *n, enum jail_step step, const char *path);
/* ERR_MEMORY. */
MUST_USE enum err jail_next_trouble(struct jail_next *n, const struct manifest *m, const struct jail_trouble *t);
/* "  Next: ..." and "  Then: ..." for people; each as a string of the list. */
void jail_next_tell(const struct jail_next *n, const struct jail *j, struct text *out, json_t *list);
void jail_next_clear(struct jail_next *n);

#endif
