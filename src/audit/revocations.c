/* SPDX-License-Identifier: GPL-3.0-or-later */
/* revocations.c - reads the sources of revoked keys and the list, and compares; looks at owners and modes of both. */
#include "audit/revocations.h"

#include "key/krl_write.h"
#include "key/revoked.h"
#include "key/revoked_listed.h"
#include "key/revoked_source.h"
#include "sshd/strict_modes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define LIST_MAX ((size_t)64 << 20)

static bool is_missing(enum err e)
{
	return e == ERR_NOT_FOUND || (e == ERR_SYSTEM && (errno == ENOENT || errno == ENOTDIR));
}

/* Why nothing can be compared; the first one stays. */
static enum err note_unread(struct revocations *l, const char *path, enum err why)
{
	if (why == ERR_MEMORY)
		return why;
	if (!l->unread && !(l->unread = strdup(path)))
		return ERR_MEMORY;
	if (!l->err)
		l->err = why;
	return ERR_NONE;
}

/* ---- what is written down ---- */

static enum err source_paths(const struct root *r, struct revocations *l, struct strings *out)
{
	struct strings names = { 0 };
	enum err e = root_list(r, REVOKED_FOLDER, &names);

	if (e)
		return is_missing(e) ? ERR_NONE : note_unread(l, REVOKED_FOLDER, e);
	for (size_t i = 0; i < names.n && !e; i++)
		if (revoked_source_is_name(names.v[i]))
			e = strings_add_format(out, REVOKED_FOLDER "/%s", names.v[i]);
	strings_free(&names);
	return e;
}

static enum err sources_read(const struct root *r, const struct strings *paths, struct revocations *l,
			     struct revoked_sources *out)
{
	struct diags problems = { 0 };
	enum err e = ERR_NONE;

	for (size_t i = 0; i < paths->n && !e; i++) {
		char *content = NULL;
		size_t len = 0;

		e = root_read(r, paths->v[i], REVOKED_SOURCE_MAX, &content, &len);
		if (!e)
			e = revoked_sources_parse(content, len, paths->v[i], out, &problems);
		free(content);
		if (e)
			e = note_unread(l, paths->v[i], e);
	}
	diags_free(&problems);
	return e;
}

/* ---- the list ---- */

/* *out stays NULL where there is none: then everything is missing in it. */
static enum err list_read(const struct root *r, const char *path, unsigned release, struct revocations *l,
			  struct revoked **out)
{
	char *content = NULL;
	unsigned line;
	size_t len;
	enum err e;

	if (!path)
		return ERR_NONE;
	e = root_read(r, path, LIST_MAX, &content, &len);
	if (is_missing(e))
		return ERR_NONE;
	if (!e && (e = revoked_parse((const uint8_t *)content, len, release, out, &line, NULL)) && e != ERR_MEMORY) {
		revoked_free(*out);
		*out = NULL;
	}
	free(content);
	return e ? note_unread(l, path, e) : ERR_NONE;
}

static enum err stale_add(struct revocations *l, const struct revoked_source *s, bool ended)
{
	struct stale_entry *v = realloc(l->stale, (l->nstale + 1) * sizeof *v);
	struct text shown = { 0 };
	enum err e;

	if (!v)
		return ERR_MEMORY;
	l->stale = v;
	if ((e = revoked_source_describe(s, &shown))) {
		text_free(&shown);
		return e;
	}
	v[l->nstale] = (struct stale_entry){
		.file = strdup(s->file), .text = text_take(&shown), .line = s->line, .ended = ended
	};
	return v[l->nstale++].file ? ERR_NONE : ERR_MEMORY;
}

static enum err compare(const struct revoked_sources *s, const struct revoked *list, time_t now, struct revocations *l)
{
	struct revoked *wanted = NULL;
	bool ours = false; /* in another list an entry that has ended may stand for a reason of its own */
	enum err e;

