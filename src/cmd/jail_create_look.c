/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_create_look.c - jail create: whether the place, a jail that is there and sshd allow it, and what it is to hold. */
#include "base/file.h"
#include "base/message.h"
#include "cmd/jail_create.h"
#include "harden/jail_block.h"
#include "jail/check_path.h"
#include "jail/contents.h"
#include "jail/walk.h"
#include "sshd/account.h"
#include "sshd/effective.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define STATE "/var/lib/sallyport"

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

int create_look(struct create *c, const char *user)
{
	int status = look_for_old(c, user);

	if (status || (status = check_command(c)) || (status = find_contents(c)))
		return status;
	return c->again ? 0 : jail_check_room(c->f->root, &c->m);
}
