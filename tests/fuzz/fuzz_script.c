/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_script.c - whatever stands behind "#!" names an interpreter or none; more than the kernel reads changes nothing. */
#include "jail/script.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *script_of(const uint8_t *data, size_t size)
{
	char *bytes = malloc(size + 2); /* nothing behind it: a read too far shows */

	if (!bytes)
		return NULL;
	memcpy(bytes, "#!", 2);
	if (size)
		memcpy(bytes + 2, data, size);
	return bytes;
}

static void check(const struct script *s)
{
	if (!s->interpreter[0] || strpbrk(s->interpreter, " \t\n") || strlen(s->interpreter) > SCRIPT_LINE)
		abort();
	if (s->program && (!s->program[0] || strchr(s->program, '\n') || s->unclear))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *bytes = script_of(data, size);
	struct script s = { 0 }, less = { 0 };

	if (!bytes)
		return 0;
	size += 2;
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
