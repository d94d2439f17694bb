/* SPDX-License-Identifier: GPL-3.0-or-later */
/* take.h - take programs, files and folders of the host into the rows of a jail. */
#ifndef JAIL_TAKE_H
#define JAIL_TAKE_H

#include "base/diag.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"
#include "jail/entry.h"
#include "jail/owner.h"
#include "jail/resolve.h"
#include "jail/track.h"

#include <stdbool.h>

/* Borrowed, but for 'trees'. What goes wrong is noted in problems, with the file and the line of the data that wanted it. */
struct taking {
	const struct root *r;
	struct resolver *rv;
	struct track *track;
	struct owners *owners;
	struct entries *into;
	struct diags *problems;
	const char *file; /* NULL: the user wanted it */
	unsigned line;
	bool (*is_made)(const char *path); /* files that the jail has of its own: never taken from the host */
	struct strings trees;		   /* that were taken */
};

/* By an absolute path, or by a name that is looked up as a login would. ERR_NOT_FOUND: there is none, nothing was noted. *path is yours. */
MUST_USE enum err take_find(const struct taking *t, const char *name, char **path);
/* The names of all programs there. */
MUST_USE enum err take_names(const struct taking *t, struct strings *out);
/* ERR_CONFIG: noted. */
MUST_USE enum err take_program(struct taking *t, const char *path);
/*
 * All that the pattern matches and that is a file which everybody may read; links on the way are kept. What services keep below /run goes in
 * as content, 'fleeting'. A warning tells of what is below a folder that not everybody may enter: it stays outside.
 */
MUST_USE enum err take_files(struct taking *t, const char *pattern);
/* The same for the file that the path leads to, under the path's own name. */
MUST_USE enum err take_plain(struct taking *t, const char *path);
/* Folders that the pattern matches, with all that is in them and that no exception (fnmatch(3) of the path) matches. */
MUST_USE enum err take_trees(struct taking *t, const char *pattern, const struct strings *except);
/* As dlopen() of the program would find it. */
MUST_USE enum err take_library(struct taking *t, const char *soname, const char *program);
MUST_USE enum err take_folder(struct taking *t, const char *path, bool his);

#endif
