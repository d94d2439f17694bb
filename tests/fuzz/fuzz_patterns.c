/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_patterns.c - a text and a pattern, with a NUL between them; the wildcard matcher against a slow, obvious one. */
#include "sshd/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define JUDGED 40 /* the obvious one takes too long for more */

/* hit[i]: the pattern so far matches the first i characters. */
static bool obvious(const char *s, const char *pattern)
{
	size_t n = strlen(s);
	bool hit[JUDGED + 1] = { true }, next[JUDGED + 1];

	for (; *pattern; pattern++) {
		for (size_t i = 0; i <= n; i++)
			next[i] = *pattern == '*' ? hit[i] || (i && next[i - 1])
						  : i && hit[i - 1] && (*pattern == '?' || *pattern == s[i - 1]);
		memcpy(hit, next, sizeof hit);
	}
	return hit[n];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 2), *pattern;
	const char *why;

	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	copy[size] = copy[size + 1] = '\0';
	pattern = copy + strlen(copy) + 1;
	if (strlen(copy) < JUDGED && pattern_match(copy, pattern) != obvious(copy, pattern))
		abort();
	pattern_list_match(copy, pattern, false);
	pattern_list_match(copy, pattern, true);
	/* a list that is malformed is so for every address */
	if (pattern_list_match_addr(NULL, pattern) == 0 && pattern_list_match_addr("10.0.0.5", pattern) == -2)
		abort();
	pattern_list_match_cidr(copy, pattern);
	if (!pattern_check_user(pattern, &why) && pattern_match_user(copy, "host.example", "::1", pattern) < 0)
		abort();
	free(copy);
	return 0;
}
