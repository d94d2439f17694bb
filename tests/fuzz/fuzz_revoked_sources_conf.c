/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_revoked_sources_conf.c - any text is sources that can be fetched and checked, or a list of mistakes. */
#include "fetch/sources.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What everybody behind sources.h relies on. */
static void check(const struct source *s)
{
	if (!s->name[0] || s->name[0] == '.' || s->name[0] == '-' || strchr(s->name, '/') ||
	    strlen(s->name) > SOURCE_NAME_MAX)
		abort();
	if (s->from[0] != '/' && strncasecmp(s->from, "https://", 8) != 0)
		abort();
	if ((s->keys.n > 0) == (s->signers != NULL) || (s->signers != NULL) != (s->signer != NULL))
		abort();
	for (size_t i = 0; i < s->keys.n; i++)
		if (strpbrk(s->keys.v[i], "\r\n"))
			abort();
	if (s->signer && (s->signer[0] == '-' || s->signers[0] != '/'))
		abort();
	if (!s->name_space[0] || strpbrk(s->name_space, "\",\n ") || s->max_bytes < 1024 ||
	    s->max_bytes > SOURCE_BYTES_MAX || s->seconds < 1 || s->seconds > 600)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sources s = { 0 };
	struct diags problems = { 0 };
	enum err e = sources_parse((const char *)data, size, "fuzz", &s, &problems);

	if ((e == ERR_CONFIG) != (problems.errors > 0) || (e && s.v))
		abort();
	for (size_t i = 0; i < s.n && s.v; i++)
		check(&s.v[i]);
	sources_clear(&s);
	diags_free(&problems);
	return 0;
}
