/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rollback.h - what must hold before a transaction goes back by hand, and the way it goes back by itself. */
#ifndef HARDEN_ROLLBACK_H
#define HARDEN_ROLLBACK_H

#include "base/err.h"
#include "base/macros.h"
#include "harden/guard.h"
#include "harden/journal.h"

/* Id of a newer transaction in force that changed one of the same files, 0 if there is none. */
MUST_USE enum err rollback_newer(const struct root *r, const struct tx *t, unsigned *newer);
/* The first operation whose file is neither as it was before nor as we wrote it; t->nops if there is none. */
MUST_USE enum err rollback_changed(const struct root *r, const struct tx *t, size_t *op);
/*
 * The old state in a private world: does sshd take it, and does everybody get in? keep and overrides as in guards_run()
 * and keepers_gather(). Only the guards of configuration and lockout count here: going back frees space, and what
 * waits is what goes back.
 */
MUST_USE enum err rollback_guards(const struct facts *f, const struct tx *t, const struct strings *keep,
				  const struct strings *overrides, struct guards *out, char **complaint);
/*
 * What the timer does: sleeps until the deadline, waits for the lock, rolls back what is not
 * confirmed by then or was cut off. Logs to syslog.
 */
MUST_USE enum err rollback_when_due(const struct root *r, unsigned id);

#endif
