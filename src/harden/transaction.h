/* SPDX-License-Identifier: GPL-3.0-or-later */
/* transaction.h - a change of the running system as a whole: journalled, applied, proven, timed, and put back. */
#ifndef HARDEN_TRANSACTION_H
#define HARDEN_TRANSACTION_H

#include "audit/facts.h"
#include "base/err.h"
#include "base/macros.h"
#include "harden/journal.h"
#include "harden/keep.h"
#include "harden/plan.h"

struct transaction_request {
	const struct facts *facts; /* from before; its files must still be the same */
	const struct plan *plan;
	const struct keepers *keepers;
	const char *what;	  /* the command line, for the history */
	const char *key;	  /* fingerprint of the key of the session it came from, likewise; NULL: not known */
	uint64_t confirm_seconds; /* 0: in force at once */
	const struct revocation
		*revocation; /* a new list of revoked keys that is asked once it is there; NULL: there is none */
	bool may_lock_out;   /* the lockout guard was overridden: the proof does not insist on it either */
	struct tx_gate gate; /* of a change of the gate: how it is now */
	/*
	 * What makes the files count once they are written, and shows that they do; what is wrong is said in 'wrong', and then all goes
	 * back. NULL: sshd reads its configuration anew and is looked at. Signals that would end us are held: interrupt_pending().
	 */
	enum err (*perform)(void *arg, const struct tx *t, struct text *wrong);
	void *arg;
};

struct transaction_outcome {
	struct tx *tx;	/* NULL: nothing was journalled */
	char *failed;	/* why it went back, or NULL */
	bool went_back; /* the old state is in place again */
	bool reloaded;	/* a running sshd read the new configuration */
	bool wire_seen; /* and was seen on the wire to do so */
	char *unproven; /* what could not be looked at, or NULL */
};

/*
 * The caller holds the lock and has passed the guards. Journals, arms the timer,
 * swaps, reloads, proves; any failure after the first change puts everything back and is
 * told in 'failed'. Signals that would end us wait until it is safe: ERR_INTERRUPTED. ERR_CHANGED: a file
 * is not as it was when planned, nothing was done. Clear the outcome in every case.
 */
MUST_USE enum err transaction_apply(const struct transaction_request *q, struct transaction_outcome *out);
void transaction_outcome_clear(struct transaction_outcome *o);

/*
 * Puts t back: files, reload, files that only the new configuration named. Ends in
 * TX_ROLLED_BACK (or TX_RECOVERED) with the note. Repeatable after a crash. ERR_CHILD and what else a reload may give: the
 * configuration is back, but sshd (or the gate, in a change of that) could not be reloaded, so that t stays TX_ROLLING_BACK; *complaint (yours) says why.
 */
MUST_USE enum err transaction_undo(const struct root *r, struct tx *t, enum tx_state end, const char *note,
				   char **complaint);
/*
 * On the running system, after an undo: whether sshd, where it runs, answers again and offers what its configuration says; waits up to
 * five seconds for that. *complaint is yours, NULL: all is well, or it cannot be looked at from here. As facts_gather().
 */
MUST_USE enum err transaction_prove_back(const struct tx *t, char **complaint);
/* Also keeps a copy of what is confirmed, for the rescue sshd (confirmed.h); that this failed is no error. */
MUST_USE enum err transaction_confirm(const struct root *r, struct tx *t, const char *note);
/*
 * A session of a keeper (of anybody, where nobody was to be kept) that began after the swap, and not by a rescue sshd; NULL: none. Those who are
 * in jailed count neither as keepers nor by their sessions.
 */
const struct session *transaction_new_login(const struct tx *t, const struct sessions *s, const struct strings *jailed);

struct recovery {
	unsigned id;
	enum tx_state from, to; /* equal: the timer was armed again */
	enum err err;
	int number;   /* errno of ERR_SYSTEM */
	bool damaged; /* its journal cannot be read (err); from and to mean nothing */
};

/*
 * Finishes what a crash left: applying and rolling-back go to the old state; waiting goes
 * there too when its time has passed or the machine was started anew (boot, or no mark in /run); a dead timer is
 * armed again. The caller holds the lock. *done is yours (free()).
 */
MUST_USE enum err transactions_recover(const struct root *r, bool boot, struct recovery **done, size_t *n);
/* Whether transactions_recover() would have something to do; cheap, takes no lock. */
bool transactions_unfinished(const struct root *r);
/* The newest transaction in one of these states (bits 1 << state); ERR_NOT_FOUND. With contents. */
MUST_USE enum err transaction_newest(const struct root *r, unsigned states, struct tx **out);

#endif
