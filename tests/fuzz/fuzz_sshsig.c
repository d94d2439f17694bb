/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_sshsig.c - armor in the first half of the inputs; in the second the blob, in armor that is made here. */
#include "client/sshsig.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define BLOB_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text, size_t len)
{
	struct sshsig s;

	if (sshsig_parse(text, len, "knock-v1@sallyport", &s))
		return;
	if (!s.key_len || !s.signature_len || s.key_len + s.signature_len >= len)
		abort();
	sshsig_clear(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char base64[2 * BLOB_MAX], text[2 * BLOB_MAX + 100];
	int len;

	check((const char *)data, size);
	if (size > BLOB_MAX)
		return 0;
	sodium_bin2base64(base64, sizeof base64, data, size, sodium_base64_VARIANT_ORIGINAL);
	len = snprintf(text, sizeof text, "-----BEGIN SSH SIGNATURE-----\n%s\n-----END SSH SIGNATURE-----\n", base64);
	check(text, (size_t)len);
	return 0;
}
