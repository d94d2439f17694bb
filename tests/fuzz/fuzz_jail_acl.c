/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_jail_acl.c - an access control list says the same as it does read in another way; what is cut off is refused. */
#include "jail/acl.h"

#include <stdlib.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned two(const uint8_t *at)
{
	return at[0] | (unsigned)at[1] << 8;
}

/* By offsets, entry after entry; first the mask. */
static bool is_writable(const uint8_t *data, size_t n)
{
	unsigned mask = 2;

	for (size_t i = 0; i < n; i++)
		if (two(data + 4 + 8 * i) == 0x10)
			mask = two(data + 4 + 8 * i + 2);
	for (size_t i = n; i-- > 0;) {
		const uint8_t *at = data + 4 + 8 * i;

		if (two(at) == 0x20) {
			if (two(at + 2) & 2)
				return true;
			break; /* the last one counts */
		}
	}
	for (size_t i = 0; i < n; i++) {
		const uint8_t *at = data + 4 + 8 * i;
		const bool root = !(at[4] | at[5] | at[6] | at[7]);

		if (((two(at) == 2 && !root) || two(at) == 4 || two(at) == 8) && two(at + 2) & mask & 2)
			return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool writable = false;
	const enum err e = acl_parse(data, size, &writable);

	if (e == ERR_NONE && (size % 8 != 4 || writable != is_writable(data, (size - 4) / 8)))
		abort();
	if (e != ERR_NONE && e != ERR_SHORT && e != ERR_SYNTAX)
		abort();
	return 0;
}
