/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_carry.c - carried knocks that are read come back the same when they are printed and read again. */
#include "client/carry.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct carried in[CARRY_MAX], again[CARRY_MAX];
	struct text t = { 0 };
	size_t n = 0, n2 = 0;

	if (carry_parse((const char *)data, size, in, &n))
		return 0;
	for (size_t i = 0; i < n; i++)
		carry_print(in[i].host, in[i].port, in[i].datagram, &t);
	if (carry_parse(text_string(&t), t.len, again, &n2) || n2 != n || memcmp(in, again, n * sizeof *in) != 0)
		abort();
	text_free(&t);
	return 0;
}
