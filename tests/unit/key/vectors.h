/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vectors.h - lines of what tests/vectors/key/make.py has recorded. */
#ifndef TEST_VECTORS_H
#define TEST_VECTORS_H

#include <stdio.h>
#include <stdlib.h>

#define VECTOR_LINE 8192

/* Calls seen() with each line, its line feed cut off; how many there were. */
static inline unsigned vectors_each(const char *name, void (*seen)(char *line))
{
	const char *source = getenv("SALLYPORT_SOURCE");
	static char line[VECTOR_LINE];
	char path[4096];
	unsigned n = 0;
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/tests/vectors/key/%s", source ? source : ".", name);
	if (!(f = fopen(path, "r")))
		return 0;
	for (; fgets(line, sizeof line, f); n++) {
		line[strcspn(line, "\n")] = '\0';
		seen(line);
	}
	(void)fclose(f);
	return n;
}

#endif
