/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access_check.c - access check: may this account log in? One answer a line, for one or for a whole list. */
#include "cmd/access.h"

#include "base/json.h"
#include "base/message.h"
#include "base/nearest.h"
#include "sshd/hash.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define LINE_MAX_BYTES (64u << 10)
#define NETWORKS_SHOWN 6

struct check_args {
	const char *from, *host, *key, *batch;
};

static const struct option_row options[] = {
	{ "from", 0, OPTION_TEXT, OPTION_AT(struct check_args, from), "<addr>",
	  "from this address; without it: from anywhere" },
	{ "host", 0, OPTION_TEXT, OPTION_AT(struct check_args, host), "<name>",
	  "the name of that address (it counts where UseDNS is yes)" },
	{ "key", 'i', OPTION_TEXT, OPTION_AT(struct check_args, key), "<file>",
	  "with just this key or certificate; - for stdin, or SHA256:..." },
	{ "batch", 'b', OPTION_TEXT, OPTION_AT(struct check_args, batch), "<file>",
	  "many questions, one JSON object a line; - for stdin" },
	{ 0 },
};

/* One question with its answer. networks: NULL where an address was named. */
struct answer {
	const struct scene *scene;
	const struct person *person;
	const struct access_login *login;
	const char *addr; /* as it was asked for; NULL: from anywhere */
	const struct access_decision *decision;
	const struct networks *networks; /* from where it is allowed */
};

/* ---- in words ---- */

static void say_where(const struct answer *a, struct text *out)
{
	text_add_escaped(out, a->person->name, strlen(a->person->name));
	text_add(out, " from %s", a->addr ? a->addr : "anywhere");
}

static void say_place(const struct answer *a, struct text *out)
{
	const struct access_decision *d = a->decision;

	if (!d->by)
		return;
	text_add_string(out, " (");
	if (d->verdict == ACCESS_ALLOWED) {
		text_add(out, "%s ", d->by->keyword->name);
		if (d->pattern)
			text_add_escaped(out, d->pattern, strlen(d->pattern));
		text_add_string(out, d->pattern ? ", " : "");
	}
	line_place(a->scene, d->by, out);
	text_add_string(out, ")");
}

static enum err say_why(const struct answer *a, struct text *out)
{
	struct text why = { 0 };
	enum err e = ERR_NONE;

	if (a->decision->verdict == ACCESS_ALLOWED) {
		text_add_string(out, ": ");
		methods_join(a->decision->methods, out);
	} else if ((e = person_detail(a->scene, a->person, a->login, a->decision, &why)) == ERR_NONE) {
		text_add_string(out, ": ");
		text_add_escaped(out, text_string(&why), why.len);
	}
	text_free(&why);
	return e;
}

/* Allowed from some networks only: the word for people is neither of the two. */
static bool is_split(const struct answer *a)
{
	return a->networks && a->networks->n && a->decision->verdict != ACCESS_ALLOWED;
}

static enum err answer_text(const struct answer *a, bool color, struct text *out)
{
	enum err e;

	if (is_split(a)) {
		verdict_add(ACCESS_UNKNOWN, "partly", color, out);
		text_add_escaped(out, a->person->name, strlen(a->person->name));
		text_add_string(out, " ");
		if ((e = networks_describe(a->networks, NETWORKS_SHOWN, out)))
			return e;
		text_add(out, "; from elsewhere%s", a->decision->verdict == ACCESS_UNKNOWN ? " unknown" : "");
	} else {
		verdict_add(a->decision->verdict, verdict_text(a->decision->verdict), color, out);
		say_where(a, out);
	}
	if ((e = say_why(a, out)))
		return e;
	say_place(a, out);
	text_add_string(out, "\n");
	return text_check(out);
}

/* ---- for programs ---- */

static enum err answer_json(const struct answer *a, struct text *out)
{
	const struct access_decision *d = a->decision;
	struct text why = { 0 };
	json_t *o = NULL;
	char *line = NULL;
	enum err e = person_detail(a->scene, a->person, a->login, d, &why);

	if (e == ERR_NONE)
		o = json_pack("{s:o,s:s?,s:s?,s:s,s:o,s:s,s:o,s:o}", "user", json_safe_string(a->person->name), "addr",
			      a->addr, "host", a->login->host, "verdict", verdict_text(d->verdict), "decided_by",
			      decided_by_json(d), "reason", access_reason_word(d), "methods", methods_json(d->methods),
			      "detail", text_json(&why));
	if (o && !a->login->host)
		json_object_del(o, "host");
	if (o && a->networks)
		json_object_set_new(o, "networks", networks_json(a->networks));
	line = o ? json_dumps(o, JSON_COMPACT) : NULL;
	if (line)
		text_add(out, "%s\n", line);
	else
		e = e ? e : ERR_MEMORY;
	free(line);
	json_decref(o);
	text_free(&why);
	return e ? e : text_check(out);
}