	if ((list && (e = krl_is_made(list, &ours))) || (e = revoked_compile(s, now, &wanted)))
		return e;
	for (size_t i = 0; i < s->n && !e; i++) {
		bool ended = revoked_source_expired(&s->v[i], now), listed = list && revoked_listed(list, &s->v[i]);

		l->entries += !ended;
		if (ended ? ours && listed && !revoked_listed(wanted, &s->v[i]) : !listed)
			e = stale_add(l, &s->v[i], ended);
	}
	revoked_free(wanted);
	return e;
}

/* ---- owners and modes ---- */

/* One folder may be the fault of many files: it is told once. */
static enum err loose_add(struct revocations *l, const char *path, const char *why, mode_t mode)
{
	struct loose_list *v;

	for (size_t i = 0; i < l->nloose; i++)
		if (strcmp(l->loose[i].why, why) == 0)
			return ERR_NONE;
	v = realloc(l->loose, (l->nloose + 1) * sizeof *v);
	if (!v)
		return ERR_MEMORY;
	l->loose = v;
	v[l->nloose] = (struct loose_list){ strdup(path), strdup(why), mode };
	l->nloose++;
	return v[l->nloose - 1].path && v[l->nloose - 1].why ? ERR_NONE : ERR_MEMORY;
}

/* A folder counts with all above it, as a file does. */
static enum err look_at(const struct root *r, struct strict_modes_cache *cache, const char *path, struct revocations *l)
{
	struct text why = { 0 };
	struct stat st;
	bool by_mode;
	enum err e = root_stat(r, path, &st);

	if (e)
		return is_missing(e) ? ERR_NONE : strings_add(&l->unseen, path);
	e = strict_modes_check(r, cache, path, &st, NULL, 0, &why);
	by_mode = S_ISREG(st.st_mode) && st.st_uid == 0 && st.st_mode & 022;
	if (e && e != ERR_MEMORY)
		e = strings_add(&l->unseen, path);
	else if (!e && why.len)
		e = loose_add(l, path, text_string(&why), by_mode ? st.st_mode & 07755 : 0);
	text_free(&why);
	return e;
}

static enum err modes_look(const struct root *r, const struct strings *named, const struct strings *sources,
			   struct revocations *l)
{
	struct strict_modes_cache cache = { 0 };
	enum err e = look_at(r, &cache, REVOKED_FOLDER, l);

	for (size_t i = 0; i < named->n && !e; i++)
		e = look_at(r, &cache, named->v[i], l);
	for (size_t i = 0; i < sources->n && !e; i++)
		e = look_at(r, &cache, sources->v[i], l);
	strict_modes_cache_clear(&cache);
	return e;
}

enum err revocations_read(const struct root *r, const char *list, const struct strings *named, unsigned release,
			  time_t now, struct revocations *out)
{
	struct revoked_sources sources = { 0 };
	struct strings paths = { 0 };
	struct revocations l = { 0 };
	struct revoked *there = NULL;
	enum err e;

	if (!(e = source_paths(r, &l, &paths)) && !(e = sources_read(r, &paths, &l, &sources)) &&
	    !(e = list_read(r, list, release, &l, &there)) && !(e = modes_look(r, named, &paths, &l)) && !l.err)
		e = compare(&sources, there, now, &l);
	revoked_sources_clear(&sources);
	strings_free(&paths);
	revoked_free(there);
	if (e)
		revocations_free(&l);
	else
		*out = l;
	return e;
}

void revocations_free(struct revocations *l)
{
	for (size_t i = 0; i < l->nstale; i++) {
		free(l->stale[i].file);
		free(l->stale[i].text);
	}
	for (size_t i = 0; i < l->nloose; i++) {
		free(l->loose[i].path);
		free(l->loose[i].why);
	}
	free(l->unread);
	free(l->stale);
	free(l->loose);
	strings_free(&l->unseen);
	*l = (struct revocations){ 0 };
}
