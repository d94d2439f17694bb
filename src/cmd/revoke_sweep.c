/* SPDX-License-Identifier: GPL-3.0-or-later */
/* revoke_sweep.c - find revoked keys that are still listed somewhere, and take them out of the files. */
#include "cmd/revoke.h"

#include "audit/sweep.h"
#include "base/json.h"
#include "base/message.h"
#include "cmd/change.h"
#include "harden/sweep_plan.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

struct sweep_args {
	struct strings users, keep, overrides;
	const char *krl, *confirm_within;
	bool remove;
};

#define AT(field) OPTION_AT(struct sweep_args, field)

static const struct option_row options[] = {
	{ "remove", 0, OPTION_FLAG, AT(remove), NULL, "take them out of the files" },
	{ "krl", 0, OPTION_TEXT, AT(krl), "<file>", "the revoked keys (those of RevokedKeys)" },
	{ "user", 'u', OPTION_LIST, AT(users), "<user>", "only files of this account; may be repeated" },
	{ "keep", 'k', OPTION_LIST, AT(keep), "<user>[@<addr>]", "this account must still get in" },
	{ "confirm-within", 0, OPTION_TEXT, AT(confirm_within), "<time>",
	  "go back unless confirmed in this time (5m; 0: no timer)" },
	{ "override", 0, OPTION_LIST, AT(overrides), "<guard>", "go on although this guard refuses" },
	{ 0 },
};

static void sweep_args_clear(void *args)
{
	struct sweep_args *a = args;

	strings_free(&a->users);
	strings_free(&a->keep);
	strings_free(&a->overrides);
}

/* ---- what was found, shown ---- */

static const char *const kind_names[] = {
	[SWEEP_KEY] = "key", [SWEEP_AUTHORITY] = "cert-authority", [SWEEP_TRUSTED_CA] = "trusted-ca"
};

static const char *const kind_notes[] = {
	[SWEEP_KEY] = "", [SWEEP_AUTHORITY] = ", a CA", [SWEEP_TRUSTED_CA] = ", a CA of TrustedUserCAKeys"
};

static void show_line(const struct sweep_file *f, const struct sweep_line *l, struct text *out)
{
	text_add_escaped(out, f->path, strlen(f->path));
	text_add(out, ":%u: %s %s", l->line, l->key.type, l->key.fingerprint);
	text_add_string(out, l->comment[0] ? " " : "");
	text_add_escaped(out, l->comment, strlen(l->comment));
	text_add(out, " (revoked by %s in %s%s)\n", l->how, l->list, kind_notes[l->kind]);
}

static void show_count(const struct sweep *s, struct text *out)
{
	size_t keys = sweep_count(s, SWEEP_KEY),
	       cas = sweep_count(s, SWEEP_AUTHORITY) + sweep_count(s, SWEEP_TRUSTED_CA);

	if (!keys && !cas)
		text_add_string(out, s->unseen.n ? "None found" : "No revoked key is listed");
	else
		text_add(out, "%zu line%s with a revoked key", keys + cas, keys + cas == 1 ? "" : "s");
	if (cas && keys)
		text_add(out, ", %zu of them of CAs", cas);
	text_add(out, " in %zu file%s%s\n", s->looked, s->looked == 1 ? "" : "s",
		 s->unseen.n ? ", and not all could be looked at" : "");
}

static json_t *file_json(const struct sweep_file *f)
{
	json_t *list = json_array(),
	       *j = json_pack("{s:o,s:o,s:o}", "path", json_safe_string(f->path), "account",
			      f->account[0] ? json_safe_string(f->account) : json_null(), "lines", list);

	for (size_t i = 0; j && i < f->lines.n; i++) {
		const struct sweep_line *l = &f->lines.v[i];

		json_array_append_new(list, json_pack("{s:i,s:s,s:s,s:s,s:o,s:s,s:o}", "line", (int)l->line, "kind",
						      kind_names[l->kind], "type", l->key.type, "fingerprint",
						      l->key.fingerprint, "comment", json_safe_string(l->comment), "by",
						      l->how, "list", json_safe_string(l->list)));
	}
	if (j && f->stays)
		json_object_set_new(j, "stays", json_safe_string(f->stays));
	return j;
}

