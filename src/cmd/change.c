/* SPDX-License-Identifier: GPL-3.0-or-later */
/* change.c - from the wanted changes to "done, and this is the way back". */
#include "cmd/change.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/message.h"
#include "base/number.h"
#include "cmd/assess.h"
#include "harden/guard.h"
#include "harden/keep.h"
#include "harden/rehearsal.h"
#include "harden/reload.h"
#include "harden/timer.h"
#include "harden/transaction.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define DIFF_LINES 30
#define DIFF_COLUMNS 160
#define BINARY "binary: " /* what op_diff() says of bytes that are no text */

static const struct strings none;

/* All that one change is made of. */
struct work {
	const struct common_args *common;
	const struct change_request *q;
	const struct facts *facts;
	struct past_logins past;
	struct keepers keepers;
	struct stage *stage;
	struct plan *plan;
	struct guards guards;
	bool rehearsed;
	struct rehearsal rehearsal;
	struct transaction_outcome outcome;
};

static void work_clear(struct work *w)
{
	transaction_outcome_clear(&w->outcome);
	guards_clear(&w->guards);
	plan_free(w->plan);
	stage_close(w->stage);
	rehearsal_clear(&w->rehearsal);
	keepers_free(&w->keepers);
	past_logins_free(&w->past);
}

/* ---- start ---- */

static int say_no_config(const struct facts *f)
{
	if (!f->sshd && f->live) {
		complain("no sshd is installed here");
		hint("apt install openssh-server, or name one with --sshd");
		return EXIT_TROUBLE;
	}
	return command_unreadable(f->root, f->config_path, f->config_err);
}

enum err change_begin(const struct common_args *common, struct facts **facts, int *lock, int *status)
{
	struct facts_options o = { .root = common->root, .config = common->config, .sshd = common->sshd };
	struct root *r = NULL;
	enum err e = ERR_NONE;

	*lock = -1;
	*facts = NULL;
	*status = EXIT_TROUBLE;
	if (!common->dry_run && geteuid() != 0) {
		complain("only root can change the system");
		hint("run it with sudo, or look first with --dry-run");
		return ERR_SYSTEM;
	}
	if ((e = root_open(common->root, &r))) {
		fail(e, "cannot open the root '%s'", common->root ? common->root : "/");
		return e;
	}
	if (!common->dry_run && (e = journal_lock(r, lock))) {
		if (e == ERR_BUSY)
			complain("another sallyport is at work; try again when it is done");
		else
			fail(e, "cannot take the lock");
		root_close(r);
		return e;
	}
	root_close(r);
	if ((e = facts_gather(&o, facts)))
		fail(e, "cannot look at the system");
	else if (!(*facts)->config || (!(*facts)->sshd && (*facts)->live))
		*status = say_no_config(*facts), e = ERR_NOT_FOUND;
	else if ((*facts)->config_err == ERR_CONFIG) {
		diags_print(&(*facts)->problems, "sallyport: ", stderr);
		complain("sshd would refuse this configuration as it is: mend it first, nothing was changed");
		*status = EXIT_NO;
		e = ERR_CONFIG;
	}
	if (e) {
		change_end(*facts, *lock);
		*facts = NULL;
		*lock = -1;
	}
	return e;
}

void change_end(struct facts *facts, int lock)
{
	facts_free(facts);
	file_close(lock);
}

int change_check_overrides(const struct strings *overrides)
{
	for (size_t i = 0; i < overrides->n; i++) {
		bool known = false;

		for (size_t k = 0; guard_overrides[k]; k++)
			known = known || strcmp(guard_overrides[k], overrides->v[i]) == 0;
		if (!known)
			return command_choice_complain("--override", overrides->v[i], guard_overrides);
	}
	return 0;
}

int change_confirm_within(const char *text, uint64_t *seconds)
{
	*seconds = CONFIRM_SECONDS_DEFAULT;
	if (text && (duration_parse(text, seconds) || (*seconds > 0 && *seconds < 10) || *seconds > 86400))
		return complain("--confirm-within is '%s': wants a time from 10s to 1d such as 5m, or 0 for no timer",
				text);
	return 0;
}

