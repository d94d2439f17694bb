/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jails.c - finds every folder that a ChrootDirectory leads to, for each account that it is about, and has it looked at. */
#include "audit/jails.h"

#include "audit/holders.h"
#include "audit/jails_ours.h"
#include "base/array.h"
#include "base/clock.h"
#include "sshd/effective.h"
#include "sshd/key_command.h"
#include "sshd/reach.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define THEIRS_MS 10000	 /* for what is the users' own in all folders */
#define FOLDERS_MAX 1000 /* that are looked into */

static bool is_none(const struct sshd_line *l)
{
	return !l->args.n || strcasecmp(l->args.v[0], "none") == 0;
}

static bool has_tokens(const char *value)
{
	for (const char *at = value; (at = strchr(at, '%')); at += 2) {
		if (at[1] != '%')
			return true;
	}
	return false;
}

/* Some lines of a block have no say, since another one stands before them. */
static bool has_a_say(const struct sshd_line *const *lines, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (lines[j]->match == lines[i]->match)
			return false;
	return true;
}

static enum err note_unsure(struct jails *j, const char *text)
{
	if (j->unsure)
		return ERR_NONE;
	j->unsure = strdup(text);
	return j->unsure ? ERR_NONE : ERR_MEMORY;
}

static bool is_known(const struct jails *j, const char *path)
{
	for (size_t i = 0; i < j->nchroots; i++)
		if (strcmp(j->chroots[i].path, path) == 0)
			return true;
	return false;
}

static enum err add_folder(struct jails *j, const struct sshd_line *l, const char *path, const char *account,
			   enum err why)
{
	struct chroot_fact *v, new = { .line = l, .err = why };

	if (is_known(j, path))
		return ERR_NONE;
	if (j->nchroots == FOLDERS_MAX)
		return note_unsure(j, "there are more folders than are looked at");
	if (!(v = array_room(j->chroots, j->nchroots, &j->chroots_size, sizeof *v)))
		return ERR_MEMORY;
	j->chroots = v;
	new.path = strdup(path);
	new.account = account ? strdup(account) : NULL;
	if (!new.path || (account && !new.account)) {
		free(new.path);
		free(new.account);
		return ERR_MEMORY;
	}
	v[j->nchroots++] = new;
	return ERR_NONE;
}

/* a NULL: a value without tokens, except for "%%". */
static enum err add_value(struct jails *j, const struct sshd_line *l, const struct account *a)
{
	static char none[] = "";
	static const struct account nobody = { .name = none, .home = none };
	const struct key_command_facts facts = { .account = a ? a : &nobody };
	struct text path = { 0 };
	const char *name = a ? a->name : NULL;
	enum err e = key_command_expand(l->args.v[0], &facts, &path);

	if (e == ERR_SYNTAX)
		e = add_folder(j, l, l->args.v[0], name, ERR_SYNTAX);
	else if (!e)
		e = add_folder(j, l, text_string(&path), name, text_string(&path)[0] == '/' ? ERR_NONE : ERR_SYNTAX);
	text_free(&path);
	return e;
}

/* Blocks that ask where a login comes from are not on for an account alone. */
static bool asks_for_place(const struct sshd_match *m)
{
	for (; m; m = m->parent)
		for (size_t i = 0; i < m->ncriteria; i++)
			if (m->criteria[i].kind != CRITERION_USER && m->criteria[i].kind != CRITERION_GROUP &&
			    m->criteria[i].kind != CRITERION_ALL && m->criteria[i].kind != CRITERION_VERSION)
				return true;
	return false;
}

/* The rules for this account, and itself with its groups where blocks ask for them. ERR_NOT_FOUND: it is gone, or does not answer. */
static enum err rules_for(const struct jails_wanted *w, const char *name, struct account **a,
			  struct sshd_effective **rules)
{
	enum err e = account_find(w->root, name, a);

	if (e)
		return e == ERR_MEMORY ? e : ERR_NOT_FOUND;
	e = sshd_effective(w->config, &(struct sshd_connection){ .user = (*a)->name, .groups = &(*a)->groups }, rules);
	if (e) {
		account_free(*a);
		*a = NULL;
	}
	return e;
}

static enum err add_account(struct jails *j, const struct jails_wanted *w, const struct account *listed)
{
	struct sshd_effective *rules = NULL;
	const struct sshd_line *by;
	struct account *a = NULL;
	enum err e;

	if (listed->uid == 0)
		return ERR_NONE;
	if ((e = rules_for(w, listed->name, &a, &rules)))
		return e == ERR_NOT_FOUND ? note_unsure(j, "not all accounts could be looked up") : e;
	by = sshd_decider(rules, KW_CHROOTDIRECTORY);
	if (by && !is_none(by) && has_tokens(by->args.v[0]) &&
	    (holder_has_shell(a) || by->match || strncmp(sshd_value(rules, KW_FORCECOMMAND), "internal-sftp", 13) == 0))
		e = add_value(j, by, a);
	sshd_effective_free(rules);
	account_free(a);
	return e;
}

