/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hide.c - shut the SSH port to everybody who has not knocked, once a knock from outside has shown that it can be opened. */
#include "cmd/hide.h"

#include "audit/closed_port.h"
#include "base/file.h"
#include "base/json.h"
#include "base/message.h"
#include "cmd/change.h"
#include "cmd/command.h"
#include "harden/gate_service.h"
#include "harden/keep.h"
#include "harden/timer.h"
#include "harden/transaction.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define WAIT_SECONDS 600
#define WAIT_MAX 3600
#define SETTINGS_MAX (256 * 1024)
#define HEAD \
	"# Written by sallyport hide, and yours to edit: sallyportd.conf(5). Afterwards: systemctl reload sallyportd\n" \
	"# Undo: sudo sallyport reveal\n"

static const char *const answers[] = { "auto", "drop", "reset", NULL };

struct hide_args {
	struct strings ports, knock_ports, except, except_interfaces, keep, overrides;
	const char *if_broken, *confirm_within;
	uint64_t wait;
	unsigned answer;
	bool site_secret;
};

#define AT(field) OPTION_AT(struct hide_args, field)

static const struct option_row options[] = {
	{ "port", 'p', OPTION_COMMAS, AT(ports), "<port>[,<port>]", "TCP ports to hide (those of sshd)" },
	{ "knock-port", 0, OPTION_COMMAS, AT(knock_ports), "<port>[,<port>]",
	  "UDP ports that knocks come to (the same numbers)" },
	{ "except", 0, OPTION_LIST, AT(except), "<network>", "never shut for it, such as 192.0.2.0/24" },
	{ "except-interface", 0, OPTION_LIST, AT(except_interfaces), "<name>", "never shut on it, such as wg0" },
	{ "site-secret", 0, OPTION_FLAG, AT(site_secret), NULL, "make a secret that everybody who may knock has" },
	{ "if-broken", 0, OPTION_TEXT, AT(if_broken), "closed|open-after=<time>",
	  "what becomes of the ports when nobody can knock (closed)" },
	{ .name = "answer",
	  .kind = OPTION_CHOICE,
	  .offset = AT(answer),
	  .value = "<what>",
	  .help = "what strangers get: auto (as unused ports do), drop, reset",
	  .choices = answers },
	{ "keep", 'k', OPTION_LIST, AT(keep), "<user>[@<addr>]", "this account must be able to knock" },
	{ "wait", 0, OPTION_DURATION, AT(wait), "<time>", "for the first knock, at most (10m)" },
	{ "confirm-within", 0, OPTION_TEXT, AT(confirm_within), "<time>",
	  "go back unless confirmed in this time (5m; 0: no timer)" },
	{ "override", 0, OPTION_LIST, AT(overrides), "<guard>", "go on although this guard refuses" },
	{ 0 },
};

static void hide_clear(void *args)
{
	struct hide_args *a = args;

	strings_free(&a->ports);
	strings_free(&a->knock_ports);
	strings_free(&a->except);
	strings_free(&a->except_interfaces);
	strings_free(&a->keep);
	strings_free(&a->overrides);
}

/* All that one run is made of. */
struct work {
	const struct common_args *common;
	const struct hide_args *args;
	const struct facts *facts;
	struct text content;	 /* what sallyportd.conf is to be */
	struct text measured;	 /* what was found out for it, a sentence */
	char secret[2 * 32 + 2]; /* a new one; "" for none */
	struct gate_settings settings;
	char *mistakes;
	struct past_logins past;
	struct keepers keepers;
	struct gate_service service;
	bool hidden; /* it is already: only settings change */
	struct guards guards;
	struct plan *plan;
	struct hide hide;
	struct hide_wait wait;
	char *unproven, *note;
	uint64_t confirm_seconds;
	struct transaction_outcome outcome;
};

static void work_clear(struct work *w)
{
	transaction_outcome_clear(&w->outcome);
	plan_free(w->plan);
	guards_clear(&w->guards);
	keepers_free(&w->keepers);
	past_logins_free(&w->past);
	gate_settings_clear(&w->settings);
	text_free(&w->content);
	text_free(&w->measured);
	free(w->mistakes);
	free(w->unproven);
	free(w->note);
	sodium_memzero(w->secret, sizeof w->secret);
}

/* ---- the settings ---- */

static enum err content_set(struct work *w, const char *keyword, const struct strings *values)
{
	struct text next = { 0 };
	enum err e = gate_text_set(text_string(&w->content), keyword, values, &next);

