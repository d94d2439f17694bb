/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * update_finish.c - does what an update has put ready and written down. Each step looks whether it was done before, so that all of it can be
 * done again after a crash.
 */
#include "jail/work.h"

#include "base/file.h"
#include "jail/sound.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define LOAD_MS 500

static enum err fail(struct diags *problems, const char *path, const char *what)
{
	diag_error_escaped(problems, path, 0, "%s: %s", what, strerror(errno));
	return ERR_CONFIG;
}

/* What was put ready as 'name' comes to its place. */
static enum err put_one(int stage, const char *name, int dir, const char *as, const struct entry *e)
{
	struct stat ready, there;
	bool folder;

	if (fstatat(stage, name, &ready, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? ERR_NONE : ERR_SYSTEM;
	folder = S_ISDIR(ready.st_mode);
	if (folder != (e->kind == ENTRY_FOLDER))
		return ERR_NONE; /* it is what was exchanged for it */
	if (fstatat(dir, as, &there, AT_SYMLINK_NOFOLLOW)) {
		if (errno != ENOENT)
			return ERR_SYSTEM;
		return walk_rename(stage, name, dir, as, RENAME_NOREPLACE);
	}
	if (folder ? S_ISDIR(there.st_mode) : e->his)
		return ERR_NONE; /* somebody made it meanwhile */
	/* a rename puts no folder in the place of something else, nor the other way round */
	return walk_rename(stage, name, dir, as, folder != S_ISDIR(there.st_mode) ? RENAME_EXCHANGE : 0);
}

static enum err put_all(int top, int stage, const struct entries *all, const bool *inside, struct diags *problems)
{
	struct update_step *steps = NULL;
	size_t n = 0;
	enum err err = update_order(top, stage, all, inside, &steps, &n);

	if (err)
		return err == ERR_SYSTEM ? fail(problems, "/", "what is in the jail cannot be looked at") : err;
	for (size_t i = 0; i < n && !err; i++) {
		const struct entry *e = &all->v[steps[i].entry];
		const char *as;
		char name[32];
		int dir = -1;

		snprintf(name, sizeof name, "%zu", steps[i].entry);
		err = walk_parent(top, e->path + 1, &dir, &as);
		if (!err)
			err = put_one(stage, name, dir, as, e);
		file_close(dir);
		if (err)
			err = fail(problems, e->path, "it cannot be put into its place in the jail");
	}
	free(steps);
	return err;
}

/* Files are never changed in place: they may be the host's own. */
static enum err fix_folder(int top, const struct entry *e)
{
	int fd = -1;
	enum err err = walk_open(top, e->path + 1, O_RDONLY | O_DIRECTORY, &fd);

	if (!err)
		err = tree_fix_folder(fd, e->mode);
	file_close(fd);
	return err;
}

/* First of what is there, as others may write to it; then of all. */
static enum err fix_all(int top, const struct entries *all, const bool *inside, bool complete, struct diags *problems)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct entry *e = &all->v[i];

		if (e->kind == ENTRY_FOLDER && !e->his && !inside[i] && fix_folder(top, e) &&
		    (complete || !walk_is_missing(errno)))
			return fail(problems, e->path, "its owner and mode cannot be set in the jail");
	}
	return ERR_NONE;
}

/*
 * Folders of root's that are to be the user's: the last that is done, as he may be at work in them from then on. What is his already was given
 * before.
 */
static enum err give_all(int top, const struct entries *old, const struct manifest *next, const bool *inside,
			 struct diags *problems)
{
	const struct jail *j = &next->jail;

	for (size_t i = 0; i < next->entries.n; i++) {
		const struct entry *e = &next->entries.v[i], *before = entries_find(old, e->path);
		struct stat st;
		int fd = -1;
		enum err err;

		if (e->kind != ENTRY_FOLDER || !e->his || inside[i] || !before || before->his)
			continue;
		err = walk_open(top, e->path + 1, O_RDONLY | O_DIRECTORY, &fd);
		if (!err && fstat(fd, &st))
			err = ERR_SYSTEM;
		if (!err && st.st_uid != j->uid)
			err = tree_give_folder(fd, j->uid, j->gid, e->mode);
		file_close(fd);
		if (err)
			return fail(problems, e->path, "it cannot be given to the user of the jail");
	}
	return ERR_NONE;
}

/* What is ours goes, also when somebody changed it; a folder that has something else in it stays. */
static enum err remove_one(int top, const struct entry *e)
{
	const char *name;
	struct stat st;
	int dir = -1;
	enum err err = walk_parent(top, e->path + 1, &dir, &name);

