/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rollback.c - checks before a roll-back, and the roll-back of the timer. */
#include "harden/rollback.h"

#include "base/clock.h"
#include "base/file.h"
#include "harden/apply.h"
#include "harden/timer.h"
#include "harden/transaction.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "base/banned.h"

#define RETRY_MAX 60 /* seconds between two attempts at going back */

static bool shares_file(const struct tx *a, const struct tx *b)
{
	for (size_t i = 0; i < a->nops; i++)
		for (size_t k = 0; k < b->nops; k++)
			if (a->ops[i].kind != OP_MKDIR && strcmp(a->ops[i].path, b->ops[k].path) == 0)
				return true;
	return false;
}

enum err rollback_newer(const struct root *r, const struct tx *t, unsigned *newer)
{
	unsigned *ids = NULL;
	size_t n = 0;
	enum err e = journal_list(r, false, &ids, &n);

	if (e)
		return e;
	*newer = 0;
	while (n-- > 0 && ids[n] > t->id && !*newer) {
		struct tx *other;

		if (journal_read_brief(r, ids[n], &other))
			continue;
		if (tx_in_force(other) && shares_file(other, t))
			*newer = other->id;
		tx_free(other);
	}
	free(ids);
	return ERR_NONE;
}

enum err rollback_changed(const struct root *r, const struct tx *t, size_t *op)
{
	size_t i;

	for (i = 0; i < t->nops; i++) {
		enum op_side side;
		enum err e = op_look(r, &t->ops[i], &side);

		if (e)
			return e;
		if (side == SIDE_OTHER)
			break;
	}
	*op = i;
	return ERR_NONE;
}

static void guard_forget(struct guard *g)
{
	free(g->detail);
	g->detail = NULL;
	g->verdict = GUARD_OK;
}

enum err rollback_guards(const struct facts *f, const struct tx *t, const struct strings *keep,
			 const struct strings *overrides, struct guards *out, char **complaint)
{
	struct past_logins past = { 0 };
	struct keepers keepers = { 0 };
	struct stage *s = NULL;
	struct plan *back = NULL;
	enum err e;

	if ((e = past_logins_read(f->root, clock_wall(), &past)) == ERR_NONE &&
	    (e = keepers_gather(f, keep, &past, &keepers, complaint)) == ERR_NONE &&
	    (e = stage_open(f, &s)) == ERR_NONE && (e = plan_reverse(t->ops, t->nops, s, &back)) == ERR_NONE) {
		struct check check = { .facts = f, .plan = back, .keepers = &keepers };

		e = guards_run(&check, s, overrides, out);
	}
	if (e == ERR_NONE)
		for (size_t i = 0; i < out->n; i++)
			if (strcmp(out->v[i].id, "pending") == 0 || strcmp(out->v[i].id, "space") == 0)
				guard_forget(&out->v[i]);
	plan_free(back);
	stage_close(s);
	keepers_free(&keepers);
	past_logins_free(&past);
	return e;
}

/* ---- the timer ---- */

static void pause_for(unsigned seconds)
{
	struct timespec pause = { .tv_sec = (time_t)seconds };

	nanosleep(&pause, NULL);
}

/* However long it takes: a question that nobody answers may hold the lock, and then this is the only way back. */
static enum err lock_patiently(const struct root *r, int *lock)
{
	enum err e;

	while ((e = journal_lock(r, lock)) == ERR_BUSY)
		pause_for(1);
	return e;
}

static void log_outcome(const struct tx *t, const char *why, enum err e, const char *complaint)
{
	const char *reason = complaint ? complaint : err_text(e); /* before syslog changes errno */

	openlog("sallyport", LOG_PID, LOG_AUTHPRIV);
	if (e == ERR_CHILD && !t->gate.changed)
		syslog(LOG_ERR, "transaction %u (%s): %s, the files are back, but sshd could not be reloaded: %s",
		       t->id, t->what, why, reason);
	else if (e)
		syslog(LOG_ERR, "transaction %u (%s): %s, but it could not be rolled back, which is tried again: %s",
		       t->id, t->what, why, reason);
	else
		syslog(LOG_WARNING, "transaction %u (%s): %s, rolled back", t->id, t->what, why);
	closelog();
}

/* With the lock held. *told: that it failed stands in the log already. */
static enum err undo_if_due(const struct root *r, struct tx *t, bool *wait, bool *told)
{
	/* applying, and nobody holds the lock: whoever began it is dead */
	bool cut = t->state == TX_APPLYING || t->state == TX_ROLLING_BACK;
	const char *why = cut ? "it was cut off" : "it was not confirmed in time";
	char *complaint = NULL;
	enum err e;

	*wait = t->state == TX_WAITING && !timer_due(t);
	if (!cut && (t->state != TX_WAITING || *wait))
		return ERR_NONE;
	e = transaction_undo(r, t, TX_ROLLED_BACK, why, &complaint);
	if (!e || (e == ERR_CHILD && !t->gate.changed) || !*told)
		log_outcome(t, why, e, complaint);
	*told = true;
	free(complaint);
	/* while the gate could not be ended nobody gets in: that is tried until it can be */
	return e && t->gate.changed ? ERR_TIMEOUT : e;
}

static enum err try_when_due(const struct root *r, unsigned id, bool *wait, bool *told)
{
	struct tx *t;
	int lock = -1;
	enum err e;

	if ((e = journal_read_brief(r, id, &t)))
		return e;
	timer_sleep(t);
	tx_free(t);
	if ((e = lock_patiently(r, &lock)))
		return e;
	if ((e = journal_read(r, id, &t)) == ERR_NONE) {
		e = undo_if_due(r, t, wait, told);
		tx_free(t);
	}
	file_close(lock);
	return e;
}

/* What stands in the way may pass: a disk that is full, a file system that is read-only. */
static bool may_pass(enum err e)
{
	return e == ERR_SYSTEM || e == ERR_MEMORY || e == ERR_TIMEOUT;
}

enum err rollback_when_due(const struct root *r, unsigned id)
{
	bool wait = true, told = false;
	unsigned pause = 1;
	enum err e = ERR_NONE;

	while (wait) {
		e = try_when_due(r, id, &wait, &told);
		if (e && !may_pass(e))
			break;
		if (e) {
			wait = true;
			pause_for(pause);
			pause = pause * 2 > RETRY_MAX ? RETRY_MAX : pause * 2;
		}
	}
	return e;
}
