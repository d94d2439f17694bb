/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_create.c - jail create: a tree, an account where it is asked for, and the Match block that puts it in there; all or nothing. */
#include "base/file.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/message.h"
#include "cmd/change.h"
#include "cmd/jail.h"
#include "harden/jail_block.h"
#include "harden/jail_log.h"
#include "harden/jail_trial.h"
#include "jail/ahead.h"
#include "jail/check_path.h"
#include "jail/contents.h"
#include "jail/outside.h"
#include "jail/upkeep.h"
#include "jail/walk.h"
#include "sshd/account.h"
#include "sshd/effective.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define USUAL_SET "basic"
#define SHOWN_MAX 20 /* files that come, and that go */
#define STATE "/var/lib/sallyport"

struct create_args {
	struct strings keep, overrides, with, keys;
	const char *shell, *dir;
	bool sftp_only, create_account, copy;
};

static const struct option_row options[] = {
	{ "shell", 's', OPTION_TEXT, OPTION_AT(struct create_args, shell), "<path>",
	  "the shell of a new account (/bin/bash)" },
	{ "with", 'w', OPTION_COMMAS, OPTION_AT(struct create_args, with), "<program>,...",
	  "programs, and sets of them: jail list --sets" },
	{ "sftp-only", 0, OPTION_FLAG, OPTION_AT(struct create_args, sftp_only), NULL,
	  "no shell and no programs: files can be put there and fetched" },
	{ "dir", 'd', OPTION_TEXT, OPTION_AT(struct create_args, dir), "<dir>",
	  "where it shall be (" JAIL_FOLDER "/USER)" },
	{ "create-account", 0, OPTION_FLAG, OPTION_AT(struct create_args, create_account), NULL,
	  "make the account, too, without a password" },
	{ "key", 'i', OPTION_LIST, OPTION_AT(struct create_args, keys), "<file>", "a public key that may log in" },
	{ "copy", 0, OPTION_FLAG, OPTION_AT(struct create_args, copy), NULL,
	  "share no file with the host: copies, which take their place" },
	{ "keep", 'k', OPTION_LIST, OPTION_AT(struct create_args, keep), "<user>[@<addr>]",
	  "this account must still get in" },
	{ "override", 0, OPTION_LIST, OPTION_AT(struct create_args, overrides), "<guard>",
	  "go on although this guard refuses" },
	{ 0 },
};

static void clear(void *args)
{
	struct create_args *a = args;

	strings_free(&a->keep);
	strings_free(&a->overrides);
	strings_free(&a->with);
	strings_free(&a->keys);
}

struct create {
	const struct common_args *common;
	const struct create_args *a;
	const struct facts *f;
	struct account *account; /* NULL: it is to be made */
	struct jail has;	 /* what was asked for when the jail was made that is there; dir NULL: there is none */
	struct manifest m, old;
	struct ahead *known; /* digests of what goes into a new one */
	bool again;	     /* there is a jail already: 'old' */
	bool lost;	     /* its manifest is damaged or gone, and 'old' is what is known of it: 'was' */
	struct jail_lost was;
	bool in_force;
	bool more_to_do;   /* in the jail, also where no file of sshd's changes */
	bool made;	   /* something was made that goes again where the change does not come about */
	bool account_made; /* the account is among that */
	char *keys_path;
	struct jail_keys keys;
	struct text lines, first, also;
	struct build_told told;
	struct jail_trial_told trial;
	json_t *more;	  /* "jail" of the JSON answer */
	sigset_t signals; /* as they were before they were held */
	bool held;
	bool cannot; /* the jail could not be made: trouble, and not a jail that does not hold */
	int lock;
};

static void create_clear(struct create *c)
{
	account_free(c->account);
	jail_clear(&c->has);
	manifest_clear(&c->m);
	manifest_clear(&c->old);
	ahead_free(c->known);
	jail_lost_clear(&c->was);
	free(c->keys_path);
	jail_keys_clear(&c->keys);
	text_free(&c->lines);
	text_free(&c->first);
	text_free(&c->also);
	jail_trial_told_clear(&c->trial);
	json_decref(c->more);
	file_close(c->lock);
}

/* ---- what was asked for ---- */

static void hint_sets(void)
{
	struct jail_set *sets = NULL;
	struct diags problems = { 0 };
	struct text t = { 0 };
	size_t n = 0;

	if (jail_sets_list(&sets, &n, &problems) == ERR_NONE)
		for (size_t i = 0; i < n; i++)
			text_add(&t, "%s%s", i ? ", " : "", sets[i].name);
	if (t.len)
		hint("--with takes programs and these sets: %s; what they are: sallyport jail list --sets",
		     text_string(&t));
	jail_sets_free(sets, n);
	diags_free(&problems);
	text_free(&t);
}

#define FOR_A_SHELL " \t\r\n\\\"'`$&|;<>()*?!#{}"

/* 'jail remove' says the words that make the jail again, and they are to be pasted as they are. */
static int check_words(const struct strings *with)
{
	for (size_t i = 0; i < with->n; i++) {
		const char *word = with->v[i];

		if (!word[strcspn(word, FOR_A_SHELL)] && word[0] != '~')
			continue;
		complain(
			"--with has '%s': wants a name without blanks, quotes and what else a command line takes for its own",
			word);
		hint("a link with a plain name that leads there does as well");
		return EXIT_TROUBLE;
	}
	return 0;
}

