/* SPDX-License-Identifier: GPL-3.0-or-later */
/* update_order.c - the order in which an update changes a jail, so that at each moment what is in it starts. */
#include "jail/work.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/banned.h"

enum when {
	NEW,	     /* nothing depends on it not being there */
	SEARCH,	     /* where the loader looks for libraries: it may name new ones, and the old ones are still there */
	NEW_PROGRAM, /* may want what is new */
	LOADER,	     /* it and libc must be of one version, so there is nothing between them */
	LIBC,
	LIBRARY, /* serves old programs, too */
	REST,
	LATER, /* its folder is no folder yet */
};

static const char *name_of(const struct entry *e)
{
	return strrchr(e->path, '/') + 1;
}

/* "libz.so", "libz.so.1", also as a link; never a folder, as "ld.so.conf.d". */
static bool is_library(const struct entry *e)
{
	const char *at = e->kind == ENTRY_FILE || e->kind == ENTRY_LINK ? name_of(e) : "";

	while ((at = strstr(at, ".so")))
		if (at += 3, !*at || *at == '.')
			return true;
	return false;
}

/* ld.so.cache and ld.so.conf; ld-musl-x86_64.path */
static bool is_search(const struct entry *e)
{
	return e->kind == ENTRY_FILE && !strncmp(e->path, "/etc/ld", strlen("/etc/ld"));
}

static enum when when_replaced(const struct entry *e)
{
	const char *name = name_of(e);

	if (!is_library(e))
		return REST;
	/* ld-linux-x86-64.so.2, ld-2.31.so, ld64.so.2, ld.so.1; libc.so.6, libc-2.31.so, libc.musl-x86_64.so.1 */
	if (!strncmp(name, "ld", 2) && strchr("-.6", name[2]))
		return LOADER;
	return !strncmp(name, "libc", 4) && strchr("-.", name[4]) ? LIBC : LIBRARY;
}

static enum when when_new(const struct entry *e)
{
	return e->kind == ENTRY_FILE && (e->mode & 0111) && !is_library(e) ? NEW_PROGRAM : NEW;
}

static enum err look(int top, const struct entry *e, int *when)
{
	const char *name;
	struct stat st;
	int dir = -1;
	enum err err = walk_parent(top, e->path + 1, &dir, &name);

	if (!err && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		err = ERR_SYSTEM;
	if (err && !walk_is_missing(errno)) {
		file_close(dir);
		return err;
	}
	if (err && errno != ENOENT)
		*when = LATER;
	else if (is_search(e))
		*when = SEARCH;
	else
		*when = err ? when_new(e) : when_replaced(e);
	file_close(dir);
	return ERR_NONE;
}

/* By path where nothing else decides: a folder comes before what is in it. */
static int step_compare(const void *a, const void *b)
{
	const struct update_step *x = a, *y = b;

	if (x->when != y->when)
		return x->when < y->when ? -1 : 1;
	return x->entry < y->entry ? -1 : x->entry > y->entry;
}

enum err update_order(int top, int stage, const struct entries *all, const bool *inside, struct update_step **out,
		      size_t *n)
{
	struct update_step *v = calloc(all->n + 1, sizeof *v);
	enum err e = v ? ERR_NONE : ERR_MEMORY;
	size_t found = 0;

	for (size_t i = 0; i < all->n && !e; i++) {
		struct stat st;
		char name[32];

		snprintf(name, sizeof name, "%zu", i);
		if (inside[i])
			continue;
		if (!fstatat(stage, name, &st, AT_SYMLINK_NOFOLLOW)) {
			v[found].entry = i;
			e = look(top, &all->v[i], &v[found++].when);
		} else if (errno != ENOENT) {
			e = ERR_SYSTEM;
		}
	}
	if (e) {
		free(v);
		return e;
	}
	qsort(v, found, sizeof *v, step_compare);
	*out = v;
	*n = found;
	return ERR_NONE;
}
