/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_check.c - jail check: is a jail in force, does it hold, is it current, and does everything in it start? */
#include "jail/check.h"

#include "audit/jail_settings.h"
#include "base/json.h"
#include "base/message.h"
#include "base/progress.h"
#include "cmd/jail.h"
#include "cmd/jail_next.h"
#include "harden/jail_block.h"
#include "jail/contents.h"
#include "sshd/account.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

struct check {
	const struct common_args *common;
	const struct facts *f;
	struct text out;
	json_t *jails;
	size_t findings;
	struct jail_next next; /* of the jail that is looked at */
	bool cut;	       /* of it, too: not all findings of a kind are listed */
};

/* Its row, borrowed from the list. */
static json_t *add_finding(struct check *c, json_t *list, const char *id, bool escape, const char *path,
			   const char *detail)
{
	json_t *row =
		json_pack("{s:s,s:b,s:o,s:o,s:i}", "kind", id, "escape", escape, "path",
			  path ? json_safe_string(path) : json_null(), "detail", json_safe_string(detail), "more", 0);

	c->findings++;
	text_add(&c->out, "  %-11s %s%s%s\n", id, path ? path : "", path ? ": " : "", detail);
	json_array_append_new(list, row);
	return row;
}

static void add_trouble(struct check *c, json_t *list, const struct jail_trouble *t)
{
	struct text path = { 0 };
	json_t *row;

	text_add_string(&path, t->path);
	if (t->more)
		text_add(&path, " and %zu %s", t->more, t->kind == JAIL_MISSING ? "below" : "more");
	row = add_finding(c, list, jail_trouble_id(t->kind), jail_trouble_is_escape(t->kind), text_string(&path),
			  t->detail);
	json_object_set_new(row, "path", json_safe_string(t->path));
	json_object_set_new(row, "more", json_integer((json_int_t)t->more));
	text_free(&path);
}

static enum err add_troubles(struct check *c, const struct manifest *m, const struct jail_troubles *all, json_t *list)
{
	enum err e = ERR_NONE;

	c->cut |= all->cut;
	for (size_t i = 0; i < all->n && !e; i++) {
		const struct jail_trouble *t = &all->v[i];

		add_trouble(c, list, t);
		e = jail_next_trouble(&c->next, m, t);
	}
	return e;
}

static void add_unsure(struct check *c, json_t *list, const char *what, enum err e)
{
	struct text t = { 0 };

	text_add(&t, "%s: %s", what, err_text(e));
	add_finding(c, list, "unknown", false, NULL, text_string(&t));
	text_free(&t);
}

/* But for slashes at the end. */
static bool is_same_folder(const char *home, const char *wanted)
{
	const size_t len = strlen(wanted);

	return strncmp(home, wanted, len) == 0 && strspn(home + len, "/") == strlen(home + len);
}

/* Which values of its block do not hold, though the folder does. */
static enum err look_at_settings(struct check *c, const struct manifest *m, json_t *list)
{
	struct diags weak = { 0 };
	struct text detail = { 0 };
	enum err e = jail_settings_judge(c->f->root, c->f->config, &m->jail, &weak);

	for (size_t i = 0; i < weak.n && !e; i++) {
		text_reset(&detail);
		if (weak.v[i].file)
			text_add(&detail, "%s:%u: ", weak.v[i].file, weak.v[i].line);
		text_add_string(&detail, weak.v[i].text);
		if (!(e = text_check(&detail)))
			add_finding(c, list, "weakened", true, NULL, text_string(&detail));
	}
	if (weak.n && !e)
		e = jail_next_want(&c->next, STEP_BLOCK, NULL);
	diags_free(&weak);
	text_free(&detail);
	return e;
}

/* Whether it is one that can be run in there. */
static enum err shell_is_inside(struct check *c, const struct jail *j, const char *shell, bool *inside)
{
	char *dir = NULL;
	struct root *r = NULL;
	struct stat st;
	enum err e = root_outside(c->f->root, j->dir, &dir);

	if (!e)
		e = root_open(dir, &r);
	*inside = !e && root_stat(r, shell, &st) == ERR_NONE && S_ISREG(st.st_mode) && st.st_mode & 0111;
	root_close(r);
	free(dir);
	return e == ERR_MEMORY ? e : ERR_NONE;
}

/* As the jail was made for it, it is in there, or another finding tells. */
static enum err look_at_shell(struct check *c, const struct manifest *m, const char *shell, json_t *list)
{
	struct text detail = { 0 };
	bool inside;
	enum err e;

	if (m->jail.sftp_only || !m->jail.shell || strcmp(shell, m->jail.shell) == 0)
		return ERR_NONE;
	if ((e = shell_is_inside(c, &m->jail, shell, &inside)) || inside)
		return e;
	text_add_string(&detail, "its account's shell is ");
	text_add_escaped(&detail, shell, strlen(shell));
	text_add(&detail, " by now, which is not in the jail: no login gets further");
	if (!(e = text_check(&detail))) {
		add_finding(c, list, "other-shell", false, NULL, detail.s);
		e = jail_next_want(&c->next, STEP_SHELL, NULL);
	}
	text_free(&detail);
	return e;
}

