/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guard.h - what must hold before anything real is touched. */
#ifndef HARDEN_GUARD_H
#define HARDEN_GUARD_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"
#include "harden/check.h"
#include "harden/stage.h"

#include <stdbool.h>
#include <stddef.h>

enum guard_verdict { GUARD_OK, GUARD_REFUSE, GUARD_OVERRIDDEN };

struct guard {
	const char *id; /* "lockout" */
	enum guard_verdict verdict;
	char *detail; /* why, one sentence a line; NULL when all is well */
};

#define GUARD_COUNT 4

struct guards {
	struct guard v[GUARD_COUNT]; /* pending, space, configuration, lockout */
};

/*
 * Looks through all guards with the staged copy in a private world (without root, or
 * where the check itself fails, the configuration guard refuses and says so). overrides: ids that are let pass.
 */
MUST_USE enum err guards_run(const struct check *c, const struct stage *s, const struct strings *overrides,
			     struct guards *out);
/* The first that refuses, or NULL. */
const struct guard *guards_refusal(const struct guards *g);
void guards_clear(struct guards *g);
const char *guard_verdict_text(enum guard_verdict v);
/* What --override takes, NULL-terminated: all but "pending"; "changed" and "proof" belong to rollback and confirm. */
extern const char *const guard_overrides[];

#endif
