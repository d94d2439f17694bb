/* SPDX-License-Identifier: GPL-3.0-or-later */
/* status.c - the whole host on a screen; `sallyport` alone is the short form of it. */
#include "cmd/status.h"
#include "audit/audit.h"
#include "base/json.h"
#include "base/message.h"
#include "cmd/assess.h"
#include "cmd/command.h"
#include "cmd/gate_state.h"
#include "harden/timer.h"
#include "harden/transaction.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

struct view {
	const struct common_args *common;
	struct facts *facts;
	struct assessment judged;
	struct tx *waiting; /* NULL: nothing waits */
	unsigned changes_in_force;
	struct gate_state gate;
};

static const char *value_of(const struct view *v, enum sshd_keyword_id id)
{
	return v->facts->effective ? sshd_value(v->facts->effective, id) : "?";
}

static const char *ports(const struct view *v, struct text *t)
{
	if (v->facts->effective)
		strings_join(sshd_values(v->facts->effective, KW_PORT), ", ", t);
	return t->len ? text_string(t) : "22";
}

static enum err look_at_journal(struct view *v)
{
	unsigned *ids = NULL;
	size_t n = 0;
	enum err e = journal_list(v->facts->root, false, &ids, &n);

	if (e == ERR_SYSTEM && errno == EACCES)
		return ERR_NONE; /* without root it stays out of the picture, and the picture says so */
	for (size_t i = 0; e == ERR_NONE && i < n; i++) {
		struct tx *t;

		if (journal_read_brief(v->facts->root, ids[i], &t))
			continue;
		v->changes_in_force += tx_in_force(t);
		if (t->state == TX_WAITING && !v->waiting)
			v->waiting = t; /* the view owns it now */
		else
			tx_free(t);
	}
	free(ids);
	return e;
}

static int look(const struct common_args *common, struct view *v)
{
	struct facts_options o = { .root = common->root, .config = common->config, .sshd = common->sshd };
	static const struct strings all_steps;
	int status;
	enum err e;

	v->common = common;
	if ((e = facts_gather(&o, &v->facts)))
		return fail(e, "cannot look at the system");
	if ((e = look_at_journal(v)))
		return fail(e, "cannot read the journal");
	if ((e = gate_state_read(v->facts->root, v->facts->live, &v->gate)))
		return fail(e, "cannot look at the gate");
	if (!v->facts->config)
		return 0;
	status = assess_facts(v->facts, NULL, &all_steps, &v->judged);
	return status;
}

static void view_clear(struct view *v)
{
	gate_state_clear(&v->gate);
	assessment_clear(&v->judged);
	tx_free(v->waiting);
	facts_free(v->facts);
}

static void line_waiting(const struct view *v, struct text *out)
{
	unsigned long left;

	if (!v->waiting)
		return;
	left = timer_left(v->waiting);
	text_add(out, "Waiting: transaction %u (%s) goes back in %lu:%02lu unless confirmed\n", v->waiting->id,
		 v->waiting->what, left / 60, left % 60);
}

static bool is_hidden(const struct view *v)
{
	const struct strings *ports = v->facts->effective ? sshd_values(v->facts->effective, KW_PORT) : NULL;

	for (size_t i = 0; ports && i < ports->n; i++)
		if (!gate_state_hides(&v->gate, ports->v[i]))
			return false;
	return ports && ports->n;
}

static void line_gate(const struct view *v, struct text *out)
{
	if (!gate_state_any(&v->gate))
		return;
	text_add_string(out, "Gate: ");
	gate_state_line(&v->gate, out);
	text_add_string(out, ".\n");
	gate_state_troubles(&v->gate, out);
}

static bool harden_helps(const struct audit *a)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct finding *f = &a->findings[i];

		if (f->nchanges && (f->status == STATUS_FAIL || f->status == STATUS_WARN))
			return true;
	}
	return false;
}

