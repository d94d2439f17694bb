/* SPDX-License-Identifier: GPL-3.0-or-later */
/* revoked_listed.h - whether a list shuts out what was written down. */
#ifndef KEY_REVOKED_LISTED_H
#define KEY_REVOKED_LISTED_H

#include "key/revoked.h"
#include "key/revoked_source.h"

#include <stdbool.h>

/*
 * Whether everything that the entry stands for is in the list, by whatever words: a certificate also by its key or its CA, a
 * range by several that touch. Whether the entry has ended does not count.
 */
bool revoked_listed(const struct revoked *r, const struct revoked_source *s);

#endif
