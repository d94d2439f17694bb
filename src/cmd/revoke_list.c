/* SPDX-License-Identifier: GPL-3.0-or-later */
/* revoke_list.c - revoke list: what is written down, why, and whether it is in force. */
#include "cmd/revoke.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/message.h"
#include "base/number.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

struct scene {
	struct facts *f;
	struct revoke_list list;
	struct revoked_sources sources;
	bool current; /* the list says what the sources say */
	time_t now;
};

static void scene_close(struct scene *s)
{
	revoked_sources_clear(&s->sources);
	revoke_list_clear(&s->list);
	facts_free(s->f);
}

static int scene_open(const struct common_args *common, struct scene *s)
{
	int status;
	enum err e;

	s->now = clock_wall();
	if ((status = revoke_facts(common, &s->f)) || (status = revoke_list_read(s->f, &s->list)) ||
	    (status = revoke_sources_load(s->f->root, NULL, 0, &s->sources)))
		return status;
	if ((e = revoke_list_is(&s->list, &s->sources, s->now, &s->current)))
		return fail(e, "cannot compare the list");
	s->current = s->current && s->list.named;
	return 0;
}

/* ---- text ---- */

static void add_words(struct text *out, const char *before, const char *words)
{
	if (!words)
		return;
	text_add_string(out, before);
	text_add_escaped(out, words, strlen(words));
}

static void add_date(struct text *out, const char *before, time_t t)
{
	char date[32];

	if (!t)
		return;
	date_format(t, date, sizeof date);
	text_add(out, "%s%s", before, date);
}

static enum err add_entry(const struct scene *s, const struct revoked_source *entry, struct text *out)
{
	enum err e;

	text_add(out, "%-11s ", revoked_source_kind(entry));
	if ((e = revoked_source_describe(entry, out)))
		return e;
	text_add(out, "\n            %s:%u", entry->file, entry->line);
	add_words(out, ": ", entry->reason);
	add_words(out, ", by ", entry->by);
	add_date(out, ", ", entry->added);
	add_date(out, revoked_source_expired(entry, s->now) ? ", ended " : ", until ", entry->until);
	text_add_string(out, "\n");
	return text_check(out);
}

static void add_state(const struct scene *s, struct text *out)
{
	const struct revoke_list *l = &s->list;

	if (!l->named)
		text_add_string(out, "RevokedKeys is not set: nothing is refused.");
	else if (!l->there)
		text_add(out, "%s is missing: sshd refuses every key.", l->path);
	else if (s->current)
		text_add(out, "In force: %s, version %llu.", l->path, (unsigned long long)l->summary.version);
	else
		text_add(out, "%s says something else than what is written down.", l->path);
	if (!s->current && (s->sources.n || (l->named && !l->there)))
		text_add_string(out, " Next: sudo sallyport revoke build");
	text_add_string(out, "\n");
}

static int answer_text(const struct common_args *common, const struct scene *s)
{
	struct text out = { 0 };
	int status = EXIT_YES;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < s->sources.n && !e; i++)
		e = add_entry(s, &s->sources.v[i], &out);
	if (!s->sources.n)
		text_add_string(&out, "Nothing is written down in " REVOKED_FOLDER ".\n");
	add_state(s, &out);
	status = e ? fail(e, "cannot list it") : command_print(common, &out, status);
	text_free(&out);
	return status;
}

/* ---- JSON ---- */

static json_t *date_json(time_t t)
{
	char date[32];

	if (!t)
		return json_null();
	date_format(t, date, sizeof date);
	return json_string(date);
}

static json_t *words_json(const char *words)
{
	return words ? json_safe_string(words) : json_null();
}

static json_t *entry_json(const struct scene *s, const struct revoked_source *entry)
{
	struct text shown = { 0 };
	json_t *o = NULL;

	if (revoked_source_describe(entry, &shown) == ERR_NONE)
		o = json_pack("{s:s,s:s,s:o,s:i,s:o,s:o,s:o,s:o,s:b}", "kind", revoked_source_kind(entry), "what",
			      shown.s, "file", json_safe_string(entry->file), "line", (int)entry->line, "reason",
			      words_json(entry->reason), "by", words_json(entry->by), "added", date_json(entry->added),
			      "until", date_json(entry->until), "expired", revoked_source_expired(entry, s->now));
	text_free(&shown);
	return o;
}

static int answer_json(const struct common_args *common, const struct scene *s)
{
	const struct revoke_list *l = &s->list;
	json_t *entries = json_array(), *whole;
	int status;

	for (size_t i = 0; i < s->sources.n; i++)
		json_array_append_new(entries, entry_json(s, &s->sources.v[i]));
	whole = json_pack("{s:s,s:s,s:b,s:b,s:o,s:o}", "schema", "sallyport.revoke-list.v1", "list", l->path, "set",
			  l->named, "current", s->current, "version",
			  l->ours ? json_integer((json_int_t)l->summary.version) : json_null(), "entries", entries);
	status = command_print_json(common, whole, EXIT_YES);
	json_decref(whole);
	return status;
}

static int run(const struct common_args *common, void *args, const struct strings *rest)
{
	struct scene s = { 0 };
	int status;

	(void)args;
	if (!(status = scene_open(common, &s)))
		status = common->format == FORMAT_JSON ? answer_json(common, &s) : answer_text(common, &s);
	scene_close(&s);
	return status;
}

const struct command cmd_revoke_list = {
	.name = "revoke list",
	.summary = "what is shut out, why, by whom and until when",
	.arguments = "",
	.common = COMMON_REPORT | COMMON_HOST,
	.examples = "  sallyport revoke list\n"
		    "  sallyport revoke list --format json   # for programs\n",
	.run = run,
};