void change_grade(const struct common_args *common, const char *policy, char *out, size_t size)
{
	struct facts_options o = { .root = common->root, .config = common->config, .sshd = common->sshd };
	struct assessment j = { 0 };
	struct facts *f = NULL;

	out[0] = '\0';
	if (facts_gather(&o, &f) == ERR_NONE && assess_facts(f, policy, &none, &j) == 0)
		snprintf(out, size, "%s %u/100", j.audit->grade, j.audit->score);
	assessment_clear(&j);
	facts_free(f);
}

/* ---- the plan, shown ---- */

static size_t count_kind(const struct plan *p, enum op_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < p->nops; i++)
		n += p->ops[i].kind == kind;
	return n;
}

static void count_diff(const struct text *diff, unsigned *plus, unsigned *minus)
{
	const char *line = text_string(diff);

	*plus = *minus = 0;
	while (*line) {
		*plus += line[0] == '+' && strncmp(line, "+++", 3) != 0;
		*minus += line[0] == '-' && strncmp(line, "---", 3) != 0;
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
}

/* A line of a configuration: tabs are at home there. */
static void show_line(const char *line, size_t len, struct text *out)
{
	while (len) {
		const char *tab = memchr(line, '\t', len);
		size_t n = tab ? (size_t)(tab - line) : len;

		text_add_escaped(out, line, n);
		text_add_string(out, tab ? "\t" : "");
		line += n + (tab != NULL);
		len -= n + (tab != NULL);
	}
}

/* For people: long lines (moduli) and long diffs are cut; JSON has all of it. */
static void show_diff(const struct text *diff, struct text *out)
{
	const char *line = text_string(diff);
	size_t shown = 0, left = 0;

	while (*line) {
		size_t len = strcspn(line, "\n");

		if (shown++ < DIFF_LINES) {
			show_line(line, len > DIFF_COLUMNS ? DIFF_COLUMNS : len, out);
			text_add_string(out, len > DIFF_COLUMNS ? "...\n" : "\n");
		} else {
			left++;
		}
		line += len + (line[len] == '\n');
	}
	if (left)
		text_add(out, "... and %zu more lines: --format json shows all\n", left);
}

enum err change_show_op(bool dry_run, const struct op *op, struct text *out)
{
	struct text diff = { 0 };
	unsigned plus, minus;
	enum err e = op_diff(op, &diff);

	if (e == ERR_NONE && dry_run && op->kind == OP_REMOVE) {
		text_add(out, "# remove %s\n", op->path);
		show_diff(&diff, out);
	} else if (e == ERR_NONE && op->kind == OP_REMOVE) {
		text_add(out, "  %-44s removed\n", op->path);
	} else if (e == ERR_NONE && dry_run && op->kind == OP_WRITE) {
		text_add(out, "# %s %s, mode %04o, owner %u:%u\n", op->existed ? "change" : "new", op->path,
			 (unsigned)op->new_meta.mode, (unsigned)op->new_meta.uid, (unsigned)op->new_meta.gid);
		show_diff(&diff, out);
	} else if (e == ERR_NONE && op->kind == OP_WRITE && strncmp(text_string(&diff), BINARY, strlen(BINARY)) == 0) {
		text_add(out, "  %-44s %s%s", op->path, op->existed ? "" : "new, ", diff.s + strlen(BINARY));
	} else if (e == ERR_NONE && op->kind == OP_WRITE) {
		count_diff(&diff, &plus, &minus);
		text_add(out, "  %-44s %s+%u -%u\n", op->path, op->existed ? "" : "new, ", plus, minus);
	} else if (e == ERR_NONE) {
		text_add(out, "%s %s %04o %s\n", dry_run ? "#" : " ", op_kind_text(op->kind),
			 (unsigned)op->new_meta.mode, op->path);
	}
	text_free(&diff);
	return e;
}

static enum err show_plan(const struct work *w, struct text *out)
{
	size_t files = count_kind(w->plan, OP_WRITE) + count_kind(w->plan, OP_REMOVE);
	bool reload = w->plan->reload && w->facts->live;
	char *how = NULL;
	enum err e = ERR_NONE;

	if (w->q->first)
		text_add_string(out, text_string(w->q->first));
	reload = reload && w->plan->nops;
	if (w->plan->nops)
		text_add(out, "%zu file%s%s\n", files, files == 1 ? "" : "s",
			 reload && w->facts->service.pid ? ", 1 reload" : "");
	for (size_t i = 0; e == ERR_NONE && i < w->plan->nops; i++)
		e = change_show_op(w->common->dry_run, &w->plan->ops[i], out);
	if (e == ERR_NONE && reload && (e = sshd_reload_describe(&w->facts->service, &how)) == ERR_NONE && how)
		text_add(out, "%s%s\n", w->common->dry_run ? "# then: " : "  then ", how);
	free(how);
	if (w->rehearsed)
		rehearsal_describe(&w->rehearsal, clock_wall(), out);
	if (w->facts->live && w->keepers.n == 0)
		text_add_string(out, "Keeps nobody: nobody is logged in over SSH; name who must get in with --keep\n");
	if (w->keepers.n)
		text_add_string(out, "Keeps: ");
	for (size_t i = 0; i < w->keepers.n; i++) {
		text_add_string(out, i ? ", " : "");
		keeper_describe(&w->keepers.v[i], out);
	}
	text_add_string(out, w->keepers.n ? "\n" : "");
	return e ? e : text_check(out);
}

void change_say_guards(const struct guards *g)
{
	for (size_t i = 0; i < g->n; i++) {
		const char *line = g->v[i].detail;

		while (g->v[i].verdict != GUARD_OK && line && *line) {
			fprintf(stderr, "sallyport: %s %s: %.*s\n", g->v[i].id,
				g->v[i].verdict == GUARD_REFUSE ? "guard" : "guard overridden",
				(int)strcspn(line, "\n"), line);
			line += strcspn(line, "\n");
			line += *line == '\n';
		}
	}
}

/* ---- the plan as JSON ---- */

json_t *change_op_json(const struct op *op)
{
	struct text diff = { 0 };
	char mode[8];
	json_t *o;

	if (op_diff(op, &diff)) {
		text_free(&diff);
		return NULL;
	}
	snprintf(mode, sizeof mode, "%04o", (unsigned)op->new_meta.mode);
	o = json_pack("{s:s,s:o,s:o,s:o,s:s,s:f}", "op", op_kind_text(op->kind), "path", json_safe_string(op->path),
		      "why", json_safe_strings(&op->why), "diff", json_safe_string(text_string(&diff)), "mode", mode,
		      "owner", 0.0);
	if (o) {
		char owner[32];

		snprintf(owner, sizeof owner, "%u:%u", (unsigned)op->new_meta.uid, (unsigned)op->new_meta.gid);
		json_object_set_new(o, "owner", json_string(owner));
	}
	text_free(&diff);
	return o;
}

static json_t *ops_json(const struct work *w)
{
	json_t *list = json_array();
	char *how = NULL;

	for (size_t i = 0; list && i < w->plan->nops; i++)
		json_array_append_new(list, change_op_json(&w->plan->ops[i]));
	if (list && w->plan->nops && w->plan->reload && w->facts->live &&
	    sshd_reload_describe(&w->facts->service, &how) == ERR_NONE && how)
		json_array_append_new(list, json_pack("{s:s,s:s,s:[]}", "op", "run", "command", how, "why"));
	free(how);
	return list;
}

json_t *change_guards_json(const struct guards *g)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < g->n; i++)
		json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "id", g->v[i].id, "verdict",
						      guard_verdict_text(g->v[i].verdict), "detail",
						      g->v[i].detail ? g->v[i].detail : ""));
	return list;
}

