/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_remove.c - jail remove: the Match block, then the tree; not while somebody is in there. */
#include "audit/process.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/message.h"
#include "cmd/change.h"
#include "cmd/jail.h"
#include "harden/jail_block.h"
#include "harden/jail_log.h"
#include "jail/inmates.h"
#include "jail/upkeep.h"
#include "sshd/effective.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/banned.h"

struct remove_args {
	struct strings keep, overrides;
	bool with_home, remove_account;
};

static const struct option_row options[] = {
	{ "with-home", 0, OPTION_FLAG, OPTION_AT(struct remove_args, with_home), NULL,
	  "the home, too; else it is kept beside the jail" },
	{ "remove-account", 0, OPTION_FLAG, OPTION_AT(struct remove_args, remove_account), NULL,
	  "the account, too, where jail create made it" },
	{ "keep", 'k', OPTION_LIST, OPTION_AT(struct remove_args, keep), "<user>[@<addr>]",
	  "this account must still get in" },
	{ "override", 0, OPTION_LIST, OPTION_AT(struct remove_args, overrides), "<guard>",
	  "go on although this guard refuses" },
	{ 0 },
};

static void clear(void *args)
{
	struct remove_args *a = args;

	strings_free(&a->keep);
	strings_free(&a->overrides);
}

struct removal {
	const struct common_args *common;
	const struct remove_args *a;
	const struct facts *f;
	struct manifest m;
	struct jail_lost lost; /* where m.lost */
	char *keys_path;
	bool keys_go; /* that file */
	struct text first, also, undo;
	json_t *more;	  /* "jail" of the JSON answer */
	bool marked;	  /* the manifest says that it is going */
	bool goes;	  /* it is out of force */
	sigset_t signals; /* as they were before they were held */
	bool held;
	int lock;
};

/* ---- who is in there ---- */

static void say_session(const struct facts *f, const char *user, struct text *who)
{
	for (size_t i = 0; i < f->sessions.n && !who->len; i++)
		if (strcmp(f->sessions.v[i].user, user) == 0)
			text_add(who, "%s is logged in from %s (process %ld)", user, f->sessions.v[i].addr,
				 (long)f->sessions.v[i].pid);
}

static void say_process(pid_t pid, struct text *who)
{
	struct process p = { 0 };

	text_add(who, "process %ld runs in it", (long)pid);
	if (process_read(pid, &p) == ERR_NONE && p.title) {
		text_add_string(who, ": ");
		text_add_escaped(who, p.title, strlen(p.title));
	}
	process_clear(&p);
}

/* Whatever user they run as. A tree that is not there has nobody in it. */
static enum err find_processes(const struct removal *v, struct text *who)
{
	pid_t pid = 0;
	int top = -1;
	enum err e = root_open_straight(v->f->root, v->m.jail.dir, O_PATH | O_DIRECTORY, 0, &top);

	if (e)
		return root_lstat(v->f->root, v->m.jail.dir, &(struct stat){ 0 }) ? ERR_NONE : e;
	e = inmates_find(top, v->m.jail.uid, &pid);
	file_close(top);
	if (pid)
		say_process(pid, who);
	return e;
}

static enum err find_inmates(const struct removal *v, struct text *who)
{
	enum err e = ERR_NONE;

	if (!v->f->live)
		return ERR_NONE;
	say_session(v->f, v->m.jail.user, who);
	if (!who->len)
		e = find_processes(v, who);
	return e ? e : text_check(who);
}

/* 0, or an exit status with the error said. */
static int refuse_inmates(const struct removal *v)
{
	struct text who = { 0 };
	int status = 0;
	enum err e = find_inmates(v, &who);

	if (e) {
		status = fail(e, "cannot tell whether somebody is in the jail");
	} else if (who.len) {
		complain("the jail of '%s' is in use: %s", v->m.jail.user, who.s);
		status = EXIT_NO;
	}
	text_free(&who);
	return status;
}

/* 0, or an exit status with the error said. */
static int refuse_mounts(const struct removal *v)
{
	char *point = NULL;
	enum err e = build_find_mount(v->f->root, &v->m.jail, &point);
	int status = e ? fail(e, "cannot tell whether something is mounted in the jail") : 0;

	if (point) {
		complain("the jail of '%s' cannot go: %s: something is mounted there: unmount it first", v->m.jail.user,
			 point);
		hint("nothing was changed");
		status = EXIT_NO;
	}
	free(point);
	return status;
}

/* ---- out of force ---- */

