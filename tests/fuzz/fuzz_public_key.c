/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_public_key.c - the same bytes as a blob and as a line are a key or are refused. */
#include "key/public.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct public_key *k)
{
	if (!k->type[0] || strlen(k->type) >= sizeof k->type || strlen(k->fingerprint) != 50)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct public_key k;

	if (!public_key_parse_blob(data, size, &k))
		check(&k);
	if (!public_key_parse_line((const char *)data, size, &k))
		check(&k);
	return 0;
}
