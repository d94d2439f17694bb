/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_private_pkcs8.c - any bytes as an open and as an encrypted key of PKCS#8. */
#include "private_keys.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	private_check(data, size);
	private_check_armored("PRIVATE KEY", data, size, true);
	private_check_armored("ENCRYPTED PRIVATE KEY", data, size, true);
	return 0;
}
