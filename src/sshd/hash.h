/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hash.h - find by a 64-bit key what has been put away under it. */
#ifndef SSHD_HASH_H
#define SSHD_HASH_H

#include "base/err.h"
#include "base/macros.h"

#include <stddef.h>
#include <stdint.h>

/* Not against people who choose what goes in: keys that collide cost time. Chain calls to hash more than one thing. */
#define HASH_START 0xcbf29ce484222325u
#define HASH_SPREAD 0x9e3779b97f4a7c15u /* odd: times this, low bits reach the high ones */
uint64_t hash_bytes(uint64_t start, const void *bytes, size_t len);
uint64_t hash_text(uint64_t start, const char *s);

/* Borrows the values; nothing is ever taken out. Start with { 0 }. */
struct hash {
	struct hash_slot {
		uint64_t key;
		void *value; /* NULL: free */
	} * v;
	size_t n, size;
};
MUST_USE enum err hash_add(struct hash *h, uint64_t key, void *value);
/* The values under a key one after another, NULL behind the last; *at begins with 0. Different things can have the same key. */
void *hash_next(const struct hash *h, uint64_t key, size_t *at);
void hash_free(struct hash *h);

#endif
