/* SPDX-License-Identifier: GPL-3.0-or-later */
/* transaction.c - the order of things in a change, and in its undoing. */
#include "harden/transaction.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "harden/apply.h"
#include "harden/check.h"
#include "harden/confirmed.h"
#include "harden/gate_service.h"
#include "harden/reload.h"
#include "harden/timer.h"
#include "sshd/spare.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define PROVE_MS 8000

void transaction_outcome_clear(struct transaction_outcome *o)
{
	tx_free(o->tx);
	free(o->failed);
	free(o->unproven);
	*o = (struct transaction_outcome){ 0 };
}

/* ---- a new transaction ---- */

static char *account_name(void)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *pw = getpwuid(getuid());
	struct text t = { 0 };

	if (sudo && sudo[0])
		text_add(&t, "%s by sudo", sudo);
	else if (pw)
		text_add_string(&t, pw->pw_name);
	else
		text_add(&t, "uid %ld", (long)getuid());
	return text_take(&t);
}

static char *own_address(const struct facts *f)
{
	for (size_t i = 0; i < f->sessions.n; i++)
		if (f->sessions.v[i].ours)
			return strdup(f->sessions.v[i].addr);
	return NULL;
}

static enum err copy_keepers(const struct keepers *from, struct keepers *to)
{
	to->v = calloc(from->n + 1, sizeof *to->v);
	if (!to->v)
		return ERR_MEMORY;
	for (size_t i = 0; i < from->n; i++) {
		const struct keeper *k = &from->v[i];
		struct keeper *c = &to->v[to->n++];

		*c = (struct keeper){ .user = strdup(k->user), .lport = k->lport, .reason = k->reason };
		c->addr = k->addr ? strdup(k->addr) : NULL;
		c->laddr = k->laddr ? strdup(k->laddr) : NULL;
		if (!c->user || (k->addr && !c->addr) || (k->laddr && !c->laddr))
			return ERR_MEMORY;
	}
	return ERR_NONE;
}

static enum err copy_ops(const struct plan *p, struct tx *t)
{
	t->ops = calloc(p->nops + 1, sizeof *t->ops);
	if (!t->ops)
		return ERR_MEMORY;
	for (size_t i = 0; i < p->nops; i++) {
		enum err e;

		t->nops = i + 1;
		if ((e = op_copy(&p->ops[i], &t->ops[i])))
			return e;
	}
	return ERR_NONE;
}

static void set_deadline(struct tx *t)
{
	t->deadline_boot_ms = clock_boot_ms() + t->confirm_seconds * 1000;
	t->deadline = clock_wall() + (time_t)t->confirm_seconds;
}

static enum err new_tx(const struct transaction_request *q, struct tx **out)
{
	struct tx *t = calloc(1, sizeof *t);
	enum err e = ERR_MEMORY;

	if (!t)
		return ERR_MEMORY;
	t->what = strdup(q->what);
	t->by = account_name();
	t->from = own_address(q->facts);
	t->key = q->key ? strdup(q->key) : NULL;
	t->config_path = strdup(q->facts->config_path);
	t->gate = q->gate;
	t->started = clock_wall();
	t->confirm_seconds = q->confirm_seconds;
	set_deadline(t);
	if (t->what && t->by && t->config_path && (t->key || !q->key) && (e = copy_ops(q->plan, t)) == ERR_NONE &&
	    (e = copy_keepers(q->keepers, &t->keepers)) == ERR_NONE)
		e = apply_note_folders(q->facts->root, t);
	if (e)
		tx_free(t);
	else
		*out = t;
	return e;
}

/* ---- proof ---- */

static void say_missing(json_t *missing, struct text *wrong)
{
	size_t i;
	json_t *o;

	json_array_foreach(missing, i, o)
	{
		const char *keyword, *wanted, *found;

		if (json_unpack(o, "{s:s,s:s,s:s}", "keyword", &keyword, "wanted", &wanted, "found", &found) == 0)
			text_add(wrong, "%s is %s instead of %s; ", keyword, found[0] ? found : "unset", wanted);
	}
}

static void say_lost(json_t *lost, struct text *wrong)
{
	size_t i;
	json_t *o;

	json_array_foreach(lost, i, o)
	{
		const char *user = json_string_value(json_object_get(o, "user"));
		const char *detail = json_string_value(json_object_get(o, "detail"));

		if (user)
			text_add(wrong, "%s would not get in any more%s%s; ", user, detail ? ": " : "",
				 detail ? detail : "");
	}
}

