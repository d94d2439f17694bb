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

static enum err fail(struct diags *problems, const char *path, const char *what)
{
	diag_error_escaped(problems, path, 0, "%s: %s", what, strerror(errno));
	return ERR_CONFIG;
}

/*
 * Somebody may start a program at any moment. So what is new comes first, as nothing can miss it yet, then libraries, which new programs
 * may want in their new form, then all else; and what is old goes last, once programs that were about to load it have it.
 */
enum turn {
	TURN_NEW,
	TURN_LIBRARIES,
	TURN_REST,
	TURNS,
};
#define LOAD_MS 500

static bool is_library(const struct entry *e)
{
	return strstr(strrchr(e->path, '/'), ".so") != NULL;
}

/* What was put ready as 'name' comes to its place. */
static enum err put_one(int stage, const char *name, int dir, const char *as, const struct entry *e, enum turn turn)
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
		return renameat2(stage, name, dir, as, RENAME_NOREPLACE) ? ERR_SYSTEM : ERR_NONE;
	}
	if (turn == TURN_NEW || e->his || (folder && S_ISDIR(there.st_mode)))
		return ERR_NONE; /* later; or somebody made it meanwhile */
	/* a rename puts no folder in the place of something else, nor the other way round */
	return renameat2(stage, name, dir, as, folder != S_ISDIR(there.st_mode) ? RENAME_EXCHANGE : 0) ? ERR_SYSTEM
												       : ERR_NONE;
}

static enum err put_turn(int top, int stage, const struct entries *all, const bool *inside, enum turn turn,
			 struct diags *problems)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct entry *e = &all->v[i];
		const char *as;
		char name[32];
		int dir = -1;
		enum err err;

		if (inside[i] || (turn == TURN_LIBRARIES && !is_library(e)))
			continue;
		snprintf(name, sizeof name, "%zu", i);
		err = walk_parent(top, e->path + 1, &dir, &as);
		if (!err)
			err = put_one(stage, name, dir, as, e, turn);
		else if (turn != TURN_REST && walk_is_missing(errno))
			err = ERR_NONE; /* its folder takes the place of something, and has not come yet */
		file_close(dir);
		if (err)
			return fail(problems, e->path, "it cannot be put into its place in the jail");
	}
	return ERR_NONE;
}

static enum err put_all(int top, int stage, const struct entries *all, const bool *inside, struct diags *problems)
{
	enum err e = ERR_NONE;

	for (enum turn turn = TURN_NEW; turn < TURNS && !e; turn++)
		e = put_turn(top, stage, all, inside, turn, problems);
	return e;
}

/* Files are never changed in place: they may be the host's own. */
static enum err fix_folder(int top, const struct entry *e)
{
	struct stat st;
	int fd = -1;
	enum err err = walk_open(top, e->path + 1, O_RDONLY | O_DIRECTORY, &fd);

	if (err)
		return err;
	if (fstat(fd, &st) ||
	    ((st.st_uid != geteuid() || st.st_gid != getegid()) && fchown(fd, geteuid(), getegid())) ||
	    (content_has_odd_attributes(fd) && tree_strip_lists(fd)) ||
	    ((st.st_mode & 07777) != e->mode && fchmod(fd, e->mode)))
		err = ERR_SYSTEM;
	file_close(fd);
	return err;
}

static enum err fix_all(int top, const struct entries *all, const bool *inside, struct diags *problems)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct entry *e = &all->v[i];

		if (e->kind == ENTRY_FOLDER && !e->his && !inside[i] && fix_folder(top, e))
			return fail(problems, e->path, "its owner and mode cannot be set in the jail");
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
	if (!err && unlinkat(dir, name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0))
		err = errno == ENOTEMPTY || errno == EEXIST ? ERR_NONE : ERR_SYSTEM;
	file_close(dir);
	return err && walk_is_missing(errno) ? ERR_NONE : err;
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

	if (!e && walk_open(place.parent, place.name, O_RDONLY | O_DIRECTORY, top))
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

static enum err apply(const struct root *r, int top, const struct manifest *old, const struct manifest *next,
		      struct diags *problems)
{
	const struct entries *all = &next->entries;
	bool *inside = NULL;
	int stage = -1;
	enum err e = sound_inside_his(all, &inside);

	if (e)
		return e;
	/* gone when a crash came after all was done */
	if (!walk_open(top, SOUND_STAGE, O_PATH | O_DIRECTORY, &stage))
		e = put_all(top, stage, all, inside, problems);
	else if (errno != ENOENT)
		e = fail(problems, next->jail.dir, "what was put ready in it cannot be opened");
	if (!e && !(e = fix_all(top, all, inside, problems))) {
		let_programs_load(r, &old->entries, all);
		e = remove_all(top, &old->entries, all, problems);
	}
	if (!e && syncfs(top))
		e = fail(problems, next->jail.dir, "it cannot be written to the disk");
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
