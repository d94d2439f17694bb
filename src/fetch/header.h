/* SPDX-License-Identifier: GPL-3.0-or-later */
/* header.h - what a list of revoked keys says of itself, in comments above its first entry. */
#ifndef FETCH_HEADER_H
#define FETCH_HEADER_H

#include "base/err.h"
#include "base/macros.h"

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/*
 *	# version 42				rises with every list
 *	# date 2026-11-29T12:00:00Z		when it was made
 *
 * They stand inside what is signed, so that whoever passes the list on can neither keep back a newer one under a new number nor give an
 * old one a new date.
 */
struct header {
	uint64_t version;
	time_t date; /* 0: not said */
};

/*
 * From the empty lines and comments at the top. ERR_NOT_FOUND: no version; ERR_SYNTAX: a version or date that is no such thing, or
 * stands there twice; *line then tells where.
 */
MUST_USE enum err header_parse(const char *content, size_t len, struct header *out, unsigned *line);

#endif
