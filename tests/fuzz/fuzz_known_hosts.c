/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_known_hosts.c - any known_hosts is read; its first word is looked for in it. */
#include "key/known_hosts.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct known_hosts *k, const char *name)
{
	const struct known_host *h = NULL;
	unsigned line = 0;

	while ((h = known_hosts_next(k, name, h))) {
		if (h->line <= line || !h->key.blob)
			abort();
		line = h->line;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct known_hosts k;
	char word[64] = "", *name;

	memcpy(word, data, size < sizeof word ? size : sizeof word - 1);
	word[strcspn(word, " \n")] = '\0';
	if (known_hosts_parse((const char *)data, size, 902, &k))
		return 0;
	if (!known_hosts_name(word, 22, &name)) {
		check(&k, name);
		free(name);
	}
	check(&k, "anna.example.org");
	known_hosts_clear(&k);
	return 0;
}