/* Besides the schema, which the plan has its own of. */
static json_t *found_json(const struct sweep *s)
{
	json_t *files = json_array();

	for (size_t i = 0; files && i < s->n; i++)
		json_array_append_new(files, file_json(&s->v[i]));
	return json_pack("{s:I,s:I,s:o,s:o}", "keys", (json_int_t)sweep_count(s, SWEEP_KEY), "looked",
			 (json_int_t)s->looked, "files", files, "unknown", json_safe_strings(&s->unseen));
}

static void say_unseen(const struct sweep *s)
{
	for (size_t i = 0; i < s->unseen.n; i++)
		complain("%s", s->unseen.v[i]);
}

/* What could not be looked at outweighs what was found: the answer is not whole. */
static int status_of(const struct sweep *s, bool left)
{
	return s->unseen.n ? EXIT_TROUBLE : left ? EXIT_NO : EXIT_YES;
}

static int report(const struct common_args *common, const struct sweep *s)
{
	int status = status_of(s, s->n > 0);
	struct text out = { 0 };

	say_unseen(s);
	if (common->format == FORMAT_JSON) {
		json_t *j = json_pack("{s:s}", "schema", "sallyport.sweep.v1"), *found = found_json(s);

		if (j && found)
			json_object_update(j, found);
		status = command_print_json(common, found ? j : NULL, status);
		json_decref(found);
		json_decref(j);
		return status;
	}
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->v[i].lines.n; k++)
			show_line(&s->v[i], &s->v[i].lines.v[k], &out);
	show_count(s, &out);
	status = command_print(common, &out, status);
	text_free(&out);
	if (sweep_count(s, SWEEP_KEY))
		command_hint(common, "what would go: sudo sallyport revoke sweep --remove --dry-run");
	return status;
}

/* ---- taking them out ---- */

struct removal {
	const struct facts *facts;
	struct sweep *sweep;
	json_t *more;
};

static enum err extend(void *arg, struct stage *stage, struct plan *p)
{
	struct removal *r = arg;
	enum err e = sweep_plan(r->facts, r->sweep, stage, p);
	json_t *found = e ? NULL : found_json(r->sweep);

	if (e)
		return e;
	if (!found || json_object_set_new(r->more, "sweep", found))
		return ERR_MEMORY;
	return ERR_NONE;
}

/* Lines that are for a person to take out. *left: there are some. */
static void say_stays(const struct sweep *s, bool *left)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct sweep_file *f = &s->v[i];

		if (f->stays)
			warn("'%s' stays as it is: %s", f->path, f->stays);
		*left = *left || f->stays;
		for (size_t k = 0; k < f->lines.n; k++) {
			if (f->lines.v[k].kind == SWEEP_KEY)
				continue;
			warn("%s:%u lists a revoked CA: take it out by hand", f->path, f->lines.v[k].line);
			*left = true;
		}
	}
}

static int remove_keys(const struct common_args *common, const struct facts *f, const struct sweep_args *a,
		       uint64_t confirm_seconds, struct sweep *s)
{
	struct removal r = { .facts = f, .sweep = s, .more = json_object() };
	struct change_request q = { .what = "revoke sweep --remove",
				    .keep = &a->keep,
				    .overrides = &a->overrides,
				    .confirm_seconds = confirm_seconds,
				    .extend = extend,
				    .arg = &r,
				    .more = r.more,
				    .nothing = s->unseen.n ? "Nothing to take out of what could be looked at."
					       : s->n	   ? "Nothing can be taken out."
							   : "Nothing to change: no revoked key is listed." };
	bool left = false;
	int status;

	if (!r.more)
		return fail(ERR_MEMORY, "cannot plan the change");
	say_unseen(s);
	status = change_run(common, f, &q);
	say_stays(s, &left);
	json_decref(r.more);
	return status == EXIT_YES ? status_of(s, left) : status == EXIT_NO && s->unseen.n ? EXIT_TROUBLE : status;
}

