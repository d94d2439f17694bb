/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sighting.c - what was seen, to bytes and back; the fields are a table. */
#include "audit/sighting.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define NO_TEXT UINT32_MAX

static const size_t texts[] = {
	offsetof(struct sighting, file),    offsetof(struct sighting, account), offsetof(struct sighting, text),
	offsetof(struct sighting, comment), offsetof(struct sighting, known),
};

static const size_t numbers[] = {
	offsetof(struct sighting, kind),     offsetof(struct sighting, flags),	 offsetof(struct sighting, line),
	offsetof(struct sighting, obstacle), offsetof(struct sighting, expires), offsetof(struct sighting, format),
	offsetof(struct sighting, kdf),	     offsetof(struct sighting, rounds),	 offsetof(struct sighting, memory),
	offsetof(struct sighting, sk_flags), offsetof(struct sighting, mode),	 offsetof(struct sighting, uid),
	offsetof(struct sighting, owner),    offsetof(struct sighting, weak),
};

static char **text_at(const struct sighting *s, size_t i)
{
	return (char **)((char *)s + texts[i]);
}

static uint64_t *number_at(const struct sighting *s, size_t i)
{
	return (uint64_t *)((char *)s + numbers[i]);
}

void sighting_clear(struct sighting *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		free(*text_at(s, i));
	free(s->blob);
	*s = (struct sighting){ 0 };
}

static void number_write(uint64_t n, size_t bytes, struct text *out)
{
	uint8_t b[8];

	for (size_t i = 0; i < bytes; i++)
		b[i] = (uint8_t)(n >> 8 * (bytes - 1 - i));
	text_add_bytes(out, b, bytes);
}

static void bytes_write(const void *bytes, size_t len, struct text *out)
{
	number_write(bytes ? len : NO_TEXT, 4, out);
	if (bytes)
		text_add_bytes(out, bytes, len);
}

void sighting_write(const struct sighting *s, struct text *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		number_write(*number_at(s, i), 8, out);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		bytes_write(*text_at(s, i), *text_at(s, i) ? strlen(*text_at(s, i)) : 0, out);
	bytes_write(s->key.type, strlen(s->key.type), out);
	bytes_write(s->key.fingerprint, strlen(s->key.fingerprint), out);
	number_write(s->key.bits, 4, out);
	bytes_write(s->blob, s->blob_len, out);
}

/* *out NULL for what was NULL; a NUL is added. */
static enum err bytes_read(struct reader *r, char **out, size_t *len)
{
	uint32_t n;
	char *copy;
	enum err e = read_u32(r, &n);

	if (e || n == NO_TEXT)
		return e;
	if (n > r->left)
		return ERR_SHORT;
	copy = malloc((size_t)n + 1);
	if (!copy)
		return ERR_MEMORY;
	e = read_bytes(r, copy, n);
	copy[n] = '\0';
	*out = copy;
	*len = n;
	return e;
}

static enum err word_read(struct reader *r, char *out, size_t size)
{
	const uint8_t *at;
	size_t len;
	enum err e = read_string(r, &at, &len);

	if (e)
		return e;
	if (len >= size)
		return ERR_SYNTAX;
	memcpy(out, at, len);
	out[len] = '\0';
	return ERR_NONE;
}

enum err sighting_read(struct reader *r, struct sighting *out)
{
	struct sighting s = { 0 };
	char *blob = NULL;
	uint32_t bits;
	size_t len;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(numbers) && !e; i++)
		e = read_u64(r, number_at(&s, i));
	for (size_t i = 0; i < ARRAY_SIZE(texts) && !e; i++)
		e = bytes_read(r, text_at(&s, i), &len);
	if (!e && !(e = word_read(r, s.key.type, sizeof s.key.type)) &&
	    !(e = word_read(r, s.key.fingerprint, sizeof s.key.fingerprint)) && !(e = read_u32(r, &bits)) &&
	    !(e = bytes_read(r, &blob, &s.blob_len))) {
		s.key.bits = bits;
		s.blob = (uint8_t *)blob;
		e = s.kind < SIGHT_KINDS ? ERR_NONE : ERR_SYNTAX;
	}
	if (e)
		sighting_clear(&s);
	else
		*out = s;
	return e;
}

enum err sightings_add(struct sightings *l, struct sighting *s)
{
	if (l->n == l->size) {
		size_t size = l->size ? l->size * 2 : 64;
		struct sighting *v = reallocarray(l->v, size, sizeof *v);

		if (!v) {
			sighting_clear(s);
			return ERR_MEMORY;
		}
		l->v = v;
		l->size = size;
	}
	l->v[l->n++] = *s;
	*s = (struct sighting){ 0 };
	return ERR_NONE;
}

void sightings_free(struct sightings *l)
{
	for (size_t i = 0; i < l->n; i++)
		sighting_clear(&l->v[i]);
	free(l->v);
	*l = (struct sightings){ 0 };
}