	if (e) {
		text_free(&next);
		return e;
	}
	text_free(&w->content);
	w->content = next;
	return ERR_NONE;
}

static enum err content_set_word(struct work *w, const char *keyword, const char *word)
{
	struct strings values = { 0 };
	enum err e = strings_add(&values, word);

	if (!e)
		e = content_set(w, keyword, &values);
	strings_free(&values);
	return e;
}

/* How the host answers for a port on which nobody listens: the hidden ones should not stand out. */
static enum err measure(struct work *w)
{
	enum port_answer got[2] = { PORT_SILENT, PORT_SILENT };
	uint16_t ports[2];
	enum err e;

	if ((e = closed_port_find(ports, 2)) == ERR_NONE)
		e = closed_port_ask(ports, 2, got);
	if (e == ERR_MEMORY)
		return e;
	if (e) /* reset follows whatever the stack and other firewalls say, so it is right more often */
		text_add(
			&w->measured,
			"How unused ports answer could not be measured (%s): the hidden ones will do as the stack does.",
			e == ERR_UNSUPPORTED ? "there is no /dev/net/tun" : err_text(e));
	else
		text_add(&w->measured, "An unused port answers strangers with %s; so will the hidden ones.",
			 port_answer_text(got[0]));
	return content_set_word(w, "Answer", !e && got[0] == PORT_SILENT && got[1] == PORT_SILENT ? "drop" : "reset");
}

static enum err content_of_host(struct work *w)
{
	const struct facts *f = w->facts;
	const struct strings *ports = &w->args->ports;
	enum err e = ERR_NONE;

	if (!ports->n && !gate_text_has(text_string(&w->content), "Port"))
		ports = sshd_values(f->effective, KW_PORT);
	if (ports->n)
		e = content_set(w, "Port", ports);
	/* knocks are sealed to the key that clients know, wherever it is */
	for (size_t i = 0; i < f->nhost_keys && !e && !gate_text_has(text_string(&w->content), "HostKey"); i++)
		if (!f->host_keys[i].key_err && !strcmp(f->host_keys[i].key.type, "ssh-ed25519") &&
		    strcmp(f->host_keys[i].path, "/etc/ssh/ssh_host_ed25519_key") != 0)
			e = content_set_word(w, "HostKey", f->host_keys[i].path);
	if (!e && strcmp(f->config_path, "/etc/ssh/sshd_config") != 0)
		e = content_set_word(w, "SshdConfig", f->config_path);
	return e;
}

static enum err secret_make(struct work *w)
{
	uint8_t bytes[32];

	if (!w->args->site_secret || gate_text_has(text_string(&w->content), "SiteSecret"))
		return ERR_NONE;
	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2hex(w->secret, sizeof w->secret, bytes, sizeof bytes);
	sodium_memzero(bytes, sizeof bytes);
	w->secret[64] = '\n';
	w->secret[65] = '\0';
	return content_set_word(w, "SiteSecret", HIDE_SECRET);
}

static enum err content_build(struct work *w)
{
	const struct hide_args *a = w->args;
	char *old = NULL;
	size_t len;
	enum err e = root_read(w->facts->root, GATE_SETTINGS, SETTINGS_MAX, &old, &len);

	if (e && !(e == ERR_SYSTEM && errno == ENOENT) && e != ERR_NOT_FOUND)
		return e;
	text_add_string(&w->content, e ? HEAD : old);
	free(old);
	if ((e = text_check(&w->content)) || (e = content_of_host(w)) ||
	    (a->knock_ports.n && (e = content_set(w, "KnockPort", &a->knock_ports))) ||
	    (a->except.n && (e = content_set(w, "Except", &a->except))) ||
	    (a->except_interfaces.n && (e = content_set(w, "ExceptInterface", &a->except_interfaces))) ||
	    (a->if_broken && (e = content_set_word(w, "IfBroken", a->if_broken))) ||
	    (gate_text_has(text_string(&w->content), "Shut") && (e = content_set(w, "Shut", &(struct strings){ 0 }))))
		return e;
	if (a->answer)
		e = content_set_word(w, "Answer", answers[a->answer]);
	else if (!gate_text_has(text_string(&w->content), "Answer"))
		e = measure(w);
	return e ? e : secret_make(w);
}