/* 0, or an exit status with the error said. */
static int check_args(const struct create_args *a, const struct strings *rest)
{
	struct text why = { 0 };
	int status = 0;

	if (rest->n != 1) {
		status = complain(rest->n ? "wants one user at a time"
					  : "wants the name of the user who is to live there");
		hint("sallyport jail create anna --with " USUAL_SET ",git   or, for files only: --sftp-only");
		hint_sets();
		return status;
	}
	if ((status = jail_check_name(rest->v[0])))
		return status;
	if (a->sftp_only && (a->with.n || a->shell))
		return complain("--sftp-only has neither a shell nor programs: leave %s out",
				a->shell ? "--shell" : "--with");
	if (a->dir && jail_block_check_path(a->dir, &why))
		status = complain("--dir is '%s': %s", a->dir, text_string(&why));
	else if (a->shell && jail_block_check_path(a->shell, &why))
		status = complain("--shell is '%s': %s", a->shell, text_string(&why));
	text_free(&why);
	if (!status && a->dir)
		status = jail_check_dir(a->dir);
	return status ? status : check_words(&a->with);
}

/* The shell must be there, whoever's it is. */
static int check_shell(const struct root *r, const char *shell)
{
	struct stat st;

	if (root_stat(r, shell, &st))
		return complain("there is no shell '%s' on this system", shell);
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return complain("the shell '%s' cannot be executed: wants a program", shell);
	return 0;
}

static bool lets_nobody_in(const char *shell)
{
	const char *name = strrchr(shell, '/');

	name = name ? name + 1 : shell;
	return strcmp(name, "nologin") == 0 || strcmp(name, "false") == 0 || strcmp(name, "true") == 0;
}

static int find_account(struct create *c, const char *user)
{
	struct text why = { 0 };
	int status = 0;
	enum err e = account_find(c->f->root, user, &c->account);

	if (e == ERR_NOT_FOUND && c->a->create_account) {
		if (!c->f->live) {
			complain("no account can be made in another system's files: make '%s' there first", user);
			return EXIT_TROUBLE;
		}
		return 0;
	}
	if (e == ERR_NOT_FOUND) {
		complain("there is no account '%s'", user);
		hint("--create-account makes it");
		return EXIT_TROUBLE;
	}
	if (e)
		return fail(e, "cannot look up the account '%s'", user);
	if (c->account->uid == 0)
		return complain("'%s' has uid 0 and cannot have a jail: root in a chroot is no jail, it walks out",
				user);
	if (!jail_account_is_plain(c->f, c->account, &why)) {
		complain("lockout guard: '%s' should not be jailed: %s", user, text_string(&why));
		if (!strings_has(&c->a->overrides, "lockout")) {
			hint("nothing was changed; if you know better: --override lockout");
			status = EXIT_NO;
		}
	}
	text_free(&why);
	return status;
}

/* Of a jail that is there, whatever state it is in: what is not asked for anew stays. */
static int take_present(struct create *c, const char *user)
{
	struct manifest now = { 0 };
	struct jail_lost lost = { 0 };
	enum err e = manifest_read(c->f->root, user, &now, NULL);

	if (!e) {
		c->has = now.jail; /* 'has' owns it now */
		now.jail = (struct jail){ 0 };
	} else if ((e = jail_lost_find(c->f, user, &lost)) == ERR_NONE && !lost.unknown.len) {
		c->has = lost.jail;
		lost.jail = (struct jail){ 0 };
	}
	manifest_clear(&now);
	jail_lost_clear(&lost);
	return e == ERR_MEMORY ? fail(e, "cannot look at the jail") : 0;
}

/* Programs or a shell that are asked for say that it is not. */
static bool wants_sftp_only(const struct create *c)
{
	return c->a->sftp_only || (c->has.sftp_only && !c->a->with.n && !c->a->shell);
}

static int choose_shell(struct create *c, const char **shell)
{
	const char *asked = c->a->shell, *has = c->account ? c->account->shell : NULL;
	struct stat st;

	*shell = NULL;
	if (wants_sftp_only(c))
		return 0;
	if (has && asked && strcmp(has, asked) != 0) {
		complain("the shell of '%s' is '%s', and that one sshd starts, not '%s'", c->account->name, has, asked);
		hint("sudo usermod -s %s %s", asked, c->account->name);
		return EXIT_TROUBLE;
	}
	if (has && lets_nobody_in(has)) {
		complain("the shell of '%s' is '%s', which lets nobody in", c->account->name, has);
		hint("--sftp-only needs no shell; for one: sudo usermod -s /bin/bash %s", c->account->name);
		return EXIT_TROUBLE;
	}
	*shell = has						       ? has
		 : asked					       ? asked
		 : root_stat(c->f->root, "/bin/bash", &st) == ERR_NONE ? "/bin/bash"
								       : "/bin/sh";
	return check_shell(c->f->root, *shell);
}

static int take_home(struct create *c, const char *user, char **out)
{
	struct text home = { 0 }, why = { 0 };
	int status = 0;

	if (c->account)
		text_add_string(&home, c->account->home);
	else
		text_add(&home, "/home/%s", user);
	while (home.len > 1 && home.s[home.len - 1] == '/')
		home.s[--home.len] = '\0';
	if (jail_block_check_path(text_string(&home), &why)) {
		complain("the home of '%s' is '%s', which cannot be one in a jail: %s", user, text_string(&home),
			 text_string(&why));
		hint("sudo usermod -d /home/%s %s", user, user);
		status = EXIT_TROUBLE;
	} else if (!(*out = text_take(&home))) {
		status = fail(ERR_MEMORY, "cannot plan the jail");
	}
	text_free(&home);
	text_free(&why);
	return status;
}