static enum err add_folders(struct jails *j, const struct jails_wanted *w)
{
	const struct sshd_line **lines = NULL;
	bool by_account = false;
	size_t n = 0;
	enum err e = sshd_lines_of(w->config, KW_CHROOTDIRECTORY, &lines, &n);

	for (size_t i = 0; i < n && !e; i++) {
		if (is_none(lines[i]) || !has_a_say(lines, i))
			continue;
		if (!has_tokens(lines[i]->args.v[0])) {
			e = add_value(j, lines[i], NULL);
			continue;
		}
		by_account = true;
		if (asks_for_place(lines[i]->match))
			e = note_unsure(j, "a ChrootDirectory counts only for logins from some places");
	}
	free(lines);
	for (size_t i = 0; i < w->naccounts && by_account && !e; i++)
		e = add_account(j, w, w->accounts[i]);
	if (!e && by_account && w->accounts_unsure)
		e = note_unsure(j, "not all accounts could be looked up");
	return e;
}

static bool is_ours(const struct jails *j, const char *path)
{
	for (size_t i = 0; i < j->nours; i++)
		if (j->ours[i].dir && strcmp(j->ours[i].dir, path) == 0)
			return true;
	return false;
}

static enum err look_into(const struct jails_wanted *w, struct jails *j, struct reach *reach)
{
	const uint64_t until = clock_boot_ms() + THEIRS_MS;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < j->nchroots && !e; i++) {
		struct chroot_fact *f = &j->chroots[i];
		const uint64_t now = clock_boot_ms();
		bool answers = true;

		if (f->err || is_ours(j, f->path))
			continue;
		if (root_is_live(w->root) && !reach_ask(reach, f->path, &answers) && !answers) {
			f->err = ERR_TIMEOUT;
			continue;
		}
		f->err = jail_check_escapes(w->root, f->path, now < until ? (unsigned)(until - now) : 0, &f->troubles);
		e = f->err == ERR_MEMORY ? ERR_MEMORY : ERR_NONE;
	}
	return e;
}

static int compare_folders(const void *a, const void *b)
{
	const struct chroot_fact *x = a, *y = b;

	return strcmp(x->path, y->path);
}

enum err jails_find(const struct jails_wanted *w, struct jails *out)
{
	struct reach reach = REACH_NONE;
	struct jails j = { 0 };
	enum err e = jails_ours_find(w->root, w->config, &j);

	if (!e && w->config)
		e = add_folders(&j, w);
	if (!e)
		e = look_into(w, &j, &reach);
	reach_end(&reach);
	if (e) {
		jails_free(&j);
		return e;
	}
	if (j.nchroots)
		qsort(j.chroots, j.nchroots, sizeof *j.chroots, compare_folders);
	*out = j;
	return ERR_NONE;
}

void jails_free(struct jails *j)
{
	for (size_t i = 0; i < j->nchroots; i++) {
		free(j->chroots[i].path);
		free(j->chroots[i].account);
		jail_troubles_clear(&j->chroots[i].troubles);
	}
	for (size_t i = 0; i < j->nours; i++) {
		free(j->ours[i].user);
		free(j->ours[i].dir);
		free(j->ours[i].problem);
		diags_free(&j->ours[i].weakened);
		jail_troubles_clear(&j->ours[i].troubles);
	}
	free(j->chroots);
	free(j->ours);
	free(j->unsure);
	*j = (struct jails){ 0 };
}

bool jails_any(const struct jails *j)
{
	return j->nchroots || j->nours;
}

/* ---- who might do with one ---- */

static enum err is_free(const struct jails_wanted *w, const char *name, bool *free_of_it)
{
	struct sshd_effective *rules = NULL;
	const struct sshd_line *by;
	struct account *a = NULL;
	enum err e = rules_for(w, name, &a, &rules);

	*free_of_it = false;
	if (e)
		return e == ERR_NOT_FOUND ? ERR_NONE : e;
	by = sshd_decider(rules, KW_CHROOTDIRECTORY);
	*free_of_it = a->uid != 0 && (!by || is_none(by));
	sshd_effective_free(rules);
	account_free(a);
	return ERR_NONE;
}

enum err jails_candidates(const struct jails_wanted *w, const struct past_logins *past, struct strings *out, bool *told)
{
	enum err e = ERR_NONE;

	*told = false;
	/* entries come by user */
	for (size_t i = 0, next = 0; i < past->n && !e; i = next) {
		bool only = true, free_of_it = false;

		for (next = i; next < past->n && strcmp(past->v[next].user, past->v[i].user) == 0; next++) {
			const unsigned used = past->v[next].features & (PAST_SFTP | PAST_COMMAND);

			only = only && used == PAST_SFTP;
			*told = *told || used;
		}
		if (only && w->config && !(e = is_free(w, past->v[i].user, &free_of_it)) && free_of_it)
			e = strings_add(out, past->v[i].user);
	}
	return e;
}
