/* SPDX-License-Identifier: GPL-3.0-or-later */
/* package.h - which package files of the host come from. */
#ifndef JAIL_PACKAGE_H
#define JAIL_PACKAGE_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * For many files at once, since the lists of all packages are read: names[i] is yours, NULL where it is not known. Of dpkg by its
 * files; of rpm, on the running system only, by its command. ERR_MEMORY.
 */
MUST_USE enum err packages_find(const struct root *r, const char *const *paths, size_t n, char **names);
/*
 * dpkg's list of the files of one package, a path a line: sets found[i] of the paths that are in it, and leaves the others. The paths are
 * sorted by byte value, each once.
 */
void package_list_scan(const char *content, size_t len, const char *const *paths, size_t n, bool *found);

#endif
