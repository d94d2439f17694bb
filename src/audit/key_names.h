/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_names.h - the names in known_hosts: whose they are, and whether they speak of different hosts. */
#ifndef AUDIT_KEY_NAMES_H
#define AUDIT_KEY_NAMES_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"

#include <stddef.h>

/*
 * What this host is called and where it can be reached: its name with and without its domain, "localhost" and, live, the addresses of its
 * interfaces. ERR_MEMORY. Free with strings_free().
 */
MUST_USE enum err key_names_own(const struct root *r, const char *hostname, struct strings *out);
/*
 * Appends those names of a line ("a,[b]:2222", "|1|SALT|HASH") that are not among 'own', for people. Patterns with "*" or "?" and
 * names behind "!" speak of nobody. A hashed name that is none of ours is "a hashed name". ERR_MEMORY.
 */
MUST_USE enum err key_names_foreign(const char *names, const struct strings *own, struct text *out);

/* The names of several lines with the same key. Start with { 0 }. */
struct key_names {
	struct strings hosts, addresses; /* different ones, without their ports */
	size_t hashed;
};
MUST_USE enum err key_names_add(struct key_names *n, const char *names);
/*
 * Appends "a, b" where they are more than one host can have: two names that differ in their first part, or two addresses of the same
 * family without a name. Hashed names alone tell nothing. ERR_MEMORY.
 */
MUST_USE enum err key_names_differ(const struct key_names *n, struct text *out);
void key_names_free(struct key_names *n);

#endif
