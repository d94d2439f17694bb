/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_list.c - jail list: which jails there are, and whether they are in force; and which sets of programs. */
#include "base/json.h"
#include "base/message.h"
#include "cmd/jail.h"
#include "harden/jail_block.h"
#include "jail/contents.h"
#include "jail/upkeep.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

struct list_args {
	bool sets;
};

static const struct option_row options[] = {
	{ "sets", 0, OPTION_FLAG, OPTION_AT(struct list_args, sets), NULL, "the sets that --with takes, instead" },
	{ 0 },
};

/* ---- sets ---- */

static int list_sets(const struct common_args *common)
{
	struct jail_set *sets = NULL;
	struct diags problems = { 0 };
	struct text t = { 0 };
	json_t *list = json_array(), *whole;
	size_t n = 0;
	int status = EXIT_YES;
	enum err e = jail_sets_list(&sets, &n, &problems);

	jail_say_problems(&problems);
	diags_free(&problems);
	for (size_t i = 0; i < n && !e; i++) {
		text_add(&t, "%-12s %s\n", sets[i].name, sets[i].summary);
		json_array_append_new(list, json_pack("{s:o,s:o}", "name", json_safe_string(sets[i].name), "summary",
						      json_safe_string(sets[i].summary)));
	}
	whole = json_pack("{s:s,s:O}", "schema", "sallyport.jail-sets.v1", "sets", list);
	if (e)
		status = e == ERR_CONFIG ? EXIT_TROUBLE : fail(e, "cannot read the sets");
	else
		status = common->format == FORMAT_JSON ? command_print_json(common, whole, status)
						       : command_print(common, &t, status);
	json_decref(list);
	json_decref(whole);
	jail_sets_free(sets, n);
	text_free(&t);
	return status;
}

/* ---- jails ---- */

static const char *state_text(const struct manifest *m, bool in_force)
{
	if (m->state == MANIFEST_MAKING)
		return "being made, or cut off: sudo sallyport recover";
	if (m->state == MANIFEST_REMOVING)
		return "being taken away, or cut off: sudo sallyport recover";
	return in_force ? "in force" : "NOT in force: sshd's configuration does not put the account there";
}

static void add_text(const struct manifest *m, bool in_force, struct text *t)
{
	text_add(t, "%s  %s  ", m->jail.user, m->jail.dir);
	jail_add_kind(&m->jail, t);
	text_add(t, "\n  %s", state_text(m, in_force));
	if (m->made)
		text_add(t, "; made %s, updated %s", m->made, m->updated ? m->updated : m->made);
	text_add_string(t, "\n");
}

static json_t *jail_row(const struct manifest *m, bool in_force)
{
	static const char *const names[] = {
		[MANIFEST_READY] = "ready", [MANIFEST_MAKING] = "making", [MANIFEST_REMOVING] = "removing"
	};
	json_t *j = jail_json(&m->jail);
	json_int_t files = 0;

	for (size_t i = 0; i < m->entries.n; i++)
		files += m->entries.v[i].kind == ENTRY_FILE;
	if (!j)
		return NULL;
	json_object_set_new(j, "state", json_string(names[m->state]));
	json_object_set_new(j, "in_force", json_boolean(in_force));
	json_object_set_new(j, "account_made", json_boolean(m->account_made));
	json_object_set_new(j, "files", json_integer(files));
	json_object_set_new(j, "made", m->made ? json_string(m->made) : json_null());
	json_object_set_new(j, "updated", m->updated ? json_string(m->updated) : json_null());
	return j;
}

/* What is in it, and when it was made, only its manifest knew. */
static void list_lost(const struct jail_lost *l, const char *user, bool in_force, struct text *t, json_t *list)
{
	json_t *j = l->jail.dir ? jail_json(&l->jail) : json_pack("{s:s,s:n}", "user", user, "dir");

	text_add(t, "%s  %s\n", user, l->jail.dir ? l->jail.dir : "(nothing says where)");
	text_add(t, "  DAMAGED: %s: %s; what to do: sudo sallyport jail check %s\n", text_string(&l->file),
		 text_string(&l->problem), user);
	if (!j)
		return;
	json_object_set_new(j, "state", json_string("damaged"));
	json_object_set_new(j, "in_force", json_boolean(in_force));
	json_object_set_new(j, "manifest", json_safe_string(text_string(&l->file)));
	json_object_set_new(j, "problem", json_safe_string(text_string(&l->problem)));
	json_array_append_new(list, j);
}

