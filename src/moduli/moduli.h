/* SPDX-License-Identifier: GPL-3.0-or-later */
/* moduli.h - the file of Diffie-Hellman groups, moduli(5): read as sshd reads it, filter it. */
#ifndef MODULI_MODULI_H
#define MODULI_MODULI_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

enum moduli_problem { /* why sshd would drop a line */
		      MODULI_OK,
		      MODULI_FIELDS,	/* not seven fields with exactly one blank between */
		      MODULI_TYPE,	/* not 2, a safe prime */
		      MODULI_TESTS,	/* composite bit set, or no test was made */
		      MODULI_TRIALS,	/* none */
		      MODULI_SIZE,	/* the size field is not the modulus' bits less one, or out of range */
		      MODULI_GENERATOR, /* not a number above 1 */
		      MODULI_MODULUS,	/* not hexadecimal; or even, which sshd does not notice */
};

struct moduli_entry {
	unsigned line;
	unsigned bits;	    /* of the modulus: the size field plus one */
	unsigned generator; /* small ones only; 0 if it does not fit */
	enum moduli_problem problem;
	char modulus_digest[65]; /* SHA-256 of the hexadecimal text in lower case, to find duplicates */
};

struct moduli {
	struct moduli_entry *v; /* lines that are neither empty nor comments */
	size_t n;
};

/* Never fails on content: every line is an entry with its problem. ERR_MEMORY, ERR_TOO_BIG beyond 1,000,000 entries. */
MUST_USE enum err moduli_parse(const char *content, size_t len, struct moduli *out);
void moduli_free(struct moduli *m);
const char *moduli_problem_text(enum moduli_problem p);
/*
 * Appends content to out with "#" in front of every line below min_bits that sshd would use,
 * all other bytes as they are. *changed: how many. ERR_RANGE, and out untouched, where no good
 * line would remain.
 */
MUST_USE enum err moduli_comment_below(const char *content, size_t len, unsigned min_bits, struct text *out,
				       size_t *changed);

#endif
