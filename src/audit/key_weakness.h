/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_weakness.h - what is wrong with the numbers in the keys that were seen: each by itself, all together, and by lists. */
#ifndef AUDIT_KEY_WEAKNESS_H
#define AUDIT_KEY_WEAKNESS_H

#include "audit/sighting.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"

/* What the numbers alone say: the bits of key/weak.h, 0 also for what is no key. */
uint64_t key_weakness_of(const uint8_t *blob, size_t len);

/* Lists of keys that are known. Borrowed. */
struct key_weakness_lists {
	const struct root *root;     /* where those that Debian installs are looked for */
	const struct strings *files; /* absolute paths of the running system */
};

/*
 * Adds to .weak of every sighting with a key what all of them together and the lists say. Each key is looked at once, however often it
 * was seen. ERR_MEMORY; else a list that was given cannot be used, and *bad is its name (borrowed).
 */
MUST_USE enum err key_weakness_find(struct sightings *l, const struct key_weakness_lists *lists, struct diags *problems,
				    const char **bad);

#endif
