/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_ask_ssh.c - whatever is said in the place of ssh -G, and the file names in it. */
#include "client/ask_ssh.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ask_ssh a;
	size_t files;

	if (ask_ssh_parse((const char *)data, size, &a))
		return 0;
	if (!a.hostname || !a.user || !a.port || a.port > 65535)
		abort();
	files = a.identity_files.n;
	if (!ask_ssh_expand_all("typed", &a) && a.identity_files.n > files)
		abort();
	ask_ssh_clear(&a);
	return 0;
}
