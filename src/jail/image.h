/* SPDX-License-Identifier: GPL-3.0-or-later */
/* image.h - what the dynamic loader would map for one program, in its order. */
#ifndef JAIL_IMAGE_H
#define JAIL_IMAGE_H

#include "base/diag.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"
#include "jail/host.h"

#include <stdbool.h>
#include <stddef.h>

#define IMAGE_NOBODY ((size_t)-1) /* nobody loaded it: the program itself, the loader */

/* The program, its loader, or a library. */
struct mapped {
	const struct object *object;
	const struct way *way; /* as it was found */
	size_t by;	       /* who wanted it first, an index */
	struct strings names;  /* by which it was wanted: who wants it by one of these gets this one */
	char *origin;	       /* $ORIGIN */
	bool beside;	       /* found by the program's own */
};

struct image {
	struct host *host;
	const char *program;	/* whom problems are about */
	bool starts;		/* the first one mapped is started, not only loaded */
	const struct elf *like; /* class and machine of what can be loaded: that of the first one */
	const struct loader *loader;
	struct mapped *v;
	size_t n, size;
	const struct way **more; /* other ways to what is mapped, which have to hold as well */
	size_t nmore, more_size;
	bool plain;	 /* as on a processor that can use no subfolder of glibc-hwcaps */
	size_t wants;	 /* how many were looked up */
	bool own_origin; /* something was found by the program's own $ORIGIN */
};

/* program is borrowed. image_clear() in any case. */
void image_begin(struct image *p, struct host *h, const char *program, bool starts);
/* An ELF file, and who loads it. ERR_TOO_BIG, ERR_MEMORY. */
MUST_USE enum err image_map(struct image *p, const struct way *way, const struct object *object, const char *name,
			    size_t by);
/* The interpreter that the program, the first one mapped, names. ERR_CONFIG. */
MUST_USE enum err image_map_interpreter(struct image *p, struct diags *problems);
/* All that what is mapped from the index 'from' on needs. ERR_CONFIG: problems says what is wrong, and all else was mapped. */
MUST_USE enum err image_map_needs(struct image *p, size_t from, struct diags *problems);
/* What dlopen(name) of the mapped file 'by' finds; ERR_NOT_FOUND. */
MUST_USE enum err image_map_library(struct image *p, const char *name, size_t by, struct diags *problems);
void image_clear(struct image *p);

/* Where the loader finds a library, search.c. */
struct found {
	const struct way *way; /* NULL: nowhere */
	const struct object *object;
	const char *why; /* NULL, or why the loader would fail with it */
	bool own_origin; /* by $ORIGIN of the program */
	bool levelled;	 /* in a subfolder of glibc-hwcaps, which not every processor can use */
	bool ended;	 /* no further folder of this list is looked at */
};
/*
 * What a lesser processor finds, where *f is only for those that are like this one: the system may be moved to another. No way in *base: there is
 * no other one.
 */
MUST_USE enum err search_find_plain(const struct image *p, const char *name, size_t by, const struct found *f,
				    struct found *base);
/* name has no "$" any more. by: IMAGE_NOBODY: the usual folders alone. ERR_MEMORY. */
MUST_USE enum err search_find(const struct image *p, const char *name, size_t by, struct found *out);
/* "$ORIGIN" and its like replaced; *used: the origin was wanted. ERR_NOT_FOUND: it is not known. */
MUST_USE enum err search_expand(const struct image *p, size_t by, const char *text, size_t len, struct text *out,
				bool *used);
/* NULL: it can be loaded. *skip: the loader goes on searching. Static or borrowed. */
const char *search_refuses(const struct image *p, const struct object *o, bool *skip);

#endif
