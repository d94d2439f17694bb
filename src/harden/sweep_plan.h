/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sweep_plan.h - take the lines of revoked keys out of files of keys, most of which their owners can change meanwhile. */
#ifndef HARDEN_SWEEP_PLAN_H
#define HARDEN_SWEEP_PLAN_H

#include "audit/sweep.h"
#include "base/err.h"
#include "base/macros.h"
#include "harden/plan.h"
#include "harden/stage.h"

/*
 * One operation for each file with lines of kind SWEEP_KEY, read anew; the stage holds the result. Left as they are, with the
 * reason in 'stays': what a link leads to that others than root may set, files with several names or of a third owner, what cannot
 * be written. ERR_MEMORY, or what the stage gives.
 */
MUST_USE enum err sweep_plan(const struct facts *f, struct sweep *s, struct stage *stage, struct plan *p);

#endif
