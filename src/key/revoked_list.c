/* SPDX-License-Identifier: GPL-3.0-or-later */
/* revoked_list.c - arrays that grow while a list of revoked keys is read, and are sorted for looking up. */
#include "key/revoked_list.h"
#include "key/revoked.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum err revoked_blobs_add(struct revoked_blobs *l, const uint8_t *at, size_t len)
{
	struct revoked_blob *v = array_room(l->v, l->n, &l->size, sizeof *v);

	if (!v)
		return ERR_MEMORY;
	l->v = v;
	l->v[l->n++] = (struct revoked_blob){ at, len };
	return ERR_NONE;
}

enum err revoked_certificates_add(struct revoked *r, const uint8_t *ca, size_t len, struct revoked_certificates **out)
{
	struct revoked_certificates *v = array_room(r->cas, r->ncas, &r->cas_size, sizeof *v);

	if (!v)
		return ERR_MEMORY;
	r->cas = v;
	*out = &r->cas[r->ncas++];
	**out = (struct revoked_certificates){ .ca = { ca, len } };
	return ERR_NONE;
}

enum err revoked_range_add(struct revoked_certificates *c, uint64_t first, uint64_t last)
{
	struct revoked_range *v = array_room(c->ranges.v, c->ranges.n, &c->ranges.size, sizeof *v);

	if (!v)
		return ERR_MEMORY;
	c->ranges.v = v;
	c->ranges.v[c->ranges.n++] = (struct revoked_range){ first, last };
	return ERR_NONE;
}

enum err revoked_page_add(struct revoked_certificates *c, uint64_t page, uint64_t bits)
{
	struct revoked_page *v = array_room(c->pages.v, c->pages.n, &c->pages.size, sizeof *v);

	if (!v)
		return ERR_MEMORY;
	c->pages.v = v;
	c->pages.v[c->pages.n++] = (struct revoked_page){ page, bits };
	return ERR_NONE;
}

static int blob_order(const void *a, const void *b)
{
	const struct revoked_blob *x = a, *y = b;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return x->len ? memcmp(x->at, y->at, x->len) : 0;
}

static int certificates_order(const void *a, const void *b)
{
	return blob_order(&((const struct revoked_certificates *)a)->ca, &((const struct revoked_certificates *)b)->ca);
}

static int range_order(const void *a, const void *b)
{
	const struct revoked_range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

static int page_order(const void *a, const void *b)
{
	const struct revoked_page *x = a, *y = b;

	return (x->page > y->page) - (x->page < y->page);
}

/* Copies of a borrowed blob go; copies that are ours are freed. */
static void blobs_sort(struct revoked_blobs *l, bool owned)
{
	size_t n = 0;

	if (!l->n)
		return;
	qsort(l->v, l->n, sizeof *l->v, blob_order);
	for (size_t i = 1; i < l->n; i++) {
		if (blob_order(&l->v[n], &l->v[i]) != 0)
			l->v[++n] = l->v[i];
		else if (owned)
			free((void *)l->v[i].at);
	}
	l->n = n + 1;
}

static void ranges_sort(struct revoked_ranges *l)
{
	size_t n = 0;

	if (!l->n)
		return;
	qsort(l->v, l->n, sizeof *l->v, range_order);
	for (size_t i = 1; i < l->n; i++) {
		if (l->v[i].first > l->v[n].last)
			l->v[++n] = l->v[i];
		else if (l->v[i].last > l->v[n].last)
			l->v[n].last = l->v[i].last;
	}
	l->n = n + 1;
}

static void pages_sort(struct revoked_pages *l)
{
	size_t n = 0;

	if (!l->n)
		return;
	qsort(l->v, l->n, sizeof *l->v, page_order);
	for (size_t i = 1; i < l->n; i++) {
		if (l->v[i].page != l->v[n].page)
			l->v[++n] = l->v[i];
		else
			l->v[n].bits |= l->v[i].bits;
	}
	l->n = n + 1;
}

static enum err certificates_join(struct revoked_certificates *to, struct revoked_certificates *from)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < from->ranges.n && !e; i++)
		e = revoked_range_add(to, from->ranges.v[i].first, from->ranges.v[i].last);
	for (size_t i = 0; i < from->pages.n && !e; i++)
		e = revoked_page_add(to, from->pages.v[i].page, from->pages.v[i].bits);
	for (size_t i = 0; i < from->ids.n && !e; i++)
		e = revoked_blobs_add(&to->ids, from->ids.v[i].at, from->ids.v[i].len);
	return e;
}

static void certificates_clear(struct revoked_certificates *c)
{
	free(c->ranges.v);
	free(c->pages.v);
	free(c->ids.v);
	*c = (struct revoked_certificates){ 0 };
}

/* A KRL may have several sections for one CA. On an error all of them are still there to be freed. */
static enum err certificates_sort(struct revoked *r)
{
	size_t n = 0;
	enum err e;

	if (!r->ncas)
		return ERR_NONE;
	qsort(r->cas, r->ncas, sizeof *r->cas, certificates_order);
	for (size_t i = 1; i < r->ncas; i++) {
		if (certificates_order(&r->cas[n], &r->cas[i]) == 0) {
			if ((e = certificates_join(&r->cas[n], &r->cas[i])))
				return e;
			certificates_clear(&r->cas[i]);
		} else if (++n != i) {
			r->cas[n] = r->cas[i];
			r->cas[i] = (struct revoked_certificates){ 0 };
		}
	}
	r->ncas = n + 1;
	return ERR_NONE;
}

enum err revoked_sort(struct revoked *r)
{
	enum err e;

	blobs_sort(&r->keys, !r->content);
	blobs_sort(&r->sha1, false);
	blobs_sort(&r->sha256, false);
	if ((e = certificates_sort(r)))
		return e;
	for (size_t i = 0; i < r->ncas; i++) {
		ranges_sort(&r->cas[i].ranges);
		pages_sort(&r->cas[i].pages);
		blobs_sort(&r->cas[i].ids, false);
	}
	return ERR_NONE;
}

bool revoked_blobs_have(const struct revoked_blobs *l, const uint8_t *at, size_t len)
{
	const struct revoked_blob blob = { at, len };

	return l->n && bsearch(&blob, l->v, l->n, sizeof *l->v, blob_order);
}

const struct revoked_range *revoked_ranges_find(const struct revoked_ranges *l, uint64_t serial)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (l->v[mid].last < serial)
			low = mid + 1;
		else
			high = mid;
	}
	return low < l->n && l->v[low].first <= serial ? &l->v[low] : NULL;
}

static int page_find(const void *serial, const void *page)
{
	const uint64_t a = *(const uint64_t *)serial / 64, b = ((const struct revoked_page *)page)->page;

	return (a > b) - (a < b);
}

const struct revoked_page *revoked_pages_find(const struct revoked_pages *l, uint64_t serial)
{
	const struct revoked_page *page = l->n ? bsearch(&serial, l->v, l->n, sizeof *l->v, page_find) : NULL;

	return page && page->bits >> serial % 64 & 1 ? page : NULL;
}

static void blobs_free(struct revoked_blobs *l, bool owned)
{
	for (size_t i = 0; owned && i < l->n; i++)
		free((void *)l->v[i].at);
	free(l->v);
}

void revoked_free(struct revoked *r)
{
	if (!r)
		return;
	blobs_free(&r->keys, !r->content);
	blobs_free(&r->sha1, false);
	blobs_free(&r->sha256, false);
	for (size_t i = 0; i < r->ncas; i++)
		certificates_clear(&r->cas[i]);
	free(r->cas);
	free(r->comment);
	free(r->content);
	free(r);
}
