/* SPDX-License-Identifier: GPL-3.0-or-later */
/* known.c - an open hash table, at most half full. */
#include "jail/known.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define FIRST 256 /* a power of two, as all sizes */

static const char *path_of(const void *thing)
{
	return *(char *const *)thing;
}

/* FNV-1a. */
static size_t hash_of(const char *path)
{
	uint64_t h = 14695981039346656037u;

	for (; *path; path++)
		h = (h ^ (unsigned char)*path) * 1099511628211u;
	return (size_t)(h ^ h >> 32);
}

/* Where it is, or the free place where it would come. */
static struct known_place *place_of(struct known_place *v, size_t size, size_t hash, const char *path)
{
	size_t at = hash & (size - 1);

	while (v[at].thing && (v[at].hash != hash || strcmp(path_of(v[at].thing), path) != 0))
		at = (at + 1) & (size - 1);
	return &v[at];
}

void *known_find(const struct known *k, const char *path)
{
	return k->size ? place_of(k->v, k->size, hash_of(path), path)->thing : NULL;
}

static enum err grow(struct known *k)
{
	const size_t size = k->size ? k->size * 2 : FIRST;
	struct known_place *v = calloc(size, sizeof *v);

	if (!v)
		return ERR_MEMORY;
	for (size_t i = 0; i < k->size; i++)
		if (k->v[i].thing)
			*place_of(v, size, k->v[i].hash, path_of(k->v[i].thing)) = k->v[i];
	free(k->v);
	k->v = v;
	k->size = size;
	return ERR_NONE;
}

enum err known_add(struct known *k, void *thing)
{
	const size_t hash = hash_of(path_of(thing));
	enum err e;

	if (k->n >= k->size / 2 && (e = grow(k)))
		return e;
	*place_of(k->v, k->size, hash, path_of(thing)) = (struct known_place){ .hash = hash, .thing = thing };
	k->n++;
	return ERR_NONE;
}

void known_clear(struct known *k, void (*release)(void *thing))
{
	for (size_t i = 0; i < k->size; i++)
		if (k->v[i].thing)
			release(k->v[i].thing);
	free(k->v);
	*k = (struct known){ 0 };
}