static json_t *plan_json(const struct work *w, bool changed)
{
	const struct transaction_outcome *o = &w->outcome;
	json_t *j = json_pack("{s:s,s:b,s:o,s:o}", "schema", "sallyport.plan.v1", "changed", changed, "ops",
			      ops_json(w), "guards", change_guards_json(&w->guards));

	if (j)
		json_object_set_new(j, "rehearsal", w->rehearsed ? rehearsal_json(&w->rehearsal) : json_null());
	if (j && w->q->more && json_object_update_missing(j, (json_t *)w->q->more)) {
		json_decref(j);
		return NULL;
	}
	if (!j || !o->tx)
		return j;
	json_object_set_new(j, "transaction", json_integer(o->tx->id));
	json_object_set_new(j, "state", json_string(tx_state_text(o->tx->state)));
	if (o->failed)
		json_object_set_new(j, "failed", json_safe_string(o->failed));
	if (o->tx->state == TX_WAITING)
		json_object_set_new(j, "confirm_seconds", json_integer((json_int_t)timer_left(o->tx)));
	return j;
}

static int answer_json(const struct work *w, bool changed, int status)
{
	json_t *j = plan_json(w, changed);

	status = command_print_json(w->common, j, status);
	json_decref(j);
	return status;
}

/* ---- doing it ---- */

