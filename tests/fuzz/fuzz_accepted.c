/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_accepted.c - the file of accepted findings, whatever happened to it. */
#include "audit/audit.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct acceptances all = { 0 };
	struct diags problems = { 0 };
	enum err e = acceptances_parse((const char *)data, size, &all, &problems);

	if ((e != ERR_NONE && (all.n || all.v)) || (e == ERR_CONFIG) != (problems.errors > 0))
		abort();
	for (size_t i = 0; i < all.n; i++)
		if (!all.v[i].rule || !all.v[i].reason || !all.v[i].by ||
		    strlen(all.v[i].evidence_digest) != DIGEST_HEX - 1)
			abort();
	while (all.n) {
		size_t n = all.n;

		if (!acceptances_drop(&all, all.v[0].rule) || all.n != n - 1)
			abort();
	}
	acceptances_free(&all);
	diags_free(&problems);
	return 0;
}
