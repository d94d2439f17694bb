/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_spare.c - any bytes are a list of what was kept or none, and one written out is read as the same. */
#include "sshd/spare.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct spare *s = NULL, *again = NULL;
	struct text first = { 0 }, second = { 0 };

	if (spare_parse((const char *)data, size, &s))
		return 0;
	if (s->sshd[0] != '/' || s->nlistens > SPARE_LISTENS || s->arguments.n > SPARE_ARGUMENTS)
		abort();
	spare_print(s, &first);
	if (spare_parse(text_string(&first), first.len, &again))
		abort();
	spare_print(again, &second);
	if (strcmp(text_string(&first), text_string(&second)) != 0)
		abort();
	spare_free(s);
	spare_free(again);
	text_free(&first);
	text_free(&second);
	return 0;
}