static enum err say_what_holds(const struct removal *v, const struct sshd_config *c)
{
	struct sshd_connection who = {
		.user = v->m.jail.user, .host = "127.0.0.1", .addr = "127.0.0.1", .laddr = "127.0.0.1", .lport = 22
	};
	const struct sshd_line *by = NULL;
	struct sshd_effective *found = NULL;
	struct diags problems = { 0 };
	enum err e = sshd_effective(c, &who, &found);

	if (e)
		return e;
	by = sshd_decider(found, KW_CHROOTDIRECTORY);
	diag_error(
		&problems, by ? by->file : NULL, by ? by->line : 0,
		"this line is not between two comment lines of ours, and would still put %s into %s, which is to go: take its Match block out first",
		v->m.jail.user, v->m.jail.dir);
	jail_say_problems(&problems);
	diags_free(&problems);
	sshd_effective_free(found);
	return ERR_CONFIG;
}

/* Whoever is put into a jail that is gone cannot log in. */
static enum err check_out_of_force(void *arg, struct stage *s, struct plan *p)
{
	const struct removal *v = arg;
	struct sshd_config *c = NULL;
	struct diags found = { 0 };
	bool still = false;
	enum err e = sshd_config_load(stage_root(s), v->f->config_path, v->f->release, &c, &found);

	(void)p;
	if (!e && !(e = jail_block_in_force(v->f->root, c, &v->m.jail, &still)) && still)
		e = say_what_holds(v, c);
	diags_free(&found);
	sshd_config_free(c);
	return e;
}

/* What kept jails current may have been at work before the lock was taken. */
static enum err read_again(struct removal *v, struct text *wrong)
{
	struct manifest now = { 0 };
	enum err e;

	if (v->m.lost)
		return ERR_NONE;
	e = manifest_read(v->f->root, v->m.jail.user, &now, NULL);
	if (e || now.state != MANIFEST_READY || strcmp(now.jail.dir, v->m.jail.dir) != 0) {
		text_add(wrong, "the jail of '%s' was changed meanwhile: look at it again", v->m.jail.user);
		manifest_clear(&now);
		return e == ERR_MEMORY ? e : ERR_NONE;
	}
	manifest_clear(&v->m);
	v->m = now;
	return ERR_NONE;
}

/* Recovery keeps the jail where sshd's configuration still puts the account there, else it takes it away, with the account where that is to go. */
static enum err mark(void *arg, const struct stage *s, struct text *wrong)
{
	struct removal *v = arg;
	enum err e;

	(void)s;
	if ((e = jail_lock(v->f->root, JAIL_LOCK_SECONDS, &v->lock)) == ERR_BUSY) {
		text_add_string(wrong, "another sallyport is at work on the jails; try again when it is done");
		return ERR_NONE;
	}
	if (e || (e = read_again(v, wrong)) || wrong->len || (e = find_inmates(v, wrong)) || wrong->len)
		return e;
	v->m.state = MANIFEST_REMOVING;
	v->m.with_home = v->a->with_home;
	v->m.account_goes = v->a->remove_account;
	/* to the end: a change of the configuration that is interrupted goes back, and what comes behind it is as quick done as left */
	interrupt_hold(&v->signals);
	v->held = true;
	if (!(e = manifest_write(v->f->root, &v->m)))
		v->marked = true;
	return e;
}

/* As it was: it did not come about. */
static void unmark(struct removal *v)
{
	enum err e;

	if (!v->marked)
		return;
	v->m.state = MANIFEST_READY;
	v->m.with_home = v->m.account_goes = false;
	if ((e = v->m.lost ? manifest_remove_lost(v->f->root, v->m.jail.user) : manifest_write(v->f->root, &v->m)))
		fail(e, "the jail stays, but that could not be written down; sudo sallyport recover tries again");
}

/* ---- away ---- */

/* Before the last manifest goes: without one, nobody would know of the rest. */
static void stop_upkeep(const struct removal *v)
{
	struct strings all = { 0 };
	struct diags problems = { 0 };

	if (manifest_list(v->f->root, &all) == ERR_NONE && all.n == 1 && strcmp(all.v[0], v->m.jail.user) == 0 &&
	    upkeep_remove(v->f->root, &problems))
		warn("what kept jails current could not be taken away");
	jail_say_problems(&problems);
	strings_free(&all);
	diags_free(&problems);
}

#define HALF_GONE "the jail is out of force, but could not be taken away whole; sudo sallyport recover tries again"

