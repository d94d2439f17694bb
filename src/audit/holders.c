/* SPDX-License-Identifier: GPL-3.0-or-later */
/* holders.c - looks at the files of keys of all accounts with a login shell, and asks whether they may log in. */
#include "audit/holders.h"

#include "sshd/effective.h"
#include "sshd/key_file.h"
#include "sshd/reach.h"
#include "sshd/sources.h"
#include "sshd/strict_modes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

bool holder_has_shell(const struct account *a)
{
	const char *slash = strrchr(a->shell, '/'), *base = slash ? slash + 1 : a->shell;

	return strcmp(base, "nologin") != 0 && strcmp(base, "false") != 0;
}

static void loose_file_clear(struct loose_file *f)
{
	free(f->account);
	free(f->path);
	free(f->why);
}

static enum err loose_add(struct loose_files *l, const struct account *a, const char *path, const char *why)
{
	struct loose_file f = { strdup(a->name), strdup(path), strdup(why) }, *v;

	v = f.account && f.path && f.why ? realloc(l->v, (l->n + 1) * sizeof *v) : NULL;
	if (!v) {
		loose_file_clear(&f);
		return ERR_MEMORY;
	}
	l->v = v;
	l->v[l->n++] = f;
	return ERR_NONE;
}

/* One run. */
struct search {
	const struct root *root;
	struct strict_modes_cache cache;
	struct reach reach;
	struct loose_files found;
};

/* Where no process can be had to go first, this one goes by itself. */
static bool answers(struct search *s, const char *path)
{
	bool yes = true;

	return !root_is_live(s->root) || reach_ask(&s->reach, path, &yes) || yes;
}

static enum err file_look(struct search *s, const struct account *a, const char *path)
{
	struct text why = { 0 };
	struct stat st;
	enum err e;

	if (!answers(s, path))
		return strings_add(&s->found.unseen, path);
	if (root_stat(s->root, path, &st))
		return errno == ENOENT || errno == ENOTDIR ? ERR_NONE : strings_add(&s->found.unseen, path);
	if (!S_ISREG(st.st_mode))
		return ERR_NONE;
	e = strict_modes_check(s->root, &s->cache, path, &st, a->home, a->uid, &why);
	if (e && e != ERR_MEMORY)
		e = strings_add(&s->found.unseen, path);
	else if (!e && why.len)
		e = loose_add(&s->found, a, path, text_string(&why));
	text_free(&why);
	return e;
}

/* A name that sshd itself gives up at is no file. */
static enum err name_look(struct search *s, const struct account *a, const char *name)
{
	struct text path = { 0 };
	enum err e = key_file_path(name, a, &path);

	if (!e)
		e = file_look(s, a, text_string(&path));
	text_free(&path);
	return e == ERR_SYNTAX ? ERR_NONE : e;
}

static enum err names_look(struct search *s, const struct account *a, const struct sshd_effective *rules)
{
	const struct sshd_line *by = sshd_decider(rules, KW_AUTHORIZEDKEYSFILE);
	struct strings usual = { 0 };
	enum err e = by ? ERR_NONE : strings_split(&usual, sshd_value(rules, KW_AUTHORIZEDKEYSFILE), " ");
	const struct strings *names = by ? &by->args : &usual;

	for (size_t i = 0; i < names->n && !e; i++)
		if (strcasecmp(names->v[i], "none") != 0)
			e = name_look(s, a, names->v[i]);
	strings_free(&usual);
	return e;
}

static bool differs_by_match(const struct sshd_config *c)
{
	for (size_t i = 0; i < c->nlines; i++)
		if (c->lines[i].match && c->lines[i].keyword->id == KW_AUTHORIZEDKEYSFILE)
			return true;
	return false;
}

/* With the groups, which Match may ask for. */
static enum err account_look(struct search *s, const struct sshd_config *c, const struct account *listed)
{
	struct sshd_effective *rules = NULL;
	struct account *a = NULL;
	enum err e = account_find(s->root, listed->name, &a);

	if (e == ERR_MEMORY || e == ERR_NOT_FOUND)
		return e == ERR_MEMORY ? e : ERR_NONE;
	if (e)
		return strings_add(&s->found.unseen, listed->name);
	e = sshd_effective(c, &(struct sshd_connection){ .user = a->name, .groups = &a->groups }, &rules);
	if (!e)
		e = names_look(s, a, rules);
	sshd_effective_free(rules);
	account_free(a);
	return e;
}

enum err loose_files_find(const struct root *r, const struct sshd_config *c, struct account *const *accounts, size_t n,
			  struct loose_files *out)
{
	struct search s = { .root = r, .reach = REACH_NONE };
	struct sshd_effective *rules = NULL;
	bool differs = differs_by_match(c);
	enum err e = sshd_effective(c, NULL, &rules);

	for (size_t i = 0; i < n && !e; i++)
		if (holder_has_shell(accounts[i]))
			e = differs ? account_look(&s, c, accounts[i]) : names_look(&s, accounts[i], rules);
	sshd_effective_free(rules);
	strict_modes_cache_clear(&s.cache);
	reach_end(&s.reach);
	if (e)
		loose_files_free(&s.found);
	else
		*out = s.found;
	return e;
}

void loose_files_free(struct loose_files *l)
{
	for (size_t i = 0; i < l->n; i++)
		loose_file_clear(&l->v[i]);
	free(l->v);
	strings_free(&l->unseen);
	*l = (struct loose_files){ 0 };
}

/* Rules that cut the addresses into too many pieces are taken to leave some. */
static enum err may_log_in(struct access *access, const struct root *r, const struct sshd_config *c, const char *name,
			   bool *may, bool *unsure)
{
	struct access_sources from = { 0 };
	struct account *a = NULL;
	char *why = NULL;
	enum err e = account_find(r, name, &a);

	*may = false;
	*unsure |= e && e != ERR_NOT_FOUND;
	if (e)
		return e == ERR_MEMORY ? e : ERR_NONE;
	e = access_sources_find(access, c, &(struct access_login){ .user = name, .account = a }, &from, &why);
	if (!e)
		*may = from.allowed.n || from.mixed.n;
	else if (e == ERR_TOO_BIG)
		*may = true;
	access_sources_clear(&from);
	account_free(a);
	free(why);
	return e == ERR_MEMORY ? e : ERR_NONE;
}

enum err holders_may_log_in(const struct root *r, const struct sshd_config *c, time_t now,
			    struct account *const *accounts, size_t n, struct strings *out, bool *unsure)
{
	struct access *access = NULL;
	enum err e = access_new(r, c, now, &access);
	bool may;

	for (size_t i = 0; i < n && !e; i++)
		if (holder_has_shell(accounts[i]) && !(e = may_log_in(access, r, c, accounts[i]->name, &may, unsure)) &&
		    may)
			e = strings_add(out, accounts[i]->name);
	access_free(access);
	return e;
}