/* What sallyportd says of them: from a file that is not in its place yet, and before there is a new secret. */
static int settings_ask(struct work *w)
{
	char path[64];
	struct text shown = { 0 };
	char *complaint = NULL;
	int status = 0;
	enum err e;

	snprintf(path, sizeof path, "/run/sallyport/hide-%ld.conf", (long)getpid());
	if (w->secret[0])
		e = gate_text_set(text_string(&w->content), "SiteSecret", &(struct strings){ 0 }, &shown);
	else
		text_add_string(&shown, text_string(&w->content)), e = text_check(&shown);
	if (!e && (e = file_make_dirs(w->facts->root, "/run/sallyport", 0755)) == ERR_NONE &&
	    (e = file_replace(w->facts->root, path, shown.s, shown.len, NULL, "hide")) == ERR_NONE &&
	    (e = gate_settings_ask(path, &w->settings, &complaint)) == ERR_NONE) {
		e = gate_settings_check(path, &w->mistakes);
		if (e == ERR_NONE && w->mistakes && !w->common->quiet)
			fputs(w->mistakes, stderr); /* warnings */
		if (e == ERR_NONE) {
			free(w->mistakes);
			w->mistakes = NULL;
		}
	}
	if (e == ERR_NOT_FOUND) {
		status = complain("there is no sallyportd: %s", gate_program);
		hint("it comes with sallyport: sudo make install, or the package");
	} else if (e == ERR_CONFIG && complaint) {
		fputs(complaint, stderr);
		status = complain("with these settings nothing can be hidden; nothing was changed");
	} else if (e && e != ERR_CONFIG) {
		status = fail(e, "cannot look at the settings");
	}
	if (file_remove(w->facts->root, path) && !status)
		status = fail(ERR_SYSTEM, "cannot remove '%s'", path);
	text_free(&shown);
	free(complaint);
	return status;
}

/* ---- the plan, shown ---- */

/* Its content is nobody's to read. */
static bool is_secret(const struct op *op)
{
	return strcmp(op->path, HIDE_SECRET) == 0;
}

static enum err show(const struct work *w, struct text *out)
{
	struct strings values = { 0 };
	enum err e = gate_settings_values(&w->settings, "Port", &values);

	if (!e && w->measured.len)
		text_add(out, "%s\n", w->measured.s);
	for (size_t i = 0; i < w->plan->nops && !e; i++)
		if (is_secret(&w->plan->ops[i]))
			text_add(out, "%s new " HIDE_SECRET ", mode 0600\n", w->common->dry_run ? "#" : " ");
		else
			e = change_show_op(w->common->dry_run, &w->plan->ops[i], out);
	text_add_string(out, w->common->dry_run ? "# then: " : "  then ");
	text_add(out,
		 w->hidden ? "sallyportd serves by the new settings\n"
			   : "sallyportd hears knocks, and shuts TCP %s once one has come from outside\n",
		 values.n ? values.v[0] : "22");
	if (w->keepers.n)
		text_add_string(out, "Must be able to knock: ");
	for (size_t i = 0; i < w->keepers.n; i++) {
		text_add_string(out, i ? ", " : "");
		keeper_describe(&w->keepers.v[i], out);
	}
	text_add_string(out, w->keepers.n ? "\n" : "");
	strings_free(&values);
	return e ? e : text_check(out);
}

static int answer_json(const struct work *w, bool changed, int status)
{
	const struct transaction_outcome *o = &w->outcome;
	json_t *ops = json_array();
	json_t *j = json_pack("{s:s,s:b,s:o,s:o}", "schema", "sallyport.hide.v1", "changed", changed, "ops", ops,
			      "guards", change_guards_json(&w->guards));

	for (size_t i = 0; j && w->plan && i < w->plan->nops; i++) {
		json_t *op = change_op_json(&w->plan->ops[i]);

		if (op && is_secret(&w->plan->ops[i]))
			json_object_set_new(op, "diff", json_string(""));
		json_array_append_new(ops, op);
	}
	if (j && w->wait.address[0])
		json_object_set_new(j, "knock", json_pack("{s:s,s:s}", "user", w->wait.user, "addr", w->wait.address));
	if (j && o->tx) {
		json_object_set_new(j, "transaction", json_integer(o->tx->id));
		json_object_set_new(j, "state", json_string(tx_state_text(o->tx->state)));
		if (o->failed)
			json_object_set_new(j, "failed", json_safe_string(o->failed));
		if (o->tx->state == TX_WAITING)
			json_object_set_new(j, "confirm_seconds", json_integer((json_int_t)timer_left(o->tx)));
	}
	status = command_print_json(w->common, j, status);
	json_decref(j);
	return status;
}

