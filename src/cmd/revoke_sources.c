/* SPDX-License-Identifier: GPL-3.0-or-later */
/* revoke_sources.c - what is written down in /etc/sallyport/revoked.d, and the list that was made from it. */
#include "cmd/revoke.h"

#include "base/message.h"
#include "key/krl_write.h"
#include "sshd/version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* ---- sources ---- */

static const struct revoke_edit *edit_of(const struct revoke_edit *edits, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(edits[i].path, path) == 0)
			return &edits[i];
	return NULL;
}

static bool is_missing(enum err e)
{
	return e == ERR_NOT_FOUND || (e == ERR_SYSTEM && errno == ENOENT);
}

/* The files that are there and those that will be, sorted. */
static int source_paths(const struct root *r, const struct revoke_edit *edits, size_t n, struct strings *out)
{
	struct strings names = { 0 };
	enum err e = root_list(r, REVOKED_FOLDER, &names);

	if (e && !is_missing(e))
		return command_unreadable(r, REVOKED_FOLDER, e);
	e = ERR_NONE;
	for (size_t i = 0; i < names.n && !e; i++)
		if (revoked_source_is_name(names.v[i]))
			e = strings_add_format(out, REVOKED_FOLDER "/%s", names.v[i]);
	for (size_t i = 0; i < n && !e; i++)
		if (!strings_has(out, edits[i].path))
			e = strings_add(out, edits[i].path);
	strings_free(&names);
	strings_sort(out);
	return e ? fail(e, "cannot read " REVOKED_FOLDER) : 0;
}

static int load_one(const struct root *r, const char *path, const struct revoke_edit *edit, struct revoked_sources *out,
		    struct diags *problems)
{
	char *content = NULL;
	size_t len = 0;
	enum err e = ERR_NONE;

	if (edit)
		e = revoked_sources_parse(text_string(&edit->content), edit->content.len, path, out, problems);
	else if ((e = root_read(r, path, REVOKED_SOURCE_MAX, &content, &len)))
		return command_unreadable(r, path, e);
	else
		e = revoked_sources_parse(content, len, path, out, problems);
	free(content);
	return e && e != ERR_CONFIG ? fail(e, "cannot read '%s'", path) : 0;
}

int revoke_sources_load(const struct root *r, const struct revoke_edit *edits, size_t n, struct revoked_sources *out)
{
	struct strings paths = { 0 };
	struct revoked_sources all = { 0 };
	struct diags problems = { 0 };
	int status = source_paths(r, edits, n, &paths);

	for (size_t i = 0; i < paths.n && !status; i++)
		status = load_one(r, paths.v[i], edit_of(edits, n, paths.v[i]), &all, &problems);
	if (!status && problems.errors) {
		diags_print(&problems, "sallyport: ", stderr);
		status =
			complain("what is to be revoked has mistakes: nothing was made of it, and nothing was changed");
	}
	diags_free(&problems);
	strings_free(&paths);
	if (status)
		revoked_sources_clear(&all);
	else
		*out = all;
	return status;
}

/* ---- the list ---- */

void revoke_list_clear(struct revoke_list *l)
{
	free(l->path);
	free(l->bytes);
	free(l->summary.comment);
	revoked_free(l->r);
	*l = (struct revoke_list){ 0 };
}

static int say_broken(const struct revoke_list *l, unsigned line, const char *why, enum err e)
{
	if (line)
		complain("%s:%u: %s", l->path, line, why);
	else
		complain("%s: %s", l->path, why ? why : err_text(e));
	if (l->named)
		complain(
			"sshd refuses every key with such a list; whom it should shut out cannot be told, so nothing was changed");
	else
		complain(
			"it is in the way of the new list, and whom it should shut out cannot be told: nothing was changed");
	hint("mend it, or move it away: then it is made anew from " REVOKED_FOLDER);
	return EXIT_NO;
}

int revoke_list_read(const struct facts *f, struct revoke_list *out)
{
	const char *named = revoke_list_path(f);
	char *why = NULL;
	unsigned line = 0;
	int status = 0;
	enum err e;

	out->named = named != NULL;
	if (!(out->path = strdup(named ? named : f->revoked_path)))
		return fail(ERR_MEMORY, "cannot read the list");
	e = root_read(f->root, out->path, REVOKED_LIST_MAX, &out->bytes, &out->len);
	if (is_missing(e))
		return 0;
	if (e)
		return command_unreadable(f->root, out->path, e);
	out->there = true;
	e = revoked_parse((const uint8_t *)out->bytes, out->len, f->release ? f->release : SSHD_NEWEST, &out->r, &line,
			  &why);
	if (e && e != ERR_MEMORY)
		status = say_broken(out, line, why, e);
	else if (e || (e = revoked_summarise(out->r, &out->summary)) || (e = krl_is_made(out->r, &out->ours)))
		status = fail(e, "cannot read '%s'", out->path);
	free(why);
	return status;
}

enum err revoke_list_is(const struct revoke_list *l, const struct revoked_sources *s, time_t now, bool *same)
{
	const struct krl_head head = { l->summary.version, l->summary.generated, NULL };
	struct text krl = { 0 };
	enum err e;

	*same = false;
	if (!l->ours)
		return ERR_NONE;
	if ((e = krl_compile(s, now, &head, &krl)) == ERR_NONE)
		*same = krl.len == l->len && memcmp(krl.s, l->bytes, l->len) == 0;
	text_free(&krl);
	return e;
}