/* Into c->m.jail. */
static int take_wishes(struct create *c, const char *user)
{
	struct jail *j = &c->m.jail;
	struct text dir = { 0 };
	const char *shell;
	int status = choose_shell(c, &shell);
	enum err e = ERR_NONE;

	if (status || (status = take_home(c, user, &j->home)))
		return status;
	j->user = strdup(user);
	j->shell = shell ? strdup(shell) : NULL;
	j->sftp_only = wants_sftp_only(c);
	j->copies = c->a->copy || c->has.copies;
	if (c->a->dir || c->has.dir)
		text_add_string(&dir, c->a->dir ? c->a->dir : c->has.dir);
	else
		text_add(&dir, JAIL_FOLDER "/%s", user);
	j->dir = text_take(&dir);
	if (!j->user || !j->dir || (shell && !j->shell)) {
		fail(ERR_MEMORY, "cannot plan the jail");
		return EXIT_TROUBLE;
	}
	if (c->account) {
		j->uid = c->account->uid;
		j->gid = c->account->gid;
	} else {
		e = jail_account_choose(c->f->root, j);
		j->about = JAIL_ABOUT;
	}
	if (!e && !j->sftp_only && !c->a->with.n && !c->has.with.n)
		e = strings_add(&j->with, USUAL_SET);
	else if (!e && !j->sftp_only)
		e = strings_copy(&j->with, c->a->with.n ? &c->a->with : &c->has.with);
	if (e)
		return fail(e, "cannot plan the jail");
	c->m.account_made = !c->account;
	return 0;
}

/* ---- what is there ---- */

/* As it will be judged when the tree is made; who only looks need not be root. */
static int check_way(const struct create *c)
{
	struct walk_place place = { .parent = -1 };
	struct jail_troubles found = { 0 };
	struct diags problems = { 0 };
	enum err e = ERR_NONE;

	if (geteuid() == 0) {
		e = walk_place_open(c->f->root, c->m.jail.dir, false, &place, NULL, &problems);
		file_close(place.parent);
	} else if (c->f->live) {
		e = check_path(c->f->root, c->m.jail.dir, &found);
		for (size_t i = 0; i < found.n && found.v[i].kind == JAIL_PATH; i++)
			diag_error(&problems, found.v[i].path, 0,
				   "%s: wants each folder above a jail to be root's alone", found.v[i].detail);
	}
	jail_say_problems(&problems);
	e = problems.n ? ERR_CONFIG : e == ERR_MEMORY ? e : ERR_NONE; /* of what is missing it is made */
	jail_troubles_clear(&found);
	diags_free(&problems);
	if (e == ERR_CONFIG)
		hint("nothing was changed; name another place with --dir");
	return e == ERR_CONFIG ? EXIT_NO : e ? fail(e, "cannot look at the place of the jail") : 0;
}

/*
 * In a jail that is another's, or around it, each would be foreign to the other; in its very place, whose tree was lost, an update of the other would
 * change this one, and its removal take it away. Among our own state it would be taken for that.
 */
static int check_place(const struct create *c)
{
	const char *dir = c->m.jail.dir;
	struct text why = { 0 };
	int status = 0;
	enum err e;

	if (strncmp(dir, STATE "/", sizeof STATE) == 0) {
		complain("--dir is '%s': in '" STATE "', where sallyport keeps what it knows", dir);
		hint("name another place");
		return EXIT_TROUBLE;
	}
	e = jail_check_place(c->f, c->m.jail.user, dir, &why);
	if (e && (e == ERR_MEMORY || geteuid() == 0)) { /* else only root may look there */
		status = fail(e, "cannot tell which jails there are");
	} else if (why.len) {
		complain("%s: wants a place outside of it", why.s);
		hint("nothing was changed; name another place with --dir");
		status = EXIT_NO;
	}
	text_free(&why);
	return status;
}

/* Its home in the jail would be left behind, and be nobody's to keep. */
static int check_owner(const struct create *c)
{
	const struct jail *was = &c->old.jail, *is = &c->m.jail;

	if (strcmp(was->home, is->home) != 0)
		complain("the home of '%s' is '%s' by now, and its jail was made for '%s'", is->user, is->home,
			 was->home);
	else if (was->uid != is->uid || was->gid != is->gid)
		complain("'%s' has the ids %lu:%lu by now, and its jail was made for %lu:%lu", is->user,
			 (unsigned long)is->uid, (unsigned long)is->gid, (unsigned long)was->uid,
			 (unsigned long)was->gid);
	else
		return 0;
	command_hint(c->common, "sudo sallyport jail remove %s keeps the home beside the jail; then this again",
		     is->user);
	return EXIT_NO;
}

static int check_tree(const struct create *c)
{
	struct stat st;

	if (root_lstat(c->f->root, c->old.jail.dir, &st) == ERR_NONE || (errno != ENOENT && errno != ENOTDIR))
		return 0;
	complain("the jail of '%s' is written down, but '%s' is not there", c->m.jail.user, c->old.jail.dir);
	command_hint(c->common, "sudo sallyport jail remove %s takes the rest of it away; then this again",
		     c->m.jail.user);
	return EXIT_NO;
}

/* 'old' against what is asked for. */
static int compare_old(struct create *c)
{
	struct text kind = { 0 };
	int status;

	if (c->old.jail.sftp_only != c->m.jail.sftp_only) {
		jail_add_kind(&c->old.jail, &kind);
		complain("'%s' has another jail already: %s, %s", c->m.jail.user, c->old.jail.dir, text_string(&kind));
		text_free(&kind);
		command_hint(c->common, "leave %s out; or sudo sallyport jail remove %s, then this again",
			     c->a->sftp_only ? "--sftp-only"
			     : c->a->shell   ? "--shell"
					     : "--with",
			     c->m.jail.user);
		return EXIT_NO;
	}
	if (strcmp(c->old.jail.dir, c->m.jail.dir) != 0) {
		complain("--dir is '%s', and the jail of '%s' is '%s' already", c->m.jail.dir, c->m.jail.user,
			 c->old.jail.dir);
		command_hint(c->common,
			     "leave --dir out; to have it elsewhere: sudo sallyport jail remove %s, then this again",
			     c->m.jail.user);
		return EXIT_NO;
	}
	if ((status = check_owner(c)) || (status = check_tree(c)))
		return status;
	if (jail_block_in_force(c->f->root, c->f->config, &c->old.jail, &c->in_force))
		return fail(ERR_MEMORY, "cannot tell whether the jail is in force");
	return 0;
}

