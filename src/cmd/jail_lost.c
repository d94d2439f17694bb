/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_lost.c - jails whose manifest is damaged or gone: by their Match block they are still known. */
#include "base/message.h"
#include "cmd/jail.h"
#include "harden/jail_block.h"
#include "jail/contents.h"
#include "jail/salvage.h"
#include "sshd/account.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/banned.h"

/* Whoever may write to it says where jails are. */
static enum err check_file(const struct root *r, const char *file, struct text *why)
{
	struct stat st;

	if (root_stat(r, file, &st))
		return ERR_SYSTEM;
	if (st.st_uid != 0 || st.st_mode & 022)
		text_add(why, "%s, which names it, can be written by others than root", file);
	return text_check(why);
}

/* What neither the block nor the tree tell, and the account has. */
static enum err fill_in(const struct root *r, const char *user, struct jail *j)
{
	struct account *a = NULL;
	struct text home = { 0 };
	enum err e = account_find(r, user, &a);

	if (e == ERR_MEMORY)
		return e;
	if (!e) {
		j->uid = a->uid;
		j->gid = a->gid;
	}
	if (a && a->home)
		text_add_string(&home, a->home);
	else
		text_add(&home, "/home/%s", user);
	while (home.len > 1 && home.s[home.len - 1] == '/')
		home.s[--home.len] = '\0';
	if (!j->home)
		j->home = text_take(&home);
	if (!j->sftp_only)
		j->shell = strdup(a && a->shell && a->shell[0] == '/' ? a->shell : "/bin/sh");
	text_free(&home);
	account_free(a);
	return j->home && (j->sftp_only || j->shell) ? ERR_NONE : ERR_MEMORY;
}

static enum err know_tree(const struct root *r, struct jail *j, struct text *why)
{
	struct diags problems = { 0 };
	enum err e = salvage_know(r, j, &problems);

	if (e == ERR_CONFIG && problems.n) {
		if (problems.v[0].file)
			text_add(why, "%s: ", problems.v[0].file);
		text_add_string(why, problems.v[0].text);
		e = text_check(why);
	}
	diags_free(&problems);
	return e;
}

static bool is_below(const char *path, const char *folder)
{
	const size_t len = strlen(folder);

	return strncmp(path, folder, len) == 0 && path[len] == '/';
}

/* Where a manifest says that it is, or else a Match block. */
static enum err find_place(const struct facts *f, const char *user, struct jail *out)
{
	struct manifest m = { 0 };
	struct text ignored = { 0 };
	enum err e = manifest_read(f->root, user, &m, NULL);

	if (!e) {
		*out = m.jail;
		m.jail = (struct jail){ 0 };
	} else if (e != ERR_MEMORY) {
		e = jail_block_read(f->config, user, out, NULL, &ignored);
	}
	manifest_clear(&m);
	text_free(&ignored);
	return e == ERR_MEMORY ? e : ERR_NONE; /* what says nothing names no place */
}

enum err jail_check_place(const struct facts *f, const char *user, const char *dir, struct text *why)
{
	struct strings users = { 0 };
	enum err e = jail_all_users(f, &users);

	for (size_t i = 0; i < users.n && !e && !why->len; i++) {
		struct jail j = { 0 };
		const char *how = NULL;

		if (strcmp(users.v[i], user) != 0 && !(e = find_place(f, users.v[i], &j)) && j.dir)
			how = strcmp(dir, j.dir) == 0 ? "is"
			      : is_below(dir, j.dir)  ? "is in"
			      : is_below(j.dir, dir)  ? "has in it"
						      : NULL;
		if (how)
			text_add(why, "%s %s the jail of '%s'", dir, how, users.v[i]);
		jail_clear(&j);
	}
	strings_free(&users);
	return e ? e : text_check(why);
}

static enum err know(const struct facts *f, const char *user, struct jail_lost *l)
{
	const char *file = NULL;
	enum err e = jail_block_read(f->config, user, &l->jail, &file, &l->unknown);

