/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_weak.c - any blob is judged, and its modulus, cut in two, goes through the search for shared primes. */
#include "key/batch_gcd.h"
#include "key/weak.h"

#include <stdlib.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void shared_check(const uint8_t *modulus, size_t len)
{
	const struct batch_modulus halves[] = { { modulus, len / 2 },
						{ modulus + len / 2, len - len / 2 },
						{ modulus, len } };
	struct batch_hits h;

	if (batch_gcd(halves, ARRAY_SIZE(halves), 1, 0, &h))
		abort();
	for (size_t i = 0; i < h.n; i++)
		if (h.v[i].index >= ARRAY_SIZE(halves) || h.v[i].with >= ARRAY_SIZE(halves) ||
		    h.v[i].with == h.v[i].index)
			abort();
	batch_hits_clear(&h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *modulus;
	unsigned bits = 0;
	size_t len;
	enum err e;

	(void)weak_point(data, size, &bits);
	bits = 0;
	e = weak_rsa(data, size, &bits);
	if (e && bits)
		abort();
	if (e != weak_rsa_modulus(data, size, &modulus, &len) && !(bits & WEAK_NOT_POSITIVE))
		abort();
	if (!e && !(bits & WEAK_NOT_POSITIVE))
		shared_check(modulus, len);
	return 0;
}
