/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_health.c - what was judged once stays so, however much comes behind it. */
#include "gate/health.h"

#include <stdlib.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum health before = HEALTH_MORE;

	if (size > HEALTH_BYTES)
		size = HEALTH_BYTES;
	for (size_t len = 0; len <= size; len++) {
		const enum health h = health_judge(data, len);

		/* only for want of room is what could have come of it no more waited for */
		if (before != HEALTH_MORE && h != before)
			abort();
		if (h == HEALTH_MORE && len >= HEALTH_BYTES)
			abort();
		before = h;
	}
	return 0;
}