/* ERR_NOT_FOUND: it is not lost. Else *status is 0, or an exit status with the error said. */
static enum err look_for_lost(struct create *c, int *status)
{
	enum err e = jail_lost_find(c->f, c->m.jail.user, &c->was);

	if (e)
		return e;
	if (c->was.unknown.len) {
		*status = jail_lost_unknown(&c->was, c->m.jail.user);
		return ERR_NONE;
	}
	c->again = c->lost = true;
	c->old.jail = c->was.jail; /* 'old' owns it now */
	c->was.jail = (struct jail){ 0 };
	*status = compare_old(c);
	return ERR_NONE;
}

static int look_for_none(struct create *c, enum err e)
{
	struct stat st;
	int status;

	if (e != ERR_NOT_FOUND && geteuid() == 0)
		return fail(e, "cannot tell whether there is a jail of '%s'", c->m.jail.user);
	if ((status = check_place(c)))
		return status;
	if (root_lstat(c->f->root, c->m.jail.dir, &st))
		return check_way(c);
	if (e != ERR_NOT_FOUND) {
		complain("'%s' is there already, and only root can tell whether it is this jail", c->m.jail.dir);
		hint("run it with sudo; --dry-run changes nothing");
		return EXIT_TROUBLE;
	}
	complain("'%s' is there already, and is no jail of ours: nothing was changed", c->m.jail.dir);
	hint("move it away, or name another place with --dir");
	return EXIT_NO;
}

static int look_for_old(struct create *c, const char *user)
{
	int status = 0;
	enum err e = manifest_read(c->f->root, user, &c->old, NULL), lost;

	if (!e) {
		c->again = true;
		return compare_old(c);
	}
	lost = look_for_lost(c, &status);
	if (!lost)
		return status;
	return lost == ERR_MEMORY ? fail(lost, "cannot look at the jail") : look_for_none(c, e);
}

static int find_contents(struct create *c)
{
	struct diags problems = { 0 };
	int status = 0;
	enum err e = c->again || c->m.jail.sftp_only
			     ? contents_find(c->f->root, &c->m.jail, &c->m.entries, &problems)
			     : contents_find_ahead(c->f->root, &c->m.jail, &c->known, &c->m.entries, &problems);

	jail_say_problems(&problems);
	if (e == ERR_CONFIG)
		status = EXIT_TROUBLE;
	else if (e)
		status = fail(e, "cannot find out what the jail needs");
	diags_free(&problems);
	return status;
}

/* In place of the shell it would run whatever is asked for; sftp only has one of its own, which must be the first. */
static int check_command(const struct create *c)
{
	struct sshd_connection who = { .user = c->m.jail.user,
				       .groups = c->account ? &c->account->groups : NULL,
				       .host = "127.0.0.1",
				       .addr = "127.0.0.1",
				       .laddr = "127.0.0.1",
				       .lport = 22 };
	struct sshd_effective *now = NULL;
	const struct sshd_line *by;
	int status = 0;
	enum err e = c->m.jail.sftp_only ? ERR_NONE : sshd_effective(c->f->config, &who, &now);

	if (e)
		return fail(e, "cannot tell what sshd runs for '%s'", who.user);
	if (now && (by = sshd_decider(now, KW_FORCECOMMAND)) && strcmp(sshd_value(now, KW_FORCECOMMAND), "none") != 0) {
		complain(
			"%s:%u: ForceCommand %s: that runs for %s whatever is asked for, and no shell in a jail can be "
			"shown to work",
			by->file, by->line, by->rest, who.user);
		hint("nothing was changed; keep %s out of it (Match User *,!%s), or --sftp-only", who.user, who.user);
		status = EXIT_NO;
	}
	sshd_effective_free(now);
	return status;
}

/* ---- shown beforehand ---- */

static void count_files(const struct create *c, size_t *files, unsigned long long *bytes)
{
	*files = 0;
	*bytes = 0;
	for (size_t i = 0; i < c->m.entries.n; i++) {
		const struct entry *e = &c->m.entries.v[i];
		struct stat st;

		*files += e->kind == ENTRY_FILE;
		if (e->kind == ENTRY_FILE && e->source && root_stat(c->f->root, e->source, &st) == ERR_NONE)
			*bytes += (unsigned long long)st.st_size;
	}
}

static bool same_wishes(const struct create *c)
{
	return strings_equal(&c->old.jail.with, &c->m.jail.with) && c->old.jail.copies == c->m.jail.copies;
}

/* Of those in 'all' that are not in 'others': into the list all, into the text the first. */
static enum err add_others(const struct entries *all, const struct entries *others, const char *mark, json_t *list,
			   struct text *out)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++) {
		const struct entry *e = &all->v[i];

		if (e->kind == ENTRY_FOLDER || e->his || entries_find(others, e->path))
			continue;
		json_array_append_new(list, json_safe_string(e->path));
		if (n++ >= SHOWN_MAX)
			continue;
		text_add(out, "  %s ", mark);
		text_add_escaped(out, e->path, strlen(e->path));
		text_add_string(out, "\n");
	}
	if (n > SHOWN_MAX)
		text_add(out, "  %s and %zu more: --format json shows all\n", mark, n - SHOWN_MAX);
	return text_check(out);
}

/* Which files come into a jail that is there, and which go. */
static enum err describe_change(struct create *c, json_t *jail)
{
	json_t *comes = json_array(), *goes = json_array();
	enum err e;