static const char *next_step(const struct view *v)
{
	const struct audit *a = v->judged.audit;

	if (!v->facts->sshd && v->facts->live)
		return "No sshd is installed; nothing to do here.";
	if (v->waiting)
		return "Next: log in from a NEW window, then: sudo sallyport confirm";
	if (gate_state_next(&v->gate))
		return gate_state_next(&v->gate);
	if (!v->facts->privileged)
		return "Read only, changes nothing:  sudo sallyport audit";
	if (a && harden_helps(a))
		return "Next: sudo sallyport audit, then: sudo sallyport harden --dry-run";
	if (!a || a->count[STATUS_FAIL] || a->count[STATUS_WARN])
		return "Next: sudo sallyport audit";
	return "Nothing fails. What is in force: sudo sallyport history";
}

static void add_next(const struct view *v, struct text *out)
{
	text_add_string(out, next_step(v));
	if (!v->waiting)
		command_add_root(v->common, out);
	text_add_string(out, "\n");
}

static void line_server(const struct view *v, struct text *out)
{
	struct text port = { 0 };
	const struct facts *f = v->facts;
	bool passwords = strcasecmp(value_of(v, KW_PASSWORDAUTHENTICATION), "yes") == 0;

	text_add_escaped(out, f->hostname, strlen(f->hostname));
	if (!f->sshd && f->live) {
		text_add_string(out, ": no SSH server\n");
		return;
	}
	text_add(out, ": OpenSSH %s, port %s%s, %s", f->openssh ? f->openssh : "of unknown version", ports(v, &port),
		 is_hidden(v) ? " hidden" : "",
		 !f->config  ? "configuration unreadable"
		 : passwords ? "passwords accepted"
			     : "keys only");
	if (v->judged.audit)
		text_add(out, ", %s %u/100", v->judged.audit->grade, v->judged.audit->score);
	text_add_string(out, ".\n");
	text_free(&port);
}

static int short_run(const struct common_args *common, void *args, const struct strings *rest)
{
	struct view v = { 0 };
	struct text out = { 0 };
	int status = look(common, &v);

	(void)args, (void)rest;
	if (status == 0) {
		line_server(&v, &out);
		line_gate(&v, &out);
		line_waiting(&v, &out);
		add_next(&v, &out);
		status = command_print(common, &out, EXIT_YES);
	}
	text_free(&out);
	view_clear(&v);
	return status;
}

static void row(struct text *out, const char *name, const char *value)
{
	text_add(out, "%-12s ", name);
	text_add_escaped(out, value, strlen(value));
	text_add_string(out, "\n");
}

static void row_sessions(const struct view *v, struct text *out)
{
	const struct sessions *s = &v->facts->sessions;

	if (!v->facts->live)
		return;
	text_add(out, "%-12s ", "logged in");
	for (size_t i = 0; i < s->n; i++) {
		text_add_string(out, i ? ", " : "");
		text_add_escaped(out, s->v[i].user, strlen(s->v[i].user));
		text_add(out, " from %s%s", s->v[i].addr, s->v[i].ours ? " (you)" : "");
	}
	text_add_string(out, s->n ? "\n" : s->complete ? "nobody over SSH\n" : "not known without root\n");
}

static void rows_gate(const struct view *v, struct text *out)
{
	struct text line = { 0 }, troubles = { 0 };
	struct strings lines = { 0 };

	if (!gate_state_any(&v->gate))
		return;
	gate_state_line(&v->gate, &line);
	text_add(out, "%-12s %s\n", "gate", text_string(&line));
	gate_state_troubles(&v->gate, &troubles);
	if (strings_split(&lines, text_string(&troubles), "\n"))
		out->failed = true;
	for (size_t i = 0; i < lines.n; i++)
		text_add(out, "%-12s %s\n", "", lines.v[i]);
	strings_free(&lines);
	text_free(&troubles);
	text_free(&line);
}

static const char *manager_text(const struct facts *f)
{
	if (!f->live)
		return "not looked at";
	if (f->service.pid == 0)
		return "not running";
	return f->service.manager == SERVICE_SYSTEMD && f->service.unit ? f->service.unit
									: "running, without a service manager";
}

