/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_kexinit.c - whatever a server offers, its lists are read or refused. */
#include "wire/probe.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kexinit k;

	if (!kexinit_parse(data, size, &k))
		kexinit_free(&k);
	return 0;
}
