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

/* The last serial from 'first' on that is listed without a gap, as far as one range or page goes. */
static bool range_reach(const struct revoked_ranges *l, uint64_t first, uint64_t *last)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (l->v[mid].last < first)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == l->n || l->v[low].first > first)
		return false;
	*last = l->v[low].last;
	return true;
}

static bool page_reach(const struct revoked_pages *l, uint64_t first, uint64_t *last)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (l->v[mid].page < first / 64)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == l->n || l->v[low].page != first / 64 || !(l->v[low].bits >> first % 64 & 1))
		return false;
	for (*last = first; *last % 64 != 63 && l->v[low].bits >> (*last + 1) % 64 & 1;)
		++*last;
	return true;
}

static bool serials_listed(const struct revoked_certificates *const lists[2], uint64_t first, uint64_t final)
{
	while (true) {
		uint64_t last = 0;
		bool found = false;

		for (size_t i = 0; i < 2 && !found; i++)
			found = lists[i] && (range_reach(&lists[i]->ranges, first, &last) ||
					     page_reach(&lists[i]->pages, first, &last));
		if (!found || last >= final)
			return found;
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