static enum err answer_add(const struct common_args *common, const struct answer *a, struct text *out)
{
	if (common->format == FORMAT_JSON)
		return answer_json(a, out);
	return answer_text(a, !common->output && message_color_on(STDOUT_FILENO), out);
}

/* ---- one question ---- */

static int print_answer(const struct common_args *common, const struct answer *a)
{
	struct text out = { 0 };
	int status = a->decision->verdict == ACCESS_ALLOWED ? EXIT_YES : EXIT_NO;
	enum err e = answer_add(common, a, &out);

	status = e ? fail(e, "cannot say the answer") : command_print(common, &out, status);
	text_free(&out);
	return status;
}

static int check_there(const struct common_args *common, struct answer *a)
{
	struct access_decision d = { 0 };
	int status;
	enum err e = person_decide(a->scene, a->person, a->login, &d);

	if (e)
		return fail(e, "cannot decide about '%s'", a->person->name);
	a->decision = &d;
	status = print_answer(common, a);
	a->decision = NULL;
	access_decision_clear(&d);
	return status;
}

static int check_anywhere(const struct common_args *common, struct answer *a)
{
	struct access_login there = *a->login;
	struct access_decision d = { 0 };
	struct networks networks = { 0 };
	char addr[NETWORK_TEXT], *why = NULL;
	int status;
	enum err e = person_decide_anywhere(a->scene, a->person, &there, addr, &d, &networks, &why);

	if (e) {
		status = sources_complain(a->person->name, e, why);
	} else {
		struct answer all = *a;

		all.decision = &d;
		all.login = &there;
		all.networks = &networks;
		status = print_answer(common, &all);
	}
	access_decision_clear(&d);
	networks_free(&networks);
	free(why);
	return status;
}

static int check_one(const struct common_args *common, const struct check_args *args, const struct scene *s,
		     const struct offered_key *key, const char *user)
{
	struct person p = { 0 };
	char addr[NETWORK_TEXT];
	struct access_login l = { .user = user, .host = args->host, .lport = s->lport, .key = key };
	struct answer a = { .scene = s, .person = &p, .login = &l, .addr = args->from };
	int status;
	enum err e;

	if (args->from && !address_normal(args->from, addr))
		return complain("--from is '%s': wants an address such as 192.0.2.7", args->from);
	if ((e = person_find(s, user, &p)))
		return fail(e, "cannot look up '%s'", user);
	l.account = p.account;
	l.addr = args->from ? addr : NULL;
	status = args->from ? check_there(common, &a) : check_anywhere(common, &a);
	person_clear(&p);
	return status;
}

/* ---- many ---- */

struct batch {
	const struct common_args *common;
	const struct scene *scene;
	const struct offered_key *key;
	const char *file;
	unsigned long line;
	struct hash people; /* by name; each is looked up once */
	struct text out;    /* flushed now and then, unless it goes to a file as a whole */
	bool all_allowed;
};

/* One line of it. The texts belong to the JSON. */
struct question {
	const char *user, *addr, *host, *laddr;
	json_int_t lport;
	json_t *groups;
};

static int refuse_line(const struct batch *b, const char *format, ...) FORMAT(2, 3);
static int refuse_line(const struct batch *b, const char *format, ...)
{
	struct text what = { 0 };
	va_list ap;

	va_start(ap, format);
	text_addv(&what, format, ap);
	va_end(ap);
	complain("%s:%lu: %s", b->file, b->line, text_string(&what));
	text_free(&what);
	return EXIT_TROUBLE;
}

static int read_text_field(const struct batch *b, const char *name, const json_t *v, const char **out)
{
	if (json_is_null(v))
		return 0;
	if (!json_is_string(v) || strlen(json_string_value(v)) != json_string_length(v))
		return refuse_line(b, "\"%s\" wants a string", name);
	*out = json_string_value(v);
	return 0;
}

static int read_groups(const struct batch *b, json_t *v, json_t **out)
{
	size_t i;
	json_t *group;

	if (!json_is_array(v))
		return refuse_line(b, "\"groups\" wants a list of names");
	json_array_foreach(v, i,
			   group) if (!json_is_string(group)) return refuse_line(b, "\"groups\" wants a list of names");
	*out = v;
	return 0;
}

