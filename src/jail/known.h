/* SPDX-License-Identifier: GPL-3.0-or-later */
/* known.h - things by their path: whatever was looked at once. */
#ifndef JAIL_KNOWN_H
#define JAIL_KNOWN_H

#include "base/err.h"
#include "base/macros.h"

#include <stddef.h>

struct known_place {
	size_t hash; /* of the path */
	void *thing; /* NULL: free */
};

/* The first member of each thing is its path, a char pointer. Start with { 0 }. */
struct known {
	struct known_place *v;
	size_t n, size;
};

void *known_find(const struct known *k, const char *path); /* NULL: none */
/* One whose path is not there yet; the list owns it then. ERR_MEMORY. */
MUST_USE enum err known_add(struct known *k, void *thing);
void known_clear(struct known *k, void (*release)(void *thing)); /* leaves { 0 } */

#endif
