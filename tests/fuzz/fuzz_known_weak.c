/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_known_weak.c - any list of known keys is read; each line that is a key and was read is then known. */
#include "key/known_weak.h"

#include "key/public.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The key of the last line, if that is one. */
static void check(const struct known_weak *k, const char *content, size_t len)
{
	const char *last = len ? memrchr(content, '\n', len) : NULL;
	const char *line = last ? last + 1 : content;
	struct public_key_line key;
	struct known_weak_hit hit;
	bool known;

	if (public_key_decode_line(line, len - (size_t)(line - content), 902, &key))
		return;
	if (known_weak_look(k, key.blob, key.blob_len, &known, &hit) || !known || !hit.line || !hit.note)
		abort();
	public_key_line_clear(&key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diags problems = { 0 };
	struct known_weak *k;

	if (known_weak_new(&k))
		return 0;
	(void)known_weak_parse(k, "list", (const char *)data, size, &problems);
	check(k, (const char *)data, size);
	if (problems.n > 11)
		abort();
	diags_free(&problems);
	known_weak_free(k);
	return 0;
}