static bool wants_json(const struct work *w)
{
	return w->common->format == FORMAT_JSON && !w->q->told;
}

void change_told_clear(struct change_told *t)
{
	text_free(&t->shown);
	free(t->refused);
	*t = (struct change_told){ 0 };
}

/* For whoever answers instead of us. Returns the status. */
static int tell(const struct work *w, bool changed, const char *refused, int status)
{
	struct change_told *t = w->q->told;

	t->changed = changed;
	if (refused && !t->refused)
		t->refused = strndup(refused, strcspn(refused, "\n"));
	return status;
}

static int say_outcome(const struct work *w)
{
	const struct transaction_outcome *o = &w->outcome;
	struct text t = { 0 };
	unsigned long left = timer_left(o->tx);
	char grade[32];
	int status;

	if (w->facts->live)
		text_add(&t, "staged, tried on a second sshd, swapped%s%s\n",
			 o->reloaded	   ? ", reloaded"
			 : w->plan->reload ? ", no sshd runs to reload"
					   : "",
			 o->wire_seen ? ", seen on the wire" : "");
	if (o->unproven)
		text_add(&t, "Not proven: %s\n", o->unproven);
	if (o->tx->state == TX_WAITING) {
		text_add(
			&t,
			"Log in from a NEW window, then: sudo sallyport confirm      (goes back by itself in %lu:%02lu)\n",
			left / 60, left % 60);
	} else {
		change_grade(w->common, w->q->policy, grade, sizeof grade);
		text_add(&t, "Kept. %s%sUndo: sudo sallyport ", grade, grade[0] ? ". " : "");
		if (w->q->undo)
			text_add_string(&t, w->q->undo);
		else
			text_add(&t, "rollback %u", o->tx->id);
		command_add_root(w->common, &t);
		text_add_string(&t, "\n");
	}
	if (w->q->also)
		text_add_string(&t, text_string(w->q->also));
	status = command_print(w->common, &t, EXIT_YES);
	text_free(&t);
	return status;
}

int change_say_failure(const struct transaction_outcome *o, enum err e)
{
	if (e == ERR_CHANGED)
		return complain("'%s' was changed while this was planned; nothing was done: run it again", o->failed);
	if (!o->tx || !o->tx->id)
		return fail(e, "the change could not be journalled, nothing was done");
	complain("transaction %u: %s", o->tx->id, o->failed ? o->failed : err_text(e));
	if (o->went_back)
		inform("Everything is as it was before.");
	else
		complain("it could not be put back; sudo sallyport recover tries again");
	return EXIT_TROUBLE;
}

/* Of the session that this command was given in; NULL where the logs do not tell. */
static const char *session_key(const struct work *w)
{
	const struct sessions *s = &w->facts->sessions;
	const struct past_login *used = NULL;

	for (size_t i = 0; i < s->n && !used; i++)
		if (s->v[i].ours)
			used = past_login_of_session(&w->past, s->v[i].user, s->v[i].addr, (unsigned long)s->v[i].pid);
	return used ? used->fingerprint : NULL;
}

/* 0, or an exit status with the error said. */
static int do_before(struct work *w)
{
	struct text wrong = { 0 };
	int status = 0;
	enum err e = w->q->before ? w->q->before(w->q->arg, w->stage, &wrong) : ERR_NONE;

	if (e == ERR_INTERRUPTED)
		status = complain("interrupted");
	else if (e)
		status = fail(e, "cannot make ready what the configuration is to name");
	else if (text_check(&wrong))
		status = fail(ERR_MEMORY, "cannot make ready what the configuration is to name");
	else if (wrong.len)
		status = complain("%s", wrong.s);
	if (wrong.len && status)
		status = EXIT_NO;
	text_free(&wrong);
	return status;
}