/* Also where it could not be taken away whole. */
static void tell(struct removal *v, const struct build_kept *kept, bool gone)
{
	json_t *jail = json_object_get(v->more, "jail");

	if (gone)
		text_add(&v->also, "%s is in no jail any more%s\n", v->m.jail.user,
			 v->a->remove_account ? ", and has no account" : "");
	if (kept->home)
		text_add(&v->also, "The home is kept: %s\n", kept->home);
	if (kept->other)
		text_add(&v->also, "What may be somebody's own is kept: %s\n", kept->other);
	json_object_set_new(jail, "home_kept", kept->home ? json_safe_string(kept->home) : json_null());
	json_object_set_new(jail, "other_kept", kept->other ? json_safe_string(kept->other) : json_null());
}

static int take_away(void *arg)
{
	struct removal *v = arg;
	struct diags problems = { 0 };
	struct build_kept kept = { 0 };
	struct text why = { 0 };
	int status;
	enum err e;

	v->goes = true;
	if ((status = refuse_inmates(v)) &&
	    v->m.lost) { /* without its block nothing would say any more that it is ours */
		hint("the jail is out of force; when they have left: sudo sallyport recover");
		return status;
	}
	if (status) { /* who came in before the block was gone */
		unmark(v);
		hint("the jail is out of force and stays; when they have left: sudo sallyport jail remove %s",
		     v->m.jail.user);
		return status;
	}
	e = v->a->remove_account ? jail_account_remove(v->f->root, &v->m) : ERR_NONE;
	if (!e)
		e = jail_log_remove(v->f->root, &v->m.jail, &why);
	if (why.len)
		warn("the mount unit of %s's log: %s", v->m.jail.user, text_string(&why));
	text_free(&why);
	if (!e) {
		stop_upkeep(v);
		e = build_remove(v->f->root, &v->m, v->a->with_home, &kept, &problems);
	}
	jail_say_problems(&problems);
	if (e && problems.n) /* the error was said */
		status = complain(HALF_GONE);
	else if (e)
		status = fail(e, HALF_GONE);
	tell(v, &kept, status == 0);
	diags_free(&problems);
	build_kept_clear(&kept);
	return status;
}

/* ---- the change ---- */

static int put_out_of_force(struct removal *v)
{
	const struct change block = { .kind = CHANGE_BLOCK, .args = v->m.jail.user };
	const struct change keys = { .kind = CHANGE_REMOVE, .path = v->keys_path };
	const struct change *changes[] = { &block, &keys };
	struct text what = { 0 };
	struct change_request q = { .changes = changes,
				    .n = v->keys_go ? 2 : 1,
				    .keep = &v->a->keep,
				    .overrides = &v->a->overrides,
				    .at_once = true,
				    .one_account = true,
				    .more_to_do = true,
				    .undo = text_string(&v->undo),
				    .first = &v->first,
				    .also = &v->also,
				    .more = v->more,
				    .extend = check_out_of_force,
				    .before = mark,
				    .after = take_away,
				    .arg = v };
	int status;

	text_add(&what, "jail remove %s", v->m.jail.user);
	q.what = text_string(&what);
	status = change_run(v->common, v->f, &q);
	text_free(&what);
	return status;
}

static void describe(struct removal *v)
{
	const struct jail *j = &v->m.jail;

	text_add(&v->first, "%s goes%s%s\n", j->dir,
		 v->a->with_home ? " with the home" : "; the home is kept beside it",
		 v->a->remove_account ? "; the account goes, too" : "");
	if (!v->a->remove_account)
		text_add(&v->first,
			 "  %s is then in no jail: whoever has a key by sshd's other settings sees the whole system\n",
			 j->user);
	text_add(&v->undo, "jail create %s%s", j->user,
		 j->sftp_only ? " --sftp-only"
		 : v->m.lost  ? " --with PROGRAM,..."
		 : j->with.n  ? " --with "
			      : "");
	for (size_t i = 0; i < j->with.n; i++)
		text_add(&v->undo, "%s%s", i ? "," : "", j->with.v[i]);
	if (strcmp(strrchr(j->dir, '/') + 1, j->user) != 0 || strncmp(j->dir, JAIL_FOLDER "/", sizeof JAIL_FOLDER) != 0)
		text_add(&v->undo, " --dir %s", j->dir);
	text_add_string(&v->undo, j->copies ? " --copy" : "");
	text_add_string(&v->undo, v->a->remove_account ? " --create-account" : "");
}

