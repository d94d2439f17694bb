/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_create_say.c - jail create: what is said of it, before it is made and when it stands. */
#include "base/json.h"
#include "base/message.h"
#include "cmd/jail_create.h"
#include "jail/outside.h"
#include "sshd/account.h"
#include "sshd/effective.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define SHOWN_MAX 20 /* processes */

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

/* Of those in 'all' that are not in 'others'. */
static enum err add_others(const struct entries *all, const struct entries *others, struct strings *out)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < all->n && !e; i++)
		if (all->v[i].kind != ENTRY_FOLDER && !all->v[i].his && !entries_find(others, all->v[i].path))
			e = strings_add(out, all->v[i].path);
	return e;
}

/* Which files come into a jail that is there, and which go. */
static enum err describe_change(struct create *c, json_t *jail)
{
	struct strings comes = { 0 }, goes = { 0 };
	enum err e;

	if (!(e = add_others(&c->m.entries, &c->old.entries, &comes)) &&
	    !(e = add_others(&c->old.entries, &c->m.entries, &goes))) {
		jail_add_paths(&comes, '+', &c->first);
		jail_add_paths(&goes, '-', &c->first);
		json_object_set_new(jail, "comes", json_safe_strings(&comes));
		json_object_set_new(jail, "goes", json_safe_strings(&goes));
	}
	strings_free(&comes);
	strings_free(&goes);
	return e ? e : text_check(&c->first);
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

int create_describe(struct create *c)
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
	if (c->again && !c->lost && !create_same_wishes(c) && describe_change(c, json_object_get(c->more, "jail")))
		return fail(ERR_MEMORY, "cannot plan the jail");
	json_object_set_new(json_object_get(c->more, "jail"), "files", json_integer((json_int_t)files));
	json_object_set_new(json_object_get(c->more, "jail"), "bytes", json_integer((json_int_t)bytes));
	return 0;
}

/* What becomes of those that stood in the file, where the jail is not in force. */
enum err create_describe_keys(struct create *c)
{
	const char *user = c->m.jail.user;

	if (c->keys.unsure)
		text_add(&c->first, "  which of the keys in %s let %s in now, only root can tell\n", c->keys_path,
			 user);
	else if (c->keys.stood && !(c->again && c->in_force) && !c->keys.left_out.n)
		text_add(&c->first, "  the keys that stand in %s already let %s in\n", c->keys_path, user);
	for (size_t i = 0; i < c->keys.left_out.n; i++)
		text_add(&c->first, "  does not let %s in now and stays out, as a comment in %s: %s\n", user,
			 c->keys_path, c->keys.left_out.v[i]);
	if (c->keys.left_out.n)
		text_add_string(&c->first, "  (--key FILE with such a line makes it count again)\n");
	json_object_set_new(json_object_get(c->more, "jail"), "keys_left_out", json_safe_strings(&c->keys.left_out));
	return text_check(&c->first);
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

enum err create_tell(struct create *c)
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
	json_object_set_new(jail, "proven", json_safe_strings(&c->trial.proven));
	json_object_set_new(jail, "unproven", json_safe_strings(&c->trial.unproven));
	return text_check(&c->also);
}

/* Nothing of sshd's changes then. */
int create_answer(struct create *c, bool done)
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
