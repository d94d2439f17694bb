/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sweep.c - asks for each account where sshd looks for its keys, reads there as sshd does, and asks the lists about each line. */
#include "audit/sweep.h"

#include "key/authorized.h"
#include "sshd/criteria.h"
#include "sshd/effective.h"
#include "sshd/hash.h"
#include "sshd/key_file.h"
#include "sshd/pattern.h"
#include "sshd/reach.h"
#include "sshd/version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* What is read once for many accounts. */
struct sweep_cache {
	struct key_policy **policies;
	size_t npolicies;
	struct hash paths; /* real paths that were looked at */
	struct strings names;
	struct trail trail;
	struct strict_modes_cache strict;
};

/* One run. */
struct run {
	const struct root *root;
	const struct sshd_config *config;
	const struct revoked_file *given;
	struct criteria *criteria;
	uint64_t *on;
	bool by_account; /* Match blocks have a say in it */
	struct reach reach;
	struct sweep *s;
};

/* ---- one file ---- */

void sweep_lines_clear(struct sweep_lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i].comment);
	free(l->v);
	*l = (struct sweep_lines){ 0 };
}

static enum err line_add(struct sweep_lines *l, const struct authorized_key *k, enum sweep_kind kind, const char *how,
			 const char *list)
{
	struct sweep_line *more = reallocarray(l->v, l->n + 1, sizeof *more);

	if (!more)
		return ERR_MEMORY;
	l->v = more;
	more[l->n] = (struct sweep_line){
		.kind = kind, .line = k->line, .key = k->key, .comment = strdup(k->comment), .how = how, .list = list
	};
	if (!more[l->n].comment)
		return ERR_MEMORY;
	l->n++;
	return ERR_NONE;
}

/* *broken stays where every list can say no. */
static enum err key_ask(const struct sweep_lists *lists, const struct authorized_key *k, enum sweep_kind kind,
			struct sweep_lines *out, bool *broken)
{
	for (size_t i = 0; i < lists->n; i++) {
		enum revoked_verdict verdict = REVOKED_BROKEN;
		const char *how = "";

		if (lists->v[i].list && revoked_look(lists->v[i].list, k->blob, k->blob_len, &verdict, &how))
			verdict = REVOKED_NO; /* a type that this sshd does not know lets nobody in */
		if (verdict == REVOKED_YES)
			return line_add(out, k, kind, how, lists->v[i].path);
		*broken = *broken || verdict == REVOKED_BROKEN;
	}
	return ERR_NONE;
}

static enum err keys_ask(const struct sweep_lists *lists, const struct authorized_keys *keys, bool trusted,
			 struct sweep_lines *out, bool *broken)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < keys->n && !e; i++) {
		const struct authorized_key *k = &keys->v[i];

		e = key_ask(lists, k,
			    trusted			? SWEEP_TRUSTED_CA
			    : k->options.cert_authority ? SWEEP_AUTHORITY
							: SWEEP_KEY,
			    out, broken);
	}
	return e;
}

enum err sweep_scan(const struct sweep_lists *lists, unsigned release, const char *content, size_t len,
		    struct sweep_lines *out, bool *broken)
{
	struct authorized_keys keys = { 0 };
	struct sweep_lines found = { 0 };
	enum err e = authorized_keys_parse(content, len, release, &keys);

	if (!e)
		e = keys_ask(lists, &keys, false, &found, broken);
	authorized_keys_clear(&keys);
	if (e)
		sweep_lines_clear(&found);
	else
		*out = found;
	return e;
}

enum err sweep_without(const char *content, size_t len, const struct sweep_lines *lines, struct text *out)
{
	const char *at = content, *end = content + len;
	size_t next = 0;

	for (unsigned number = 1; at < end; number++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at)), *after = newline ? newline + 1 : end;

		while (next < lines->n && lines->v[next].line < number)
			next++;
		if (next == lines->n || lines->v[next].line != number || lines->v[next].kind != SWEEP_KEY)
			text_add_bytes(out, at, (size_t)(after - at));
		at = after;
	}
	return text_check(out);
}

/* ---- what is kept ---- */

static void file_clear(struct sweep_file *f)
{
	free(f->path);
	free(f->real);
	free(f->account);
	free(f->stays);
	sweep_lines_clear(&f->lines);
}

