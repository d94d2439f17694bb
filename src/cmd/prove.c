/* SPDX-License-Identifier: GPL-3.0-or-later */
/* prove.c - prove again that what is in force holds, above all after an upgrade; on request go back where it does not. */
#include "base/file.h"
#include "base/json.h"
#include "base/message.h"
#include "cmd/change.h"
#include "cmd/command.h"
#include "harden/gate_service.h"
#include "harden/proof.h"
#include "harden/proven.h"
#include "harden/rollback.h"
#include "harden/transaction.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/banned.h"

struct prove_args {
	bool rollback, if_changed, restart_gate;
};

#define AT(field) OPTION_AT(struct prove_args, field)

static const struct option_row options[] = {
	{ "rollback", 0, OPTION_FLAG, AT(rollback), NULL,
	  "where it fails for sshd, put the newest change back if that helps" },
	{ "if-changed", 0, OPTION_FLAG, AT(if_changed), NULL,
	  "only where something is in force, and a program is another one than at the last proof" },
	{ "restart-gate", 0, OPTION_FLAG, AT(restart_gate), NULL,
	  "first start sallyportd anew where it is an older program than the installed one" },
	{ 0 },
};

/* All that one run is made of. */
struct work {
	const struct common_args *common;
	const struct prove_args *args;
	struct facts *facts;
	struct proof proof;
	unsigned rolled_back; /* the transaction; 0: none */
	bool restarted;	      /* sallyportd was */
	bool trouble;	      /* something that was asked for could not be done; it was said */
};

/* ---- the log ---- */

/* "one; two" of lines. */
static void add_lines(struct text *out, const char *lines)
{
	for (const char *at = lines; *at;) {
		const size_t n = strcspn(at, "\n");

		text_add_string(out, at == lines ? "" : "; ");
		text_add_escaped(out, at, n);
		at += n + (at[n] == '\n');
	}
}

/* Most upgrades have no witness but the log. */
static void log_failures(const struct proof *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct text line = { 0 };
		const struct proof_check *c = &p->v[i];

		if (c->verdict != PROOF_FAILED)
			continue;
		add_lines(&line, c->detail ? c->detail : "");
		syslog(LOG_ERR, "not proven: %s: %s", c->id, text_string(&line));
		text_free(&line);
	}
}

static void log_proof(const struct work *w)
{
	const struct facts *f = w->facts;

	if (w->restarted)
		syslog(LOG_NOTICE, "sallyportd was started anew, as it was an older program than the installed one");
	log_failures(&w->proof);
	if (proof_holds(&w->proof))
		syslog(LOG_INFO, "proven: OpenSSH %s (%s) and what is in force",
		       f->openssh ? f->openssh : "of unknown version", f->package ? f->package : "no package");
	else if (!proof_failed(&w->proof))
		syslog(LOG_WARNING, "not proven: the configuration could not be tried");
}

/* ---- the answer ---- */

static int exit_status(const struct work *w)
{
	if (proof_failed(&w->proof) || w->rolled_back)
		return EXIT_NO;
	return w->trouble || !proof_holds(&w->proof) ? EXIT_TROUBLE : EXIT_YES;
}

static int answer_json(const struct work *w, bool asked)
{
	json_t *checks = json_array();
	json_t *j =
		json_pack("{s:s,s:b,s:b,s:o}", "schema", "sallyport.prove.v1", "changed",
			  w->rolled_back || w->restarted, "proven", asked && proof_holds(&w->proof), "checks", checks);
	int status;

	for (size_t i = 0; j && i < w->proof.n; i++)
		json_array_append_new(checks, json_pack("{s:s,s:s,s:o}", "id", w->proof.v[i].id, "verdict",
							proof_verdict_text(w->proof.v[i].verdict), "detail",
							w->proof.v[i].detail ? json_safe_string(w->proof.v[i].detail)
									     : json_string("")));
	if (j && w->rolled_back)
		json_object_set_new(j, "rolled_back", json_integer(w->rolled_back));
	status = command_print_json(w->common, j, asked ? exit_status(w) : EXIT_YES);
	json_decref(j);
	return status;
}