static int list_one(const struct common_args *common, const struct facts *f, const char *user, struct text *t,
		    json_t *list)
{
	struct jail_lost lost = { 0 };
	struct manifest m = { 0 };
	bool in_force = false;
	int status;
	enum err e = jail_lost_find(f, user, &lost);

	if (!e && (!lost.jail.dir || !(e = jail_block_in_force(f->root, f->config, &lost.jail, &in_force))))
		list_lost(&lost, user, in_force, t, list);
	jail_lost_clear(&lost);
	if (!e || e == ERR_MEMORY)
		return e ? fail(e, "cannot list the jails") : 0;
	status = jail_read(common, f->root, user, &m);
	if (!status && jail_block_in_force(f->root, f->config, &m.jail, &in_force))
		status = fail(ERR_MEMORY, "cannot list the jails");
	if (!status) {
		add_text(&m, in_force, t);
		json_array_append_new(list, jail_row(&m, in_force));
	}
	manifest_clear(&m);
	return status;
}

/* By whom jails are kept current, of what is on this host: {"packages":["apt","dpkg"],"daily":["timer"]}. */
static json_t *upkeep_json(const struct upkeep *u)
{
	json_t *kinds[UPKEEP_KINDS] = { json_array(), json_array() };

	for (size_t i = 0; i < UPKEEP_PARTS; i++)
		if (u->v[i].fits && u->v[i].there)
			json_array_append_new(kinds[u->v[i].kind], json_string(u->v[i].id));
	return json_pack("{s:o,s:o}", "packages", kinds[UPKEEP_PACKAGES], "daily", kinds[UPKEEP_DAILY]);
}

static void add_upkeep(const struct upkeep *u, struct text *t)
{
	static const char *const lacks[UPKEEP_KINDS] = { "when packages change", "by the clock" };
	const char *between = "kept current by ";

	for (size_t i = 0; i < UPKEEP_PARTS; i++)
		if (u->v[i].fits && u->v[i].there) {
			text_add(t, "%s%s", between, u->v[i].id);
			between = ", ";
		}
	if (between[0] == ',')
		text_add_string(t, "\n");
	for (enum upkeep_kind k = 0; k < UPKEEP_KINDS; k++)
		if (!upkeep_covers(u, k))
			text_add(t, "NOT kept current %s: sudo sallyport jail update --all\n", lacks[k]);
}

static int list_jails(const struct common_args *common, const struct facts *f)
{
	struct strings users = { 0 };
	json_t *list = json_array(), *whole = NULL;
	struct upkeep upkeep;
	struct text t = { 0 };
	int status = EXIT_YES, one;
	enum err e = jail_all_users(f, &users);

	if (!e)
		e = upkeep_look(f->root, &upkeep);
	if (e) {
		status = jail_list_failed(e);
		goto out;
	}
	for (size_t i = 0; i < users.n; i++)
		if ((one = list_one(common, f, users.v[i], &t, list)))
			status = one;
	if (!users.n)
		text_add_string(&t, "There is no jail. One is made with: sudo sallyport jail create USER\n");
	else
		add_upkeep(&upkeep, &t);
	whole = json_pack("{s:s,s:O,s:o}", "schema", "sallyport.jail-list.v1", "jails", list, "kept_current",
			  upkeep_json(&upkeep));
	status = common->format == FORMAT_JSON ? command_print_json(common, whole, status)
					       : command_print(common, &t, status);
out:
	strings_free(&users);
	json_decref(list);
	json_decref(whole);
	text_free(&t);
	return status;
}

static int run(const struct common_args *common, void *args, const struct strings *rest)
{
	const struct list_args *a = args;
	struct facts *f = NULL;
	int status;

	(void)rest;
	if (a->sets)
		return list_sets(common);
	if ((status = jail_facts(common, &f)))
		return status;
	status = list_jails(common, f);
	facts_free(f);
	return status;
}

const struct command cmd_jail_list = {
	.name = "jail list",
	.summary = "which jails there are, and whether they are in force",
	.arguments = "",
	.common = COMMON_REPORT | COMMON_HOST,
	.options = options,
	.args_size = sizeof(struct list_args),
	.examples = "  sudo sallyport jail list\n"
		    "  sallyport jail list --sets   # what --with of jail create takes\n",
	.run = run,
};