static void cache_free(struct sweep_cache *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->npolicies; i++)
		key_policy_free(c->policies[i]);
	free(c->policies);
	hash_free(&c->paths);
	strings_free(&c->names);
	trail_clear(&c->trail);
	strict_modes_cache_clear(&c->strict);
	free(c);
}

void sweep_clear(struct sweep *s)
{
	for (size_t i = 0; i < s->n; i++)
		file_clear(&s->v[i]);
	free(s->v);
	strings_free(&s->unseen);
	cache_free(s->cache);
	*s = (struct sweep){ 0 };
}

size_t sweep_count(const struct sweep *s, enum sweep_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->v[i].lines.n; k++)
			n += s->v[i].lines.v[k].kind == kind;
	return n;
}

static enum err unseen_add(struct run *r, const char *sentence)
{
	return strings_has(&r->s->unseen, sentence) ? ERR_NONE : strings_add(&r->s->unseen, sentence);
}

/* *lines move to it where there are any. real is taken in any case. */
static enum err found_add(struct run *r, const char *path, char *real, bool linked, const struct account *a,
			  struct sweep_lists lists, struct sweep_lines *lines)
{
	struct sweep_file *more = lines->n ? reallocarray(r->s->v, r->s->n + 1, sizeof *more) : NULL;
	struct sweep_file f = { .real = real, .linked = linked, .lists = lists };

	if (!more) {
		free(real);
		return lines->n ? ERR_MEMORY : ERR_NONE;
	}
	r->s->v = more;
	f.path = strdup(path);
	f.account = strdup(a ? a->name : "");
	f.uid = a ? a->uid : 0;
	if (!f.path || !f.account) {
		file_clear(&f);
		return ERR_MEMORY;
	}
	f.lines = *lines;
	*lines = (struct sweep_lines){ 0 };
	more[r->s->n++] = f;
	return ERR_NONE;
}

/* Whether this path comes for the first time; it is noted then. */
static enum err path_is_new(struct run *r, const char *real, bool *is_new)
{
	struct sweep_cache *c = r->s->cache;
	const uint64_t key = hash_text(HASH_START, real);
	const char *other;
	enum err e;

	*is_new = true;
	for (size_t at = 0; (other = hash_next(&c->paths, key, &at));)
		if (!strcmp(other, real))
			*is_new = false;
	if (!*is_new)
		return ERR_NONE;
	if ((e = strings_add(&c->names, real)))
		return e;
	return hash_add(&c->paths, key, c->names.v[c->names.n - 1]);
}

/* ---- the files of an account ---- */

static struct sweep_lists lists_of(const struct run *r, const struct key_policy *p)
{
	if (r->given)
		return (struct sweep_lists){ r->given, 1 };
	return (struct sweep_lists){ p->revocations, p->nrevocations };
}

static enum err file_scan(struct run *r, const struct key_policy *p, const struct account *a, const struct key_file *f)
{
	struct sweep_lists lists = lists_of(r, p);
	struct sweep_lines lines = { 0 };
	bool is_new = true, own = false, broken = false;
	char *real = NULL;
	enum err e = root_resolve_own(r->root, f->path, &real, &own);

	if (e == ERR_SYSTEM) /* it was there a moment ago */
		return strings_add_format(&r->s->unseen, "%s was changed while it was read", f->path);
	if (e || (e = path_is_new(r, real, &is_new)) || !is_new) {
		free(real);
		return e;
	}
	r->s->looked++;
	e = sweep_scan(&lists, r->config->release, f->content, f->len, &lines, &broken);
	if (e)
		free(real);
	else
		e = found_add(r, f->path, real, !own, a, lists, &lines);
	sweep_lines_clear(&lines);
	return e;
}

static enum err file_look(struct run *r, const struct key_policy *p, struct key_reader *reader, const char *path)
{
	struct key_file f = { 0 };
	enum err e = key_file_read(reader, path, false, &f);

	if (e)
		return e;
	if (f.content)
		e = file_scan(r, p, reader->account, &f);
	else if (f.obstacle != OBSTACLE_NOT_LISTED)
		e = unseen_add(r, f.detail);
	key_file_clear(&f);
	return e;
}

static enum err pattern_look(struct run *r, const struct key_policy *p, struct key_reader *reader, const char *path)
{
	struct strings paths = { 0 };
	enum err e;

