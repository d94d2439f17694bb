/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ld_cache_write.h - an ld.so.cache for a jail, as glibc's loader reads it (sysdeps/generic/dl-cache.h). */
#ifndef JAIL_LD_CACHE_WRITE_H
#define JAIL_LD_CACHE_WRITE_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

struct ld_cache_library {
	const char *name;  /* "libc.so.6", what a DT_NEEDED says */
	const char *path;  /* in the jail */
	uint32_t flags;	   /* kind of library and machine, as in the host's cache: 0x0303 on x86-64 */
	uint32_t favoured; /* of several of one name, flags and hwcap the one with the highest is written */
	const char *
		hwcap; /* the subfolder of glibc-hwcaps that it is in: the loader takes it where it can use that; NULL: none */
};

/*
 * The new format ("glibc-ld.so.cache1.1"), which every glibc since 2.2 reads, in the byte order of this machine. The order is that of the
 * loader's binary search: by name, backwards, numbers in it by value; then those with
 * a hwcap, which loaders since glibc 2.33 know and older ones pass over. ERR_TOO_BIG beyond 100000 libraries, ERR_MEMORY.
 */
MUST_USE enum err ld_cache_write(const struct ld_cache_library *v, size_t n, struct text *out);

/* How the loader compares names: its _dl_cache_libcmp(). */
int ld_cache_compare(const char *a, const char *b);

#endif
