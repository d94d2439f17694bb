/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * resolve.h - what a program needs to start: interpreter, libraries, the links on the way to them. Found by reading files, nothing
 * is ever run (ldd runs the interpreter that a file names).
 */
#ifndef JAIL_RESOLVE_H
#define JAIL_RESOLVE_H

#include "base/diag.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "jail/elf.h"
#include "jail/entry.h"
#include "jail/track.h"

/*
 * The search of glibc's loader as ld.so(8) and its source (elf/dl-load.c, dl-cache.c) have it: DT_RPATH of the file and of those that loaded it
 * unless there is a DT_RUNPATH, DT_RUNPATH of the file, ld.so.cache (with glibc-hwcaps, the best subfolder that this CPU can use first), the
 * default folders unless DF_1_NODEFLIB; $ORIGIN, $LIB, $PLATFORM; only files of the same class and machine. musl's loader by its .path file.
 */
struct resolver;
struct ahead;

/* Reads ld.so.cache of the root once. A root without one is searched by ld.so.conf and the default folders. */
MUST_USE enum err resolver_new(const struct root *r, struct resolver **out);
void resolver_free(struct resolver *rv); /* NULL is fine */

/* Hands each file on that it has looked into from now on; borrowed. */
void resolver_read_ahead(struct resolver *rv, struct ahead *a);
/* What it has looked at, for others to go by the same; lives as long. */
struct track *resolver_track(struct resolver *rv);

/*
 * Adds a program by its absolute path, and whatever starts with it: links on the way (kept as they are, also those of folders, as /bin of
 * a merged /usr), the file they end at, the interpreter of an ELF file or of "#!" (also behind /usr/bin/env, looked up in
 * /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin), every library. What stands in the way is said in problems, with the
 * file that wanted it, and then ERR_CONFIG: it is not there, is a loop of links, is no regular file, is a truncated or foreign ELF file, needs
 * what is not there. A file that is neither ELF nor "#!" is a problem here and none below. After ERR_CONFIG nothing was added, unless
 * something else stands in the entries where a link has to be. Warnings in problems: what loses its setuid bit or capabilities, and what not
 * everybody may run.
 */
MUST_USE enum err resolver_add_program(struct resolver *rv, const char *path, struct entries *into,
				       struct diags *problems);
/* The same for a file that is opened at run time: data, or a library that dlopen() wants with all it needs. ERR_NOT_FOUND when it is not there. */
MUST_USE enum err resolver_add_file(struct resolver *rv, const char *path, struct entries *into,
				    struct diags *problems);
/*
 * A library by its soname, as dlopen("libfoo.so.1") of 'program' would find it, with all that is mapped then but the program itself; a script
 * stands for its interpreter. ERR_NOT_FOUND.
 */
MUST_USE enum err resolver_add_library(struct resolver *rv, const char *soname, const char *program,
				       struct entries *into, struct diags *problems);

/* A library under a name that a program wants it by. */
struct resolver_library {
	char *name;
	const char *path; /* free of links */
	const struct elf *elf;
	const char *program; /* the first that wants it */
	bool beside;	     /* found by that one's own $ORIGIN; the others come along, since the order of all counts */
};
/*
 * Those of the programs that find some by their own $ORIGIN: the loader knows that by /proc alone, so in a jail ld.so.cache has to name
 * them. Borrowed until the next program is added.
 */
const struct resolver_library *resolver_own_libraries(const struct resolver *rv, size_t *n);

#endif
