/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_private_putty.c - any file as it is, and behind the first words of PuTTY's versions 2 and 3. */
#include "private_keys.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const starts[] = { "PuTTY-User-Key-File-2: ", "PuTTY-User-Key-File-3: " };
	static uint8_t file[PRIVATE_FILE_MAX];
	size_t len;

	private_check(data, size);
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		len = strlen(starts[i]);
		if (!size || len + size > sizeof file)
			continue;
		memcpy(file, starts[i], len);
		memcpy(file + len, data, size);
		private_check(file, len + size);
	}
	return 0;
}
