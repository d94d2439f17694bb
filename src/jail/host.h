/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host.h - what is known of the host's files while programs are resolved: each is read once. */
#ifndef JAIL_HOST_H
#define JAIL_HOST_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"
#include "jail/elf.h"
#include "jail/known.h"
#include "jail/ld_cache.h"
#include "jail/script.h"
#include "jail/track.h"

#include <stdbool.h>

enum object_kind {
	OBJECT_ELF,
	OBJECT_SCRIPT, /* without an interpreter when its first line names none */
	OBJECT_OTHER,  /* anything else that is a regular file */
	OBJECT_BAD,    /* a folder, a device, a damaged ELF file, one that cannot be read: 'why' */
};

/* A file, at its path free of links. */
struct object {
	const char *path; /* the spot's */
	const struct spot *spot;
	enum object_kind kind;
	struct elf elf;
	struct script script;
	bool has_capability; /* a file capability, of a file that can be run */
	char *why;	     /* of OBJECT_BAD: "it ends within the program headers" */
};

/* What a dynamic loader was built with. */
struct loader {
	char *path; /* as programs name it */
	bool musl;
	struct strings folders; /* searched last, without slashes at the end */
	char *lib;		/* $LIB, "lib/x86_64-linux-gnu" */
};

struct host {
	const struct root *root;
	struct track *track;
	struct ahead *ahead; /* gets the files that were looked into; NULL: nobody does */
	struct known objects, loaders;
	struct ld_cache cache;
	bool has_cache;
	struct strings conf; /* folders of ld.so.conf, when there is no cache */
	bool has_native;
	struct elf native; /* class, byte order and machine of this host's programs, when they are known */
};

/* Start with { 0 }; host_clear() also after an error. */
MUST_USE enum err host_open(struct host *h, const struct root *r);
void host_clear(struct host *h);

/* The object that the way leads to, borrowed from the host; the way has no 'number'. ERR_MEMORY: all else is in its 'why'. */
MUST_USE enum err host_object(struct host *h, const struct spot *spot, const struct object **out);
/* The loader of that path, for files like that; NULL: the one that is usual for them on this host. Borrowed. */
MUST_USE enum err host_loader(struct host *h, const char *interp, const struct elf *like, const struct loader **out);
/* Whether this host can run it: its own class and machine, or the 32 bit sister of it. */
bool host_runs(const struct host *h, const struct elf *e);

#endif
