/* SPDX-License-Identifier: GPL-3.0-or-later */
/* unpack.h - the bytes of a file that may be packed: by gzip, bzip2, xz or zstd, told by how it begins; else as they are. */
#ifndef AUDIT_UNPACK_H
#define AUDIT_UNPACK_H

#include "base/err.h"
#include "base/macros.h"

#include <stddef.h>

struct unpack;

/* Reads from fd, which stays the caller's. Free with unpack_free(). ERR_MEMORY; ERR_SYSTEM: cannot be read. */
MUST_USE enum err unpack_new(int fd, struct unpack **out);
/*
 * The next bytes, at most 'size'; *n is 0 at the end. Several packed parts one after the other are one file. Memory is bounded,
 * how much comes out is not. ERR_SYNTAX: damaged, or wants more than 128 MiB of memory; ERR_SHORT: cut off; ERR_SYSTEM; ERR_MEMORY.
 */
MUST_USE enum err unpack_read(struct unpack *u, void *out, size_t size, size_t *n);
void unpack_free(struct unpack *u); /* NULL is fine */
/* "zlib 1.2.13, ...": the libraries, for --version. */
const char *unpack_versions(void);

#endif
