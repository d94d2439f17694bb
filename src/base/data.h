/* SPDX-License-Identifier: GPL-3.0-or-later */
/* data.h - files of data that we bring along, and those of the administrator in their place. */
#ifndef BASE_DATA_H
#define BASE_DATA_H

#include "base/diag.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

#include <stddef.h>

/*
 * Where data of a kind ("policies") may be, the first first: the administrator's folder under /etc/sallyport, then the
 * source tree of a build folder, or else the installed one.
 */
MUST_USE enum err data_dirs(const char *kind, struct strings *out);
/* The first of the folders that holds the file, as root_read() reads it; *path and *content are yours. ERR_NOT_FOUND. */
MUST_USE enum err data_read(const struct strings *dirs, const char *file, size_t max, char **path, char **content,
			    size_t *len);
/*
 * Calls each for every line of such a file, counted from 1. A line with a NUL byte is noted in problems and passed over; each may do so, too,
 * with what does not fit: all mistakes are seen at once. Stops at the first error that each returns.
 */
MUST_USE enum err data_lines(const char *content, size_t len, const char *file,
			     enum err (*each)(void *arg, unsigned line, const char *text), void *arg,
			     struct diags *problems);

#endif