	if (r->config->release < SSHD_RELEASE(10, 0) || !path[strcspn(path, "*?[\\")] ||
	    !key_file_answers(reader, path))
		return file_look(r, p, reader, path);
	e = root_glob(r->root, path, &paths);
	if (e && e != ERR_MEMORY)
		e = file_look(r, p, reader, path);
	for (size_t i = 0; i < paths.n && !e; i++)
		e = file_look(r, p, reader, paths.v[i]);
	strings_free(&paths);
	return e;
}

static enum err cas_look(struct run *r, const struct key_policy *p)
{
	struct sweep_lists lists = lists_of(r, p);
	struct sweep_lines lines = { 0 };
	bool is_new = true, broken = false;
	char *real = NULL;
	enum err e;

	if (!p->ca_file || (e = path_is_new(r, p->ca_file, &is_new)) || !is_new)
		return p->ca_file ? e : ERR_NONE;
	if (p->ca_trouble)
		return unseen_add(r, p->ca_trouble);
	r->s->looked++;
	if (!(real = strdup(p->ca_file)))
		return ERR_MEMORY;
	e = keys_ask(&lists, &p->cas, true, &lines, &broken);
	if (e)
		free(real);
	else
		e = found_add(r, p->ca_file, real, false, NULL, lists, &lines);
	sweep_lines_clear(&lines);
	return e;
}

static enum err policy_look(struct run *r, const struct key_policy *p, const struct account *a)
{
	struct key_reader reader = { .root = r->root,
				     .limit = { .bytes = SWEEP_BYTES, .lines = SIZE_MAX },
				     .account = a,
				     .cache = &r->s->cache->strict,
				     .trail = &r->s->cache->trail,
				     .reach = &r->reach };
	enum err e = ERR_NONE;

	if (!lists_of(r, p).n)
		return ERR_NONE;
	for (size_t i = 0; i < p->key_files.n && !e; i++) {
		struct text path = { 0 };

		e = key_file_path(p->key_files.v[i], a, &path);
		if (e ==
		    ERR_SYNTAX) { /* sshd gives up the connection at such a name: nobody comes in by those behind it */
			text_free(&path);
			e = ERR_NONE;
			break;
		}
		if (!e)
			e = pattern_look(r, p, &reader, text_string(&path));
		text_free(&path);
	}
	key_reader_clear(&reader);
	return e ? e : cas_look(r, p);
}

/* ---- the rules for an account ---- */

/* A list that is broken or missing is said once, when it is first read. */
static enum err lists_note(struct run *r, const struct key_policy *p)
{
	enum err e = ERR_NONE;

	if (r->given)
		return ERR_NONE;
	for (size_t i = 0; i < p->nrevocations && !e; i++) {
		const struct revoked_file *list = &p->revocations[i];

		r->s->lists++;
		if (list->obstacle)
			e = strings_add_format(&r->s->unseen, "RevokedKeys %s %s", list->path, list->why);
	}
	return e;
}

static enum err policy_for(struct run *r, const struct sshd_effective *rules, const struct key_policy **out)
{
	const struct sshd_line *by[KEY_POLICY_LINES];
	struct sweep_cache *c = r->s->cache;
	struct key_policy **more, *p = NULL;
	enum err e;

	key_policy_identify(rules, by);
	for (size_t i = 0; i < c->npolicies; i++) {
		if (!memcmp(c->policies[i]->by, by, sizeof by)) {
			*out = c->policies[i];
			return ERR_NONE;
		}
	}
	more = reallocarray(c->policies, c->npolicies + 1, sizeof *more);
	if (!more)
		return ERR_MEMORY;
	c->policies = more;
	if ((e = key_policy_new(r->root, rules, &p)))
		return e;
	*out = more[c->npolicies++] = p;
	return lists_note(r, p);
}

static enum err rules_look(struct run *r, const struct account *a)
{
	const struct key_policy *p = NULL;
	struct sshd_effective *rules = NULL;
	enum err e = sshd_effective_on(r->config, r->criteria, r->on, &rules);

	if (!e)
		e = policy_for(r, rules, &p);
	sshd_effective_free(rules);
	return e ? e : policy_look(r, p, a);
}

static bool group_hits(const struct account *a, const char *pattern)
{
	bool hit = false;

	for (size_t i = 0; i < a->groups.n; i++) {
		int one = pattern_list_match(a->groups.v[i], pattern, false);

		if (one < 0)
			return false;
		hit = hit || one > 0;
	}
	return hit;
}

