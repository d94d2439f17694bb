/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_ld_conf.c - whatever stands in ld.so.conf gives absolute folders and patterns of one word. */
#include "jail/ld_conf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strings rows = { 0 };
	const size_t skip = strlen(LD_CONF_INCLUDE);

	if (ld_conf_parse((const char *)data, size, &rows) && rows.n)
		abort();
	for (size_t i = 0; i < rows.n; i++) {
		const char *row = rows.v[i];
		const size_t len = strlen(row);

		if (row[0] == '/'
			    ? (len > 1 && row[len - 1] == '/')
			    : (strncmp(row, LD_CONF_INCLUDE, skip) != 0 || !row[skip] || strpbrk(row + skip, " \t\n")))
			abort();
	}
	strings_free(&rows);
	return 0;
}
