/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_ssh_arguments.c - the command line of the ssh that runs us. */
#include "client/ssh_arguments.h"

#include <stdint.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ssh_arguments a = { 0 };

	if (ssh_arguments_parse((const char *)data, size, &a) == ERR_NONE)
		ssh_arguments_clear(&a);
	return 0;
}
