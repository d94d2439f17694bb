/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_private_pem.c - any bytes as headers, or as the structure of an RSA, DSA or EC key: the first one says which. */
#include "private_keys.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const labels[] = { "RSA PRIVATE KEY", "DSA PRIVATE KEY", "EC PRIVATE KEY" };
	const char *label;

	private_check(data, size);
	if (!size)
		return 0;
	label = labels[data[0] % ARRAY_SIZE(labels)];
	private_check_armored(label, data + 1, size - 1, true);
	private_check_armored(label, data + 1, size - 1, false);
	return 0;
}
