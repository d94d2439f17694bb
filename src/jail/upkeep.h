/* SPDX-License-Identifier: GPL-3.0-or-later */
/* upkeep.h - what keeps jails current without anybody: hooks of the package managers, and something that runs every day. */
#ifndef JAIL_UPKEEP_H
#define JAIL_UPKEEP_H

#include "base/diag.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"

#include <stdbool.h>

enum upkeep_kind {
	UPKEEP_PACKAGES, /* after a package manager has changed something */
	UPKEEP_DAILY,	 /* once a day, for whatever changes files without a package manager */
	UPKEEP_KINDS,
};

#define UPKEEP_PARTS 7

struct upkeep_part {
	enum upkeep_kind kind;
	const char *id;	   /* "apt", "dpkg", "dnf4", "dnf5", "timer", "cron", "periodic" */
	const char *where; /* the file in /etc, with the timer its link */
	bool fits;	   /* what would run it is on this host */
	bool there;	   /* it is hooked up; also where it does not fit any more */
};

struct upkeep {
	struct upkeep_part v[UPKEEP_PARTS];
};

/* Reads files only, runs nothing. */
MUST_USE enum err upkeep_look(const struct root *r, struct upkeep *out);
/* Whether one of that kind fits and is hooked up. */
bool upkeep_covers(const struct upkeep *u, enum upkeep_kind kind);
/*
 * Hooks up all that fits; repeatable, writes nothing that is as it should be. For jail create, once the jail is in force: a hook of
 * somebody's own under one of the names, an empty file too, is what they want and stays. What could not be hooked up, and a kind that nothing
 * on this host covers, is a warning in problems, and ERR_NONE: the jail is as good as ever. The timer only on the running system.
 */
MUST_USE enum err upkeep_install(const struct root *r, struct diags *problems);
/* Takes it all away again, but for what is somebody's own. For jail remove, when no jail will be left. As above. */
MUST_USE enum err upkeep_remove(const struct root *r, struct diags *problems);

#endif
