/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_create_wish.c - jail create: what is asked for, with what the account and a jail that is there say of the rest. */
#include "cmd/jail_create.h"

#include "base/message.h"
#include "harden/jail_block.h"
#include "sshd/account.h"

#include <string.h>
#include <sys/stat.h>

#include "base/banned.h"

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

bool create_same_wishes(const struct create *c)
{
	return strings_equal(&c->old.jail.with, &c->m.jail.with) && c->old.jail.copies == c->m.jail.copies;
}

int create_take_wishes(struct create *c, const char *user)
{
	int status = find_account(c, user);

	if (status || (status = take_present(c, user)))
		return status;
	return take_wishes(c, user);
}
