/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_keyfile.c - whatever is said in the place of ssh-keygen -l. */
#include "client/keyfile.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct public_key k;

	if (!keyfile_parse_listing((const char *)data, size, &k) &&
	    (strlen(k.fingerprint) != 50 || !k.type[0] || !k.bits))
		abort();
	return 0;
}