	if (!(e = add_others(&c->m.entries, &c->old.entries, "+", comes, &c->first)))
		e = add_others(&c->old.entries, &c->m.entries, "-", goes, &c->first);
	json_object_set_new(jail, "comes", comes);
	json_object_set_new(jail, "goes", goes);
	return e;
}

/* The jail gets what is asked for, and no more: what it had stood in the manifest that is lost. */
static int describe_lost(struct create *c)
{
	enum err e;

	text_add(&c->first, "  %s: %s; the jail is made sound again, %s\n", text_string(&c->was.file),
		 text_string(&c->was.problem),
		 c->m.jail.sftp_only ? "its home stays"
				     : "its home stays; what else it had is not known: name it by --with");
	e = jail_count_kept(c->f, &c->old.jail, &c->m.entries, true, &c->first);
	return e == ERR_CONFIG ? EXIT_NO : e ? fail(e, "cannot plan the jail") : 0;
}

/* That of an earlier jail, which 'jail remove' kept beside the place. */
static enum err describe_kept_home(struct create *c)
{
	const struct jail *j = &c->m.jail;
	struct text kept = { 0 };
	struct stat st;
	enum err e;

	text_add(&kept, "%s.home", j->dir);
	if (!(e = text_check(&kept)) && root_lstat(c->f->root, kept.s, &st) == ERR_NONE && S_ISDIR(st.st_mode))
		text_add(&c->first,
			 "  the home of an earlier jail is in %s; to have it in this one: sudo cp -a %s/. %s%s/\n",
			 kept.s, kept.s, j->dir, j->home);
	text_free(&kept);
	return e;
}

/* Where sshd starts a program for it; its own works in any jail. */
static void describe_sftp(struct create *c)
{
	const struct strings *all = sshd_values(c->f->effective, KW_SUBSYSTEM);
	const char *shell = strrchr(c->m.jail.shell, '/');

	for (size_t i = 0; i < all->n && shell && strcmp(shell, "/git-shell") != 0; i++) {
		const char *program = strncmp(all->v[i], "sftp ", 5) == 0 ? all->v[i] + 5 : "";
		char *path = program[0] == '/' ? strndup(program, strcspn(program, " \t")) : NULL;

		if (path && !entries_find(&c->m.entries, path))
			text_add_string(&c->first, "  no sftp and no scp in there: --with scp adds them\n");
		free(path);
	}
}

static enum err describe_outside(struct create *c)
{
	struct outside *found = NULL;
	size_t n = 0;
	enum err e = ERR_NONE;

	if (c->account && root_is_live(c->f->root) && geteuid() == 0 && !outside_is_restricted(c->f->root))
		e = outside_find(c->f->root, c->m.jail.uid, c->again ? c->m.jail.dir : NULL, &found, &n);
	for (size_t i = 0; i < n && i < SHOWN_MAX; i++) {
		text_add(&c->first, "  process %ld (", (long)found[i].pid);
		text_add_escaped(&c->first, found[i].command, strlen(found[i].command));
		text_add(&c->first, ") of %s runs outside, and can be taken over from inside\n", c->m.jail.user);
	}
	if (n)
		text_add_string(&c->first, "  (unless kernel.yama.ptrace_scope is 1: a file in /etc/sysctl.d)\n");
	free(found);
	return e == ERR_MEMORY ? e : ERR_NONE;
}

static int describe(struct create *c)
{
	const struct jail *j = &c->m.jail;
	struct stat st;
	size_t files;
	int status;
	unsigned long long bytes;

	count_files(c, &files, &bytes);
	text_add(&c->first, "%s in %s: ", j->user, j->dir);
	jail_add_kind(j, &c->first);
	if (!j->sftp_only) {
		text_add(&c->first, ", %zu file%s of ", files, files == 1 ? "" : "s");
		jail_add_size(bytes, &c->first);
	}
	text_add(&c->first, ", home %s\n", j->home);
	if (c->m.account_made && !c->again)
		text_add(&c->first, "  the account is made: uid %lu, shell %s, no password\n", (unsigned long)j->uid,
			 j->shell ? j->shell : "/usr/sbin/nologin");
	else if (!c->again && root_stat(c->f->root, j->home, &st) == ERR_NONE)
		text_add(&c->first, "  what %s has in %s now stays there, out of reach from the jail\n", j->user,
			 j->home);
	if (c->lost && (status = describe_lost(c)))
		return status;
	if (!j->sftp_only)
		describe_sftp(c);
	if ((!c->again && describe_kept_home(c)) || describe_outside(c))
		return fail(ERR_MEMORY, "cannot plan the jail");
	c->more = json_pack("{s:o}", "jail", jail_json(j));
	if (!c->more || text_check(&c->first))
		return fail(ERR_MEMORY, "cannot plan the jail");
	if (c->again && !c->lost && !same_wishes(c) && describe_change(c, json_object_get(c->more, "jail")))
		return fail(ERR_MEMORY, "cannot plan the jail");
	json_object_set_new(json_object_get(c->more, "jail"), "files", json_integer((json_int_t)files));
	json_object_set_new(json_object_get(c->more, "jail"), "bytes", json_integer((json_int_t)bytes));
	return 0;
}

/* What becomes of those that stood in the file, where the jail is not in force. */
static enum err describe_keys(struct create *c)
{
	const char *user = c->m.jail.user;
	json_t *out = json_array();

