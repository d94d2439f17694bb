/* SPDX-License-Identifier: GPL-3.0-or-later */
/* serials.h - the revoked serials of one CA as the fewest ranges. */
#ifndef KEY_SERIALS_H
#define KEY_SERIALS_H

#include "base/err.h"
#include "base/macros.h"
#include "key/revoked_list.h"

#include <stddef.h>

/* Sorted; between any two lies a serial that is not revoked. Start with { 0 }. */
struct serials {
	struct revoked_range *v;
	size_t n;
};

MUST_USE enum err serials_of(const struct revoked_certificates *c, struct serials *out);
void serials_free(struct serials *s); /* leaves { 0 } */

#endif
