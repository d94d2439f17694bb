/* SPDX-License-Identifier: GPL-3.0-or-later */
/* revoke_update.c - bring lists of revoked keys from their sources into force; each by itself, so that one does not stop another. */
#include "cmd/revoke.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/message.h"
#include "base/number.h"
#include "cmd/change.h"
#include "fetch/pull.h"
#include "key/revoked_source.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

struct update_args {
	struct strings only, keep, overrides;
	const char *sources;
};

#define AT(field) OPTION_AT(struct update_args, field)

static const struct option_row options[] = {
	{ "source", 's', OPTION_LIST, AT(only), "<name>", "only this source; may be repeated" },
	{ "sources", 0, OPTION_TEXT, AT(sources), "<file>", "where they stand (" SOURCES_PATH ")" },
	{ "keep", 'k', OPTION_LIST, AT(keep), "<user>[@<addr>]", "this account must still get in" },
	{ "override", 0, OPTION_LIST, AT(overrides), "<guard>", "go on although this guard refuses" },
	{ 0 },
};

static void update_clear(void *args)
{
	struct update_args *a = args;

	strings_free(&a->only);
	strings_free(&a->keep);
	strings_free(&a->overrides);
}

enum what { UPDATED, UNCHANGED, KEPT };

static const char *const what_names[] = { [UPDATED] = "updated", [UNCHANGED] = "unchanged", [KEPT] = "kept" };

/* What became of one source. */
struct result {
	const struct source *source;
	enum what what;
	uint64_t version, before; /* in place now, and before; 0: none, or not known */
	char *why;		  /* why it is kept, or what else is wrong; NULL */
	int status;
};

struct update {
	const struct common_args *common;
	const struct update_args *args;
	struct sources sources;
	struct strings keep; /* of the file and of --keep */
	struct root *root;
	struct result results[SOURCES_MAX];
	size_t n;
	struct text shown; /* plans, with --dry-run */
};

/* ---- one source ---- */

/* The first reason stays. A trouble outweighs a refusal. */
static void result_keep(struct result *r, int status, const char *format, ...) FORMAT(3, 4);

static void result_keep(struct result *r, int status, const char *format, ...)
{
	struct text t = { 0 };
	va_list ap;

	r->what = r->what == UPDATED ? UPDATED : KEPT;
	r->status = status > r->status ? status : r->status;
	if (r->why)
		return;
	va_start(ap, format);
	text_addv(&t, format, ap);
	va_end(ap);
	r->why = text_take(&t);
}

static enum err list_path(const struct source *s, struct text *out)
{
	text_add(out, REVOKED_FOLDER "/%s" REVOKED_SUFFIX, s->name);
	return text_check(out);
}

/* A list with a mistake would be refused with all others. */
static bool list_reads(struct result *r, const struct pulled *p)
{
	struct revoked_sources entries = { 0 };
	struct diags problems = { 0 };
	enum err e = revoked_sources_parse(p->content, p->len, r->source->name, &entries, &problems);

	if (e == ERR_CONFIG && problems.n)
		result_keep(r, EXIT_TROUBLE, "its line %u: %s", problems.v[0].line, problems.v[0].text);
	else if (e)
		result_keep(r, EXIT_TROUBLE, "it cannot be read: %s", err_text(e));
	revoked_sources_clear(&entries);
	diags_free(&problems);
	return !e;
}

/* The list, and what is made of all lists, in one transaction. The content is taken. */
static void install(struct update *u, struct result *r, const struct facts *f, const char *path, struct text *content)
{
	char what[SOURCE_NAME_MAX + 32];
	struct change_told told = { 0 };
	struct revoke_edit edit = { .path = path, .content = *content };
	const struct revoke_request q = {
		.what = what, .edits = &edit, .n = 1, .keep = &u->keep, .overrides = &u->args->overrides, .told = &told
	};

	snprintf(what, sizeof what, "revoke update: %s", r->source->name);
	r->status = revoke_build(u->common, f, &q);
	if (told.changed)
		r->what = UPDATED;
	else
		result_keep(r, r->status ? r->status : EXIT_TROUBLE, "%s",
			    told.refused ? told.refused : "it was not put in place");
	text_add_bytes(&u->shown, text_string(&told.shown), told.shown.len);
	change_told_clear(&told);
	text_free(&edit.content);
	*content = (struct text){ 0 };
}