static int read_field(const struct batch *b, const char *name, json_t *v, struct question *q)
{
	static const char *const names[] = { "user", "addr", "host", "laddr", "lport", "groups", NULL };
	const char **texts[] = { &q->user, &q->addr, &q->host, &q->laddr };
	struct text shown = { 0 };
	const char *near;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (strcmp(name, names[i]) == 0)
			return read_text_field(b, name, v, texts[i]);
	if (strcmp(name, "groups") == 0)
		return read_groups(b, v, &q->groups);
	if (strcmp(name, "lport") == 0) {
		q->lport = json_integer_value(v);
		return json_is_integer(v) && q->lport > 0 && q->lport < 65536
			       ? 0
			       : refuse_line(b, "\"lport\" wants a number from 1 to 65535");
	}
	text_add_escaped(&shown, name, strlen(name));
	refuse_line(b, "there is no field \"%s\"", text_string(&shown));
	text_free(&shown);
	near = nearest_word(name, names);
	if (near)
		hint("did you mean \"%s\"?", near);
	return EXIT_TROUBLE;
}

static int read_question(const struct batch *b, json_t *o, struct question *q, char addr[NETWORK_TEXT],
			 char laddr[NETWORK_TEXT])
{
	const char *name;
	json_t *v;
	int status;

	if (!json_is_object(o))
		return refuse_line(b, "wants an object such as {\"user\":\"anna\",\"addr\":\"192.0.2.7\"}");
	json_object_foreach(o, name, v) if ((status = read_field(b, name, v, q))) return status;
	if (!q->user || !q->addr)
		return refuse_line(b, "there is no \"%s\"", q->user ? "addr" : "user");
	if (!address_normal(q->addr, addr))
		return refuse_line(b, "\"addr\" is '%s': wants an address such as 192.0.2.7", q->addr);
	if (q->laddr && !address_normal(q->laddr, laddr))
		return refuse_line(b, "\"laddr\" is '%s': wants an address such as 192.0.2.7", q->laddr);
	return 0;
}

/* Somebody is looked up once, and kept with the name. */
static enum err batch_person(struct batch *b, const char *name, const struct person **out)
{
	uint64_t key = hash_text(HASH_START, name);
	struct person *p;
	size_t at = 0;
	char *copy;
	enum err e;

	while ((p = hash_next(&b->people, key, &at)))
		if (strcmp(p->name, name) == 0)
			break;
	if (!p) {
		p = calloc(1, sizeof *p);
		copy = strdup(name);
		if (!p || !copy || (e = person_find(b->scene, copy, p)) || (e = hash_add(&b->people, key, p))) {
			free(copy);
			if (p)
				person_clear(p);
			free(p);
			return ERR_MEMORY;
		}
		p->name = copy;
	}
	*out = p;
	return ERR_NONE;
}

static void batch_clear(struct batch *b)
{
	for (size_t i = 0; i < b->people.size; i++) {
		struct person *p = b->people.v[i].value;

		if (!p)
			continue;
		free((char *)p->name);
		person_clear(p);
		free(p);
	}
	hash_free(&b->people);
	text_free(&b->out);
}

/* The account with other groups; only these are copied. */
static enum err regroup(const json_t *groups, struct account *a)
{
	enum err e = ERR_NONE;
	json_t *group;
	size_t i;

	a->groups = (struct strings){ 0 };
	json_array_foreach(groups, i, group) if (!e) e = strings_add(&a->groups, json_string_value(group));
	return e;
}

static enum err batch_decide(struct batch *b, const struct question *q, const char *addr, const char *laddr)
{
	struct access_login l = { .user = q->user,
				  .host = q->host,
				  .addr = addr,
				  .laddr = q->laddr ? laddr : NULL,
				  .lport = q->lport ? (unsigned)q->lport : b->scene->lport,
				  .key = b->key };
	struct account other = { 0 };
	struct access_decision d = { 0 };
	struct answer a = { .scene = b->scene, .login = &l, .addr = q->addr, .decision = &d };
	enum err e = batch_person(b, q->user, &a.person);

	if (e)
		return e;
	l.account = a.person->account;
	if (q->groups && l.account) {
		other = *l.account;
		l.account = &other;
		e = regroup(q->groups, &other);
	}
	if (e == ERR_NONE && (e = person_decide(b->scene, a.person, &l, &d)) == ERR_NONE) {
		b->all_allowed = b->all_allowed && d.verdict == ACCESS_ALLOWED;
		e = answer_add(b->common, &a, &b->out);
		access_decision_clear(&d);
	}
	if (l.account == &other)
		strings_free(&other.groups);
	return e;
}