static enum err prove_files(const struct transaction_request *q, const struct facts *now, struct transaction_outcome *o,
			    struct text *wrong)
{
	struct check c = { .facts = now, .plan = q->plan, .keepers = q->keepers };
	json_t *missing = json_array(), *lost = json_array();
	char *complaint = NULL;
	enum err e = missing && lost ? check_values(&c, missing, &complaint) : ERR_MEMORY;

	if (e == ERR_CHILD) {
		text_add(wrong, "sshd refuses the new configuration: %s; ", complaint ? complaint : err_text(e));
		e = ERR_NONE;
	}
	/* where sshd was not started /run/sshd is missing, and sshd -T refuses; the staged world had one */
	if (e == ERR_UNSUPPORTED && now->service.pid <= 0) {
		if (!o->unproven)
			o->unproven = strdup("sshd does not answer before it is started");
		e = ERR_NONE;
	}
	if (e == ERR_NONE && !q->may_lock_out)
		e = check_lost(&c, lost);
	if (e == ERR_NONE && q->revocation)
		e = revocation_check(q->revocation, q->facts->root, wrong);
	say_missing(missing, wrong);
	say_lost(lost, wrong);
	free(complaint);
	json_decref(missing);
	json_decref(lost);
	return e;
}

/* One look at the running server. *again: it may still be starting. */
static enum err prove_wire(const struct facts *now, struct transaction_outcome *o, struct text *wrong, bool *again)
{
	struct text differs = { 0 };
	enum err e = ERR_NONE;

	*again = false;
	if (!now->wire_tried || now->wire_err == ERR_PENALTY) {
		if (!o->unproven)
			o->unproven = strdup("the running server could not be looked at from here");
	} else if (now->wire_err) {
		*again = true;
		text_add(wrong, "the server does not answer at %s (%s); ", now->wire_where, err_text(now->wire_err));
	} else if ((e = check_wire(&now->report, &now->wire.kexinit, &differs)) == ERR_NONE) {
		*again = differs.len > 0;
		o->wire_seen = differs.len == 0;
		text_add_string(wrong, text_string(&differs));
	}
	text_free(&differs);
	return e;
}

static enum err fresh_facts(const struct facts *f, struct facts **out)
{
	struct facts_options again = { .root = NULL, .config = f->config_path, .sshd = f->sshd };

	return facts_gather(&again, out);
}

/* What is wrong, or nothing, after at most PROVE_MS. */
static enum err prove(const struct transaction_request *q, struct transaction_outcome *o, struct text *wrong)
{
	uint64_t end = clock_boot_ms() + PROVE_MS;
	struct timespec pause = { .tv_nsec = 50 * 1000000L };
	bool again = true;
	enum err e = ERR_NONE;

	while (e == ERR_NONE && again) {
		struct facts *now;

		text_reset(wrong);
		if ((e = fresh_facts(q->facts, &now)))
			return e;
		if (o->reloaded)
			e = prove_wire(now, o, wrong, &again);
		else
			again = false;
		if (e == ERR_NONE && !again)
			e = prove_files(q, now, o, wrong);
		facts_free(now);
		if (again && (interrupt_pending() || clock_boot_ms() > end))
			break;
		if (again)
			nanosleep(&pause, NULL);
	}
	return e ? e : text_check(wrong);
}

/* ---- apply ---- */

static enum err reload_now(const struct transaction_request *q, struct transaction_outcome *o, struct text *wrong)
{
	struct service service = { 0 };
	char *complaint = NULL;
	enum err e = q->plan->reload ? ERR_NONE : ERR_NOT_FOUND;

	/* looked for anew: minutes may lie between the facts and the answer of a person */
	if (e == ERR_NONE && (e = service_find(q->facts->effective, &service)) == ERR_NONE)
		e = sshd_reload(&service, &complaint);
	service_clear(&service);
	o->reloaded = e == ERR_NONE;
	if (e == ERR_NOT_FOUND)
		e = ERR_NONE;
	if (e)
		text_add(wrong, "sshd could not be reloaded: %s", complaint ? complaint : err_text(e));
	free(complaint);
	return e == ERR_MEMORY ? e : ERR_NONE;
}

/* Everything between the first change and the proof. wrong stays empty when it went well. */
static enum err swap_and_prove(const struct transaction_request *q, struct transaction_outcome *o, struct text *wrong)
{
	const struct root *r = q->facts->root;
	enum err e = apply_do(r, o->tx);

