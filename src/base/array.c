/* SPDX-License-Identifier: GPL-3.0-or-later */
/* array.c - arrays that grow by doubling. */
#include "base/array.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/banned.h"

#define FIRST 16

void *array_room(void *v, size_t n, size_t *size, size_t each)
{
	size_t more = *size ? *size * 2 : FIRST;
	void *grown;

	if (n < *size)
		return v;
	if (more > SIZE_MAX / each || !(grown = realloc(v, more * each)))
		return NULL;
	*size = more;
	return grown;
}
