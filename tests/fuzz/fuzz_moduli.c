/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_moduli.c - any file is read, and the filtered one has what it had before but for "#". */
#include "moduli/moduli.h"

#include <stdlib.h>

#include "base/banned.h"

#define MIN_BITS 2048

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count_good(const char *content, size_t len, size_t *small)
{
	struct moduli m;
	size_t good = 0;

	if (moduli_parse(content, len, &m))
		abort();
	*small = 0;
	for (size_t i = 0; i < m.n; i++) {
		if (m.v[i].problem)
			continue;
		good++;
		*small += m.v[i].bits < MIN_BITS;
	}
	moduli_free(&m);
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *content = (const char *)data;
	struct text out = { 0 };
	size_t small, small_after, good = count_good(content, size, &small), changed;

	if (moduli_comment_below(content, size, MIN_BITS, &out, &changed)) {
		if (good != small)
			abort();
		return 0;
	}
	if (out.len != size + changed || count_good(out.s, out.len, &small_after) != good - small || small_after)
		abort();
	text_free(&out);
	return 0;
}
