/* SPDX-License-Identifier: GPL-3.0-or-later */
/* array.h - arrays that grow by doubling. */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include "base/macros.h"

#include <stddef.h>

/*
 * Room for one more behind the n elements of 'each' bytes in an array that has room for *size: the array, which may have moved. NULL: no
 * memory; the old one stays as it is. Start with NULL and 0.
 */
MUST_USE void *array_room(void *v, size_t n, size_t *size, size_t each);

#endif
