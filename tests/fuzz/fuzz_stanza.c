/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_stanza.c - an ssh_config of anybody's: our lines go in and out, and the rest is as it was. */
#include "client/stanza.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The hosts of our marks; and as a ProxyCommand of anybody's, and as a word that we put into ours. */
static void read_back(const char *config, size_t size)
{
	struct strings hosts = { 0 };
	struct text copy = { 0 }, command = { 0 };
	char *value = NULL;

	text_add_bytes(&copy, config, size);
	if (text_check(&copy) || stanza_hosts(config, size, &hosts))
		abort();
	for (size_t i = 0; i < hosts.n; i++)
		if (!hosts.v[i][0])
			abort();
	if (stanza_option(text_string(&copy), "--jump", &value) || (value && strlen(value) > size))
		abort();
	free(value);
	value = NULL;
	if (text_string(&copy)[0] &&
	    !stanza_command(
		    &(struct stanza){ "h", "sallyport", (const char *const[]){ "--jump", text_string(&copy), NULL } },
		    &command) &&
	    (stanza_option(text_string(&command), "--jump", &value) ||
	     strcmp(value ? value : "", text_string(&copy)) != 0))
		abort();
	free(value);
	strings_free(&hosts);
	text_free(&copy);
	text_free(&command);
}

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
	read_back(config, size);
	text_free(&with);
	text_free(&without);
	text_free(&plain);
	text_free(&twice);
	return 0;
}
