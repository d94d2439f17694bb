/* SPDX-License-Identifier: GPL-3.0-or-later */
/* build.c - makes a jail: beside its place, and into it by one rename. */
#include "jail/build.h"

#include "base/file.h"
#include "jail/sound.h"
#include "jail/work.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define LOCK_FILE JAIL_STATE "/.lock"

enum err build_lock(const struct root *r, int *lock)
{
	int fd = -1;
	enum err e;

	if ((e = file_make_dirs(r, JAIL_STATE, 0700)) ||
	    (e = root_open_straight(r, LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW, 0600, &fd)))
		return e;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		e = errno == EWOULDBLOCK ? ERR_BUSY : ERR_SYSTEM;
		file_close(fd);
		return e;
	}
	*lock = fd;
	return ERR_NONE;
}

static enum err check_request(struct work *w, const struct manifest *m)
{
	struct text why = { 0 };
	enum err e;

	if (!m->jail.user || !sound_user(m->jail.user))
		return work_refuse(w, NULL,
				   "the name of the user cannot be the name of a file, or begins with a full stop");
	if (!m->jail.dir || !sound_path(m->jail.dir))
		return work_refuse(w, m->jail.dir, "wants an absolute path without '.' and '..' for a jail");
	if (!m->entries.n)
		return work_refuse(w, m->jail.dir, "nothing is to stand in the jail");
	e = sound_entries(&m->entries, &why);
	if (e == ERR_SYNTAX)
		e = work_refuse(w, m->jail.dir, "%s", text_string(&why));
	text_free(&why);
	return e;
}

/* That the place is free; *above gets the topmost folder that is missing on the way to it. */
static enum err check_place(struct work *w, const struct manifest *m, char **above)
{
	struct walk_place place = { .parent = -1 };
	struct manifest other = { 0 };
	struct stat st;
	enum err e;

	e = manifest_read(w->r, m->jail.user, &other, NULL);
	if (e != ERR_NOT_FOUND) {
		work_refuse(w, e ? m->jail.dir : other.jail.dir, "the user has a jail already");
		manifest_clear(&other);
		return ERR_EXISTS;
	}
	e = walk_place_open(w->r, m->jail.dir, false, &place, above, w->problems);
	if (e)
		return e == ERR_NOT_FOUND ? ERR_NONE : e;
	if (!fstatat(place.parent, place.name, &st, AT_SYMLINK_NOFOLLOW)) {
		work_refuse(w, m->jail.dir,
			    "it is there already, and is no jail of ours: wants a place where nothing is");
		e = ERR_EXISTS;
	} else if (errno != ENOENT) {
		e = work_fail(w, m->jail.dir, "the jail cannot be there");
	}
	file_close(place.parent);
	return e;
}

static enum err make_tree(struct work *w, struct manifest *m, int top)
{
	struct tree_item *items = calloc(m->entries.n, sizeof *items);
	enum err e;

	if (!items)
		return ERR_MEMORY;
	for (size_t i = 0; i < m->entries.n; i++)
		items[i] = (struct tree_item){ .entry = &m->entries.v[i], .path = m->entries.v[i].path + 1 };
	e = tree_put(w, top, items, m->entries.n);
	free(items);
	/* one for all, instead of one for each of thousands of files */
	if (!e && (fchmod(top, TREE_TOP_MODE) || syncfs(top)))
		e = work_fail(w, m->jail.dir, "it cannot be written to the disk");
	return e;
}

static enum err set_made(struct manifest *m)
{
	free(m->made);
	free(m->updated);
	m->made = manifest_now();
	m->updated = manifest_now();
	return m->made && m->updated ? ERR_NONE : ERR_MEMORY;
}

static enum err write_making(struct work *w, struct manifest *m)
{
	enum err e = manifest_write(w->r, m);

	return e == ERR_SYSTEM ? work_fail(w, JAIL_STATE, "the manifest cannot be written") : e;
}

/* 'made' says from now on that the tree is complete, and that what stands in its place is ours. */
static enum err put_in_place(struct work *w, struct manifest *m, const struct walk_place *place, const char *new)
{
	enum err e;

	if ((e = set_made(m)) || (e = write_making(w, m))) {
		free(m->made);
		m->made = NULL; /* as the manifest on the disk still has it */
		return e;
	}
	if (renameat2(place->parent, new, place->parent, place->name, RENAME_NOREPLACE)) {
		work_fail(w, m->jail.dir, "the jail cannot be put into its place");
		return errno == EEXIST ? ERR_EXISTS : ERR_CONFIG;
	}
	return fsync(place->parent) ? work_fail(w, m->jail.dir, "it cannot be written to the disk") : ERR_NONE;
}

static enum err make_at(struct work *w, struct manifest *m, const struct walk_place *place)
{
	char new[NAME_MAX + 1], old[NAME_MAX + 1];
	int top = -1;
	enum err e;

	if (remove_name_new(place, new) || remove_name_old(place, old))
		return work_fail(w, m->jail.dir, "names of ours beside the jail have no room");
	if ((e = walk_remove(place->parent, new, NULL)) || (e = tree_make_top(place->parent, new, 0700, &top)))
		return e == ERR_SYSTEM ? work_fail(w, m->jail.dir, "the jail cannot be made") : e;
	if (!(e = make_tree(w, m, top)))
		e = put_in_place(w, m, place, new);
	file_close(top);
	return e;
}

/* After a failure: as if it had never been tried. What cannot be undone now stays as being made, and recover finds it. */
static void undo(struct work *w, struct manifest *m)
{
	struct diags ignored = { 0 };
	enum err e = remove_unfinished(w->r, m, &ignored);

	(void)e;
	diags_free(&ignored);
}

enum err build_create(const struct root *r, struct manifest *m, enum build_how how, const struct ahead *known,
		      struct build_told *told, struct diags *problems)
{
	struct walk_place place = { .parent = -1 };
	char *above = NULL;
	struct work w;
	enum err e;

	work_init(&w, r, &m->jail, how, problems);
	w.known = known;
	if ((e = check_request(&w, m)) || (e = check_place(&w, m, &above))) {
		free(above);
		goto out;
	}
	free(m->above);
	free(m->made);
	m->above = above;
	m->made = NULL;
	m->state = MANIFEST_MAKING;
	m->with_home = false;
	if (!(e = write_making(&w, m)) && !(e = walk_place_open(r, m->jail.dir, true, &place, NULL, problems)))
		e = make_at(&w, m, &place);
	if (e == ERR_SYSTEM)
		e = work_fail(&w, m->jail.dir, "the jail cannot be made");
	if (e)
		undo(&w, m);
	else
		work_tell(&w, told);
	file_close(place.parent);
out:
	work_clear(&w);
	return e;
}
