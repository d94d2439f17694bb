/* SPDX-License-Identifier: GPL-3.0-or-later */
/* start.h - tries whether programs of a jail start, where they cannot do anything; for check_starts.c only. */
#ifndef JAIL_START_H
#define JAIL_START_H

#include "base/err.h"
#include "base/macros.h"

#include <stddef.h>
#include <sys/types.h>

struct start {
	const char *path;   /* in the jail */
	const char *loader; /* to be asked for the libraries; NULL: none */
	const char *found;  /* by its name in the PATH, by env(1); NULL: none */
	enum start_verdict {
		START_UNSURE, /* why has a reason, or is NULL: it was not tried */
		START_WELL,
		START_NOT,
	} verdict;
	char *why; /* yours: what the kernel or the loader said; raw */
};

/*
 * check.h says how. Fills verdict and why of each. ERR_SYSTEM: no such namespaces can be had, or the folder cannot be shown in them;
 * ERR_TIMEOUT: not all were tried in two minutes; ERR_MEMORY. As root. A few seconds after those two minutes it is done, whatever the user
 * does with what is tried.
 */
MUST_USE enum err starts_try(const char *dir, uid_t uid, gid_t gid, struct start *all, size_t n);

#endif
