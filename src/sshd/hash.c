/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hash.c - an open table that doubles before it is three quarters full. */
#include "sshd/hash.h"

#include <stdlib.h>

#include "base/banned.h"

#define FNV_PRIME 0x100000001b3u
#define FIRST_SIZE 16u

uint64_t hash_bytes(uint64_t start, const void *bytes, size_t len)
{
	const unsigned char *b = bytes;

	for (size_t i = 0; i < len; i++)
		start = (start ^ b[i]) * FNV_PRIME;
	return start;
}

uint64_t hash_text(uint64_t start, const char *s)
{
	for (; *s; s++)
		start = (start ^ (unsigned char)*s) * FNV_PRIME;
	return start;
}

static size_t home(uint64_t key, size_t size)
{
	return (size_t)(key * HASH_SPREAD >> 32) & (size - 1);
}

static void slot_put(struct hash_slot *v, size_t size, uint64_t key, void *value)
{
	size_t i = home(key, size);

	while (v[i].value)
		i = (i + 1) & (size - 1);
	v[i] = (struct hash_slot){ key, value };
}

static enum err grow(struct hash *h)
{
	size_t size = h->size ? h->size * 2 : FIRST_SIZE;
	struct hash_slot *v = calloc(size, sizeof *v);

	if (!v)
		return ERR_MEMORY;
	for (size_t i = 0; i < h->size; i++)
		if (h->v[i].value)
			slot_put(v, size, h->v[i].key, h->v[i].value);
	free(h->v);
	h->v = v;
	h->size = size;
	return ERR_NONE;
}

enum err hash_add(struct hash *h, uint64_t key, void *value)
{
	enum err e = (h->n + 1) * 4 > h->size * 3 ? grow(h) : ERR_NONE;

	if (e)
		return e;
	slot_put(h->v, h->size, key, value);
	h->n++;
	return ERR_NONE;
}

void *hash_next(const struct hash *h, uint64_t key, size_t *at)
{
	while (*at < h->size) {
		const struct hash_slot *s = &h->v[(home(key, h->size) + (*at)++) & (h->size - 1)];
		if (!s->value)
			return NULL;
		if (s->key == key)
			return s->value;
	}
	return NULL;
}

void hash_free(struct hash *h)
{
	free(h->v);
	*h = (struct hash){ 0 };
}
