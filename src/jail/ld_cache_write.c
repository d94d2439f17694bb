/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ld_cache_write.c - the bytes of an ld.so.cache. */
#include "jail/ld_cache_write.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define MAX_LIBRARIES 100000
#define MAGIC "glibc-ld.so.cache1.1"
#define EXTENSION_MAGIC 0xeaa42174u
#define EXTENSION_HWCAPS 1
#define HWCAP_EXTENSION ((uint64_t)1 << 62)
#define ORDER_LITTLE 2
#define ORDER_BIG 3

struct head {
	char magic[sizeof MAGIC - 1];
	uint32_t libraries, strings_size;
	uint8_t order, unused_bytes[3];
	uint32_t extensions; /* where they begin; 0: none */
	uint32_t unused[3];
};

/* The one extension that there is: the names of subfolders, which rows have by their number. */
struct extension {
	uint32_t magic, sections;
	uint32_t tag, flags, at, size;
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

/* The loader goes on to others of the name only until one has none. */
static int hwcap_compare(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) : !a - !b;
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
		order = hwcap_compare(a->hwcap, b->hwcap);
	if (order == 0)
		order = (a->favoured < b->favoured) - (a->favoured > b->favoured);
	return order ? order : strcmp(a->path, b->path);
}

static size_t without_doubles(struct ld_cache_library *v, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (kept == 0 || v[kept - 1].flags != v[i].flags || strcmp(v[kept - 1].name, v[i].name) != 0 ||
		    hwcap_compare(v[kept - 1].hwcap, v[i].hwcap) != 0)
			v[kept++] = v[i];
	return kept;
}

/* Sorted, as the loader goes through them and its own side by side. */
static enum err hwcaps_collect(const struct ld_cache_library *v, size_t n, struct strings *out)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < n && !e; i++)
		if (v[i].hwcap && !strings_has(out, v[i].hwcap))
			e = strings_add(out, v[i].hwcap);
	strings_sort(out);
	return e;
}

static uint64_t hwcap_number(const struct strings *names, const char *name)
{
	for (size_t i = 0; name && i < names->n; i++)
		if (strcmp(names->v[i], name) == 0)
			return HWCAP_EXTENSION | i;
	return 0;
}

/* Behind all else: the extension, the places of its names, the names. */
static void extension_add(const struct strings *names, struct text *out)
{
	const size_t places = out->len + sizeof(struct extension);
	size_t at = places + names->n * sizeof(uint32_t);
	const struct extension extension = { .magic = EXTENSION_MAGIC,
					     .sections = 1,
					     .tag = EXTENSION_HWCAPS,
					     .at = (uint32_t)places,
					     .size = (uint32_t)(names->n * sizeof(uint32_t)) };

	text_add_bytes(out, &extension, sizeof extension);
	for (size_t i = 0; i < names->n; i++) {
		const uint32_t place = (uint32_t)at;

		text_add_bytes(out, &place, sizeof place);
		at += strlen(names->v[i]) + 1;
	}
	for (size_t i = 0; i < names->n; i++)
		text_add_bytes(out, names->v[i], strlen(names->v[i]) + 1);
}

static enum err cache_write(const struct ld_cache_library *v, size_t n, const struct strings *hwcaps, struct text *out)
{
	struct head head = { .magic = MAGIC, .libraries = (uint32_t)n };
	struct text strings = { 0 };
	enum err e;

	for (size_t i = 0; i < n; i++) {
		text_add_bytes(&strings, v[i].name, strlen(v[i].name) + 1);
		text_add_bytes(&strings, v[i].path, strlen(v[i].path) + 1);
	}
	while (hwcaps->n && strings.len % sizeof(uint32_t) && !strings.failed)
		text_add_bytes(&strings, "", 1);
	head.strings_size = (uint32_t)strings.len;
	head.order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ORDER_LITTLE : ORDER_BIG;
	if (hwcaps->n)
		head.extensions = (uint32_t)(sizeof head + n * sizeof(struct row) + strings.len);
	text_add_bytes(out, &head, sizeof head);
	for (size_t i = 0, at = sizeof head + n * sizeof(struct row); i < n; i++) {
		struct row row = { .flags = v[i].flags, .name = (uint32_t)at };

		at += strlen(v[i].name) + 1;
		row.path = (uint32_t)at;
		row.capabilities = hwcap_number(hwcaps, v[i].hwcap);
		at += strlen(v[i].path) + 1;
		text_add_bytes(out, &row, sizeof row);
	}
	if (strings.len)
		text_add_bytes(out, strings.s, strings.len);
	if (hwcaps->n)
		extension_add(hwcaps, out);
	e = strings.failed ? ERR_MEMORY : text_check(out);
	text_free(&strings);
	return e;
}

enum err ld_cache_write(const struct ld_cache_library *v, size_t n, struct text *out)
{
	struct ld_cache_library *sorted;
	struct strings hwcaps = { 0 };
	enum err e;

	if (n > MAX_LIBRARIES)
		return ERR_TOO_BIG;
	if (!(sorted = calloc(n + 1, sizeof *sorted)))
		return ERR_MEMORY;
	if (n > 0)
		memcpy(sorted, v, n * sizeof *v);
	qsort(sorted, n, sizeof *sorted, compare);
	n = without_doubles(sorted, n);
	if (!(e = hwcaps_collect(sorted, n, &hwcaps)))
		e = cache_write(sorted, n, &hwcaps, out);
	strings_free(&hwcaps);
	free(sorted);
	return e;
}
