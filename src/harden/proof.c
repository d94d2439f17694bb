/* SPDX-License-Identifier: GPL-3.0-or-later */
/* proof.c - the checks of a proof, one after the other. */
#include "harden/proof.h"

#include "audit/process.h"
#include "base/clock.h"
#include "base/file.h"
#include "gate/control.h"
#include "harden/gate_service.h"
#include "harden/gate_settings.h"
#include "harden/guard.h"
#include "harden/hide.h"
#include "harden/keep.h"
#include "harden/transaction.h"
#include "sshd/account.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

const char *proof_verdict_text(enum proof_verdict v)
{
	static const char *const names[] = { "ok", "failed", "unknown" };

	return names[v];
}

void proof_clear(struct proof *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->v[i].detail);
	*p = (struct proof){ 0 };
}

enum proof_verdict proof_verdict(const struct proof *p, const char *id)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->v[i].id, id) == 0)
			return p->v[i].verdict;
	return PROOF_OK;
}

bool proof_failed(const struct proof *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].verdict == PROOF_FAILED)
			return true;
	return false;
}

bool proof_holds(const struct proof *p)
{
	return !proof_failed(p) && proof_verdict(p, "configuration") == PROOF_OK;
}

/* What stands in 'detail' (may be NULL) is taken, without the newline at its end. */
static enum err add(struct proof *p, const char *id, enum proof_verdict verdict, struct text *detail)
{
	struct proof_check *c = &p->v[p->n];

	assert(p->n < PROOF_MAX);
	if (detail && text_check(detail)) {
		text_free(detail);
		return ERR_MEMORY;
	}
	while (detail && detail->len && strchr("\n; ", detail->s[detail->len - 1]))
		detail->s[--detail->len] = '\0';
	*c = (struct proof_check){ .id = id, .verdict = verdict };
	if (detail && detail->len)
		c->detail = text_take(detail);
	p->n++;
	return ERR_NONE;
}

static enum err add_sentence(struct proof *p, const char *id, enum proof_verdict verdict, const char *sentence)
{
	struct text detail = { 0 };
	enum err e;

	text_add_string(&detail, sentence);
	e = add(p, id, verdict, &detail);
	text_free(&detail);
	return e;
}

/* ---- what is in force ---- */

enum err proof_change(const struct root *r, struct tx **out)
{
	unsigned *ids = NULL;
	size_t n = 0;
	enum err e = journal_list(r, false, &ids, &n), found = ERR_NOT_FOUND;

	while (e == ERR_NONE && found == ERR_NOT_FOUND && n-- > 0) {
		struct tx *t;

		if (journal_read_brief(r, ids[n], &t))
			continue; /* history says that it is damaged */
		if (tx_in_force(t) && !t->gate.changed)
			found = journal_read(r, ids[n], out);
		tx_free(t);
	}
	free(ids);
	return e ? e : found;
}

enum err proof_kept(const struct root *r, const struct tx *t, struct strings *out)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < t->keepers.n && !e; i++) {
		const struct keeper *k = &t->keepers.v[i];
		struct account *account = NULL;

		/* a sudo caller may never have come by SSH */
		if (k->reason == KEEP_SUDO || (!k->addr && strchr(k->user, '@')) ||
		    account_find(r, k->user, &account) != ERR_NONE)
			continue;
		account_free(account);
		e = strings_add_format(out, "%s%s%s", k->user, k->addr ? "@" : "", k->addr ? k->addr : "");
	}
	return e;
}

static enum err look_for_change(const struct root *r, bool gate, bool *any)
{
	unsigned *ids = NULL;
	size_t n = 0;
	enum err e = journal_list(r, false, &ids, &n);

	for (size_t i = 0; i < n && !e && !*any; i++) {
		struct tx *t;

		if (journal_read_brief(r, ids[i], &t))
			continue;
		*any = tx_in_force(t) && t->gate.changed == gate;
		tx_free(t);
	}
	free(ids);
	return e;
}