static int take_lost(struct removal *v, const char *user)
{
	struct manifest *m = &v->m;
	enum err e;

	if (v->lost.unknown.len)
		return jail_lost_unknown(&v->lost, user);
	if (v->a->remove_account) {
		complain("whether its jail made the account '%s' stood in its manifest, which is lost", user);
		hint("leave --remove-account out; afterwards, if it is to go: sudo userdel %s", user);
		return EXIT_NO;
	}
	m->lost = true;
	m->jail = v->lost.jail; /* m owns it now */
	v->lost.jail = (struct jail){ 0 };
	/* a row says that it was not moved away yet */
	if ((e = entries_add_folder(&m->entries, m->jail.home, 0700)))
		return fail(e, "cannot plan the removal");
	return 0;
}

/* 0, or an exit status with the error said. */
static int find_jail(struct removal *v, const char *user)
{
	enum err e = jail_lost_find(v->f, user, &v->lost);

	if (e == ERR_MEMORY)
		return fail(e, "cannot look at the jail");
	return e ? jail_read(v->common, v->f->root, user, &v->m) : take_lost(v, user);
}

/* Keys that others may have put there are theirs to take away; but who gets the name of an account later gets none of its keys. */
static enum err describe_keys(struct removal *v)
{
	struct stat st;

	v->keys_go = jail_keys_are_gone(v->f->root, v->keys_path, v->m.jail.user) ||
		     (v->a->remove_account && root_stat(v->f->root, v->keys_path, &st) == ERR_NONE);
	if (!v->keys_go && jail_keys_are_there(v->f->root, v->keys_path))
		text_add(&v->first, "  the keys in %s stay; those that let %s in by then count again in a later jail\n",
			 v->keys_path, v->m.jail.user);
	return text_check(&v->first);
}

/* What others have put there. */
static int describe_kept(struct removal *v)
{
	enum err e;

	if (v->m.lost)
		text_add(&v->first, "  %s: %s\n", text_string(&v->lost.file), text_string(&v->lost.problem));
	e = jail_count_kept(v->f, &v->m.jail, v->m.lost ? NULL : &v->m.entries, false, &v->first);
	return e == ERR_CONFIG ? EXIT_NO : e ? fail(e, "cannot plan the removal") : 0;
}

static int remove_jail(struct removal *v, const char *user)
{
	int status;
	enum err e;

	if ((status = find_jail(v, user)))
		return status;
	if (v->a->remove_account && !v->m.account_made) {
		complain("the account '%s' was there before its jail, so it is not ours to remove", user);
		hint("leave --remove-account out; afterwards: sudo userdel %s", user);
		return EXIT_NO;
	}
	if (v->a->remove_account && (status = jail_account_check(v->f->root, &v->m)))
		return status;
	if ((status = refuse_inmates(v))) {
		hint("nothing was changed; wait until they have left, or end that process");
		return status;
	}
	if ((status = refuse_mounts(v)))
		return status;
	describe(v);
	if ((status = describe_kept(v)))
		return status;
	if ((e = jail_keys_path(v->f, user, &v->keys_path)) || (e = describe_keys(v)))
		return fail(e, "cannot plan the removal");
	if (!(v->more = json_pack("{s:o}", "jail", jail_json(&v->m.jail))))
		return fail(ERR_MEMORY, "cannot plan the removal");
	status = put_out_of_force(v);
	if (!v->goes)
		unmark(v);
	return status;
}

static int run(const struct common_args *common, void *args, const struct strings *rest)
{
	struct removal v = { .common = common, .a = args, .lock = -1 };
	struct facts *f = NULL;
	int lock = -1, status;

	if (rest->n != 1)
		return complain(rest->n ? "wants one user at a time"
					: "wants the name of the user whose jail is to go");
	if ((status = jail_check_name(rest->v[0])) || (status = change_check_overrides(&v.a->overrides)) ||
	    change_begin(common, &f, &lock, &status))
		return status;
	v.f = f;
	status = remove_jail(&v, rest->v[0]);
	manifest_clear(&v.m);
	jail_lost_clear(&v.lost);
	json_decref(v.more);
	free(v.keys_path);
	text_free(&v.first);
	text_free(&v.also);
	text_free(&v.undo);
	file_close(v.lock);
	if (v.held)
		interrupt_release(&v.signals);
	change_end(f, lock);
	return status;
}

const struct command cmd_jail_remove = {
	.name = "jail remove",
	.summary = "take a jail away, when nobody is in there; the home is kept",
	.arguments = "USER",
	.common = COMMON_REPORT | COMMON_HOST | COMMON_CHANGE,
	.options = options,
	.args_size = sizeof(struct remove_args),
	.examples = "  sudo sallyport jail remove anna\n"
		    "  sudo sallyport jail remove bert --remove-account --with-home\n",
	.run = run,
	.clear = clear,
};