static void compare_and_install(struct update *u, struct result *r, const struct facts *f, const struct pulled *p,
				const char *path)
{
	struct text content = { 0 };
	char *old = NULL;
	size_t len = 0;
	enum err e = root_read(f->root, path, REVOKED_SOURCE_MAX, &old, &len);

	if (e && !(e == ERR_SYSTEM && (errno == ENOENT || errno == ENOTDIR))) {
		result_keep(r, EXIT_TROUBLE, "'%s' cannot be read: %s", path, err_text(e));
		return;
	}
	switch (pull_compare(p, old, len, &r->before)) {
	case PULL_SAME: r->what = UNCHANGED; break;
	case PULL_OLDER:
		result_keep(r, EXIT_TROUBLE,
			    "version %llu is older than the one in place, which is %llu: an old list played again",
			    (unsigned long long)p->header.version, (unsigned long long)r->before);
		break;
	case PULL_REUSED:
		result_keep(r, EXIT_TROUBLE,
			    "version %llu is another text than the one in place: a new text wants a higher version",
			    (unsigned long long)p->header.version);
		break;
	case PULL_FOREIGN:
		result_keep(r, EXIT_TROUBLE,
			    "'%s' was written by somebody: give the source another name, or move the file", path);
		break;
	case PULL_NEWER:
		if (pull_format(r->source, p, &content))
			result_keep(r, EXIT_TROUBLE, "%s", err_text(ERR_MEMORY));
		else
			install(u, r, f, path, &content);
		break;
	}
	r->version = r->what == KEPT ? r->before : p->header.version;
	text_free(&content);
	free(old);
}

/* With the lock: what is in place is looked at anew, since another run may have been faster. */
static void bring(struct update *u, struct result *r, const struct pulled *p)
{
	struct text path = { 0 };
	struct facts *f = NULL;
	int lock = -1, status = EXIT_TROUBLE;

	if (change_begin(u->common, &f, &lock, &status)) {
		result_keep(r, status, "the change could not be begun");
		return;
	}
	if (list_path(r->source, &path))
		result_keep(r, EXIT_TROUBLE, "%s", err_text(ERR_MEMORY));
	else
		compare_and_install(u, r, f, p, path.s);
	change_end(f, lock);
	text_free(&path);
}

static void look_at_age(struct result *r, const struct pulled *p)
{
	char date[32];

	if (!pull_stale(r->source, &p->header, clock_wall()))
		return;
	date_format(p->header.date, date, sizeof date);
	result_keep(r, EXIT_TROUBLE, "it is of %s, longer ago than MaxAge: newer ones may be kept back", date);
}

static void source_update(struct update *u, struct result *r)
{
	struct pulled p = { 0 };
	char *why = NULL;
	enum err e = pull(u->root, r->source, &p, &why);

	if (e)
		result_keep(r, EXIT_TROUBLE, "%s", why ? why : err_text(e));
	else if (list_reads(r, &p)) {
		bring(u, r, &p);
		look_at_age(r, &p);
	}
	pulled_clear(&p);
	free(why);
}

/* ---- all of them, and the answer ---- */

static void describe(const struct update *u, const struct result *r, struct text *out)
{
	const char *verb = u->common->dry_run ? "would be put in place" : "is in place";

	if (r->what == UPDATED && r->before)
		text_add(out, "%s: version %llu %s, after %llu\n", r->source->name, (unsigned long long)r->version,
			 verb, (unsigned long long)r->before);
	else if (r->what == UPDATED)
		text_add(out, "%s: version %llu %s\n", r->source->name, (unsigned long long)r->version, verb);
	else if (r->what == UNCHANGED)
		text_add(out, "%s: version %llu, unchanged\n", r->source->name, (unsigned long long)r->version);
}

static json_t *result_json(const struct result *r)
{
	json_t *j = json_pack("{s:s,s:s}", "name", r->source->name, "state", what_names[r->what]);

	if (j)
		json_object_set_new(j, "version", r->version ? json_integer((json_int_t)r->version) : json_null());
	if (j && r->why)
		json_object_set_new(j, "reason", json_safe_string(r->why));
	return j;
}