static int answer(const struct work *w)
{
	struct text out = { 0 };
	int status = exit_status(w);

	if (w->common->format == FORMAT_JSON)
		return answer_json(w, true);
	if (w->restarted && !w->common->quiet)
		text_add_string(&out, "sallyportd was started anew.\n");
	if (w->rolled_back)
		text_add(&out, "Transaction %u is rolled back; what is in force now:\n", w->rolled_back);
	for (size_t i = 0; i < w->proof.n; i++) {
		const struct proof_check *c = &w->proof.v[i];

		if (w->common->quiet && c->verdict != PROOF_FAILED)
			continue;
		text_add(&out, "%-8s %-14s ", proof_verdict_text(c->verdict), c->id);
		add_lines(&out, c->detail ? c->detail : "");
		while (out.len && out.s[out.len - 1] == ' ')
			out.s[--out.len] = '\0';
		text_add_string(&out, "\n");
	}
	status = command_print(w->common, &out, status);
	text_free(&out);
	return status;
}

/* ---- going back ---- */

/* Why t must not or need not go back; nothing: it may. */
static enum err look_back(const struct work *w, const struct tx *t, struct text *why)
{
	static const struct strings none;
	struct strings kept = { 0 };
	struct guards g = { 0 };
	char *complaint = NULL;
	unsigned newer;
	size_t op;
	enum err e;

	if ((e = rollback_newer(w->facts->root, t, &newer)) || (e = rollback_changed(w->facts->root, t, &op)) ||
	    (e = proof_kept(w->facts->root, t, &kept)))
		goto out;
	if (newer)
		text_add(why, "transaction %u changed the same files later", newer);
	else if (op < t->nops)
		text_add(why, "'%s' was changed by somebody else since", t->ops[op].path);
	else if ((e = rollback_guards(w->facts, t, &kept, &none, &g, &complaint)) == ERR_NONE && guards_refusal(&g))
		text_add(why, "it would not help: "), add_lines(why, guards_refusal(&g)->detail);
out:
	guards_clear(&g);
	strings_free(&kept);
	free(complaint);
	return e ? e : text_check(why);
}

static enum err put_back(struct work *w, struct tx *t, struct text *why)
{
	char *complaint = NULL;
	enum err e =
		transaction_undo(w->facts->root, t, TX_ROLLED_BACK, "the proof after an upgrade failed", &complaint);

	if (e)
		text_add(why, "%s", complaint ? complaint : err_text(e));
	else
		w->rolled_back = t->id;
	free(complaint);
	return e == ERR_MEMORY ? e : text_check(why);
}

/* Facts and proof as they are after that. */
static enum err look_again(struct work *w)
{
	struct facts_options o = { 0 };
	struct facts *now = NULL;
	enum err e = facts_gather(&o, &now);

	if (e)
		return e;
	facts_free(w->facts);
	w->facts = now;
	proof_clear(&w->proof);
	return proof_run(now, &w->proof);
}

/* Only what sshd says against the configuration, or that somebody is locked out, speaks for going back. */
static enum err roll_back(struct work *w)
{
	struct text why = { 0 };
	struct tx *t = NULL;
	enum err e;

	if (proof_verdict(&w->proof, "configuration") != PROOF_FAILED &&
	    proof_verdict(&w->proof, "lockout") != PROOF_FAILED)
		return ERR_NONE;
	e = proof_change(w->facts->root, &t);
	if (e == ERR_NOT_FOUND) {
		complain("there is no change to roll back");
		w->trouble = true;
		return ERR_NONE;
	}
	if (e || (e = look_back(w, t, &why)) || (!why.len && (e = put_back(w, t, &why))))
		goto out;
	if (why.len) {
		complain("transaction %u was not rolled back: %s", t->id, text_string(&why));
		syslog(LOG_ERR, "transaction %u (%s) was not rolled back: %s", t->id, t->what, text_string(&why));
		w->trouble = true;
		goto out;
	}
	log_failures(&w->proof); /* before they are forgotten: they are the reason */
	syslog(LOG_WARNING, "transaction %u (%s) rolled back, as the installed sshd does not do with it", t->id,
	       t->what);
	e = look_again(w);
out:
	tx_free(t);
	text_free(&why);
	return e;
}

