/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access_explain.c - access explain: every check in sshd's order, the keys of the account, and the answer. */
#include "cmd/access.h"

#include "base/json.h"
#include "base/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define NETWORKS_SHOWN 20

struct explain_args {
	const char *from, *host, *key;
};

static const struct option_row options[] = {
	{ "from", 0, OPTION_TEXT, OPTION_AT(struct explain_args, from), "<addr>",
	  "from this address; without it: from anywhere" },
	{ "host", 0, OPTION_TEXT, OPTION_AT(struct explain_args, host), "<name>",
	  "the name of that address (it counts where UseDNS is yes)" },
	{ "key", 'i', OPTION_TEXT, OPTION_AT(struct explain_args, key), "<file>",
	  "with just this key or certificate; - for stdin, or SHA256:..." },
	{ 0 },
};

/* All that there is to tell. */
struct story {
	const struct scene *scene;
	const struct person *person;
	struct access_login login; /* its address is never NULL */
	const char *asked;	   /* the address that was named, or NULL */
	struct access_step *steps;
	size_t nsteps;
	struct access_decision decision;
	const struct credentials *keys; /* NULL: no such account */
	struct networks networks;	/* from where it is let in; only where no address was named */
};

static void story_clear(struct story *t)
{
	access_steps_free(t->steps, t->nsteps);
	access_decision_clear(&t->decision);
	networks_free(&t->networks);
}

static enum err story_gather(struct story *t, char addr[NETWORK_TEXT], char **why)
{
	struct access_decision d = { 0 };
	enum err e = ERR_NONE;

	if (!t->asked)
		e = person_decide_anywhere(t->scene, t->person, &t->login, addr, &d, &t->networks, why);
	access_decision_clear(&d);
	if (e || t->person->err)
		return e ? e : person_decide(t->scene, t->person, &t->login, &t->decision);
	if ((e = access_explain(t->scene->access, &t->login, &t->steps, &t->nsteps, &t->decision)) ||
	    !t->person->account)
		return e;
	return access_credentials(t->scene->access, &t->login, &t->keys);
}

/* ---- in words ---- */

static const char *const outcomes[] = {
	[STEP_PASSED] = "passed", [STEP_NOT_SET] = "-", [STEP_DECIDED] = "decided", [STEP_NOT_REACHED] = "not reached"
};
static const char *const outcome_words[] = { [STEP_PASSED] = "passed",
					     [STEP_NOT_SET] = "not-set",
					     [STEP_DECIDED] = "decided",
					     [STEP_NOT_REACHED] = "not-reached" };

static void add_outside(struct text *out, const char *s)
{
	text_add_escaped(out, s, strlen(s));
}

/* "      sshd_config:12: AllowUsers anna bert" */
static void quote_line(const struct scene *s, const struct sshd_line *by, struct text *out)
{
	text_add_string(out, "      ");
	line_place(s, by, out);
	text_add(out, ": %s ", by->keyword->name);
	add_outside(out, by->rest);
	if (by->match) {
		const char *file = facts_short_path(s->facts, by->match->file);

		text_add_string(out, "   (Match in ");
		add_outside(out, file);
		text_add(out, ":%u)", by->match->line);
	}
	text_add_string(out, "\n");
}

static void add_step(const struct story *t, const struct access_step *step, bool color, struct text *out)
{
	bool decided = step->outcome == STEP_DECIDED;
	const char *on = t->decision.verdict == ACCESS_DENIED ? "\033[31m" : "\033[33m";

	decided = decided && color;
	text_add(out, "  %-24s %s%-11s%s", step->name, decided ? on : "", outcomes[step->outcome],
		 decided ? "\033[0m" : "");
	if (step->sentence && step->sentence[0] && step->outcome != STEP_NOT_REACHED) {
		text_add_string(out, "  ");
		add_outside(out, step->sentence);
	}
	text_add_string(out, "\n");
	if (step->by && step->outcome != STEP_NOT_REACHED)
		quote_line(t->scene, step->by, out);
}

static bool admits(const struct story *t, const struct credential *c)
{
	return credential_admits(c, t->login.host ? t->login.host : t->login.addr, t->login.addr);
}

static const struct credential *stopper(const struct story *t, const struct credential *c)
{
	return credential_stopper(c, t->login.host ? t->login.host : t->login.addr, t->login.addr);
}

static void add_key_state(const struct story *t, const struct credential *c, struct text *out)
{
	const struct authorized_options *o = &c->key->options;

	if (c->obstacle != OBSTACLE_NONE) {
		add_outside(out, c->detail ? c->detail : credential_obstacle_text(c->obstacle));
	} else if (stopper(t, c)) {
		text_add_string(out, "not reached: ");
		add_outside(out, stopper(t, c)->file);
		text_add(out, ":%u has the same key, and no command", stopper(t, c)->line);
	} else if (!admits(t, c)) {
		text_add(out, "not from %s: from=\"", t->login.addr);
		add_outside(out, o->from);
		text_add_string(out, "\"");
	} else {
		text_add_string(out, "of use");
	}
	if (o->command) {
		text_add_string(out, ", only for command=\"");
		add_outside(out, o->command);
		text_add_string(out, "\"");
	}
	if (c->by) {
		text_add_string(out, " (");
		line_place(t->scene, c->by, out);
		text_add_string(out, ")");
	}
}

