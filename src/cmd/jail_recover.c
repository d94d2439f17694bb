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

struct world {
	const struct root *root;
	const struct facts *facts;
};

static bool is_in_force(void *arg, const struct manifest *m)
{
	const struct world *w = arg;
	bool yes = false;

	return w->facts->config && !jail_block_in_force(w->root, w->facts->config, &m->jail, &yes) && yes;
}

static bool has_block(void *arg, const char *user)
{
	const struct world *w = arg;
	struct jail j = { 0 };
	struct text why = { 0 };
	const bool has = w->facts->config && jail_block_read(w->facts->config, user, &j, NULL, &why) != ERR_NOT_FOUND;

	jail_clear(&j);
	text_free(&why);
	return has;
}

static enum err remove_account(void *arg, const struct manifest *m)
{
	const struct world *w = arg;

	/* what is not done on the running system is nothing that we could have made */
	return root_is_live(w->root) ? jail_account_remove(w->root, m->jail.user) : ERR_NONE;
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
		    !is_in_force((void *)w, &m))
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
	const bool yes = e || m.state == MANIFEST_READY || is_in_force((void *)w, &m);

	manifest_clear(&m);
	return yes;
}

static enum err lay_log(const struct root *r, const char *user)
{
	struct manifest m = { 0 };
	struct text why = { 0 };
	enum err e = ERR_NONE;

	if (manifest_read(r, user, &m, NULL) == ERR_NONE)
		e = jail_log_install(r, &m.jail, &why);
	if (why.len)
		warn("what %s does by sftp is not logged: %s", user, text_string(&why));
	text_free(&why);
	manifest_clear(&m);
	return e;
}

/* create was perhaps cut off before it came to this, and remove too. */
static enum err keep_current(const struct world *w)
{
	struct strings users = { 0 };
	struct diags problems = { 0 };
	bool any = false;
	enum err e = w->facts->config ? jail_all_users(w->facts, &users) : manifest_list(w->root, &users);

	for (size_t i = 0; i < users.n && !e; i++)
		if (stays(w, users.v[i])) {
			any = true;
			e = lay_log(w->root, users.v[i]);
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

enum err jail_recover(const struct root *r, const char *config, struct build_recovery **done, size_t *n)
{
	struct facts_options o = { .root = root_is_live(r) ? NULL : root_dir(r), .only_config = true };
	char *last = NULL;
	struct world w = { .root = r };
	struct build_world world = {
		.in_force = is_in_force, .has_block = has_block, .remove_account = remove_account, .arg = &w
	};
	struct facts *f = NULL;
	int lock = -1;
	enum err e;

	*done = NULL;
	*n = 0;
	if (!build_unfinished(r))
		return ERR_NONE;
	if ((e = build_lock(r, &lock)))
		return e;
	o.config = config ? config : (last = last_config(r));
	if (!(e = facts_gather(&o, &f))) {
		w.facts = f;
		/* before a manifest is at rest, since nobody would come back to it if this were cut off, too */
		if (!(e = free_those_that_go(&w)) && !(e = keep_current(&w)) &&
		    !(e = build_recover(r, &world, done, n)) && *n)
			e = keep_current(&w);
	}
	facts_free(f);
	free(last);
	file_close(lock);
	return e;
}