static int finish(const struct work *w)
{
	const int failed = w->q->after ? w->q->after(w->q->arg) : 0;
	int status;

	if (w->q->told)
		status = tell(w, true, NULL, EXIT_YES);
	else if (wants_json(w))
		status = answer_json(w, true, EXIT_YES);
	else if (w->plan->nops == 0) /* without a transaction */
		status = command_print(w->common, w->q->also, EXIT_YES);
	else
		status = say_outcome(w);
	return failed ? failed : status;
}

static int do_it(struct work *w)
{
	struct transaction_request q = { .facts = w->facts,
					 .plan = w->plan,
					 .keepers = &w->keepers,
					 .what = w->q->what,
					 .key = session_key(w),
					 .confirm_seconds = w->q->confirm_seconds,
					 .revocation = w->q->revocation,
					 .may_lock_out = w->q->overrides && strings_has(w->q->overrides, "lockout") };
	int status = do_before(w);
	enum err e;

	if (status)
		return wants_json(w) ? answer_json(w, false, status) : status;
	if (w->plan->nops == 0)
		return finish(w);
	if ((e = transaction_apply(&q, &w->outcome))) {
		status = change_say_failure(&w->outcome, e);
		return wants_json(w) ? answer_json(w, false, status) : status;
	}
	return finish(w);
}

static int refuse(struct work *w)
{
	const struct guard *g = guards_refusal(&w->guards);

	change_say_guards(&w->guards);
	if (strcmp(g->id, "pending") != 0 && strcmp(g->id, "space") != 0)
		hint("nothing was changed; if you know better: --override %s", g->id);
	if (strcmp(g->id, "pending") == 0 && w->q->revocation)
		hint("nothing is shut out or let in yet: sudo sallyport rollback (or confirm, after a new login), then this again");
	if (w->q->told)
		return tell(w, false, g->detail, EXIT_NO);
	return wants_json(w) ? answer_json(w, false, EXIT_NO) : EXIT_NO;
}

/* A change at once has nobody to keep where a timer of its own makes it: then those count who came before. */
static bool loses_everybody(const struct work *w)
{
	const struct rehearsal *r = &w->rehearsal;

	if (!w->rehearsed || !r->lost_logins || r->kept > r->kept_jailed)
		return false;
	complain("lockout guard: not one of the %lu logins in the logs would still be accepted%s",
		 r->lost_logins + r->kept_jailed, r->kept_jailed ? ", but for those into jails" : "");
	hint("nothing was changed; if you know better: --override lockout");
	return true;
}

/* One that is not in a jail, from where nobody administers the system. */
static bool keeps_somebody(const struct work *w)
{
	bool jailed = true;

	for (size_t i = 0; i < w->keepers.n && jailed; i++)
		if (keeper_is_jailed(w->facts->root, w->facts->config, &w->keepers.v[i], &jailed))
			jailed = false;
	return !jailed;
}

/* Without the timer nothing brings a locked-out administrator back, so somebody must be looked after. */
static bool keeps_nobody_for_good(const struct work *w)
{
	if (!w->facts->live || w->q->confirm_seconds || keeps_somebody(w) ||
	    (w->q->overrides && strings_has(w->q->overrides, "lockout")))
		return false;
	if (w->q->at_once)
		return !w->q->one_account && loses_everybody(w);
	if (w->keepers.n)
		complain(
			"lockout guard: all who are kept live in jails, from where nobody administers this system; without the "
			"timer this could lock everybody else out");
	else
		complain(
			"lockout guard: nobody is logged in over SSH and none is named by --keep; without the timer this could "
			"lock everybody out");
	hint("add --keep USER, leave out --confirm-within 0, or --override lockout");
	return true;
}