/* ---- doing it ---- */

/* Between the writing of the files and the waiting for a confirm. */
static enum err perform(void *arg, const struct tx *t, struct text *wrong)
{
	struct work *w = arg;
	char *complaint = NULL;
	enum err e = ERR_NONE;

	(void)t;
	if (!w->hidden) {
		e = hide_listen(&w->hide, &complaint);
		if (!e)
			e = hide_wait_for_knock(&w->wait, wrong);
		if (!e && wrong->len)
			return ERR_NONE; /* TCP was never shut */
	}
	if (!e)
		e = hide_shut(&w->hide, !w->hidden, &complaint);
	if (!e) {
		e = hide_prove(&w->hide, &complaint);
		if (e == ERR_UNSUPPORTED || e == ERR_SYSTEM || e == ERR_NOT_FOUND) {
			free(complaint);
			complaint = NULL;
			w->unproven = strdup("that a stranger finds nothing could not be tried from here");
			e = ERR_NONE;
		}
		if (!e) {
			w->note = complaint;
			complaint = NULL;
		}
	}
	if (e && e != ERR_MEMORY) {
		text_add(wrong, "the gate: %s", complaint ? complaint : err_text(e));
		e = ERR_NONE;
	}
	free(complaint);
	return e;
}

static int say_done(const struct work *w, int status)
{
	const struct tx *t = w->outcome.tx;
	const unsigned long left = timer_left(t);
	struct text out = { 0 };

	text_add_string(&out, "Closed to strangers. ");
	if (w->unproven)
		text_add(&out, "(Not proven: %s.) ", w->unproven);
	if (w->note)
		text_add(&out, "(It stands out: %s.) ", w->note);
	if (t->state == TX_WAITING)
		text_add(&out, "ssh in anew, then: sudo sallyport confirm      (opens by itself in %lu:%02lu)\n",
			 left / 60, left % 60);
	else
		text_add(&out, "Undo: sudo sallyport reveal\n");
	if (!w->service.managed)
		text_add_string(&out,
				"There is no systemd here: have 'sallyportd -L', then 'sallyportd' started at boot.\n");
	status = command_print(w->common, &out, status);
	text_free(&out);
	return status;
}

static void describe(const struct hide_args *a, struct text *out)
{
	text_add_string(out, "hide");
	if (a->ports.n) {
		text_add_string(out, " --port ");
		strings_join(&a->ports, ",", out);
	}
	for (size_t i = 0; i < a->except.n; i++)
		text_add(out, " --except %s", a->except.v[i]);
}

static int do_it(struct work *w)
{
	struct text what = { 0 };
	struct transaction_request q = {
		.facts = w->facts,
		.plan = w->plan,
		.keepers = &w->keepers,
		.confirm_seconds = w->confirm_seconds,
		.gate = { .changed = true, .ran = w->service.runs, .enabled = w->service.enabled },
		.perform = perform,
		.arg = w,
	};
	char *complaint = NULL;
	int status;
	enum err e;

	describe(w->args, &what);
	if ((e = text_check(&what)) == ERR_NONE) {
		q.what = what.s;
		e = transaction_apply(&q, &w->outcome);
	}
	text_free(&what);
	if (e) {
		status = change_say_failure(&w->outcome, e);
		return w->common->format == FORMAT_JSON ? answer_json(w, false, status) : status;
	}
	status = EXIT_YES;
	if (w->outcome.tx->state == TX_CONFIRMED && gate_service_enable(&complaint))
		status = complain("it is not started at boot: %s", complaint ? complaint : "systemctl failed");
	free(complaint);
	return w->common->format == FORMAT_JSON ? answer_json(w, true, status) : say_done(w, status);
}

static int decide(struct work *w)
{
	const struct guard *refusal = guards_refusal(&w->guards);
	struct text t = { 0 };
	int status = EXIT_YES;
	enum err e;

	if (w->common->format != FORMAT_JSON) {
		if ((e = show(w, &t)))
			status = fail(e, "cannot show the plan");
		else if (w->common->dry_run)
			status = command_print(w->common, &t, EXIT_NO);
		else if (!w->common->quiet)
			fputs(text_string(&t), stderr);
		text_free(&t);
		if (e)
			return status;
	}
	change_say_guards(&w->guards);
	if (w->common->dry_run)
		return w->common->format == FORMAT_JSON ? answer_json(w, true, EXIT_NO) : status;
	if (refusal) {
		if (strcmp(refusal->id, "pending") != 0)
			hint("nothing was changed; if you know better: --override %s", refusal->id);
		return w->common->format == FORMAT_JSON ? answer_json(w, false, EXIT_NO) : EXIT_NO;
	}
	if (!w->common->yes && !command_ask("Go on?", change_patience(w->facts->root))) {
		complain("nothing was changed%s", isatty(STDIN_FILENO) ? "" : ": without a terminal it wants --yes");
		return EXIT_NO;
	}
	return do_it(w);
}