	if (e == ERR_NOT_FOUND) {
		text_add_string(&l->unknown, "no Match block of ours in sshd's configuration says where it is");
		return text_check(&l->unknown);
	}
	if (e == ERR_SYNTAX) {
		struct text odd = { 0 };

		text_add(&odd, "its Match block in %s is not as we write it: %s", file, text_string(&l->unknown));
		text_free(&l->unknown);
		l->unknown = odd;
		return text_check(&odd);
	}
	if (e || (e = fill_in(f->root, user, &l->jail)) || (e = check_file(f->root, file, &l->unknown)) ||
	    l->unknown.len || (e = jail_check_place(f, user, l->jail.dir, &l->unknown)) || l->unknown.len)
		return e;
	return know_tree(f->root, &l->jail, &l->unknown);
}

enum err jail_lost_find(const struct facts *f, const char *user, struct jail_lost *out)
{
	struct jail_lost l = { 0 };
	struct manifest m = { 0 };
	struct jail block = { 0 };
	struct text why = { 0 };
	enum err e = manifest_read(f->root, user, &m, &l.problem);

	manifest_clear(&m);
	if (!e)
		e = ERR_NOT_FOUND; /* it is not lost */
	else if (e == ERR_NOT_FOUND && jail_block_read(f->config, user, &block, NULL, &why) != ERR_NOT_FOUND)
		text_add_string(&l.problem, "it is not there, but the account's Match block is");
	if (l.problem.len && (e = manifest_path(user, &l.file)) == ERR_NONE)
		e = know(f, user, &l);
	jail_clear(&block);
	text_free(&why);
	if (e)
		jail_lost_clear(&l);
	else
		*out = l;
	return e;
}

void jail_lost_clear(struct jail_lost *l)
{
	jail_clear(&l->jail);
	text_free(&l->file);
	text_free(&l->problem);
	text_free(&l->unknown);
	*l = (struct jail_lost){ 0 };
}

enum err jail_count_kept(const struct facts *f, const struct jail *j, const struct entries *ours, bool stays,
			 struct text *out)
{
	struct entries unused = { 0 }, usual = { 0 };
	struct salvage s = { .r = f->root, .jail = j, .wanted = ours, .adopted = stays ? &unused : NULL };
	struct diags problems = { 0 };
	enum err e;

	if (!ours && !contents_find(f->root, j, &usual, &problems)) /* as build_remove() */
		s.wanted = &usual;
	diags_free(&problems);
	e = build_look_lost(f->root, &s, &problems);
	jail_say_problems(&problems);
	if (!e && s.kept) {
		text_add(out, "  %zu thing%s in it may be somebody's own and %s kept beside it: ", s.kept,
			 s.kept == 1 ? "" : "s", s.kept == 1 ? "is" : "are");
		for (size_t i = 0; i < s.names.n; i++) {
			text_add_string(out, i ? ", " : "");
			text_add_escaped(out, s.names.v[i], strlen(s.names.v[i]));
		}
		text_add_string(out, s.kept > s.names.n ? ", ...\n" : "\n");
	}
	entries_clear(&unused);
	entries_clear(&usual);
	salvage_clear(&s);
	diags_free(&problems);
	return e ? e : text_check(out);
}

int jail_lost_unknown(const struct jail_lost *l, const char *user)
{
	complain("%s: %s", text_string(&l->file), text_string(&l->problem));
	complain("the jail of '%s' cannot be told to be ours: %s", user, text_string(&l->unknown));
	hint("nothing was changed; how to take it away by hand is in docs/jails.md, \"By hand\"");
	return EXIT_NO;
}

enum err jail_all_users(const struct facts *f, struct strings *out)
{
	struct strings blocks = { 0 };
	enum err e = manifest_list(f->root, out);

	if (!e)
		e = jail_block_users(f->config, &blocks);
	for (size_t i = 0; i < blocks.n && !e; i++)
		if (!strings_has(out, blocks.v[i]))
			e = strings_add(out, blocks.v[i]);
	if (!e)
		strings_sort(out);
	strings_free(&blocks);
	return e;
}
