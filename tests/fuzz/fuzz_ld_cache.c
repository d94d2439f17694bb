/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_ld_cache.c - any bytes are a cache or refused; each row is found by its name, and in order. */
#include "jail/ld_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct ld_cache *c)
{
	const struct elf wanted = { .wide = true, .machine = 62 };
	const struct ld_cache_row *first = NULL;

	for (size_t i = 0; i < c->n; i++) {
		const size_t n = ld_cache_find(c, c->v[i].soname, &first);

		if (!n || first > &c->v[i] || &c->v[i] >= first + n || (c->v[i].hwcap && c->v[i].legacy))
			abort();
		if (i && strcmp(c->v[i - 1].soname, c->v[i].soname) > 0)
			abort();
		(void)ld_cache_fits(&c->v[i], &wanted);
		if (i > 1000)
			break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *bytes = malloc(size + 1);
	struct ld_cache c = { 0 };

	if (!bytes)
		return 0;
	if (size)
		memcpy(bytes, data, size);
	bytes[size] = '\0';
	if (ld_cache_parse(bytes, size, &c)) {
		free(bytes);
		return 0;
	}
	check(&c);
	ld_cache_clear(&c);
	return 0;
}
