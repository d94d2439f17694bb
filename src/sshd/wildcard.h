/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wildcard.h - the addresses whose text a pattern matches. */
#ifndef SSHD_WILDCARD_H
#define SSHD_WILDCARD_H

#include "sshd/network.h"

/* Addresses of both families. */
struct wildcard {
	struct ranges v4, v6; /* all of these match, tidy */
	struct ranges mixed4,
		mixed6; /* here the single address decides, in too many pieces to list; tidy, apart from the above */
};

/*
 * The addresses whose text, as address_text() writes it, matches a pattern of "*" and "?". Exact where that takes no more than
 * 'limit' ranges of a family; beyond that ("*.5", "fe80::*") the prefixes that would have to be split further are 'mixed'.
 * ERR_MEMORY. Clear with wildcard_clear().
 */
MUST_USE enum err wildcard_find(const char *pattern, size_t limit, struct wildcard *out);
void wildcard_clear(struct wildcard *w);
/* The first address of a range whose text matches, or does not. ERR_NOT_FOUND; ERR_TOO_BIG: too much work; ERR_MEMORY. */
MUST_USE enum err wildcard_example(const char *pattern, int family, struct range within, bool matching,
				   struct address *out);

#endif