	if (c->keys.unsure)
		text_add(&c->first, "  which of the keys in %s let %s in now, only root can tell\n", c->keys_path,
			 user);
	else if (c->keys.stood && !(c->again && c->in_force) && !c->keys.left_out.n)
		text_add(&c->first, "  the keys that stand in %s already let %s in\n", c->keys_path, user);
	for (size_t i = 0; i < c->keys.left_out.n; i++) {
		text_add(&c->first, "  does not let %s in now and stays out, as a comment in %s: %s\n", user,
			 c->keys_path, c->keys.left_out.v[i]);
		json_array_append_new(out, json_safe_string(c->keys.left_out.v[i]));
	}
	if (c->keys.left_out.n)
		text_add_string(&c->first, "  (--key FILE with such a line makes it count again)\n");
	json_object_set_new(json_object_get(c->more, "jail"), "keys_left_out", out);
	return text_check(&c->first);
}

/* ---- made ready ---- */

static void take_problems(const struct diags *problems, enum err e, struct text *wrong)
{
	for (size_t i = 0; i < problems->n; i++) {
		if (problems->v[i].warning)
			continue;
		text_add_string(wrong, wrong->len ? "; " : "");
		if (problems->v[i].file) {
			text_add_escaped(wrong, problems->v[i].file, strlen(problems->v[i].file));
			text_add_string(wrong, ": ");
		}
		text_add_string(wrong, problems->v[i].text);
	}
	if (!wrong->len)
		text_add(wrong, "the jail cannot be made: %s", err_text(e));
}

/* What is in 'wrong' by now is no error. */
static enum err said_or(enum err e)
{
	return e == ERR_MEMORY || e == ERR_INTERRUPTED ? e : ERR_NONE;
}

/* The manifest, then the tree, then the account: what a crash leaves of them goes again. */
static enum err make_new(struct create *c, struct text *wrong)
{
	struct diags problems = { 0 };
	enum err e = build_create(c->f->root, &c->m, c->m.jail.copies ? BUILD_COPY : BUILD_SHARE, c->known, &c->told,
				  &problems);

	if (e && e != ERR_INTERRUPTED)
		take_problems(&problems, e, wrong);
	else if (!e)
		c->made = true;
	if (!e && !c->account)
		e = jail_account_make(c->f->root, &c->m.jail, &c->account_made, wrong);
	diags_free(&problems);
	return said_or(e);
}

static enum err is_same(const struct manifest *a, const struct manifest *b, bool *same)
{
	struct text ta = { 0 }, tb = { 0 };
	enum err e;

	if (!(e = manifest_format(a, &ta)) && !(e = manifest_format(b, &tb)))
		*same = strcmp(ta.s, tb.s) == 0;
	text_free(&ta);
	text_free(&tb);
	return e;
}

/* An update takes the lock of the jails alone: one that came between the plan and now counts, else nobody would know what it brought in. */
static enum err look_again(struct create *c, struct text *wrong, struct diags *problems)
{
	struct manifest now = { 0 };
	bool same = false;
	enum err e = manifest_read(c->f->root, c->m.jail.user, &now, NULL);

	if (!e)
		e = is_same(&c->old, &now, &same);
	else if (e != ERR_MEMORY)
		text_add(wrong, "the manifest of the jail cannot be read any more: %s", err_text(e));
	if (e || same) {
		manifest_clear(&now);
		return e;
	}
	inform("The jail was brought up to date meanwhile: what it gets is found out anew.");
	manifest_clear(&c->old);
	c->old = now; /* that owns it now */
	entries_clear(&c->m.entries);
	return contents_find(c->f->root, &c->m.jail, &c->m.entries, problems);
}

/* A jail that is there, and perhaps lived in: brought to what is asked for. */
static enum err make_again(struct create *c, struct text *wrong)
{
	struct diags problems = { 0 };
	enum err e = look_again(c, wrong, &problems);

	if (!e)
		e = build_update(c->f->root, &c->old, &c->m.entries, c->m.jail.copies ? BUILD_COPY : BUILD_SHARE,
				 &c->told, &problems);
	if (e && e != ERR_INTERRUPTED && !wrong->len)
		take_problems(&problems, e, wrong);
	diags_free(&problems);
	return said_or(e);
}

/* One that nothing tells what is ours in it. */
static enum err make_lost(struct create *c, struct text *wrong)
{
	struct diags problems = { 0 };
	struct manifest lost = { .jail = c->m.jail };
	char *kept = NULL;
	enum err e = ERR_MEMORY;

	if ((lost.made = manifest_now()))
		e = build_again(c->f->root, &lost, &c->m.entries, c->m.jail.copies ? BUILD_COPY : BUILD_SHARE, &c->told,
				&kept, &problems);
	if (e && e != ERR_INTERRUPTED)
		take_problems(&problems, e, wrong);
	if (kept) /* also where it does not come to the change */
		inform("What may be somebody's own is kept: %s", kept);
	free(kept);
	lost.jail = (struct jail){ 0 };
	manifest_clear(&lost);
	diags_free(&problems);
	return said_or(e);
}

/* What it did is written by build_update(); this is what was asked for. */
static enum err write_wishes(struct create *c)
{
	struct manifest now = { 0 };
	struct jail kept;
	enum err e = manifest_read(c->f->root, c->m.jail.user, &now, NULL);

	if (e)
		return e;
	kept = now.jail;
	now.jail = c->m.jail;
	now.state = MANIFEST_READY;
	e = manifest_write(c->f->root, &now);
	now.jail = kept;
	manifest_clear(&now);
	return e;
}

static void add_list(const char *head, const struct strings *l, struct text *out)
{
	if (!l->n)
		return;
	text_add_string(out, head);
	for (size_t i = 0; i < l->n; i++)
		text_add(out, "%s%s", i ? "; " : "", l->v[i]);
	text_add_string(out, "\n");
}

static json_t *list_json(const struct strings *l)
{
	json_t *j = json_array();

	for (size_t i = 0; j && i < l->n; i++)
		json_array_append_new(j, json_safe_string(l->v[i]));
	return j;
}

