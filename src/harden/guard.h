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

#define GUARDS_MAX 8

struct guards {
	struct guard v[GUARDS_MAX];
	size_t n;
};

/*
 * Looks through pending, space, configuration and lockout with the staged copy in a private world (without root, or
 * where the check itself fails, the configuration guard refuses and says so). overrides: ids that are let pass.
 */
MUST_USE enum err guards_run(const struct check *c, const struct stage *s, const struct strings *overrides,
			     struct guards *out);
/*
 * One more guard: whatever stands in 'why' (taken and emptied), a reason a line, refuses, unless the guard is named in overrides (which does
 * not help against "pending"). id: static. ERR_MEMORY.
 */
MUST_USE enum err guards_add(struct guards *g, const char *id, const struct strings *overrides, struct text *why);
/* What the guards of these names say against it, into 'why'. */
MUST_USE enum err guard_look_pending(const struct root *r, struct text *why);
MUST_USE enum err guard_look_space(const struct root *r, const char *path, unsigned long long bytes, struct text *why);
/* Those of configuration and lockout. *tried: false where the world cannot be had, or the check itself failed; 'refused' says so. */
MUST_USE enum err guard_look_world(const struct check *c, const struct stage *s, struct text *refused,
				   struct text *lost, bool *tried);
/* The first that refuses, or NULL. */
const struct guard *guards_refusal(const struct guards *g);
void guards_clear(struct guards *g);
const char *guard_verdict_text(enum guard_verdict v);
/*
 * What --override takes, NULL-terminated: all but "pending"; "changed" and "proof" belong to rollback and confirm, the last three to hide.
 */
extern const char *const guard_overrides[];

#endif