/* Whether the gate runs and shuts: then nobody has to be waited for. */
static enum err look_hidden(struct work *w)
{
	struct control_status now;
	enum err e = gate_service_find(&w->service);

	if (e || !w->service.runs)
		return e;
	if ((e = hide_status(&now)))
		return e;
	w->hidden = !now.held_open;
	return ERR_NONE;
}

static int plan_it(struct work *w)
{
	char *complaint = NULL;
	int status;
	enum err e;

	if ((e = content_build(w)))
		return fail(e, "cannot make the settings");
	if ((status = settings_ask(w)))
		return status;
	if ((e = past_logins_read(w->facts->root, w->facts->now, &w->past)) ||
	    (e = keepers_gather(w->facts, &w->args->keep, &w->past, &w->keepers, &complaint)))
		status = complaint ? complain("%s", complaint) : fail(e, "cannot tell who must be able to knock");
	else if ((e = look_hidden(w)))
		status = fail(e, "cannot ask sallyportd");
	else if ((e = hide_plan(w->facts->root, w->content.s, w->secret[0] ? w->secret : NULL, &w->plan)))
		status = fail(e, "cannot plan the change");
	free(complaint);
	return status;
}

static int nothing_to_do(const struct work *w)
{
	struct text out = { 0 };
	int status;

	if (w->common->format == FORMAT_JSON)
		return answer_json(w, false, EXIT_YES);
	text_add_string(&out, "Nothing to change: it is hidden already. Who comes in: sudo sallyport who\n");
	status = command_print(w->common, &out, EXIT_YES);
	text_free(&out);
	return status;
}

static int hide_by(struct work *w)
{
	int status = plan_it(w);
	enum err e;

	if (status)
		return status;
	if (w->hidden && w->plan->nops == 0)
		return nothing_to_do(w);
	w->hide = (struct hide){ .facts = w->facts,
				 .keepers = &w->keepers,
				 .overrides = &w->args->overrides,
				 .content = w->content.s,
				 .settings = &w->settings,
				 .mistakes = w->mistakes };
	w->wait = (struct hide_wait){ .hide = &w->hide,
				      .seconds = w->args->wait ? w->args->wait : WAIT_SECONDS,
				      .quiet = w->common->quiet };
	if ((e = hide_guards(&w->hide, &w->guards)))
		return fail(e, "cannot look at what must hold before");
	return decide(w);
}

static int hide_run(const struct common_args *common, void *args, const struct strings *rest)
{
	const struct hide_args *a = args;
	struct work w = { .common = common, .args = a };
	struct facts *f = NULL;
	int lock = -1, status;

	(void)rest;
	if (a->wait > WAIT_MAX)
		return complain("--wait is at most 1h: another change has to wait for it");
	if (geteuid() != 0) {
		complain("only root can look at all that hiding needs");
		hint("run it with sudo; --dry-run changes nothing");
		return EXIT_TROUBLE;
	}
	if ((status = change_check_overrides(&a->overrides)) ||
	    (status = change_confirm_within(a->confirm_within, &w.confirm_seconds)))
		return status;
	if (change_begin(common, &f, &lock, &status))
		return status;
	w.facts = f;
	status = hide_by(&w);
	work_clear(&w);
	change_end(f, lock);
	return status;
}

const struct command cmd_hide = {
	.name = "hide",
	.summary = "shut the SSH port to everybody who has not knocked",
	.arguments = "",
	.common = COMMON_REPORT | COMMON_CHANGE,
	.options = options,
	.args_size = sizeof(struct hide_args),
	.examples =
		"  sudo sallyport hide                          # shuts nothing before a knock has come from outside\n"
		"  sudo sallyport hide --except 192.0.2.0/24    # never shut for monitoring and the office\n"
		"  sudo sallyport hide --knock-port 443 --if-broken open-after=30m\n",
	.run = hide_run,
	.clear = hide_clear,
};