static enum err look_at_account(struct check *c, const struct manifest *m, json_t *list)
{
	struct account *a = NULL;
	enum err e = account_find(c->f->root, m->jail.user, &a);

	if (e == ERR_NOT_FOUND) {
		add_finding(c, list, "no-account", false, NULL, "its account is gone");
		return jail_next_want(&c->next, STEP_REMOVE, NULL);
	}
	if (e == ERR_MEMORY)
		return e;
	if (e) {
		add_unsure(c, list, "whether its account is as it was cannot be found out", e);
		return jail_next_want(&c->next, STEP_LOOK, NULL);
	}
	if (a->uid != m->jail.uid || a->gid != m->jail.gid) {
		add_finding(c, list, "other-ids", false, NULL, "its account has other ids by now");
		e = jail_next_want(&c->next, STEP_REMAKE, NULL);
	} else if (!is_same_folder(a->home, m->jail.home)) {
		add_finding(c, list, "other-home", false, NULL, "its account has another home by now");
		e = jail_next_want(&c->next, STEP_REMAKE, NULL);
	} else {
		e = look_at_shell(c, m, a->shell, list);
	}
	account_free(a);
	return e;
}

/* What only sshd's configuration and the accounts tell. */
static enum err look_outside(struct check *c, const struct manifest *m, bool *in_force, json_t *list)
{
	enum err e = jail_block_in_force(c->f->root, c->f->config, &m->jail, in_force);

	if (!e && !*in_force) {
		add_finding(c, list, "not-in-force", true, NULL, "sshd's configuration does not put the account there");
		e = jail_next_want(&c->next, STEP_BLOCK, NULL);
	}
	if (!e)
		e = look_at_settings(c, m, list);
	return e ? e : look_at_account(c, m, list);
}

/* What the host has now; where that cannot be said the reasons are findings. */
static enum err find_wanted(struct check *c, const struct jail *j, struct entries *wanted, bool *known, json_t *list)
{
	struct diags problems = { 0 };
	enum err e = contents_find(c->f->root, j, wanted, &problems);

	*known = e == ERR_NONE;
	for (size_t i = 0; i < problems.n && e == ERR_CONFIG; i++)
		if (!problems.v[i].warning)
			add_finding(c, list, "cannot-update", false, problems.v[i].file, problems.v[i].text);
	diags_free(&problems);
	return e == ERR_CONFIG ? jail_next_want(&c->next, STEP_HOST, NULL) : e;
}

static enum err look_inside(struct check *c, const struct manifest *m, json_t *list)
{
	struct jail_troubles all = { 0 };
	struct entries wanted = { 0 };
	bool known;
	enum err e = find_wanted(c, &m->jail, &wanted, &known, list);

	if (!e)
		e = jail_check(c->f->root, m, known ? &wanted : NULL, &all);
	if (!e && c->f->live && geteuid() == 0)
		e = jail_check_starts(c->f->root, m, &all);
	if (!e)
		e = add_troubles(c, m, &all, list);
	jail_troubles_clear(&all);
	entries_clear(&wanted);
	return e;
}

/* ---- one without a sound manifest ---- */

#define ESCAPES_MS 20000

static void say_next(struct check *c, const struct jail_lost *l, const char *user)
{
	if (l->unknown.len) {
		text_add(&c->out, "  It cannot be told to be ours: %s\n", text_string(&l->unknown));
		text_add_string(&c->out, "  Next: take it away by hand, as docs/jails.md has it\n");
		return;
	}
	text_add(&c->out, "  Next: sudo sallyport jail create %s %s, which makes it sound again and keeps the home\n",
		 user, l->jail.sftp_only ? "--sftp-only" : "--with PROGRAM,...");
	text_add(&c->out, "  Or: sudo sallyport jail remove %s, which keeps the home and what may be somebody's own\n",
		 user);
}

/* Nothing tells what belongs there, but what leads out of it does so in any jail. */
static enum err look_for_ways_out(struct check *c, const struct jail_lost *l, json_t *list)
{
	struct jail_troubles all = { 0 };
	enum err e = jail_check_escapes(c->f->root, l->jail.dir, ESCAPES_MS, &all);

	c->cut |= all.cut;
	if (e == ERR_NOT_FOUND)
		add_finding(c, list, "missing", false, l->jail.dir, "there is no such folder");
	for (size_t i = 0; i < all.n && !e; i++)
		add_trouble(c, list, &all.v[i]);
	jail_troubles_clear(&all);
	return e == ERR_MEMORY ? e : ERR_NONE;
}