	if (e) {
		text_add(wrong, "a file could not be written: %s", err_text(e));
		return ERR_NONE;
	}
	if (!q->facts->live)
		return ERR_NONE;
	e = q->perform ? q->perform(q->arg, o->tx, wrong) : reload_now(q, o, wrong);
	if (e || wrong->len || (!q->perform && (e = prove(q, o, wrong))))
		return e;
	o->tx->swapped_boot_ms = clock_boot_ms(); /* only now: before the reload logins went by the old configuration */
	if (interrupt_pending()) {
		text_reset(wrong);
		text_add_string(wrong, "it was interrupted");
	}
	return text_check(wrong);
}

/* sshd ends where it cannot go on with what it is to read anew, and nobody starts it again. */
static void revive(const struct transaction_request *q, struct text *wrong)
{
	struct service now = { 0 };
	char *complaint = NULL;
	enum err e = service_find(q->facts->effective, &now);

	if (e == ERR_NONE && now.pid <= 0 && q->facts->service.pid > 0) {
		e = sshd_start(&q->facts->service, &complaint);
		text_add(wrong, "; sshd had ended, and %s", e ? "does not run: start it" : "was started");
	}
	free(complaint);
	service_clear(&now);
}

static enum err go_back(const struct transaction_request *q, struct transaction_outcome *o, struct text *wrong)
{
	char *complaint = NULL;
	enum err e;

	while (wrong->len && strchr("; ", wrong->s[wrong->len - 1]))
		wrong->s[--wrong->len] = '\0';
	e = transaction_undo(q->facts->root, o->tx, TX_ROLLED_BACK, text_string(wrong), &complaint);
	o->went_back = e == ERR_NONE || e == ERR_CHILD;
	if (complaint && o->reloaded)
		text_add(wrong, "; and sshd could not be reloaded with the old configuration: %s", complaint);
	free(complaint);
	if (o->reloaded)
		revive(q, wrong);
	o->failed = text_take(wrong);
	return e;
}

/* For the rescue sshd. What was kept before is better than nothing, and the change is none the worse for it. */
static void keep_copy(const struct root *r, const struct tx *t)
{
	if (root_is_live(r))
		(void)!confirmed_keep(r, t->config_path);
}

static enum err finish(const struct transaction_request *q, struct transaction_outcome *o)
{
	bool timed = q->facts->live && o->tx->confirm_seconds > 0;
	enum err e;

	if (!timed) {
		o->tx->confirm_seconds = 0;
		if (!(e = journal_set_state(q->facts->root, o->tx, TX_CONFIRMED, NULL)))
			keep_copy(q->facts->root, o->tx);
		return e;
	}
	set_deadline(o->tx);
	return journal_set_state(q->facts->root, o->tx, TX_WAITING, NULL);
}

static enum err check_unchanged(const struct transaction_request *q, struct transaction_outcome *o)
{
	size_t bad;
	enum err e = apply_check(q->facts->root, q->plan->ops, q->plan->nops, &bad);

	if (e == ERR_CHANGED)
		o->failed = strdup(q->plan->ops[bad].path);
	return e;
}

/* Nothing was swapped yet: to undo would put our old side over what somebody else has just written. */
static enum err leave_alone(const struct root *r, struct transaction_outcome *o, enum err why)
{
	enum err e = journal_set_state(r, o->tx, TX_ROLLED_BACK, "a file was changed meanwhile, nothing was done");

	if (root_is_live(r))
		timer_disarm(o->tx);
	o->went_back = e == ERR_NONE;
	return e ? e : why;
}

static enum err apply_held(const struct transaction_request *q, struct transaction_outcome *o)
{
	const struct root *r = q->facts->root;
	struct text wrong = { 0 };
	enum err e;

	if ((e = check_unchanged(q, o)) || (e = new_tx(q, &o->tx)) || (e = journal_create(r, o->tx)))
		return e;
	/* The way back stands before the first change, so that our death in the middle is only a delay. */
	if (q->facts->live && o->tx->confirm_seconds && (e = timer_arm(o->tx)))
		text_add(&wrong, "the timer could not be armed: %s", err_text(e));
	else if ((e = check_unchanged(q, o))) /* the journal and the timer took their time */
		return leave_alone(r, o, e);
	else
		e = swap_and_prove(q, o, &wrong);
	if (e == ERR_NONE && !wrong.len && (e = finish(q, o)) == ERR_NONE) {
		text_free(&wrong);
		return ERR_NONE;
	}
	if (!wrong.len)
		text_add_string(&wrong, err_text(e));
	if (!e)
		e = interrupt_pending() ? ERR_INTERRUPTED : ERR_CHILD;
	if (go_back(q, o, &wrong))
		e = ERR_SYSTEM;
	text_free(&wrong);
	return e;
}

enum err transaction_apply(const struct transaction_request *q, struct transaction_outcome *out)
{
	sigset_t old;
	enum err e;

