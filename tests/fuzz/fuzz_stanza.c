/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_stanza.c - an ssh_config of anybody's: our lines go in and out, and the rest is as it was. */
#include "client/stanza.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *config = (const char *)data;
	struct text with = { 0 }, without = { 0 }, plain = { 0 }, twice = { 0 };
	bool found, changed;

	if (stanza_put(config, size, "h", "\tx\n", &with, &found) == ERR_NONE) {
		if (stanza_put(config, size, "h", NULL, &plain, &found) ||
		    stanza_put(text_string(&with), with.len, "h", NULL, &without, &found) || !found)
			abort();
		/* but for the end of the last line */
		if (without.len < plain.len || without.len > plain.len + 1 ||
		    memcmp(text_string(&without), text_string(&plain), plain.len) != 0)
			abort();
	}
	text_reset(&with);
	if (stanza_include(config, size, &with, &changed) ||
	    stanza_include(text_string(&with), with.len, &twice, &changed) || changed)
		abort();
	text_free(&with);
	text_free(&without);
	text_free(&plain);
	text_free(&twice);
	return 0;
}
