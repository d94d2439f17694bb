/* SPDX-License-Identifier: GPL-3.0-or-later */
/* proof.h - does what is in force still hold? Asked again after an upgrade, of the programs as they are installed now. */
#ifndef HARDEN_PROOF_H
#define HARDEN_PROOF_H

#include "audit/facts.h"
#include "base/err.h"
#include "base/macros.h"
#include "harden/journal.h"

#include <stdbool.h>
#include <stddef.h>

enum proof_verdict { PROOF_OK, PROOF_FAILED, PROOF_UNKNOWN };

struct proof_check {
	const char *id;
	enum proof_verdict verdict;
	char *detail; /* one sentence a line, or NULL */
};

#define PROOF_MAX 8

struct proof {
	struct proof_check v[PROOF_MAX];
	size_t n;
};

/*
 * Of the running system, which stays as it is: "configuration" (the installed sshd takes it, and a second one in a private world offers
 * what it says), "lockout" (who is logged in, and whom the newest change was to keep, gets in), "wire" (the running server offers what its
 * configuration says); where a port is hidden also "gate-settings", "gate-daemon", "gate-table" and "gate-ports" (a stranger
 * finds nothing). What could not be looked at is unknown. Root only. Clear in every case.
 */
MUST_USE enum err proof_run(const struct facts *f, struct proof *out);
/* The verdict of that check; PROOF_OK where it was not made. */
enum proof_verdict proof_verdict(const struct proof *p, const char *id);
bool proof_failed(const struct proof *p); /* one of them */
/* Nothing failed, and the configuration could be tried. */
bool proof_holds(const struct proof *p);
const char *proof_verdict_text(enum proof_verdict v);
void proof_clear(struct proof *p);

/* The newest change of sshd's configuration in force; ERR_NOT_FOUND. */
MUST_USE enum err proof_change(const struct root *r, struct tx **out);
/* Those whom t was to keep and who have an account still, as words for --keep. */
MUST_USE enum err proof_kept(const struct root *r, const struct tx *t, struct strings *out);
/* Is a change of ours in force, or a port hidden? */
MUST_USE enum err proof_wanted(const struct root *r, bool *wanted);

#endif