static int answer_json(const struct update *u, bool changed, int status)
{
	json_t *list = json_array(),
	       *j = json_pack("{s:s,s:b,s:o}", "schema", "sallyport.update.v1", "changed", changed, "sources", list);

	for (size_t i = 0; j && i < u->n; i++)
		json_array_append_new(list, result_json(&u->results[i]));
	status = command_print_json(u->common, j, status);
	json_decref(j);
	return status;
}

static int answer(struct update *u)
{
	bool changed = false;
	int status = EXIT_YES;

	for (size_t i = 0; i < u->n; i++) {
		const struct result *r = &u->results[i];

		changed = changed || r->what == UPDATED;
		status = r->status > status ? r->status : status;
		if (r->why)
			complain("source '%s': %s%s", r->source->name, r->why,
				 r->what == KEPT ? "; the old list stays" : "");
		describe(u, r, &u->shown);
	}
	if (u->common->format == FORMAT_JSON)
		return answer_json(u, changed, status);
	return command_print(u->common, &u->shown, status);
}

static int check_only(const struct update *u)
{
	for (size_t i = 0; i < u->args->only.n; i++) {
		bool known = false;

		for (size_t k = 0; k < u->sources.n; k++)
			known = known || strcmp(u->sources.v[k].name, u->args->only.v[i]) == 0;
		if (!known)
			return complain("there is no source '%s'", u->args->only.v[i]);
	}
	return 0;
}

static int load(struct update *u)
{
	const char *path = u->args->sources ? u->args->sources : SOURCES_PATH;
	struct diags problems = { 0 };
	int status = 0;
	enum err e = root_open(NULL, &u->root);

	if (!e)
		e = sources_load(u->root, path, &u->sources, &problems);
	diags_print(&problems, "sallyport: ", stderr);
	diags_free(&problems);
	if (e == ERR_CONFIG)
		return complain("with these mistakes nothing is fetched; the old lists stay");
	if (e) {
		status = fail(e, "cannot read the sources '%s'", path);
		hint("what may stand there: man sallyport-revoked-sources.conf");
		return status;
	}
	if (!u->sources.n)
		return complain("'%s' names no source", path);
	if (strings_copy(&u->keep, &u->sources.keep) || strings_copy(&u->keep, &u->args->keep))
		return fail(ERR_MEMORY, "cannot read the sources");
	return check_only(u);
}

static int update_all(struct update *u)
{
	for (size_t i = 0; i < u->sources.n; i++) {
		const struct source *s = &u->sources.v[i];

		if (u->args->only.n && !strings_has(&u->args->only, s->name))
			continue;
		u->results[u->n] = (struct result){ .source = s, .what = UNCHANGED };
		source_update(u, &u->results[u->n++]);
	}
	return answer(u);
}

static int update_run(const struct common_args *common, void *args, const struct strings *rest)
{
	const struct update_args *a = args;
	struct update u = { .common = common, .args = a };
	int status;

	if (rest->n)
		return complain("revoke update: there is one word too many, '%s'", rest->v[0]);
	if (!common->dry_run && geteuid() != 0) {
		complain("only root can change the system");
		hint("run it with sudo, or look first with --dry-run");
		return EXIT_TROUBLE;
	}
	if ((status = change_check_overrides(&a->overrides)))
		return status;
	if (!(status = load(&u)))
		status = update_all(&u);
	for (size_t i = 0; i < u.n; i++)
		free(u.results[i].why);
	text_free(&u.shown);
	strings_free(&u.keep);
	sources_clear(&u.sources);
	root_close(u.root);
	return status;
}

const struct command cmd_revoke_update = {
	.name = "revoke update",
	.summary = "fetch signed lists of revoked keys from their sources",
	.arguments = "",
	.common = COMMON_REPORT | COMMON_CHANGE,
	.options = options,
	.args_size = sizeof(struct update_args),
	.examples = "  sudo sallyport revoke update             # all sources of " SOURCES_PATH "\n"
		    "  sudo sallyport revoke update --dry-run   # what would be put in place\n"
		    "  sudo systemctl enable --now sallyport-revoke-update.timer\n",
	.run = update_run,
	.clear = update_clear,
};