	if (!err && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		err = ERR_SYSTEM;
	if (!err && walk_unlink(dir, name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0))
		err = errno == ENOTEMPTY || errno == EEXIST ? ERR_NONE : ERR_SYSTEM;
	file_close(dir);
	return err && walk_is_missing(errno) ? ERR_NONE : err;
}

static enum err remove_all(int top, const struct entries *old, const struct entries *next, struct diags *problems)
{
	bool *inside = NULL;
	enum err e = sound_inside_his(old, &inside);

	for (size_t i = old->n; i-- && !e;) {
		const struct entry *one = &old->v[i];

		if (!one->his && !inside[i] && !entries_find(next, one->path) && remove_one(top, one))
			e = fail(problems, one->path, "it cannot be removed from the jail");
	}
	free(inside);
	return e;
}

static enum err open_top(const struct root *r, const char *dir, int *top, struct diags *problems)
{
	struct walk_place place = { .parent = -1 };
	enum err e = walk_place_open(r, dir, false, &place, NULL, problems);

	if (!e && walk_place_enter(&place, top))
		e = ERR_SYSTEM;
	if (e == ERR_SYSTEM)
		e = fail(problems, dir, "the jail cannot be opened");
	file_close(place.parent);
	return e;
}

static enum err remove_stage(int top, const char *dir, struct diags *problems)
{
	struct text where = { 0 };
	enum err e = walk_remove(top, SOUND_STAGE, &where);

	if (!e && fsync(top))
		e = ERR_SYSTEM;
	if (e == ERR_SYSTEM)
		e = fail(problems, dir, "what an update has put ready in it cannot be removed");
	text_free(&where);
	return e;
}

/* A program that was started before its file was replaced may just be about to open its libraries. */
static void let_programs_load(const struct root *r, const struct entries *old, const struct entries *next)
{
	const struct timespec pause = { .tv_nsec = LOAD_MS * 1000000L };

	for (size_t i = 0; i < old->n && root_is_live(r); i++)
		if (old->v[i].kind != ENTRY_FOLDER && !entries_find(next, old->v[i].path)) {
			nanosleep(&pause, NULL);
			return;
		}
}

static enum err apply(const struct root *r, int top, const struct manifest *old, const struct manifest *next,
		      struct diags *problems)
{
	const struct entries *all = &next->entries;
	bool *inside = NULL;
	int stage = -1;
	enum err e = sound_inside_his(all, &inside);

	if (!e)
		e = fix_all(top, all, inside, false, problems);
	if (e)
		goto out;
	/* gone when a crash came after all was done */
	if (!walk_open(top, SOUND_STAGE, O_PATH | O_DIRECTORY, &stage))
		e = put_all(top, stage, all, inside, problems);
	else if (errno != ENOENT)
		e = fail(problems, next->jail.dir, "what was put ready in it cannot be opened");
	if (!e && !(e = fix_all(top, all, inside, true, problems))) {
		let_programs_load(r, &old->entries, all);
		e = remove_all(top, &old->entries, all, problems);
	}
	if (!e)
		e = give_all(top, &old->entries, next, inside, problems);
	if (!e && syncfs(top))
		e = fail(problems, next->jail.dir, "it cannot be written to the disk");
out:
	file_close(stage);
	free(inside);
	return e;
}

enum err update_finish(const struct root *r, const struct manifest *old, const struct manifest *next,
		       struct diags *problems)
{
	int top = -1;
	enum err e = open_top(r, next->jail.dir, &top, problems);

	if (e)
		return e;
	if (!(e = apply(r, top, old, next, problems))) {
		e = manifest_write(r, next) ? fail(problems, JAIL_STATE, "the manifest cannot be written") : ERR_NONE;
		if (!e && !(e = remove_stage(top, next->jail.dir, problems)))
			e = manifest_remove_update(r, next->jail.user);
	}
	file_close(top);
	return e;
}

enum err update_forget(const struct root *r, const struct manifest *m, struct diags *problems)
{
	int top = -1;
	enum err e = open_top(r, m->jail.dir, &top, problems);

	if (!e)
		e = remove_stage(top, m->jail.dir, problems);
	/* without the jail there is nothing of it either */
	if (!e || e == ERR_NOT_FOUND)
		e = manifest_remove_update(r, m->jail.user);
	file_close(top);
	return e;
}