/* A daemon, one that starts at boot, a change of hide's, or settings by hand whose table is in the kernel. */
static enum err look_for_gate(const struct root *r, const struct gate_service *s, bool *any)
{
	*any = s->runs || s->enabled || (access(GATE_SETTINGS, F_OK) == 0 && gate_service_has_table());
	return *any ? ERR_NONE : look_for_change(r, true, any);
}

enum err proof_wanted(const struct root *r, bool *wanted)
{
	struct gate_service s;
	bool any = false;
	enum err e = look_for_change(r, false, &any);

	if (!e && !any && (e = gate_service_find(&s)) == ERR_NONE)
		e = look_for_gate(r, &s, &any);
	if (!e)
		*wanted = any;
	return e;
}

/* ---- sshd ---- */

static enum err add_world(const struct check *c, const struct stage *s, struct proof *out)
{
	struct text refused = { 0 }, lost = { 0 };
	bool tried = false;
	enum err e = guard_look_world(c, s, &refused, &lost, &tried);

	if (!e)
		e = add(out, "configuration", !tried ? PROOF_UNKNOWN : refused.len ? PROOF_FAILED : PROOF_OK, &refused);
	if (!e)
		e = add(out, "lockout", !tried ? PROOF_UNKNOWN : lost.len ? PROOF_FAILED : PROOF_OK, &lost);
	text_free(&refused);
	text_free(&lost);
	return e;
}

/* In a private world, as a change is tried there, but with nothing changed. */
static enum err prove_configuration(const struct facts *f, struct proof *out)
{
	struct past_logins past = { 0 };
	struct keepers keepers = { 0 };
	struct strings kept = { 0 };
	struct stage *stage = NULL;
	struct plan *nothing = NULL;
	struct tx *change = NULL;
	char *complaint = NULL;
	enum err e;

	if (!f->sshd)
		return add_sentence(out, "configuration", PROOF_UNKNOWN, "no sshd is installed");
	if (!f->config)
		return add_sentence(out, "configuration", PROOF_FAILED, "the configuration cannot be read");
	e = proof_change(f->root, &change);
	if (e == ERR_NONE)
		e = proof_kept(f->root, change, &kept);
	if ((e && e != ERR_NOT_FOUND) || (e = past_logins_read(f->root, clock_wall(), &past)) ||
	    (e = keepers_gather(f, &kept, &past, &keepers, &complaint)) || (e = plan_new(&nothing)) ||
	    (e = stage_open(f, &stage)))
		goto out;
	e = add_world(&(struct check){ .facts = f, .plan = nothing, .keepers = &keepers }, stage, out);
out:
	stage_close(stage);
	plan_free(nothing);
	tx_free(change);
	keepers_free(&keepers);
	past_logins_free(&past);
	strings_free(&kept);
	free(complaint);
	return e;
}

/* Once it could be looked at. A listener from before the upgrade starts the new program for each connection, so that this shows. */
static enum err compare_wire(const struct facts *f, struct proof *out)
{
	const struct tx as_it_is = { .config_path = f->config_path };
	struct text detail = { 0 };
	char *wrong = NULL;
	enum err e = ERR_NONE;

	if (!f->report_err)
		e = transaction_prove_back(&as_it_is, &wrong);
	else if (f->wire_err)
		text_add(&detail, "the server does not answer at %s (%s)", f->wire_where, err_text(f->wire_err));
	if (wrong)
		text_add_string(&detail, wrong);
	if (!e) {
		const enum proof_verdict verdict = detail.len ? PROOF_FAILED : f->report_err ? PROOF_UNKNOWN : PROOF_OK;

		if (verdict == PROOF_UNKNOWN)
			text_add_string(&detail, "sshd does not say what its configuration comes to");
		if (f->sshd && !process_runs(f->service.pid, f->sshd))
			text_add(&detail, "%sthe listening sshd is an older program than the installed one: restart it",
				 detail.len ? "\n" : "");
		e = add(out, "wire", verdict, &detail);
	}
	text_free(&detail);
	free(wrong);
	return e;
}

