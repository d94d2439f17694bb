/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_krl_write.c - the KRL that is made of any entries is read by our reader, which finds every entry in it, and none that is not there. */
#include "key/krl_write.h"
#include "key/revoked_list.h"
#include "key/revoked_listed.h"
#include "key/serials.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define NOW 1800000000
#define RELEASE 902

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same_blobs(const struct revoked_blobs *a, const struct revoked_blobs *b)
{
	if (a->n != b->n)
		abort();
	for (size_t i = 0; i < a->n; i++)
		if (a->v[i].len != b->v[i].len || (a->v[i].len && memcmp(a->v[i].at, b->v[i].at, a->v[i].len)))
			abort();
}

/* However the serials were written, they are the same ranges. */
static void same_certificates(const struct revoked_certificates *a, const struct revoked_certificates *b)
{
	struct serials x = { 0 }, y = { 0 };

	if (serials_of(a, &x) || serials_of(b, &y) || x.n != y.n)
		abort();
	for (size_t i = 0; i < x.n; i++)
		if (x.v[i].first != y.v[i].first || x.v[i].last != y.v[i].last)
			abort();
	serials_free(&x);
	serials_free(&y);
	same_blobs(&a->ids, &b->ids);
}

static void check(const struct revoked_sources *l, const struct revoked *wanted, const struct text *krl)
{
	struct revoked *r = NULL;
	struct text again = { 0 };
	unsigned line;

	if (revoked_parse((const uint8_t *)krl->s, krl->len, RELEASE, &r, &line, NULL) || r->ncas != wanted->ncas)
		abort();
	same_blobs(&r->keys, &wanted->keys);
	same_blobs(&r->sha1, &wanted->sha1);
	same_blobs(&r->sha256, &wanted->sha256);
	for (size_t i = 0; i < r->ncas; i++)
		same_certificates(&r->cas[i], &wanted->cas[i]);
	for (size_t i = 0; i < l->n; i++)
		if (!revoked_source_expired(&l->v[i], NOW) && !revoked_listed(r, &l->v[i]))
			abort();
	/* what was read is written as it was */
	if (krl_write(r, &(struct krl_head){ r->version, r->generated, r->comment }, &again) || again.len != krl->len ||
	    memcmp(again.s, krl->s, krl->len))
		abort();
	text_free(&again);
	revoked_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct krl_head head = { 1, NOW, KRL_COMMENT };
	struct revoked_sources l = { 0 };
	struct diags problems = { 0 };
	struct revoked *wanted = NULL;
	struct text krl = { 0 };

	if (revoked_sources_parse((const char *)data, size, "a.list", &l, &problems) == ERR_NONE) {
		if (revoked_compile(&l, NOW, &wanted) || krl_write(wanted, &head, &krl))
			abort();
		check(&l, wanted, &krl);
	}
	revoked_free(wanted);
	text_free(&krl);
	revoked_sources_clear(&l);
	diags_free(&problems);
	return 0;
}
