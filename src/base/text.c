/* SPDX-License-Identifier: GPL-3.0-or-later */
/* text.c - strings and lists of strings that grow by doubling. */
#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Room for 'more' bytes and a NUL. */
static bool reserve(struct text *t, size_t more)
{
	size_t size = t->size ? t->size : 64;
	char *s;

	if (t->failed)
		return false;
	if (t->s && more < t->size - t->len)
		return true;
	if (more > SIZE_MAX / 4 - t->len)
		goto fail;
	while (size <= t->len + more)
		size *= 2;
	s = realloc(t->s, size);
	if (!s)
		goto fail;
	t->s = s;
	t->size = size;
	return true;
fail:
	t->failed = true;
	return false;
}

void text_add_bytes(struct text *t, const void *bytes, size_t len)
{
	if (!reserve(t, len))
		return;
	if (len)
		memcpy(t->s + t->len, bytes, len);
	t->len += len;
	t->s[t->len] = '\0';
}

void text_add_string(struct text *t, const char *s)
{
	text_add_bytes(t, s, strlen(s));
}

void text_addv(struct text *t, const char *format, va_list ap)
{
	va_list again;
	int len;

	va_copy(again, ap);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0) {
		t->failed = true;
		return;
	}
	if (!reserve(t, (size_t)len))
		return;
	vsnprintf(t->s + t->len, (size_t)len + 1, format, ap);
	t->len += (size_t)len;
}

void text_add(struct text *t, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	text_addv(t, format, ap);
	va_end(ap);
}

/* The Unicode standard, table 3-7: lead bytes, and what the second byte may be; later ones are 80..BF. */
static const struct utf8_form {
	uint8_t lead_from, lead_to, second_from, second_to;
	uint8_t len;
} utf8_forms[] = {
	{ 0x00, 0x7f, 0x00, 0x00, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

static bool continues(const struct utf8_form *f, const uint8_t *b)
{
	if (f->len > 1 && (b[1] < f->second_from || b[1] > f->second_to))
		return false;
	for (size_t i = 2; i < f->len; i++)
		if ((b[i] & 0xc0) != 0x80)
			return false;
	return true;
}

size_t text_utf8_length(const void *bytes, size_t len)
{
	const uint8_t *b = bytes;

	for (size_t i = 0; len && i < ARRAY_SIZE(utf8_forms); i++) {
		const struct utf8_form *f = &utf8_forms[i];

		if (b[0] >= f->lead_from && b[0] <= f->lead_to)
			return len >= f->len && continues(f, b) ? f->len : 0;
	}
	return 0;
}

/* Whether a valid character can do more than be read: move the cursor, end the line, reorder what is shown. */
static bool disturbs(const uint8_t *b, size_t len)
{
	if (len == 1)
		return b[0] < 0x20 || b[0] == 0x7f;
	if (len == 2)
		return b[0] == 0xc2 && b[1] < 0xa0; /* C1 */
	if (len == 3 && b[0] == 0xe2 && b[1] == 0x80)
		return b[2] >= 0xa8 && b[2] <= 0xae; /* U+2028 to U+202E: line ends, embeddings and overrides */
	if (len == 3 && b[0] == 0xe2 && b[1] == 0x81)
		return b[2] >= 0xa6 && b[2] <= 0xa9; /* U+2066 to U+2069: isolates */
	return false;
}

void text_add_escaped(struct text *t, const void *bytes, size_t len)
{
	const uint8_t *b = bytes;

	for (size_t i = 0; i < len;) {
		size_t n = text_utf8_length(b + i, len - i);

		if (n == 1 && b[i] == '\\') {
			text_add_string(t, "\\\\");
		} else if (n && !disturbs(b + i, n)) {
			text_add_bytes(t, b + i, n);
		} else {
			n = n ? n : 1;
			for (size_t k = 0; k < n; k++)
				text_add(t, "\\x%02X", b[i + k]);
		}
		i += n;
	}
}

enum err text_check(const struct text *t)
{
	return t->failed ? ERR_MEMORY : ERR_NONE;
}

const char *text_string(const struct text *t)
{
	return t->s ? t->s : "";
}

char *text_take(struct text *t)
{
	char *s = NULL;

	text_add_bytes(t, "", 0); /* an empty text is "", not NULL */
	if (!t->failed) {
		s = t->s;
		t->s = NULL;
	}
	text_free(t);
	return s;
}

void text_reset(struct text *t)
{
	t->len = 0;
	t->failed = false;
	if (t->s)
		t->s[0] = '\0';
}

void text_free(struct text *t)
{
	free(t->s);
	*t = (struct text){ 0 };
}

/* The list owns s from here on, also when there is no room for it. */
static enum err strings_give(struct strings *l, char *s)
{
	if (!s)
		return ERR_MEMORY;
	if (l->n + 1 >= l->size) {
		size_t size = l->size ? l->size * 2 : 8;
		char **v = reallocarray(l->v, size, sizeof *v);

		if (!v) {
			free(s);
			return ERR_MEMORY;
		}
		l->v = v;
		l->size = size;
	}
	l->v[l->n++] = s;
	l->v[l->n] = NULL;
	return ERR_NONE;
}

/* Back to the first n, after an append that got only half-way. */
static void strings_cut(struct strings *l, size_t n)
{
	while (l->n > n) {
		free(l->v[--l->n]);
		l->v[l->n] = NULL;
	}
}

enum err strings_add(struct strings *l, const char *s)
{
	return strings_give(l, strdup(s));
}

enum err strings_add_bytes(struct strings *l, const char *s, size_t len)
{
	char *copy = malloc(len + 1);

	if (!copy)
		return ERR_MEMORY;
	if (len)
		memcpy(copy, s, len);
	copy[len] = '\0';
	return strings_give(l, copy);
}

enum err strings_add_format(struct strings *l, const char *format, ...)
{
	struct text t = { 0 };
	va_list ap;

	va_start(ap, format);
	text_addv(&t, format, ap);
	va_end(ap);
	return strings_give(l, text_take(&t));
}

enum err strings_copy(struct strings *to, const struct strings *from)
{
	size_t before = to->n, n = from->n;

	for (size_t i = 0; i < n; i++) {
		if (strings_add(to, from->v[i])) {
			strings_cut(to, before);
			return ERR_MEMORY;
		}
	}
	return ERR_NONE;
}

enum err strings_split(struct strings *l, const char *s, const char *separators)
{
	size_t before = l->n;

	while (*(s += strspn(s, separators))) {
		size_t len = strcspn(s, separators);

		if (strings_add_bytes(l, s, len)) {
			strings_cut(l, before);
			return ERR_MEMORY;
		}
		s += len;
	}
	return ERR_NONE;
}

bool strings_has(const struct strings *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->v[i], s))
			return true;
	return false;
}

bool strings_equal(const struct strings *a, const struct strings *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	return true;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strings_sort(struct strings *l)
{
	if (l->n)
		qsort(l->v, l->n, sizeof *l->v, by_bytes);
}

void strings_join(const struct strings *l, const char *between, struct text *out)
{
	for (size_t i = 0; i < l->n; i++) {
		if (i)
			text_add_string(out, between);
		text_add_string(out, l->v[i]);
	}
}

void strings_free(struct strings *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct strings){ 0 };
}