/* ---- all together ---- */

static void restart_gate(struct work *w)
{
	char *complaint = NULL;
	const enum err e = gate_service_renew(&w->restarted, &complaint);

	if (e) {
		complain("sallyportd could not be started anew: %s", complaint ? complaint : err_text(e));
		syslog(LOG_ERR, "sallyportd could not be started anew: %s", complaint ? complaint : err_text(e));
		w->trouble = true;
	}
	free(complaint);
}

/* Nothing is known then, and the log must not look as if all were well. */
static int fail_proof(enum err e, const char *what)
{
	const int status = fail(e, "%s", what);

	syslog(LOG_ERR, "not proven: %s: %s", what, err_text(e));
	return status;
}

static int prove_by(struct work *w)
{
	struct facts_options o = { 0 };
	enum err e;

	if (w->args->restart_gate)
		restart_gate(w);
	if ((e = facts_gather(&o, &w->facts)))
		return fail_proof(e, "cannot look at the system");
	if ((e = proof_run(w->facts, &w->proof)) || (w->args->rollback && (e = roll_back(w))))
		return fail_proof(e, "cannot prove what is in force");
	log_proof(w);
	if (proof_holds(&w->proof) && (e = proven_write(w->facts))) {
		fail(e, "cannot note it in '%s'", PROVEN_FILE);
		w->trouble = true;
	}
	return answer(w);
}

/* Cheap: this is asked after every run of dpkg. */
static enum err look_unchanged(const struct root *r, bool *unchanged)
{
	struct facts_options o = { .only_config = true };
	struct facts *f = NULL;
	bool wanted = true;
	enum err e = proof_wanted(r, &wanted);

	*unchanged = !wanted;
	if (e || !wanted)
		return e;
	if ((e = facts_gather(&o, &f)))
		return e;
	/* without sshd there is nobody to ask */
	if (f->sshd)
		e = proven_still(f, unchanged);
	else
		*unchanged = true;
	facts_free(f);
	return e;
}

static int prove_run(const struct common_args *common, void *args, const struct strings *rest)
{
	struct work w = { .common = common, .args = args };
	struct root *r = NULL;
	bool unchanged = false;
	int lock = -1, status;
	enum err e;

	(void)rest;
	if (geteuid() != 0) {
		complain("only root can prove it");
		hint("sudo sallyport prove");
		return EXIT_TROUBLE;
	}
	openlog("sallyport", LOG_PID, LOG_AUTHPRIV);
	if ((e = root_open(NULL, &r)) || (w.args->if_changed && (e = look_unchanged(r, &unchanged)))) {
		status = fail_proof(e, "cannot look at the system");
	} else if (unchanged) {
		verbose("Nothing to prove again.");
		status = common->format == FORMAT_JSON ? answer_json(&w, false) : EXIT_YES;
	} else if ((e = journal_lock(r, &lock))) {
		status = e == ERR_BUSY ? complain("another sallyport is at work; try again when it is done")
				       : fail_proof(e, "cannot take the lock");
		if (e == ERR_BUSY)
			syslog(LOG_WARNING, "not proven: another sallyport is at work");
	} else {
		status = prove_by(&w);
	}
	proof_clear(&w.proof);
	facts_free(w.facts);
	file_close(lock);
	root_close(r);
	closelog();
	return status;
}

const struct command cmd_prove = {
	.name = "prove",
	.summary = "prove again that what is in force holds",
	.arguments = "",
	.common = COMMON_REPORT,
	.options = options,
	.args_size = sizeof(struct prove_args),
	.examples =
		"  sudo sallyport prove                 # changes nothing\n"
		"  sudo sallyport prove --if-changed    # what packages do after each upgrade\n"
		"  sudo sallyport prove --rollback      # goes back where the installed sshd refuses a change of ours\n",
	.run = prove_run,
};
