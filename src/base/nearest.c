/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nearest.c - guess what somebody meant to type. */
#include "base/nearest.h"

#include <stdbool.h>
#include <string.h>

#include "base/banned.h"

#define MAX_LENGTH 64 /* nobody means a longer word */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same(char a, char b)
{
	return lower(a) == lower(b);
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Row i of the table holds the distances of a's first i characters from every beginning of b. */
static size_t distance(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t rows[3][MAX_LENGTH + 1] = { 0 };
	size_t *before = rows[0], *above = rows[1], *row = rows[2], *spare;

	for (size_t j = 0; j <= blen; j++)
		row[j] = j;
	for (size_t i = 1; i <= alen; i++) {
		spare = before;
		before = above;
		above = row;
		row = spare;
		row[0] = i;
		for (size_t j = 1; j <= blen; j++) {
			row[j] = smaller(above[j], row[j - 1]) + 1;
			row[j] = smaller(row[j], above[j - 1] + !same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				row[j] = smaller(row[j], before[j - 2] + 1);
		}
	}
	return row[blen];
}

const char *nearest_word(const char *typed, const char *const *words)
{
	size_t len = strlen(typed), least = 0;
	const char *nearest = NULL;

	if (!len || len > MAX_LENGTH)
		return NULL;
	for (; *words; words++) {
		size_t wlen = strlen(*words), d;

		if (wlen > MAX_LENGTH)
			continue;
		d = distance(typed, len, *words, wlen);
		if (d <= (wlen + 2) / 3 && (!nearest || d < least)) {
			nearest = *words;
			least = d;
		}
	}
	return nearest;
}