static void render(const struct view *v, struct text *out)
{
	const struct facts *f = v->facts;
	const struct audit *a = v->judged.audit;
	struct text port = { 0 };

	row(out, "host", f->hostname);
	row(out, "system", f->os);
	text_add(out, "%-12s OpenSSH %s%s%s%s, %s\n", "server", f->openssh ? f->openssh : "unknown",
		 f->package ? " (" : "", f->package ? f->package : "", f->package ? ")" : "", manager_text(f));
	row(out, "sshd", f->sshd ? f->sshd : "none found");
	row(out, "config", f->config ? f->config_path : "cannot be read");
	row(out, "port", ports(v, &port));
	row(out, "passwords", value_of(v, KW_PASSWORDAUTHENTICATION));
	row(out, "root login", value_of(v, KW_PERMITROOTLOGIN));
	row_sessions(v, out);
	rows_gate(v, out);
	if (a)
		text_add(out, "%-12s %s %u/100 by %s: %u fail, %u warn, %u unknown\n", "grade", a->grade, a->score,
			 policy_name(a->policy), a->count[STATUS_FAIL], a->count[STATUS_WARN],
			 a->count[STATUS_UNKNOWN]);
	if (f->privileged)
		text_add(out, "%-12s %u in force\n", "changes", v->changes_in_force);
	line_waiting(v, out);
	add_next(v, out);
	text_free(&port);
}

static json_t *render_json(const struct view *v)
{
	const struct facts *f = v->facts;
	const struct audit *a = v->judged.audit;
	json_t *j = json_pack("{s:s,s:{s:o,s:o,s:s?,s:s?,s:s?,s:o}}", "schema", "sallyport.status.v1", "host", "name",
			      json_safe_string(f->hostname), "os", json_safe_string(f->os), "openssh", f->openssh,
			      "package", f->package, "sshd", f->sshd, "config", json_safe_string(f->config_path));

	if (!j)
		return NULL;
	json_object_set_new(j, "running", f->live ? json_boolean(f->service.pid > 0) : json_null());
	if (a)
		json_object_set_new(j, "audit",
				    json_pack("{s:s,s:i,s:s,s:i,s:i,s:i}", "grade", a->grade, "score", (int)a->score,
					      "policy", policy_name(a->policy), "fail", (int)a->count[STATUS_FAIL],
					      "warn", (int)a->count[STATUS_WARN], "unknown",
					      (int)a->count[STATUS_UNKNOWN]));
	json_object_set_new(j, "gate", gate_state_json(&v->gate));
	json_object_set_new(j, "changes_in_force", json_integer(v->changes_in_force));
	json_object_set_new(j, "waiting",
			    v->waiting ? json_pack("{s:i,s:s,s:i}", "transaction", (int)v->waiting->id, "what",
						   v->waiting->what, "seconds_left", (int)timer_left(v->waiting))
				       : json_null());
	return j;
}

static int status_run(const struct common_args *common, void *args, const struct strings *rest)
{
	struct view v = { 0 };
	struct text out = { 0 };
	int status = look(common, &v);

	(void)args, (void)rest;
	if (status == 0 && common->format == FORMAT_JSON) {
		json_t *j = render_json(&v);

		status = command_print_json(common, j, EXIT_YES);
		json_decref(j);
	} else if (status == 0) {
		render(&v, &out);
		status = command_print(common, &out, EXIT_YES);
	}
	text_free(&out);
	view_clear(&v);
	return status;
}

const struct command cmd_status = {
	.name = "status",
	.summary = "the whole host on a screen",
	.arguments = "",
	.common = COMMON_REPORT | COMMON_HOST,
	.examples = "  sudo sallyport status\n"
		    "  sallyport status --root /mnt/image\n",
	.run = status_run,
};

const struct command cmd_short_status = {
	.name = "",
	.summary = "the state of this host and the next step",
	.arguments = "",
	.common = COMMON_HOST,
	.examples = "  sallyport\n",
	.run = short_run,
};