static int decide(struct work *w)
{
	struct text t = { 0 };
	int status = EXIT_YES;
	enum err e;

	if (!wants_json(w)) {
		if ((e = show_plan(w, &t))) {
			text_free(&t);
			return fail(e, "cannot show the plan");
		}
		if (w->common->dry_run && w->q->told)
			text_add_bytes(&w->q->told->shown, text_string(&t), t.len);
		else if (w->common->dry_run)
			status = command_print(w->common, &t, EXIT_NO);
		else if (!w->common->quiet || !w->common->yes) /* nobody is asked about what he has not seen */
			fputs(text_string(&t), stderr);
		text_free(&t);
	}
	if (w->common->dry_run) {
		change_say_guards(&w->guards);
		if (w->q->told)
			return tell(w, true, NULL, EXIT_NO);
		return wants_json(w) ? answer_json(w, true, EXIT_NO) : status;
	}
	if (guards_refusal(&w->guards))
		return refuse(w);
	change_say_guards(&w->guards); /* what was overridden */
	if (keeps_nobody_for_good(w))
		return w->q->told ? tell(w, false, "nobody is there to be kept", EXIT_NO) : EXIT_NO;
	if (!w->common->yes && !command_ask("Go on?", change_patience(w->facts->root))) {
		complain("nothing was changed%s", isatty(STDIN_FILENO) ? "" : ": without a terminal it wants --yes");
		return EXIT_NO;
	}
	return do_it(w);
}

static int nothing_to_do(const struct work *w)
{
	struct text t = { 0 };
	int status;

	if (w->q->told)
		return tell(w, false, NULL, EXIT_YES);
	if (wants_json(w))
		return answer_json(w, false, EXIT_YES);
	text_add(&t, "%s\n", w->q->nothing);
	status = command_print(w->common, &t, EXIT_YES);
	text_free(&t);
	return status;
}

static int plan_it(struct work *w)
{
	struct diags problems = { 0 };
	char *complaint = NULL;
	enum err e;

	if (geteuid() == 0 && (e = past_logins_read(w->facts->root, clock_wall(), &w->past)))
		return fail(e, "cannot read the logs of past logins");
	if ((e = keepers_gather(w->facts, w->q->keep ? w->q->keep : &none, &w->past, &w->keepers, &complaint))) {
		int status = complaint ? complain("%s", complaint) : fail(e, "cannot tell who must keep access");

		free(complaint);
		return status;
	}
	if ((e = stage_open(w->facts, &w->stage)))
		return fail(e, "cannot make a copy of the configuration to try");
	e = plan_build(w->facts, w->q->changes, w->q->n, w->stage, &w->plan, &problems);
	if (!e && w->q->extend)
		e = w->q->extend(w->q->arg, w->stage, w->plan);
	if (e == ERR_CONFIG) {
		diags_print(&problems, "sallyport: ", stderr);
		complain("no plan holds on this configuration; nothing was changed");
	} else if (e) {
		fail(e, "cannot plan the change");
	}
	diags_free(&problems);
	return e == ERR_CONFIG ? EXIT_NO : e ? EXIT_TROUBLE : 0;
}

/* Only root sees the logs and everybody's keys. What keeps the guards from trying the plan is theirs to say. */
static enum err rehearse(struct work *w)
{
	enum err e;

	if (geteuid() != 0)
		return ERR_NONE;
	e = rehearsal_run_staged(w->facts, w->stage, &w->past, clock_wall(), &w->rehearsal);
	w->rehearsed = e == ERR_NONE;
	return e == ERR_MEMORY || e == ERR_INTERRUPTED ? e : ERR_NONE;
}

int change_run(const struct common_args *common, const struct facts *f, const struct change_request *q)
{
	struct work w = { .common = common, .q = q, .facts = f };
	struct check check = { .facts = f };
	int status = plan_it(&w);
	enum err e;

	if (status == 0) {
		assert(w.plan);
		check.plan = w.plan;
		check.keepers = &w.keepers;
		check.revocation = q->revocation;
		if (w.plan->nops == 0 && !q->more_to_do)
			status = nothing_to_do(&w);
		else if ((e = rehearse(&w)))
			status = fail(e, "cannot rehearse the logins of the past");
		else if ((e = guards_run(&check, w.stage, q->overrides ? q->overrides : &none, &w.guards)))
			status = fail(e, "cannot check the plan");
		else
			status = decide(&w);
	}
	work_clear(&w);
	return status;
}

unsigned long change_patience(const struct root *r)
{
	struct tx *t = NULL;
	unsigned long left = 0;

	if (root_is_live(r) && transaction_newest(r, 1u << TX_WAITING, &t) == ERR_NONE && t->confirm_seconds)
		left = timer_left(t) ? timer_left(t) : 1;
	tx_free(t);
	return left;
}
