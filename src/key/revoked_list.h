/* SPDX-License-Identifier: GPL-3.0-or-later */
/* revoked_list.h - the inside of a struct revoked: filled by the readers of revoked.c and krl.c, then sorted once. */
#ifndef KEY_REVOKED_LIST_H
#define KEY_REVOKED_LIST_H

#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct revoked_blob {
	const uint8_t *at;
	size_t len;
};
struct revoked_blobs {
	struct revoked_blob *v;
	size_t n, size;
};

struct revoked_range {
	uint64_t first, last;
};
struct revoked_ranges {
	struct revoked_range *v;
	size_t n, size;
};

/* 64 serials in a row, as bitmaps have them: the lowest bit is serial 64 * page. */
struct revoked_page {
	uint64_t page, bits;
};
struct revoked_pages {
	struct revoked_page *v;
	size_t n, size;
};

/* Certificates of one CA, or of all. */
struct revoked_certificates {
	struct revoked_blob ca; /* plain blob; length 0: any CA */
	struct revoked_ranges ranges;
	struct revoked_pages pages;
	struct revoked_blobs ids;
};

struct revoked {
	unsigned release;
	bool krl, fault;  /* a text with a line that sshd cannot read; nothing below it is here */
	uint8_t *content; /* of a KRL: what the blobs borrow from; NULL: each is ours */
	struct revoked_blobs keys, sha1, sha256;
	struct revoked_certificates *cas;
	size_t ncas, cas_size;
	uint64_t version, generated;
	char *comment;
	size_t serials, nranges; /* as the KRL lists them */
};

MUST_USE enum err revoked_blobs_add(struct revoked_blobs *l, const uint8_t *at, size_t len);
/* Of a sorted list. */
bool revoked_blobs_have(const struct revoked_blobs *l, const uint8_t *at, size_t len);
/* The range that this serial lies in, of a sorted list; NULL: none. Borrowed. */
const struct revoked_range *revoked_ranges_find(const struct revoked_ranges *l, uint64_t serial);
/* The page with the bit of this serial set, likewise. */
const struct revoked_page *revoked_pages_find(const struct revoked_pages *l, uint64_t serial);
/* Borrowed, until the next one is added. */
MUST_USE enum err revoked_certificates_add(struct revoked *r, const uint8_t *ca, size_t len,
					   struct revoked_certificates **out);
MUST_USE enum err revoked_range_add(struct revoked_certificates *c, uint64_t first, uint64_t last);
MUST_USE enum err revoked_page_add(struct revoked_certificates *c, uint64_t page, uint64_t bits);
/* Sorts all of it and takes duplicates out, so that it can be searched. */
MUST_USE enum err revoked_sort(struct revoked *r);

/* Fills r from the content, which it owns already, and sorts it. As revoked_parse(); *why is static. */
MUST_USE enum err krl_read(struct revoked *r, size_t len, const char **why);
bool krl_has_magic(const uint8_t *content, size_t len);

#endif