/* ---- the command ---- */

static int check_users(const struct facts *f, const struct strings *users)
{
	for (size_t i = 0; i < users->n; i++) {
		struct account *a = NULL;
		enum err e = account_find(f->root, users->v[i], &a);

		account_free(a);
		if (e == ERR_NOT_FOUND)
			return complain("there is no account '%s'", users->v[i]);
		if (e)
			return fail(e, "cannot look up the account '%s'", users->v[i]);
	}
	return 0;
}

/* A file that was named is one of this system, whatever --root says. */
static int read_given(const struct facts *f, const char *path, struct revoked_file *out)
{
	struct text full = { 0 };
	struct root *live = NULL;
	char folder[4096];
	int status = 0;
	enum err e = ERR_NONE;

	if (path[0] != '/' && !getcwd(folder, sizeof folder))
		return fail(ERR_SYSTEM, "cannot tell the current folder");
	text_add(&full, "%s%s%s", path[0] == '/' ? "" : folder, path[0] == '/' ? "" : "/", path);
	if ((e = text_check(&full)) == ERR_NONE && (e = root_open(NULL, &live)) == ERR_NONE)
		e = revoked_file_read(live, full.s, f->config->release, out);
	if (e)
		status = fail(e, "cannot read '%s'", path);
	else if (out->obstacle)
		status = complain("--krl is '%s', which %s", path, out->why);
	root_close(live);
	text_free(&full);
	return status;
}

static int sweep_by(const struct common_args *common, const struct facts *f, const struct sweep_args *a,
		    uint64_t confirm_seconds)
{
	struct revoked_file given = { 0 };
	struct sweep s = { 0 };
	int status = check_users(f, &a->users);
	enum err e;

	if (!status && a->krl)
		status = read_given(f, a->krl, &given);
	if (status) {
		revoked_file_clear(&given);
		return status;
	}
	if ((e = sweep_find(f->root, f->config, &a->users, a->krl ? &given : NULL, &s))) {
		status = fail(e, "cannot look for revoked keys");
	} else if (!s.lists) {
		status = complain("no RevokedKeys is set here, so nothing is revoked");
		command_hint(common, "a list of your own: sudo sallyport revoke sweep --krl FILE");
	} else if (a->remove) {
		status = remove_keys(common, f, a, confirm_seconds, &s);
	} else {
		status = report(common, &s);
	}
	sweep_clear(&s);
	revoked_file_clear(&given);
	return status;
}

static int sweep_run(const struct common_args *common, void *args, const struct strings *rest)
{
	const struct sweep_args *a = args;
	struct facts *f = NULL;
	uint64_t confirm_seconds;
	int lock = -1, status;

	if (rest->n)
		return complain("revoke sweep: there is one word too many, '%s'", rest->v[0]);
	if ((status = change_check_overrides(&a->overrides)) ||
	    (status = change_confirm_within(a->confirm_within, &confirm_seconds)))
		return status;
	/* to look needs no lock, no root, and of the system no more than its configuration */
	if (!a->remove && (status = revoke_facts(common, &f)))
		return status;
	if (a->remove && change_begin(common, &f, &lock, &status))
		return status;
	status = sweep_by(common, f, a, confirm_seconds);
	change_end(f, lock);
	return status;
}

const struct command cmd_revoke_sweep = {
	.name = "revoke sweep",
	.summary = "find revoked keys in all files of keys, and take them out",
	.arguments = "",
	.common = COMMON_REPORT | COMMON_HOST | COMMON_CHANGE,
	.options = options,
	.args_size = sizeof(struct sweep_args),
	.examples = "  sudo sallyport revoke sweep                      # where is a revoked key still listed?\n"
		    "  sudo sallyport revoke sweep --remove --dry-run   # the lines that would go\n"
		    "  sudo sallyport revoke sweep --remove             # take them out, with a way back\n",
	.run = sweep_run,
	.clear = sweep_args_clear,
};
