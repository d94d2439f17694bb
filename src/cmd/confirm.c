/* SPDX-License-Identifier: GPL-3.0-or-later */
/* confirm.c - keep a change for good, once a new login has shown that it works. */
#include "audit/session.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/message.h"
#include "cmd/change.h"
#include "cmd/command.h"
#include "harden/gate_service.h"
#include "harden/hide.h"
#include "harden/keep.h"
#include "harden/transaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

struct confirm_args {
	struct strings overrides;
};

static const struct option_row options[] = {
	{ "override", 0, OPTION_LIST, OPTION_AT(struct confirm_args, overrides), "<guard>",
	  "proof: keep it although no new login was seen" },
	{ 0 },
};

static void confirm_clear(void *args)
{
	strings_free(&((struct confirm_args *)args)->overrides);
}

/* "anna logged in anew at 12:03:41." */
static void describe_login(const struct session *s, struct text *out)
{
	time_t when = clock_wall() - (time_t)((clock_boot_ms() - s->started_boot_ms) / 1000);
	struct tm tm;
	char clock[16];

	localtime_r(&when, &tm);
	strftime(clock, sizeof clock, "%H:%M:%S", &tm);
	text_add_escaped(out, s->user, strlen(s->user));
	text_add(out, " logged in anew at %s. ", clock);
}

/* ---- who lives in a jail ---- */

static enum err add_if_jailed(const struct facts *f, const struct keeper *k, struct strings *out)
{
	bool jailed = false;
	enum err e = strings_has(out, k->user) ? ERR_NONE : keeper_is_jailed(f->root, f->config, k, &jailed);

	return !e && jailed ? strings_add(out, k->user) : e;
}

/* Among those who are logged in and those who were to be kept. Where sshd's configuration cannot be read nobody is taken for one. */
static enum err find_jailed(const struct tx *t, const struct sessions *sessions, struct strings *out)
{
	const struct facts_options o = { .config = t->config_path, .only_config = true };
	struct facts *f = NULL;
	enum err e = facts_gather(&o, &f);

	if (e || !f->config) {
		facts_free(f);
		return e == ERR_MEMORY ? e : ERR_NONE;
	}
	for (size_t i = 0; i < sessions->n && !e; i++) {
		const struct session *s = &sessions->v[i];

		e = add_if_jailed(
			f, &(struct keeper){ .user = s->user, .addr = s->addr, .laddr = s->laddr, .lport = s->lport },
			out);
	}
	for (size_t i = 0; i < t->keepers.n && !e; i++)
		e = add_if_jailed(f, &t->keepers.v[i], out);
	facts_free(f);
	return e;
}

/* A new login that would have done, were it not one into a jail; NULL: there is none. */
static const char *jailed_login(const struct tx *t, const struct sessions *sessions, const struct strings *jailed)
{
	for (size_t i = 0; i < sessions->n; i++)
		if (sessions->v[i].started_boot_ms > t->swapped_boot_ms && strings_has(jailed, sessions->v[i].user))
			return sessions->v[i].user;
	return NULL;
}

/* ---- what is said ---- */

static int say_no_login(const struct tx *t, const char *jailed)
{
	if (jailed)
		complain(
			"there is a new login, but it proves nothing: %s lives in a jail, from where nobody administers this system",
			jailed);
	else
		complain("no new login since transaction %u", t->id);
	hint("log in from a NEW window and confirm there; the sessions that were open before prove nothing");
	hint("if it cannot be seen from here: sudo sallyport confirm --override proof");
	return EXIT_NO;
}

/* The first new login that came in by a knock alone; 'why' says what speaks against the others. */
static enum err find_knocked(const struct tx *t, const struct sessions *sessions, const struct strings *jailed,
			     const struct session **out, struct text *why)
{
	for (size_t i = 0; i < sessions->n; i++) {
		struct sessions one = { .v = &sessions->v[i], .n = 1 };
		const struct session *s = transaction_new_login(t, &one, jailed);
		bool proof = false;
		enum err e;

		if (!s)
			continue;
		text_reset(why);
		if ((e = hide_proof(t, s, &proof, why)))
			return e;
		if (proof) {
			*out = s;
			return ERR_NONE;
		}
	}
	return ERR_NONE;
}

static int say_not_knocked(const struct tx *t, const struct text *why, const char *jailed)
{
	if (!why->len)
		return say_no_login(t, jailed);
	complain("there is a new login, but it proves nothing: %s", why->s);
	hint("log in from a NEW window, from outside, by a knock: sallyport connect and enroll send it");
	hint("if it cannot be seen from here: sudo sallyport confirm --override proof");
	return EXIT_NO;
}