static enum err tell(struct create *c)
{
	json_t *jail = json_object_get(c->more, "jail");

	text_add(&c->also, "%s lives in %s from the next login on: ", c->m.jail.user, c->m.jail.dir);
	jail_add_size(c->told.bytes_linked, &c->also);
	text_add_string(&c->also, " shared with the host, ");
	jail_add_size(c->told.bytes_copied, &c->also);
	text_add_string(&c->also, " copied\n");
	add_list("Proven by logins: ", &c->trial.proven, &c->also);
	add_list("Not proven: ", &c->trial.unproven, &c->also);
	json_object_set_new(jail, "bytes_linked", json_integer((json_int_t)c->told.bytes_linked));
	json_object_set_new(jail, "bytes_copied", json_integer((json_int_t)c->told.bytes_copied));
	json_object_set_new(jail, "proven", list_json(&c->trial.proven));
	json_object_set_new(jail, "unproven", list_json(&c->trial.unproven));
	return text_check(&c->also);
}

static enum err try_it(struct create *c, const struct stage *s, struct text *wrong)
{
	const struct jail_trial trial = { .facts = c->f, .jail = &c->m.jail, .keys = c->keys_path };
	enum err e;

	if (!c->f->live)
		return strings_add(&c->trial.unproven,
				   "nothing was tried by a login: these are another system's files");
	if ((e = jail_trial_run(s, &trial, &c->trial)))
		return e;
	if (c->trial.wrong.len)
		text_add(wrong, "a login into the jail shows that it does not hold or is of no use: %s",
			 c->trial.wrong.s);
	return ERR_NONE;
}

/* From where something is made to where it is in force or gone again. */
static void hold_signals(struct create *c)
{
	interrupt_hold(&c->signals);
	c->held = true;
}

static void release_signals(struct create *c)
{
	if (c->held)
		interrupt_release(&c->signals);
	c->held = false;
}

static enum err make_and_try(struct create *c, const struct stage *s, struct text *wrong)
{
	enum err e = c->lost ? make_lost(c, wrong) : c->again ? make_again(c, wrong) : make_new(c, wrong);

	c->cannot = wrong->len > 0;
	if (e || wrong->len || (e = try_it(c, s, wrong)) || wrong->len)
		return e;
	return tell(c);
}

static enum err make_ready(void *arg, const struct stage *s, struct text *wrong)
{
	struct create *c = arg;
	enum err e = jail_lock(c->f->root, JAIL_LOCK_SECONDS, &c->lock);

	if (e == ERR_BUSY) {
		text_add_string(wrong, "another sallyport is at work on the jails; try again when it is done");
		return ERR_NONE;
	}
	if (e)
		return e;
	hold_signals(c);
	e = make_and_try(c, s, wrong);
	if (!interrupt_pending())
		return e;
	text_reset(wrong); /* it also ended the programs that we ran */
	return ERR_INTERRUPTED;
}

/* ---- afterwards ---- */

/* As if it had never been tried: nobody has lived in it. */
static void undo(struct create *c)
{
	struct diags problems = { 0 };
	enum err e = ERR_NONE;

	if (!c->made)
		return;
	if (c->account_made)
		e = jail_account_undo(c->f->root, &c->m);
	if (!e)
		e = build_remove(c->f->root, &c->m, true, NULL, &problems);
	jail_say_problems(&problems);
	if (e)
		complain("what was made of the jail could not be taken away; sudo sallyport recover tries again");
	diags_free(&problems);
}

/* The manifest last: until it says that the jail is ready, recovery does the rest. */
static int finish(struct create *c)
{
	struct diags problems = { 0 };
	struct text why = { 0 };
	int status = 0;
	enum err e, e2;

	c->m.state = MANIFEST_READY;
	if (!(e = jail_log_install(c->f->root, &c->m.jail, &why)))
		e = upkeep_install(c->f->root, &problems);
	if ((e2 = c->again ? write_wishes(c) : manifest_write(c->f->root, &c->m)))
		status = fail(e2, "the jail stands and is in force, but that could not be written down");
	else if (e)
		status = fail(e, "the jail stands and is in force, but what keeps it current could not be installed");
	if (why.len)
		warn("what %s does by sftp is not logged: %s", c->m.jail.user, text_string(&why));
	jail_say_problems(&problems);
	jail_account_warn(c->common, c->m.jail.user);
	diags_free(&problems);
	text_free(&why);
	return status;
}

static bool has_sftp(const struct facts *f)
{
	const struct strings *all = sshd_values(f->effective, KW_SUBSYSTEM);

	for (size_t i = 0; i < all->n; i++)
		if (strncmp(all->v[i], "sftp ", 5) == 0)
			return true;
	return false;
}

static void take_back(struct create *c)
{
	const bool interrupted = interrupt_pending();

	undo(c);
	if (interrupted && c->again)
		inform("sshd's configuration is as it was before. What is in the jail may be changed already: run it again, or "
		       "take the change back with sudo sallyport jail update %s",
		       c->m.jail.user);
	else if (interrupted)
		inform("What was made of the jail is gone again; run it again to have it.");
}

