/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ld_cache_write.c - the bytes of an ld.so.cache. */
#include "jail/ld_cache_write.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define MAX_LIBRARIES 100000
#define MAGIC "glibc-ld.so.cache1.1"
#define ORDER_LITTLE 2
#define ORDER_BIG 3

struct head {
	char magic[sizeof MAGIC - 1];
	uint32_t libraries, strings_size;
	uint8_t order, unused_bytes[3];
	uint32_t
		extensions; /* where they begin; none here: what suits this machine was chosen when the jail was made */
	uint32_t unused[3];
};

struct row {
	uint32_t flags, name, path, unused; /* texts by their place in the file */
	uint64_t capabilities;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The loader's int overflows for long numbers; here, as there in practice, it wraps. */
static uint32_t number_take(const char **s)
{
	uint32_t value = 0;

	while (is_digit(**s))
		value = value * 10 + (uint32_t)(*(*s)++ - '0');
	return value;
}

int ld_cache_compare(const char *a, const char *b)
{
	while (*a) {
		if (is_digit(*a) != is_digit(*b))
			return is_digit(*a) ? 1 : -1;
		if (is_digit(*a)) {
			const uint32_t left = number_take(&a), right = number_take(&b);

			if (left != right)
				return (int32_t)(left - right) < 0 ? -1 : 1;
		} else if (*a != *b) {
			return *a < *b ? -1 : 1;
		} else {
			a++;
			b++;
		}
	}
	return *b ? -1 : 0;
}

static int compare(const void *left, const void *right)
{
	const struct ld_cache_library *a = left, *b = right;
	int order = ld_cache_compare(b->name, a->name);

	if (order == 0)
		order = strcmp(b->name, a->name); /* "libx.so.01" and "libx.so.1" are one to the loader */
	if (order == 0)
		order = (a->flags < b->flags) - (a->flags > b->flags);
	if (order == 0)
		order = (a->favoured < b->favoured) - (a->favoured > b->favoured);
	return order ? order : strcmp(a->path, b->path);
}

static size_t without_doubles(struct ld_cache_library *v, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (kept == 0 || v[kept - 1].flags != v[i].flags || strcmp(v[kept - 1].name, v[i].name) != 0)
			v[kept++] = v[i];
	return kept;
}

enum err ld_cache_write(const struct ld_cache_library *v, size_t n, struct text *out)
{
	struct head head = { .magic = MAGIC };
	struct ld_cache_library *sorted;
	struct text strings = { 0 };
	enum err e;

	if (n > MAX_LIBRARIES)
		return ERR_TOO_BIG;
	if (!(sorted = calloc(n + 1, sizeof *sorted)))
		return ERR_MEMORY;
	if (n > 0)
		memcpy(sorted, v, n * sizeof *v);
	qsort(sorted, n, sizeof *sorted, compare);
	n = without_doubles(sorted, n);
	for (size_t i = 0; i < n; i++) {
		text_add_bytes(&strings, sorted[i].name, strlen(sorted[i].name) + 1);
		text_add_bytes(&strings, sorted[i].path, strlen(sorted[i].path) + 1);
	}
	head.libraries = (uint32_t)n;
	head.strings_size = (uint32_t)strings.len;
	head.order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ORDER_LITTLE : ORDER_BIG;
	text_add_bytes(out, &head, sizeof head);
	for (size_t i = 0, at = sizeof head + n * sizeof(struct row); i < n; i++) {
		struct row row = { .flags = sorted[i].flags, .name = (uint32_t)at };

		at += strlen(sorted[i].name) + 1;
		row.path = (uint32_t)at;
		at += strlen(sorted[i].path) + 1;
		text_add_bytes(out, &row, sizeof row);
	}
	if (strings.len)
		text_add_bytes(out, strings.s, strings.len);
	e = strings.failed ? ERR_MEMORY : text_check(out);
	text_free(&strings);
	free(sorted);
	return e;
}
