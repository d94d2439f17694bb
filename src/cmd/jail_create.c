/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_create.c - jail create: a tree, an account where it is asked for, and the Match block that puts it in there; all or nothing. */
#include "cmd/jail_create.h"
#include "base/file.h"
#include "base/message.h"
#include "cmd/change.h"
#include "harden/jail_block.h"
#include "jail/contents.h"
#include "sshd/account.h"
#include "sshd/effective.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

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
	build_told_clear(&c->told);
	jail_trial_told_clear(&c->trial);
	json_decref(c->more);
	file_close(c->lock);
}

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

static bool has_sftp(const struct facts *f)
{
	const struct strings *all = sshd_values(f->effective, KW_SUBSYSTEM);

	for (size_t i = 0; i < all->n; i++)
		if (strncmp(all->v[i], "sftp ", 5) == 0)
			return true;
	return false;
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
				    .before = create_make_ready,
				    .after = create_finish,
				    .arg = c };
	int status;

	text_add(&what, "jail create %s", c->m.jail.user);
	text_add(&back, "jail remove %s", c->m.jail.user);
	q.what = text_string(&what);
	q.undo = text_string(&back);
	status = create_end(c, change_run(c->common, c->f, &q));
	text_free(&what);
	text_free(&back);
	return status;
}

static const char *shell_of(const struct jail *j)
{
	return j->shell ? j->shell : "";
}

/* The account is in this jail already; what is to be in it may be something else now. */
static int change_contents(struct create *c)
{
	const bool same = create_same_wishes(c);

	/* further keys, or another shell: sshd's part, too */
	c->more_to_do = (!same && c->a->keys.n) || strcmp(shell_of(&c->old.jail), shell_of(&c->m.jail)) != 0;
	if (same || c->more_to_do)
		return put_in_force(c);
	if (c->common->dry_run)
		return create_answer(c, false);
	if (!c->common->yes) {
		fputs(text_string(&c->first), stderr);
		if (!command_ask("Go on?", change_patience(c->f->root))) {
			complain("nothing was changed%s",
				 isatty(STDIN_FILENO) ? "" : ": without a terminal it wants --yes");
			return EXIT_NO;
		}
	}
	return create_change_contents(c);
}

static int create(struct create *c, const char *user)
{
	int status;
	enum err e;

	if ((status = create_take_wishes(c, user)) || (status = create_look(c, user)) || (status = create_describe(c)))
		return status;
	if ((e = jail_keys_path(c->f, user, &c->keys_path)) ||
	    (e = jail_block_lines(&c->m.jail, c->keys_path, &c->lines)))
		return fail(e, "cannot plan the jail");
	if ((status = jail_keys_gather(c->f, c->account, c->keys_path, &c->a->keys, c->again && c->in_force, &c->keys)))
		return status;
	if ((e = create_describe_keys(c)))
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
