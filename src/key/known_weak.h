/* SPDX-License-Identifier: GPL-3.0-or-later */
/* known_weak.h - lists of keys whose private half is known: Debian's of 2008, and whatever else is listed. */
#ifndef KEY_KNOWN_WEAK_H
#define KEY_KNOWN_WEAK_H

#include "base/diag.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A list is a text: one key a line, blank lines and those that begin with '#' aside; what follows the key is its note. A line
 * may hold
 *	6390332dc5c49978627a			the last 20 digits of the MD5 fingerprint: Debian's openssh-blacklist (CVE-2008-0166)
 *	SHA256:679cpb1Taxi4CZu4j0bUxa/...	a fingerprint, also as "ssh-keygen -l" prints it, with the bits in front
 *	[OPTIONS] TYPE BASE64			a public key
 */
struct known_weak;

struct known_weak_hit {
	const char *file; /* the list; borrowed */
	unsigned line;	  /* from 1 */
	const char *note; /* what the list says of the key; "" if nothing; borrowed */
};

MUST_USE enum err known_weak_new(struct known_weak **out); /* ERR_MEMORY */
void known_weak_free(struct known_weak *k);		   /* NULL is fine */

/*
 * Adds the list in a file. A line that cannot be read is a warning in 'problems' and left out, the others count.
 * ERR_SYNTAX: no line of it could be read; ERR_TOO_BIG: more than 64 MiB; ERR_MEMORY; else as root_read(). What was loaded
 * before stays.
 */
MUST_USE enum err known_weak_load(struct known_weak *k, const struct root *r, const char *path, struct diags *problems);
/* The same of a text in memory; 'file' names it. */
MUST_USE enum err known_weak_parse(struct known_weak *k, const char *file, const char *content, size_t len,
				   struct diags *problems);
/* Adds all of Debian's lists that are where ssh-vulnkey(1) looked for them; none is no error. *found (may be NULL): how many. */
MUST_USE enum err known_weak_load_debian(struct known_weak *k, const struct root *r, struct diags *problems,
					 size_t *found);

/*
 * Whether a key, also the one in a certificate, is in one of the lists; *hit is set where it is. ERR_SYNTAX, ERR_SHORT,
 * ERR_TRAILING: no key; ERR_UNSUPPORTED: the system's OpenSSL has no MD5; ERR_MEMORY.
 */
MUST_USE enum err known_weak_look(const struct known_weak *k, const uint8_t *blob, size_t len, bool *known,
				  struct known_weak_hit *hit);

#endif
