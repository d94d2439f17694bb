/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_recover.c - what a crash left of jails is kept or taken away by what sshd's configuration says. */
#include "base/file.h"
#include "base/message.h"
#include "cmd/jail.h"
#include "harden/jail_block.h"
#include "harden/jail_log.h"
#include "harden/transaction.h"
#include "jail/upkeep.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define CONFIGS 3

/* No manifest says in which configuration its jail is named: any may be it that was changed by us, or is to be. */
struct world {
	const struct root *root;
	struct facts *facts[CONFIGS]; /* with a configuration that can be read */
	size_t n;
};

static enum err is_in_force(void *arg, const struct manifest *m, bool *yes)
{
	const struct world *w = arg;
	enum err e = ERR_NONE;

	*yes = false;
	for (size_t i = 0; i < w->n && !e && !*yes; i++)
		e = jail_block_in_force(w->root, w->facts[i]->config, &m->jail, yes);
	return e;
}

/* What cannot be told may be so. */
static bool may_be_in_force(const struct world *w, const struct manifest *m)
{
	bool yes;

	return is_in_force((void *)w, m, &yes) || yes;
}

static bool has_block(void *arg, const char *user)
{
	const struct world *w = arg;
	struct jail j = { 0 };
	struct text why = { 0 };
	bool has = false;

	for (size_t i = 0; i < w->n && !has; i++) {
		has = jail_block_read(w->facts[i]->config, user, &j, NULL, &why) != ERR_NOT_FOUND;
		jail_clear(&j);
	}
	text_free(&why);
	return has;
}

static enum err remove_account(void *arg, const struct manifest *m)
{
	const struct world *w = arg;

	/* what is not done on the running system is nothing that we could have made */
	return root_is_live(w->root) ? jail_account_undo(w->root, m) : ERR_NONE;
}

/* What is mounted in a jail would keep it from being taken away. */
static enum err free_those_that_go(const struct world *w)
{
	struct strings users = { 0 };
	enum err e = manifest_list(w->root, &users);

	for (size_t i = 0; i < users.n && !e; i++) {
		struct manifest m = { 0 };
		struct text why = { 0 };

		if (manifest_read(w->root, users.v[i], &m, NULL) == ERR_NONE && m.state != MANIFEST_READY &&
		    !may_be_in_force(w, &m))
			e = jail_log_remove(w->root, &m.jail, &why);
		if (why.len)
			warn("the mount unit of %s's log: %s", users.v[i], text_string(&why));
		text_free(&why);
		manifest_clear(&m);
	}
	strings_free(&users);
	return e;
}

/* What cannot be read, or has nothing but its Match block, is none that goes. */
static bool stays(const struct world *w, const char *user)
{
	struct manifest m = { 0 };
	const enum err e = manifest_read(w->root, user, &m, NULL);
	const bool yes = e || m.state == MANIFEST_READY || may_be_in_force(w, &m);

	manifest_clear(&m);
	return yes;
}

static enum err lay_log(const struct root *r, const char *user, bool tell)
{
	struct manifest m = { 0 };
	struct text why = { 0 };
	enum err e = ERR_NONE;

	if (manifest_read(r, user, &m, NULL) == ERR_NONE)
		e = jail_log_install(r, &m.jail, &why);
	if (why.len && tell)
		warn("what %s does by sftp is not logged: %s", user, text_string(&why));
	text_free(&why);
	manifest_clear(&m);
	return e;
}

static enum err all_users(const struct world *w, struct strings *users)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < w->n && !e; i++) {
		struct strings some = { 0 };

		e = jail_all_users(w->facts[i], &some);
		for (size_t k = 0; k < some.n && !e; k++)
			if (!strings_has(users, some.v[k]))
				e = strings_add(users, some.v[k]);
		strings_free(&some);
	}
	return e;
}

/* create was perhaps cut off before it came to this, and remove too. */
static enum err keep_current(const struct world *w, bool tell)
{
	struct strings users = { 0 };
	struct diags problems = { 0 };
	bool any = false;
	enum err e = all_users(w, &users);

	for (size_t i = 0; i < users.n && !e; i++)
		if (stays(w, users.v[i])) {
			any = true;
			e = lay_log(w->root, users.v[i], tell);
		}
	if (!e)
		e = any ? upkeep_install(w->root, &problems) : upkeep_remove(w->root, &problems);
	strings_free(&users);
	diags_free(&problems);
	return e;
}

/* Whoever is not told which configuration it was looks at the one that was changed last. */
static char *last_config(const struct root *r)
{
	struct tx *t = NULL;
	char *path = NULL;

	if (transaction_newest(r, ~0u, &t) == ERR_NONE)
		path = strdup(t->config_path);
	tx_free(t);
	return path;
}

/* Once for each. 'path' NULL: where sshd looks by itself. must: it is an error that it is not there. */
static enum err add_config(struct world *w, const char *path, bool must, struct text *why)
{
	const struct facts_options o = { .root = root_is_live(w->root) ? NULL : root_dir(w->root),
					 .config = path,
					 .only_config = true };
	struct facts *f = NULL;
	enum err e = facts_gather(&o, &f);
	bool there = false;

	if (!e)
		e = f->config_err; /* also where some of it could be read: the rest may be what counts */
	for (size_t i = 0; i < w->n && !e; i++)
		there |= strcmp(w->facts[i]->config_path, f->config_path) == 0;
	if (!e && !there) {
		w->facts[w->n++] = f;
		return ERR_NONE;
	}
	if (e == ERR_NOT_FOUND && !must)
		e = ERR_NONE;
	if (e)
		text_add(why, "whether sshd's configuration puts accounts into them cannot be told: %s",
			 f	? f->config_path
			 : path ? path
				: "it");
	facts_free(f);
	return e;
}

static enum err add_configs(struct world *w, const char *told, struct text *why)
{
	char *last = last_config(w->root);
	enum err e = told ? add_config(w, told, true, why) : ERR_NONE;

	if (!e && last)
		e = add_config(w, last, false, why);
	if (!e)
		e = add_config(w, NULL, w->n == 0, why);
	free(last);
	return e;
}

enum err jail_recover(const struct root *r, const char *config, struct build_recovery **done, size_t *n,
		      struct text *why)
{
	struct world w = { .root = r };
	struct build_world world = {
		.in_force = is_in_force, .has_block = has_block, .remove_account = remove_account, .arg = &w
	};
	int lock = -1;
	enum err e;

	*done = NULL;
	*n = 0;
	if (!build_unfinished(r))
		return ERR_NONE;
	if ((e = build_lock(r, &lock)))
		return e;
	/* before a manifest is at rest, since nobody would come back to it if this were cut off, too */
	if (!(e = add_configs(&w, config, why)) && !(e = free_those_that_go(&w)) && !(e = keep_current(&w, true)) &&
	    !(e = build_recover(r, &world, done, n)) && *n)
		e = keep_current(&w, false);
	while (w.n)
		facts_free(w.facts[--w.n]);
	file_close(lock);
	return e;
}
