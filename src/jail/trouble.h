/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trouble.h - notes what is wrong with a jail; for the files that check jails only. */
#ifndef JAIL_TROUBLE_H
#define JAIL_TROUBLE_H

#include "base/macros.h"
#include "jail/check.h"

/* The path, and the text once it is formatted, are escaped. Above the most of its kind nothing is added. ERR_MEMORY. */
MUST_USE enum err trouble_add(struct jail_troubles *all, enum jail_trouble_kind kind, const char *path,
			      const char *format, ...) FORMAT(4, 5);
void troubles_sort(struct jail_troubles *all);

#endif