static void add_key(const struct story *t, const struct credential *c, struct text *out)
{
	const struct authorized_key *k = c->key;

	text_add_string(out, "  ");
	add_outside(out, c->file);
	text_add(out, ":%u  %s%s %s", c->line, k->options.cert_authority ? "CA " : "", k->key.type, k->key.fingerprint);
	if (k->comment[0]) {
		text_add_string(out, "  ");
		add_outside(out, k->comment);
	}
	text_add_string(out, "\n      ");
	add_key_state(t, c, out);
	text_add_string(out, "\n");
}

static bool same_text(const char *a, const char *b)
{
	return a && strcmp(a, b) == 0;
}

static void add_keys(const struct story *t, struct text *out)
{
	if (!t->keys)
		return;
	text_add(out, "keys%s\n", t->keys->n ? "" : ": none");
	for (size_t i = 0; i < t->keys->n; i++)
		add_key(t, &t->keys->v[i], out);
	if (t->keys->detail && !(t->keys->n && same_text(t->keys->v[0].detail, t->keys->detail))) {
		text_add_string(out, "  ");
		add_outside(out, t->keys->detail);
		if (t->keys->by) {
			text_add_string(out, " (");
			line_place(t->scene, t->keys->by, out);
			text_add_string(out, ")");
		}
		text_add_string(out, "\n");
	} else if (t->keys->unsure) {
		text_add_string(out, "  there may be more: not everything could be read\n");
	}
}

static enum err add_answer(const struct story *t, bool color, struct text *out)
{
	const struct access_decision *d = &t->decision;
	struct text why = { 0 };
	enum err e = person_detail(t->scene, t->person, &t->login, d, &why);

	verdict_add(d->verdict, verdict_text(d->verdict), color, out);
	add_outside(out, t->person->name);
	text_add(out, " from %s: ", t->asked ? t->asked : t->login.addr);
	if (d->verdict == ACCESS_ALLOWED)
		methods_join(d->methods, out);
	else
		text_add_escaped(out, text_string(&why), why.len);
	if (d->by) {
		text_add_string(out, " (");
		line_place(t->scene, d->by, out);
		text_add_string(out, ")");
	}
	text_add_string(out, "\n");
	if (networks_everywhere(&t->networks)) {
		text_add_string(out, "The same from anywhere.\n");
	} else if (t->networks.n) {
		text_add_string(out, "Let in ");
		if (e == ERR_NONE)
			e = networks_describe(&t->networks, NETWORKS_SHOWN, out);
		text_add_string(out, "\n");
	} else if (!t->asked && !t->person->err) {
		text_add_string(out, "Not let in from anywhere.\n");
	}
	text_free(&why);
	return e ? e : text_check(out);
}

static enum err story_text(const struct story *t, bool color, struct text *out)
{
	const struct facts *f = t->scene->facts;

	add_outside(out, t->person->name);
	text_add(out, " from %s", t->login.addr);
	if (!t->asked)
		text_add_string(out, ", for example");
	text_add_string(out, ", by ");
	add_outside(out, f->config_path);
	if (f->openssh)
		text_add(out, " (OpenSSH %s)", f->openssh);
	text_add_string(out, "\n");
	for (size_t i = 0; i < t->nsteps; i++)
		add_step(t, &t->steps[i], color, out);
	add_keys(t, out);
	return add_answer(t, color, out);
}

/* ---- for programs ---- */

static json_t *line_json(const struct sshd_line *by)
{
	struct text line = { 0 };
	json_t *o;

	if (!by)
		return json_null();
	text_add(&line, "%s %s", by->spelling, by->rest);
	o = json_pack("{s:o,s:i,s:o}", "file", json_safe_string(by->file), "line", (int)by->line, "text",
		      text_json(&line));
	text_free(&line);
	return o;
}

static json_t *string_or_null(const char *s)
{
	return s ? json_safe_string(s) : json_null();
}

static json_t *steps_json(const struct story *t)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < t->nsteps; i++) {
		const struct access_step *step = &t->steps[i];

		json_array_append_new(list, json_pack("{s:s,s:s,s:o,s:o,s:o}", "name", step->name, "outcome",
						      outcome_words[step->outcome], "sentence",
						      string_or_null(step->sentence), "pattern",
						      string_or_null(step->pattern), "by", line_json(step->by)));
	}
	return list;
}