static int put_in_force(struct create *c)
{
	const struct change keys = {
		.kind = CHANGE_WRITE, .path = c->keys_path, .content = c->keys.content.s, .mode = 0644
	};
	const struct change sftp = { .kind = CHANGE_ADD,
				     .keyword = KW_SUBSYSTEM,
				     .args = (char *)"sftp internal-sftp" };
	const struct change block = { .kind = CHANGE_BLOCK, .args = c->m.jail.user, .content = c->lines.s };
	const struct change *changes[] = { &keys, &block, &sftp };
	struct text what = { 0 }, back = { 0 };
	struct change_request q = { .changes = changes,
				    .n = c->m.jail.sftp_only && !has_sftp(c->f) ? 3 : 2,
				    .keep = &c->a->keep,
				    .overrides = &c->a->overrides,
				    .at_once = true,
				    .one_account = true,
				    .more_to_do = c->more_to_do,
				    .nothing = "Nothing to change: the jail is there and in force.",
				    .first = &c->first,
				    .also = &c->also,
				    .more = c->more,
				    .before = make_ready,
				    .arg = c };
	int status;

	text_add(&what, "jail create %s", c->m.jail.user);
	text_add(&back, "jail remove %s", c->m.jail.user);
	q.what = text_string(&what);
	q.undo = text_string(&back);
	status = change_run(c->common, c->f, &q);
	text_free(&what);
	text_free(&back);
	if (status == EXIT_YES && c->also.len)
		status = finish(c);
	else if (status != EXIT_YES)
		take_back(c);
	release_signals(c);
	return c->cannot ? EXIT_TROUBLE : status;
}

/* Nothing of sshd's changes then. */
static int answer_contents(struct create *c, bool done)
{
	const int status = c->common->dry_run ? EXIT_NO : EXIT_YES;
	json_t *j;
	int exit_status;

	if (c->common->format != FORMAT_JSON)
		return command_print(c->common, done ? &c->also : &c->first, status);
	j = json_pack("{s:s,s:b,s:[],s:[],s:n}", "schema", "sallyport.plan.v1", "changed", true, "ops", "guards",
		      "rehearsal");
	if (j)
		json_object_update(j, c->more);
	exit_status = command_print_json(c->common, j, status);
	json_decref(j);
	return exit_status;
}

static int do_contents(struct create *c)
{
	struct text wrong = { 0 };
	int status;
	enum err e;

	if ((e = jail_lock(c->f->root, JAIL_LOCK_SECONDS, &c->lock))) {
		status = fail(e, "cannot change what is in the jail");
		text_free(&wrong);
		return status;
	}
	hold_signals(c);
	if ((e = make_again(c, &wrong)) || (e = wrong.len ? ERR_NONE : write_wishes(c))) {
		status = e == ERR_INTERRUPTED ? complain("interrupted: nothing was changed, run it again")
					      : fail(e, "cannot change what is in the jail");
	} else if (wrong.len) {
		status = complain("%s", text_string(&wrong));
	} else {
		text_add(&c->also, "%s is changed: %zu added, %zu replaced, %zu removed\n", c->m.jail.dir,
			 c->told.added, c->told.replaced, c->told.removed);
		status = answer_contents(c, true);
	}
	release_signals(c);
	text_free(&wrong);
	return status;
}

static const char *shell_of(const struct jail *j)
{
	return j->shell ? j->shell : "";
}

/* The account is in this jail already; what is to be in it may be something else now. */
static int change_contents(struct create *c)
{
	const bool same = same_wishes(c);

	/* further keys, or another shell: sshd's part, too */
	c->more_to_do = (!same && c->a->keys.n) || strcmp(shell_of(&c->old.jail), shell_of(&c->m.jail)) != 0;
	if (same || c->more_to_do)
		return put_in_force(c);
	if (c->common->dry_run)
		return answer_contents(c, false);
	if (!c->common->yes) {
		fputs(text_string(&c->first), stderr);
		if (!command_ask("Go on?", change_patience(c->f->root))) {
			complain("nothing was changed%s",
				 isatty(STDIN_FILENO) ? "" : ": without a terminal it wants --yes");
			return EXIT_NO;
		}
	}
	return do_contents(c);
}

static int create(struct create *c, const char *user)
{
	int status;
	enum err e;

	if ((status = find_account(c, user)) || (status = take_present(c, user)) || (status = take_wishes(c, user)) ||
	    (status = look_for_old(c, user)) || (status = check_command(c)) || (status = find_contents(c)) ||
	    (!c->again && (status = jail_check_room(c->f->root, &c->m))) || (status = describe(c)))
		return status;
	if ((e = jail_keys_path(c->f, user, &c->keys_path)) ||
	    (e = jail_block_lines(&c->m.jail, c->keys_path, &c->lines)))
		return fail(e, "cannot plan the jail");
	if ((status = jail_keys_gather(c->f, c->account, c->keys_path, &c->a->keys, c->again && c->in_force, &c->keys)))
		return status;
	if ((e = describe_keys(c)))
		return fail(e, "cannot plan the jail");
	c->more_to_do = c->lost; /* whatever there is to change for sshd */
	return c->again && c->in_force && !c->lost ? change_contents(c) : put_in_force(c);
}

static int run(const struct common_args *common, void *args, const struct strings *rest)
{
	struct create c = { .common = common, .a = args, .lock = -1 };
	struct facts *f = NULL;
	int lock = -1, status;

	if ((status = check_args(c.a, rest)) || (status = change_check_overrides(&c.a->overrides)) ||
	    change_begin(common, &f, &lock, &status))
		return status;
	c.f = f;
	status = create(&c, rest->v[0]);
	create_clear(&c);
	change_end(f, lock);
	return status;
}

const struct command cmd_jail_create = {
	.name = "jail create",
	.summary = "put an account into a folder of its own, at once, proven by logins",
	.arguments = "USER",
	.common = COMMON_REPORT | COMMON_HOST | COMMON_CHANGE,
	.options = options,
	.args_size = sizeof(struct create_args),
	.examples = "  sudo sallyport jail create anna --with basic,git,/usr/bin/jq\n"
		    "  sudo sallyport jail create bert --sftp-only --create-account --key bert.pub\n"
		    "  sallyport jail create anna --with rsync --dry-run   # what it would hold and change\n",
	.run = run,
	.clear = clear,
};