/* What is not started at boot would be open again after the next one. */
static int keep_at_boot(void)
{
	char *complaint = NULL;
	enum err e = gate_service_enable(&complaint);
	int status = e ? complain("the gate cannot be started at boot: %s", complaint ? complaint : err_text(e)) : 0;

	free(complaint);
	return status;
}

static int answer(const struct common_args *common, const struct tx *t, const struct text *login)
{
	char grade[32];
	struct text out = { 0 };
	json_t *j;
	int status;

	change_grade(common, NULL, grade, sizeof grade);
	if (common->format == FORMAT_JSON) {
		j = json_pack("{s:s,s:b,s:i,s:s,s:s}", "schema", "sallyport.confirm.v1", "changed", 1, "transaction",
			      (int)t->id, "state", tx_state_text(t->state), "proof", text_string(login));
		status = command_print_json(common, j, EXIT_YES);
		json_decref(j);
		return status;
	}
	if (t->gate.changed)
		text_add(&out, "%sKept. %sIf ever locked out: console, sallyport reveal\n", text_string(login),
			 login->len ? "That login came in by a knock. " : "");
	else
		text_add(&out, "%sKept. %s%sUndo: sudo sallyport rollback %u\n", text_string(login), grade,
			 grade[0] ? ". " : "", t->id);
	status = command_print(common, &out, EXIT_YES);
	text_free(&out);
	return status;
}

static int confirm_tx(const struct common_args *common, const struct confirm_args *a, const struct root *r,
		      struct tx *t)
{
	const bool overridden = strings_has(&a->overrides, "proof");
	struct sessions sessions = { 0 };
	struct strings jailed = { 0 };
	struct text login = { 0 }, why = { 0 };
	const struct session *s = NULL;
	const char *who;
	int status;
	enum err e = sessions_read(&sessions);

	if (e)
		return fail(e, "cannot see who is logged in");
	if ((e = find_jailed(t, &sessions, &jailed))) {
		sessions_free(&sessions);
		strings_free(&jailed);
		return fail(e, "cannot tell who lives in a jail");
	}
	who = jailed_login(t, &sessions, &jailed);
	if (t->gate.changed)
		e = find_knocked(t, &sessions, &jailed, &s, &why);
	else
		s = transaction_new_login(t, &sessions, &jailed);
	if (s)
		describe_login(s, &login);
	if (e && !overridden)
		status = fail(e, "cannot ask sallyportd how somebody came in");
	else if (!s && !overridden)
		status = t->gate.changed ? say_not_knocked(t, &why, who) : say_no_login(t, who);
	else if (t->gate.changed && (status = keep_at_boot()))
		;
	else if ((e = transaction_confirm(r, t, s ? "seen: a new login" : "proof overridden")))
		status = fail(e, "cannot confirm transaction %u", t->id);
	else
		status = answer(common, t, &login);
	text_free(&login);
	text_free(&why);
	sessions_free(&sessions);
	strings_free(&jailed);
	return status;
}

static int confirm_run(const struct common_args *common, void *args, const struct strings *rest)
{
	const struct confirm_args *a = args;
	struct root *r = NULL;
	struct tx *t = NULL;
	int lock = -1, status;
	enum err e;

	(void)rest;
	if ((status = change_check_overrides(&a->overrides)))
		return status;
	if (geteuid() != 0)
		return complain("only root can confirm: sudo sallyport confirm");
	if ((e = root_open(NULL, &r)) || (e = journal_lock(r, &lock))) {
		status = e == ERR_BUSY ? complain("another sallyport is at work; try again when it is done")
				       : fail(e, "cannot take the lock");
	} else if ((e = transaction_newest(r, 1u << TX_WAITING, &t)) == ERR_NOT_FOUND) {
		complain("nothing waits for a confirm");
		hint("what happened: sudo sallyport history");
		status = EXIT_NO;
	} else if (e) {
		status = fail(e, "cannot read the journal");
	} else {
		status = confirm_tx(common, a, r, t);
	}
	tx_free(t);
	file_close(lock);
	root_close(r);
	return status;
}

const struct command cmd_confirm = {
	.name = "confirm",
	.summary = "keep the change that waits, after a new login",
	.arguments = "",
	.common = COMMON_REPORT,
	.options = options,
	.args_size = sizeof(struct confirm_args),
	.examples = "  sudo sallyport confirm                   # from a session that began after the change\n"
		    "  sudo sallyport confirm --override proof  # on a console, where no login can be seen\n",
	.run = confirm_run,
	.clear = confirm_clear,
};