static json_t *key_json(const struct story *t, const struct credential *c)
{
	const struct authorized_key *k = c->key;
	enum credential_obstacle obstacle = c->obstacle == OBSTACLE_NONE && !admits(t, c) ? OBSTACLE_FROM : c->obstacle;

	return json_pack("{s:o,s:i,s:s,s:i,s:s,s:o,s:b,s:s,s:o,s:o,s:o,s:o}", "file", json_safe_string(c->file), "line",
			 (int)c->line, "type", k->key.type, "bits", (int)k->key.bits, "fingerprint", k->key.fingerprint,
			 "comment", json_safe_string(k->comment), "ca", k->options.cert_authority, "obstacle",
			 credential_obstacle_text(obstacle), "detail", string_or_null(c->detail), "from",
			 string_or_null(k->options.from), "command", string_or_null(k->options.command), "by",
			 line_json(c->by));
}

static json_t *keys_json(const struct story *t)
{
	json_t *list = json_array();

	for (size_t i = 0; list && t->keys && i < t->keys->n; i++)
		json_array_append_new(list, key_json(t, &t->keys->v[i]));
	return list;
}

static json_t *story_json(const struct story *t)
{
	const struct access_decision *d = &t->decision;
	struct text why = { 0 };
	json_t *o = NULL;

	if (person_detail(t->scene, t->person, &t->login, d, &why) == ERR_NONE)
		o = json_pack("{s:s,s:o,s:s,s:s?,s:s,s:o,s:s,s:o,s:o,s:o,s:o,s:b}", "schema",
			      "sallyport.access-explain.v1", "user", json_safe_string(t->person->name), "addr",
			      t->asked ? t->asked : t->login.addr, "host", t->login.host, "verdict",
			      verdict_text(d->verdict), "decided_by", decided_by_json(d), "reason",
			      access_reason_word(d), "methods", methods_json(d->methods), "detail", text_json(&why),
			      "steps", steps_json(t), "keys", keys_json(t), "keys_unsure", t->keys && t->keys->unsure);
	if (o && !t->asked)
		json_object_set_new(o, "networks", networks_json(&t->networks));
	text_free(&why);
	return o;
}

/* ---- the command ---- */

static int print_story(const struct common_args *common, const struct story *t)
{
	int status = t->decision.verdict == ACCESS_ALLOWED ? EXIT_YES : EXIT_NO;
	struct text out = { 0 };
	json_t *o;
	enum err e;

	if (common->format == FORMAT_JSON) {
		o = story_json(t);
		status = command_print_json(common, o, status);
		json_decref(o);
		return status;
	}
	e = story_text(t, !common->output && message_color_on(STDOUT_FILENO), &out);
	status = e ? fail(e, "cannot say the answer") : command_print(common, &out, status);
	text_free(&out);
	return status;
}

static int explain(const struct common_args *common, const struct explain_args *args, const struct scene *s,
		   const struct offered_key *key, const char *user)
{
	char addr[NETWORK_TEXT], *why = NULL;
	struct person p = { 0 };
	struct story t = { .scene = s,
			   .person = &p,
			   .asked = args->from,
			   .login = { .user = user, .host = args->host, .lport = s->lport, .key = key, .addr = addr } };
	int status;
	enum err e;

	snprintf(addr, sizeof addr, ADDRESS_ORDINARY);
	if (args->from && !address_normal(args->from, addr))
		return complain("--from is '%s': wants an address such as 192.0.2.7", args->from);
	if ((e = person_find(s, user, &p)))
		return fail(e, "cannot look up '%s'", user);
	t.login.account = p.account;
	status = (e = story_gather(&t, addr, &why)) ? sources_complain(user, e, why) : print_story(common, &t);
	story_clear(&t);
	person_clear(&p);
	free(why);
	return status;
}

static int explain_run(const struct common_args *common, void *opaque, const struct strings *rest)
{
	const struct explain_args *args = opaque;
	struct held_key key = { 0 };
	struct scene s = { 0 };
	const char *user;
	int status;

	if ((status = access_one_user("access explain", rest, &user)))
		return status;
	if ((status = scene_open(common, &s)) == 0 &&
	    (!args->key || (status = held_key_read(&s, args->key, &key)) == 0))
		status = explain(common, args, &s, args->key ? &key.offer : NULL, user);
	held_key_clear(&key);
	scene_close(&s);
	return status;
}

const struct command cmd_access_explain = {
	.name = "access explain",
	.summary = "the same in sentences: every check, the line that decided, every key",
	.arguments = "USER",
	.common = COMMON_REPORT | COMMON_HOST,
	.options = options,
	.args_size = sizeof(struct explain_args),
	.examples = "  sudo sallyport access explain anna --from 192.0.2.7\n"
		    "  sudo sallyport access explain anna --key ~/.ssh/id_ed25519.pub\n",
	.run = explain_run,
};
