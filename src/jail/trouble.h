/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trouble.h - notes what is wrong with a jail; for the files that check jails only. */
#ifndef JAIL_TROUBLE_H
#define JAIL_TROUBLE_H

#include "base/macros.h"
#include "base/text.h"
#include "jail/check.h"

/* The path, and the text once it is formatted, are escaped. Above the most of its kind nothing is added. ERR_MEMORY. */
MUST_USE enum err trouble_add(struct jail_troubles *all, enum jail_trouble_kind kind, const char *path,
			      const char *format, ...) FORMAT(4, 5);
/* What is left of the reason without the name of the one thing that it is about. */
void trouble_add_cause(const char *why, const char *name, struct text *out);
/* The same for what has a cause (text) that others may share: where one of that kind is there already, it is counted to it. */
MUST_USE enum err trouble_add_alike(struct jail_troubles *all, enum jail_trouble_kind kind, const char *path,
				    const char *cause, const char *format, ...) FORMAT(5, 6);
/* The same for what stands for so many others below it. */
MUST_USE enum err trouble_add_with(struct jail_troubles *all, enum jail_trouble_kind kind, const char *path,
				   size_t more, const char *format, ...) FORMAT(5, 6);
/* By path; programs that do not start last, since what else is wrong may be why. */
void troubles_sort(struct jail_troubles *all);

#endif