static enum err prove_wire(const struct facts *f, struct proof *out)
{
	if (f->service.pid <= 0)
		return add_sentence(out, "wire", PROOF_UNKNOWN, "no sshd runs");
	if (!f->wire_tried || f->wire_err == ERR_PENALTY)
		return add_sentence(out, "wire", PROOF_UNKNOWN, "the running server could not be looked at from here");
	return compare_wire(f, out);
}

/* ---- the gate ---- */

/* *settings are there where the verdict is ok. */
static enum err prove_settings(struct gate_settings *settings, struct proof *out)
{
	char *said = NULL;
	struct text detail = { 0 };
	enum err e = gate_settings_check(GATE_SETTINGS, &said), added;

	if (!e) {
		char *complaint = NULL;

		e = gate_settings_ask(GATE_SETTINGS, settings, &complaint);
		free(complaint);
	}
	if (said)
		text_add_string(&detail, said);
	else if (e)
		text_add_string(&detail, e == ERR_NOT_FOUND ? "sallyportd is not installed" : err_text(e));
	added = e == ERR_MEMORY ? e : add(out, "gate-settings", e ? PROOF_FAILED : PROOF_OK, &detail);
	text_free(&detail);
	free(said);
	return added;
}

static enum err prove_daemon(const struct gate_service *s, bool *held_open, struct proof *out)
{
	struct control_status now;
	enum err e;

	if (!s->runs)
		return add_sentence(out, "gate-daemon", PROOF_FAILED, "sallyportd does not run: nobody can knock");
	if ((e = hide_status(&now)))
		return e == ERR_MEMORY ? e
				       : add_sentence(out, "gate-daemon", PROOF_FAILED, "sallyportd does not answer");
	*held_open = now.held_open;
	if (now.replay_lost)
		return add_sentence(out, "gate-daemon", PROOF_FAILED, "its record of knocks is lost: nobody is let in");
	if (!gate_service_current(s))
		return add_sentence(out, "gate-daemon", PROOF_UNKNOWN,
				    "sallyportd is an older program than the installed one: restart it");
	return add(out, "gate-daemon", PROOF_OK, NULL);
}

static enum err prove_ports(const struct facts *f, const struct gate_settings *settings, struct proof *out)
{
	const struct hide h = { .facts = f, .settings = settings };
	struct text detail = { 0 };
	char *said = NULL;
	enum err e = hide_prove(&h, &said), added;

	if (said)
		text_add_string(&detail, said);
	else if (e)
		text_add(&detail, "that a stranger finds nothing could not be tried from here (%s)", err_text(e));
	added = e == ERR_MEMORY ? e
				: add(out, "gate-ports",
				      e == ERR_CHILD ? PROOF_FAILED
				      : e	     ? PROOF_UNKNOWN
						     : PROOF_OK,
				      &detail);
	text_free(&detail);
	free(said);
	return added;
}

static enum err prove_gate(const struct facts *f, struct proof *out)
{
	struct gate_settings settings = { 0 };
	struct gate_service s;
	bool any = false, held_open = false;
	enum err e;

	if ((e = gate_service_find(&s)) || (e = look_for_gate(f->root, &s, &any)) || !any)
		return e;
	if ((e = prove_settings(&settings, out)) || (e = prove_daemon(&s, &held_open, out)))
		goto out;
	if (gate_service_has_table())
		e = add(out, "gate-table", PROOF_OK, NULL);
	else
		e = add_sentence(out, "gate-table", PROOF_FAILED,
				 "its firewall table is not in the kernel: nothing is shut");
	if (!e && held_open)
		e = add_sentence(out, "gate-ports", PROOF_OK, "held open by Shut no");
	else if (!e && proof_verdict(out, "gate-settings") == PROOF_OK)
		e = prove_ports(f, &settings, out);
out:
	gate_settings_clear(&settings);
	return e;
}

enum err proof_run(const struct facts *f, struct proof *out)
{
	enum err e;

	*out = (struct proof){ 0 };
	if ((e = prove_configuration(f, out)) || (e = prove_wire(f, out)))
		return e;
	return prove_gate(f, out);
}