static int batch_line(struct batch *b, const char *line, size_t len)
{
	char addr[NETWORK_TEXT], laddr[NETWORK_TEXT];
	struct question q = { 0 };
	json_error_t why;
	json_t *o;
	int status;
	enum err e;

	o = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why);
	if (!o)
		return refuse_line(b, "this is not JSON: %s", why.text);
	status = read_question(b, o, &q, addr, laddr);
	if (status == 0 && (e = batch_decide(b, &q, addr, laddr)))
		status = fail(e, "cannot decide about '%s'", q.user);
	json_decref(o);
	return status;
}

static int batch_flush(struct batch *b, bool last)
{
	int status;

	if (b->common->output && !last)
		return 0;
	status = command_print(b->common, &b->out, 0);
	text_reset(&b->out);
	return status;
}

static int batch_lines(struct batch *b, FILE *in)
{
	static char line[LINE_MAX_BYTES];
	bool soon = isatty(STDOUT_FILENO) || in == stdin; /* somebody may wait for each answer */
	int status = 0;

	while (status == 0 && fgets(line, sizeof line, in)) {
		size_t len = strlen(line);

		b->line++;
		if (line[strspn(line, " \t\r\n")] == '\0' && len && line[len - 1] == '\n')
			continue;
		if (!feof(in) && (!len || line[len - 1] != '\n'))
			status = refuse_line(b, "this line is longer than %u bytes or holds a NUL", LINE_MAX_BYTES - 2);
		else
			status = batch_line(b, line, len);
		if (status == 0 && (b->out.len > LINE_MAX_BYTES || soon))
			status = batch_flush(b, false);
	}
	if (status == 0 && ferror(in))
		status = fail(ERR_SYSTEM, "cannot read '%s'", b->file);
	return status;
}

static int check_batch(const struct common_args *common, const struct check_args *args, const struct scene *s,
		       const struct offered_key *key)
{
	struct batch b = { .common = common, .scene = s, .key = key, .file = args->batch, .all_allowed = true };
	bool piped = strcmp(args->batch, "-") == 0;
	FILE *in = piped ? stdin : fopen(args->batch, "re");
	int status, written;

	if (!in)
		return fail(ERR_SYSTEM, "cannot read '%s'", args->batch);
	status = batch_lines(&b, in);
	written = batch_flush(&b, true); /* also what was decided before a line that is wrong */
	if (!piped)
		fclose(in);
	batch_clear(&b);
	return status ? status : written ? written : b.all_allowed ? EXIT_YES : EXIT_NO;
}

/* ---- the command ---- */

static int check_usage(const struct check_args *a, const struct strings *rest, const char **user)
{
	if (!a->batch)
		return access_one_user("access check", rest, user);
	if (rest->n || a->from || a->host) {
		complain("--batch names the accounts and addresses itself: no USER, --from or --host beside it");
		hint("sallyport access check --help");
		return EXIT_TROUBLE;
	}
	if (a->key && strcmp(a->batch, "-") == 0 && strcmp(a->key, "-") == 0)
		return complain("--batch and --key cannot both come from stdin");
	return 0;
}

static int check_run(const struct common_args *common, void *opaque, const struct strings *rest)
{
	const struct check_args *args = opaque;
	struct held_key key = { 0 };
	struct scene s = { 0 };
	const char *user = NULL;
	const struct offered_key *offer = args->key ? &key.offer : NULL;
	int status = check_usage(args, rest, &user);

	if (status == 0 && (status = scene_open(common, &s)) == 0 &&
	    (!args->key || (status = held_key_read(&s, args->key, &key)) == 0))
		status = args->batch ? check_batch(common, args, &s, offer) : check_one(common, args, &s, offer, user);
	held_key_clear(&key);
	scene_close(&s);
	return status;
}

const struct command cmd_access_check = {
	.name = "access check",
	.summary = "may this account log in? from here, with this key; many at once",
	.arguments = "USER | --batch FILE",
	.common = COMMON_REPORT | COMMON_HOST,
	.options = options,
	.args_size = sizeof(struct check_args),
	.examples = "  sallyport access check anna                                      # from anywhere\n"
		    "  sudo sallyport access check anna --from 192.0.2.7 --key anna.pub # with just this key\n"
		    "  sallyport access check --batch logins.jsonl --format json        # a verdict a line\n",
	.run = check_run,
};
