/* SPDX-License-Identifier: GPL-3.0-or-later */
/* revoked_listed.c - asks a list for what was written down, also where there is no key or certificate to ask it with. */
#include "key/revoked_listed.h"

#include "key/revoked_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static int certificates_find(const void *blob, const void *certificates)
{
	const struct revoked_blob *a = blob, *b = &((const struct revoked_certificates *)certificates)->ca;

	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return a->len ? memcmp(a->at, b->at, a->len) : 0;
}

/* Length 0: what is said of any CA. NULL: nothing is. */
static const struct revoked_certificates *certificates_of(const struct revoked *r, const uint8_t *ca, size_t len)
{
	const struct revoked_blob blob = { ca, len };

	return r->ncas ? bsearch(&blob, r->cas, r->ncas, sizeof *r->cas, certificates_find) : NULL;
}

/* The last serial from 'first' on that is listed without a gap, as far as one range or page goes; 0: 'first' is not. */
static uint64_t serials_reach(const struct revoked_certificates *c, uint64_t first)
{
	const struct revoked_range *range = revoked_ranges_find(&c->ranges, first);
	const struct revoked_page *page = revoked_pages_find(&c->pages, first);
	uint64_t last = first;

	if (range)
		return range->last;
	if (!page)
		return 0;
	while (last % 64 != 63 && page->bits >> (last + 1) % 64 & 1)
		last++;
	return last;
}

static bool serials_listed(const struct revoked_certificates *const lists[2], uint64_t first, uint64_t final)
{
	while (true) {
		uint64_t last = 0;

		for (size_t i = 0; i < 2 && !last; i++)
			last = lists[i] ? serials_reach(lists[i], first) : 0;
		if (!last || last >= final)
			return last != 0;
		first = last + 1;
	}
}

static bool id_listed(const struct revoked_certificates *const lists[2], const char *id)
{
	for (size_t i = 0; i < 2; i++)
		if (lists[i] && revoked_blobs_have(&lists[i]->ids, (const uint8_t *)id, strlen(id)))
			return true;
	return false;
}

/* A key that the sshd of this list does not know cannot be looked up, but stands in it byte for byte. */
static bool key_listed(const struct revoked *r, const struct source_blob *b)
{
	enum revoked_verdict verdict;
	const char *how;

	return revoked_blobs_have(&r->keys, b->at, b->len) ||
	       (revoked_look(r, b->at, b->len, &verdict, &how) == ERR_NONE && verdict == REVOKED_YES);
}

bool revoked_listed(const struct revoked *r, const struct revoked_source *s)
{
	const struct revoked_certificates *const lists[2] = { certificates_of(r, s->ca.at, s->ca.len),
							      certificates_of(r, NULL, 0) };

	if (s->kind == SOURCE_SHA256 || s->kind == SOURCE_SHA1)
		return revoked_blobs_have(s->kind == SOURCE_SHA256 ? &r->sha256 : &r->sha1, s->blob.at, s->blob.len);
	if (s->blob.len && key_listed(r, &s->blob))
		return true;
	if (s->kind == SOURCE_KEY)
		return false;
	if (s->ca.len && key_listed(r, &s->ca))
		return true;
	if (s->first)
		return serials_listed(lists, s->first, s->final);
	return s->id && id_listed(lists, s->id);
}