	*out = (struct transaction_outcome){ 0 };
	interrupt_hold(&old);
	e = apply_held(q, out);
	interrupt_release(&old);
	return e;
}

/* ---- undo ---- */

/* The running sshd, by the configuration as it is now. */
static enum err find_service(const struct tx *t, struct service *out)
{
	struct facts_options o = { .config = t->config_path, .only_config = true };
	struct facts *f;
	enum err e = facts_gather(&o, &f);

	if (e)
		return e;
	*out = f->service;
	f->service = (struct service){ 0 }; /* the caller owns it now */
	facts_free(f);
	return ERR_NONE;
}

static enum err reload_old(const struct tx *t, char **complaint)
{
	struct service service = { 0 };
	enum err e = find_service(t, &service);

	if (e == ERR_NONE)
		e = sshd_reload(&service, complaint);
	if (e && e != ERR_NOT_FOUND && service.pid > 0 && service.manager != SERVICE_NONE) {
		/* whatever the manager holds against it, or if it says nothing: the old configuration must be in force again */
		free(*complaint);
		*complaint = NULL;
		service.manager = SERVICE_NONE;
		e = sshd_reload(&service, complaint);
	}
	service_clear(&service);
	return e == ERR_NOT_FOUND ? ERR_NONE : e;
}

static enum err undo_held(const struct root *r, struct tx *t, enum tx_state end, const char *note, char **complaint)
{
	bool confirmed = t->state == TX_CONFIRMED;
	enum err e, undone, reloaded = ERR_NONE;
	int kept;

	/*
	 * Where the disk is full the way back must not hang on a note in the journal: what waits or was cut off
	 * is put back again by recover. Only what is confirmed would be taken for in force if this is cut off.
	 */
	if (t->state != TX_ROLLING_BACK && (e = journal_set_state(r, t, TX_ROLLING_BACK, note)) && confirmed)
		return e;
	undone = apply_undo_config(r, t);
	kept = errno;
	if (root_is_live(r))
		reloaded = t->gate.changed ? gate_service_return(&t->gate, complaint) : reload_old(t, complaint);
	errno = kept;
	/* while sshd has the new configuration it needs the files that this names: recover and the timer try again */
	if ((e = undone) || (e = reloaded) || (e = apply_undo_rest(r, t)) || (e = journal_set_state(r, t, end, note)))
		return e;
	if (root_is_live(r))
		timer_disarm(t);
	/* what was confirmed is gone, and with it files that its copy names */
	if (confirmed)
		keep_copy(r, t);
	return ERR_NONE;
}

enum err transaction_prove_back(const struct tx *t, char **complaint)
{
	const uint64_t end = clock_boot_ms() + PROVE_MS;
	const struct timespec pause = { .tv_nsec = 50 * 1000000L };
	struct facts_options o = { .config = t->config_path };
	struct text wrong = { 0 };
	bool again = true;
	enum err e = ERR_NONE;

	while (e == ERR_NONE && again) {
		struct transaction_outcome outcome = { 0 };
		struct facts *now;

		text_reset(&wrong);
		if ((e = facts_gather(&o, &now)))
			break;
		again = false;
		if (now->service.pid > 0)
			e = prove_wire(now, &outcome, &wrong, &again);
		facts_free(now);
		transaction_outcome_clear(&outcome);
		if (clock_boot_ms() > end)
			break;
		if (again)
			nanosleep(&pause, NULL);
	}
	while (wrong.len && strchr("; ", wrong.s[wrong.len - 1]))
		wrong.s[--wrong.len] = '\0';
	*complaint = e == ERR_NONE && wrong.len ? text_take(&wrong) : NULL;
	text_free(&wrong);
	return e;
}

enum err transaction_undo(const struct root *r, struct tx *t, enum tx_state end, const char *note, char **complaint)
{
	sigset_t old;
	enum err e;

	*complaint = NULL;
	interrupt_hold(&old);
	e = undo_held(r, t, end, note, complaint);
	interrupt_release(&old);
	return e;
}

enum err transaction_confirm(const struct root *r, struct tx *t, const char *note)
{
	enum err e = journal_set_state(r, t, TX_CONFIRMED, note);

	if (e == ERR_NONE && root_is_live(r))
		timer_disarm(t);
	if (e == ERR_NONE)
		keep_copy(r, t);
	return e;
}

static bool is_kept(const struct keepers *k, const char *user, const struct strings *jailed)
{
	bool anybody = true;

	if (strings_has(jailed, user))
		return false;
	for (size_t i = 0; i < k->n; i++) {
		if (strcmp(k->v[i].user, user) == 0)
			return true;
		anybody = anybody && strings_has(jailed, k->v[i].user);
	}
	return anybody;
}

