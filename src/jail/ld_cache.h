/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ld_cache.h - ld.so.cache: which library of a name lies where, as ldconfig(8) wrote it down. */
#ifndef JAIL_LD_CACHE_H
#define JAIL_LD_CACHE_H

#include "base/err.h"
#include "base/macros.h"
#include "jail/elf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LD_CACHE_PATH "/etc/ld.so.cache"
#define LD_CACHE_MAX ((size_t)64 << 20) /* bytes; that of a large machine has some hundred thousand */

/* A row. The texts are borrowed from the cache. */
struct ld_cache_row {
	const char *soname, *path;
	const char *hwcap; /* the subfolder of glibc-hwcaps that it is in, "x86-64-v3"; NULL: none */
	uint32_t flags;	   /* of what class and machine it is: ld_cache_fits() */
	bool legacy;	   /* for hardware as older releases named it; these are not used any more */
};

struct ld_cache {
	struct ld_cache_row *v; /* by name, and those of one name in the order of the file: the best first */
	size_t n;
	char *bytes; /* the file, which the rows point into */
};

/*
 * The form of glibc 2.2 and later, "glibc-ld.so.cache1.1", of both byte orders, also behind an old one. Takes 'bytes' (which end in a NUL
 * that len does not count) when it succeeds. ERR_SYNTAX, ERR_SHORT, ERR_MEMORY; then *out is as it was and bytes are the caller's.
 */
MUST_USE enum err ld_cache_parse(char *bytes, size_t len, struct ld_cache *out);
/* The rows of a name: the first of them and their number; 0: none. */
size_t ld_cache_find(const struct ld_cache *c, const char *soname, const struct ld_cache_row **first);
bool ld_cache_fits(const struct ld_cache_row *row, const struct elf *wanted_by);
void ld_cache_clear(struct ld_cache *c);

#endif
