/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_sshd_report.c - what `sshd -T` might print, and the version in the bytes of a binary. */
#include "audit/ask.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_report(const char *printed, size_t len)
{
	struct sshd_report r = { 0 };

	if (report_parse(printed, len, &r)) {
		if (r.names.n || r.values)
			abort();
		return;
	}
	for (size_t i = 0; i < r.names.n; i++) {
		for (const char *s = r.names.v[i]; *s; s++)
			if (!isalnum((unsigned char)*s) || isupper((unsigned char)*s))
				abort();
		if (report_values(&r, r.names.v[i]) != &r.values[i] || r.values[i].n == 0)
			abort();
	}
	report_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned release = 0;
	char *text = NULL;

	check_report((const char *)data, size);
	if ((binary_version((const char *)data, size, &release, &text) == ERR_NONE) != (text != NULL))
		abort();
	free(text);
	return 0;
}