static int check_lost(struct check *c, const struct jail_lost *l, const char *user)
{
	json_t *list = json_array(), *j;
	enum err e = ERR_NONE;

	text_add(&c->out, "%s%s%s\n", user, l->jail.dir ? " in " : "", l->jail.dir ? l->jail.dir : "");
	add_finding(c, list, "damaged", false, text_string(&l->file), text_string(&l->problem));
	if (l->jail.dir && !(e = look_for_ways_out(c, l, list)))
		j = jail_json(&l->jail);
	else
		j = json_pack("{s:s,s:n}", "user", user, "dir");
	say_next(c, l, user);
	if (j) {
		json_object_set(j, "findings", list);
		json_object_set_new(j, "complete", json_boolean(!c->cut));
		json_array_append_new(c->jails, j);
	}
	json_decref(list);
	return e ? fail(e, "cannot check the jail of '%s'", user) : 0;
}

/* Half of it may be there, rightly. */
static enum err tell_unfinished(struct check *c, const struct manifest *m, bool *in_force, json_t *list)
{
	enum err e = jail_block_in_force(c->f->root, c->f->config, &m->jail, in_force);

	add_finding(c, list, "unfinished", false, NULL,
		    m->state == MANIFEST_MAKING ? "it is being made, or that was cut off"
						: "it is being taken away, or that was cut off");
	return e ? e : jail_next_want(&c->next, STEP_RECOVER, NULL);
}

static int check_sound(struct check *c, const char *user)
{
	struct manifest m = { 0 };
	json_t *list = json_array(), *next = json_array(), *j;
	bool in_force = false;
	const size_t before = c->findings;
	int status = jail_read(c->common, c->f->root, user, &m);
	enum err e = ERR_NONE;

	if (!status) {
		text_add(&c->out, "%s in %s\n", m.jail.user, m.jail.dir);
		if (m.state != MANIFEST_READY)
			e = tell_unfinished(c, &m, &in_force, list);
		else if (!(e = look_outside(c, &m, &in_force, list)))
			e = look_inside(c, &m, list);
		if (e)
			status = fail(e, "cannot check the jail of '%s'", user);
	}
	if (!status && c->findings == before)
		text_add_string(&c->out, "  all is well: it holds, is current, and what is in it starts\n");
	if (!status)
		jail_next_tell(&c->next, &m.jail, &c->out, next);
	if (!status && (j = jail_json(&m.jail))) {
		json_object_set_new(j, "in_force", json_boolean(in_force));
		json_object_set(j, "findings", list);
		json_object_set_new(j, "complete", json_boolean(!c->cut));
		json_object_set(j, "next", next);
		json_array_append_new(c->jails, j);
	}
	json_decref(list);
	json_decref(next);
	jail_next_clear(&c->next);
	manifest_clear(&m);
	return status;
}

static int check_one(struct check *c, const char *user)
{
	struct jail_lost lost = { 0 };
	enum err e = jail_lost_find(c->f, user, &lost);
	int status;

	if (e == ERR_MEMORY)
		return fail(e, "cannot check the jail of '%s'", user);
	c->cut = false;
	status = e ? check_sound(c, user) : check_lost(c, &lost, user);
	jail_lost_clear(&lost);
	return status;
}

static int answer(struct check *c, int status)
{
	json_t *whole = json_pack("{s:s,s:O}", "schema", "sallyport.jail-check.v1", "jails", c->jails);

	if (!status && c->findings)
		status = EXIT_NO;
	if (!status && !json_array_size(c->jails) && !c->out.len)
		text_add_string(&c->out, "There is no jail.\n");
	status = c->common->format == FORMAT_JSON ? command_print_json(c->common, whole, status)
						  : command_print(c->common, &c->out, status);
	json_decref(whole);
	return status;
}

static int run(const struct common_args *common, void *args, const struct strings *rest)
{
	struct check c = { .common = common, .jails = json_array() };
	struct strings there = { 0 }, users = { 0 };
	struct progress *bar;
	struct facts *f = NULL;
	int status, one;
	enum err e;

	(void)args;
	if ((status = jail_facts(common, &f)))
		goto out;
	c.f = f;
	e = jail_all_users(f, &there);
	if (!(status = e ? jail_list_failed(e) : jail_users(common, &there, rest, rest->n == 0, &users))) {
		bar = progress_start("jail check", users.n, common->progress);
		for (size_t i = 0; i < users.n; i++) {
			progress_step(bar, i);
			if ((one = check_one(&c, users.v[i])))
				status = one;
		}
		progress_step(bar, users.n);
		progress_end(bar);
		status = answer(&c, status);
	}
out:
	strings_free(&there);
	strings_free(&users);
	facts_free(f);
	json_decref(c.jails);
	text_free(&c.out);
	return status;
}

const struct command cmd_jail_check = {
	.name = "jail check",
	.summary = "does it hold, is it current, and does what is in it start?",
	.arguments = "[USER...]",
	.common = COMMON_REPORT | COMMON_HOST | COMMON_PROGRESS,
	.examples = "  sudo sallyport jail check          # all of them; exit 1 when something is found\n"
		    "  sudo sallyport jail check anna --format json\n",
	.run = run,
};