/* Those of a rescue came in by what was confirmed before. What cannot be read might say so of any. */
static struct spare_rescue last_rescue(void)
{
	struct spare_rescue v = { 0, UINT64_MAX };
	struct root *live = NULL;

	if (!root_open(NULL, &live) && spare_rescue_load(live, &v) == ERR_NOT_FOUND)
		v = (struct spare_rescue){ 0, 0 };
	root_close(live);
	return v;
}

const struct session *transaction_new_login(const struct tx *t, const struct sessions *s, const struct strings *jailed)
{
	const struct spare_rescue rescue = last_rescue();

	for (size_t i = 0; i < s->n; i++) {
		const uint64_t began = s->v[i].started_boot_ms;

		if (began > t->swapped_boot_ms && (began < rescue.from_ms || began > rescue.until_ms) &&
		    is_kept(&t->keepers, s->v[i].user, jailed))
			return &s->v[i];
	}
	return NULL;
}

/* ---- recover ---- */

enum err transaction_newest(const struct root *r, unsigned states, struct tx **out)
{
	unsigned *ids = NULL;
	size_t n = 0;
	enum err e = journal_list(r, false, &ids, &n), found = ERR_NOT_FOUND;

	while (e == ERR_NONE && found == ERR_NOT_FOUND && n-- > 0) {
		struct tx *t;

		if (journal_read_brief(r, ids[n], &t))
			continue;
		if (states & 1u << t->state)
			found = journal_read(r, ids[n], out);
		tx_free(t);
	}
	free(ids);
	return e ? e : found;
}

static bool must_go_back(const struct root *r, const struct tx *t, bool boot)
{
	char mark[64];

	if (t->state == TX_APPLYING || t->state == TX_ROLLING_BACK)
		return true;
	if (t->state != TX_WAITING || !root_is_live(r))
		return false;
	snprintf(mark, sizeof mark, "/run/sallyport/timer-%u", t->id);
	return boot || timer_due(t) || access(mark, F_OK) != 0;
}

bool transactions_unfinished(const struct root *r)
{
	unsigned *ids = NULL;
	size_t n = 0;
	bool found = false;

	if (journal_list(r, false, &ids, &n))
		return false;
	for (size_t i = 0; i < n && !found; i++) {
		struct tx *t;

		if (journal_read_brief(r, ids[i], &t))
			continue;
		found = must_go_back(r, t, false) || (t->state == TX_WAITING && root_is_live(r) && !timer_alive(t));
		tx_free(t);
	}
	free(ids);
	return found;
}

static const char *recovery_note(enum tx_state from, bool boot)
{
	if (from != TX_WAITING)
		return "it was cut off and put back";
	return boot ? "not confirmed before the machine was started anew" : "not confirmed in time";
}

static void recover_one(const struct root *r, unsigned id, bool boot, struct recovery *done, size_t *n)
{
	struct tx *t;
	struct recovery *d = &done[*n];
	char *complaint = NULL;

	if ((d->err = journal_read(r, id, &t))) {
		*d = (struct recovery){ .id = id, .err = d->err, .number = errno, .damaged = true };
		++*n;
		return;
	}
	*d = (struct recovery){ .id = id, .from = t->state, .to = t->state };
	if (must_go_back(r, t, boot)) {
		enum tx_state end = t->state == TX_APPLYING ? TX_RECOVERED : TX_ROLLED_BACK;

		d->err = transaction_undo(r, t, end, recovery_note(t->state, boot), &complaint);
		d->number = errno;
		d->to = t->state;
		++*n;
	} else if (t->state == TX_WAITING && root_is_live(r) && !timer_alive(t)) {
		d->err = timer_arm(t);
		d->number = errno;
		++*n;
	}
	free(complaint);
	tx_free(t);
}

enum err transactions_recover(const struct root *r, bool boot, struct recovery **done, size_t *n)
{
	struct recovery *list;
	unsigned *ids = NULL;
	size_t count = 0, k = 0;
	enum err e = journal_list(r, true, &ids, &count);

	if (e)
		return e;
	list = calloc(count + 1, sizeof *list);
	if (!list) {
		free(ids);
		return ERR_MEMORY;
	}
	/* the newest first: an older one may have changed the same files */
	while (count-- > 0)
		recover_one(r, ids[count], boot, list, &k);
	free(ids);
	stage_sweep(r);
	*done = list;
	*n = k;
	return ERR_NONE;
}