/* Whether there may be a connection of this account for which the block is on. */
static bool could_be_on(const struct sshd_match *m, const struct account *a)
{
	if (m->never || (m->parent && !could_be_on(m->parent, a)))
		return false;
	for (size_t i = 0; i < m->ncriteria; i++) {
		const struct sshd_criterion *c = &m->criteria[i];

		if ((c->kind == CRITERION_USER && pattern_list_match(a->name, c->pattern, false) != 1) ||
		    (c->kind == CRITERION_GROUP && !group_hits(a, c->pattern)) || c->kind == CRITERION_INVALID_USER ||
		    (c->kind == CRITERION_VERSION && !c->hit))
			return false;
	}
	return true;
}

static bool names_keys(const struct sshd_line *l)
{
	return l->keyword->id == KW_AUTHORIZEDKEYSFILE || l->keyword->id == KW_TRUSTEDUSERCAKEYS ||
	       l->keyword->id == KW_REVOKEDKEYS;
}

static void block_switch_on(struct run *r, const struct sshd_match *m)
{
	for (; m; m = m->parent)
		for (size_t i = 0; i < r->config->nmatches; i++)
			if (r->config->matches[i] == m)
				r->on[i / 64] |= UINT64_C(1) << i % 64;
}

/* What is on for the account wherever it comes from, and then with each block that depends on that. */
static enum err blocks_look(struct run *r, const struct account *a)
{
	const struct sshd_connection connection = { .user = a->name, .groups = &a->groups };
	const struct sshd_match *last = NULL;
	enum err e;

	criteria_evaluate(r->criteria, &connection, NULL, NULL, r->on);
	e = rules_look(r, a);
	for (size_t i = 0; i < r->config->nlines && !e; i++) {
		const struct sshd_line *l = &r->config->lines[i];

		if (!l->match || l->match == last || !names_keys(l) || !could_be_on(l->match, a))
			continue;
		last = l->match;
		criteria_evaluate(r->criteria, &connection, NULL, NULL, r->on);
		if (criteria_on(r->criteria, l->match, r->on))
			continue;
		block_switch_on(r, l->match);
		e = rules_look(r, a);
	}
	return e;
}

/* With the groups, which Match may ask for. */
static enum err name_look(struct run *r, const char *name)
{
	struct account *a = NULL;
	enum err e = account_find(r->root, name, &a);

	if (e && e != ERR_MEMORY)
		return strings_add_format(&r->s->unseen, "the account %s could not be looked up: %s", name,
					  err_text(e));
	if (!e)
		e = blocks_look(r, a);
	account_free(a);
	return e;
}

static bool depends_on_account(const struct sshd_config *c)
{
	for (size_t i = 0; i < c->nlines; i++)
		if (c->lines[i].match && names_keys(&c->lines[i]))
			return true;
	return false;
}

static enum err run_all(struct run *r)
{
	struct accounts all = { 0 };
	enum err e = accounts_read(r->root, &all);

	if (e && e != ERR_MEMORY)
		e = strings_add_format(&r->s->unseen, "not all accounts could be listed: %s", err_text(e));
	for (size_t i = 0; i < all.n && !e; i++)
		e = r->by_account ? name_look(r, all.v[i]->name) : blocks_look(r, all.v[i]);
	accounts_free(&all);
	return e;
}

static enum err run_named(struct run *r, const struct strings *users)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < users->n && !e; i++)
		e = name_look(r, users->v[i]);
	return e;
}

enum err sweep_find(const struct root *root, const struct sshd_config *c, const struct strings *users,
		    const struct revoked_file *given, struct sweep *out)
{
	struct sweep s = { .lists = given != NULL, .cache = calloc(1, sizeof *s.cache) };
	struct run r = { .root = root,
			 .config = c,
			 .given = given,
			 .by_account = depends_on_account(c),
			 .reach = REACH_NONE,
			 .s = &s };
	enum err e = s.cache ? criteria_new(c, &r.criteria) : ERR_MEMORY;

	if (!e && !(r.on = calloc(criteria_words(r.criteria) + 1, sizeof *r.on)))
		e = ERR_MEMORY;
	if (!e && given && given->obstacle)
		e = strings_add_format(&s.unseen, "%s %s", given->path, given->why);
	if (!e)
		e = users->n ? run_named(&r, users) : run_all(&r);
	reach_end(&r.reach);
	criteria_free(r.criteria);
	free(r.on);
	if (e)
		sweep_clear(&s);
	else
		*out = s;
	return e;
}
