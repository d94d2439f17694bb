/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_script.c - the first bytes of any file name an interpreter or none; more than the kernel reads changes nothing. */
#include "jail/script.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *copy_of(const uint8_t *data, size_t size)
{
	char *bytes = malloc(size ? size : 1); /* nothing behind it: a read too far shows */

	if (bytes && size)
		memcpy(bytes, data, size);
	return bytes;
}

static void check(const struct script *s)
{
	if (!s->interpreter[0] || strpbrk(s->interpreter, " \t\n") || strlen(s->interpreter) > SCRIPT_LINE)
		abort();
	if (s->program && (!s->program[0] || strchr(s->program, '\n')))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *bytes = copy_of(data, size);
	struct script s = { 0 }, less = { 0 };

	if (!bytes)
		return 0;
	if (!script_parse(bytes, size, &s))
		check(&s);
	else if (s.interpreter || s.program)
		abort();
	if (size > SCRIPT_LINE) {
		if (script_parse(bytes, SCRIPT_LINE, &less)
			    ? s.interpreter != NULL
			    : !s.interpreter || strcmp(s.interpreter, less.interpreter) != 0)
			abort();
	}
	script_clear(&s);
	script_clear(&less);
	free(bytes);
	return 0;
}
