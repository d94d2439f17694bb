/* SPDX-License-Identifier: GPL-3.0-or-later */
/* secret.h - what a process does before it holds a secret. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/err.h"
#include "base/macros.h"

#include <stddef.h>

/*
 * From here on no core of this process or of its children is written, neither to a file nor to a program that collects
 * them, and nobody but root looks into its memory. Secrets themselves lie in sodium_malloc() memory, locked where the
 * system allows it.
 */
MUST_USE enum err secret_begin(void);

/*
 * A file in memory that has no name, for a program that wants one: mode 0600, descriptor above 2. Its path in a process that
 * inherited it is "/proc/self/fd/N".
 */
MUST_USE enum err secret_file(const void *content, size_t len, int *fd);

#endif
