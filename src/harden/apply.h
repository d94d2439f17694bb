/* SPDX-License-Identifier: GPL-3.0-or-later */
/* apply.h - do the operations of a plan, and put them back; each step can be cut anywhere. */
#ifndef HARDEN_APPLY_H
#define HARDEN_APPLY_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"
#include "harden/journal.h"

enum op_side {
	SIDE_OLD,   /* what is on disk is what was there before */
	SIDE_NEW,   /* what we wrote */
	SIDE_OTHER, /* neither: somebody else changed it */
};

/* Which side is on disk: content, owner and mode count. */
MUST_USE enum err op_look(const struct root *r, const struct op *op, enum op_side *side);
/* All ops find the old side; else ERR_CHANGED and *bad is the index of the first that does not. */
MUST_USE enum err apply_check(const struct root *r, const struct op *ops, size_t n, size_t *bad);
/* Notes the times of every folder that the ops will change. */
MUST_USE enum err apply_note_folders(const struct root *r, struct tx *t);
/* Does all in order. A failure leaves some of them done: undo. */
MUST_USE enum err apply_do(const struct root *r, const struct tx *t);
/*
 * Puts the old side back, whatever was reached; can be repeated. What somebody else changed is
 * kept as found/N first. Two halves, with the reload of sshd between them: the
 * configuration, then the files that only the new configuration named, and the
 * times of the folders.
 */
MUST_USE enum err apply_undo_config(const struct root *r, const struct tx *t);
MUST_USE enum err apply_undo_rest(const struct root *r, const struct tx *t);
/* What stands on disk against what we wrote, as a diff; for SIDE_OTHER. */
MUST_USE enum err op_diff_found(const struct root *r, const struct op *op, struct text *out);

#endif
