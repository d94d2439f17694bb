/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_jail_set.c - any text is a set or a list of mistakes, and a set written out is read as the same one. */
#include "jail/set.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool parse(const char *content, size_t len, struct set *out)
{
	struct diags problems = { 0 };
	enum err e = set_parse(content, len, "x.set", out, &problems);

	if ((e == ERR_CONFIG) != (problems.errors > 0))
		abort();
	for (size_t i = 0; !e && i < out->n; i++)
		for (size_t k = 0; k < out->v[i].values.n; k++)
			if (out->v[i].values.v[k][0] == '/' && !set_path_is_good(out->v[i].values.v[k]))
				abort();
	diags_free(&problems);
	return e == ERR_NONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text first = { 0 }, second = { 0 };
	struct set s = { 0 }, again = { 0 };

	if (!parse((const char *)data, size, &s))
		return 0;
	set_format(&s, &first);
	if (!parse(text_string(&first), first.len, &again) || again.n != s.n)
		abort();
	set_format(&again, &second);
	if (strcmp(text_string(&first), text_string(&second)) != 0)
		abort();
	set_clear(&s);
	set_clear(&again);
	text_free(&first);
	text_free(&second);
	return 0;
}
