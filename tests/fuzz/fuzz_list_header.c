/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_list_header.c - a header that was read says the same behind the mark of a list in place, and is not older than itself. */
#include "fetch/pull.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char from[] = "/l";
	const struct source source = { .from = from };
	static char *content; /* still known where it aborts */
	struct pulled p = { .content = content = malloc(size + 1), .len = size };
	struct text t = { 0 };
	uint64_t in_place = 0;
	unsigned line = 0;
	enum err e;

	if (!p.content)
		return 0;
	memcpy(p.content, data, size);
	p.content[size] = '\0';
	e = header_parse(p.content, p.len, &p.header, &line);
	if (e == ERR_NONE && (!p.header.version || p.header.date < 0))
		abort();
	if ((e == ERR_SYNTAX) != (line > 0) || (e && p.header.version))
		abort();
	if (e == ERR_NONE && (pull_format(&source, &p, &t) || pull_compare(&p, t.s, t.len, &in_place) != PULL_SAME ||
			      in_place != p.header.version))
		abort();
	/* and as what is in place: anything may stand there */
	(void)pull_compare(&p, p.content, p.len, &in_place);
	text_free(&t);
	pulled_clear(&p);
	return 0;
}
