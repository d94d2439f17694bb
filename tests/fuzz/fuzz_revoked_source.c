/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_revoked_source.c - any file of what is to be revoked is read or refused with a line; what was read can be written again. */
#include "key/revoked_source.h"

#include <stdlib.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each entry in a file of its own says the same. */
static void write_again(const struct revoked_source *s)
{
	struct revoked_sources again = { 0 };
	struct diags problems = { 0 };
	struct text t = { 0 }, shown = { 0 };

	if (revoked_source_insert(&t, s) || revoked_source_describe(s, &shown) ||
	    revoked_sources_parse(text_string(&t), t.len, "again", &again, &problems) || again.n != 1 ||
	    !revoked_source_equal(s, &again.v[0]) || again.v[0].until != s->until)
		abort();
	if (revoked_source_delete(&t, &again.v[0]))
		abort();
	revoked_sources_clear(&again);
	if (revoked_sources_parse(text_string(&t), t.len, "again", &again, &problems) || again.n)
		abort();
	revoked_sources_clear(&again);
	diags_free(&problems);
	text_free(&shown);
	text_free(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct revoked_sources l = { 0 };
	struct diags problems = { 0 };
	enum err e = revoked_sources_parse((const char *)data, size, "a.list", &l, &problems);

	if ((e == ERR_CONFIG) != (problems.errors > 0) || (e && l.n))
		abort();
	for (size_t i = 0; i < l.n && i < 50; i++)
		write_again(&l.v[i]);
	revoked_sources_clear(&l);
	diags_free(&problems);
	return 0;
}
