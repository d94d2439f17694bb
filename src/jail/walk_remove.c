/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * walk_remove.c - removes or looks through a tree that may be of any depth, and that somebody may change meanwhile. One folder is open at a
 * time; the way up is "..", and is believed only when it leads to the folder that we came from.
 */
#include "base/array.h"
#include "base/file.h"
#include "jail/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define MAX_RESTARTS 1000 /* of somebody who moves folders about while they are removed; or fills them */

struct level {
	dev_t dev;
	ino_t ino;
	char *name; /* in the level above */
};

struct removal {
	int top;	 /* what is to be emptied */
	int at;		 /* where we are */
	struct level *v; /* from the top down to where we are */
	size_t n, size;
	unsigned restarts;
};

/* For good: what it was taken from is to go. */
static bool take_flags(int at, const char *name)
{
	struct walk_flags f;

	if (!walk_flags_lift(at, name, &f))
		return false;
	file_close(f.fd);
	return true;
}

static void level_drop(struct removal *d)
{
	free(d->v[--d->n].name);
}

/*
 * Whoever could write here cannot any more, also not where they are already: what counts is the folder, not the way to it. So what is
 * emptied stays empty.
 */
static enum err take_over(int fd, const struct stat *st)
{
	if (st->st_uid != geteuid() && fchown(fd, geteuid(), getegid()))
		return ERR_SYSTEM;
	return (st->st_mode & 0777) != 0700 && fchmod(fd, 0700) ? ERR_SYSTEM : ERR_NONE;
}

static enum err level_enter(struct removal *d, const char *name, int fd)
{
	struct level *v, one = { 0 };
	struct stat st;

	if (fstat(fd, &st) || (take_over(fd, &st) && (!take_flags(fd, ".") || take_over(fd, &st))))
		return ERR_SYSTEM;
	if (!(v = array_room(d->v, d->n, &d->size, sizeof *v)))
		return ERR_MEMORY;
	d->v = v;
	one.dev = st.st_dev;
	one.ino = st.st_ino;
	if (!(one.name = strdup(name)))
		return ERR_MEMORY;
	v[d->n++] = one;
	file_close(d->at);
	d->at = fd;
	return ERR_NONE;
}

static enum err go_to_top(struct removal *d)
{
	int fd = openat(d->top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err e;

	if (fd < 0)
		return ERR_SYSTEM;
	while (d->n)
		level_drop(d);
	if ((e = level_enter(d, "", fd)))
		file_close(fd);
	return e;
}

static enum err restart(struct removal *d)
{
	return ++d->restarts > MAX_RESTARTS ? ERR_CHANGED : go_to_top(d);
}

/* Up by one level, or from the top again when ".." is no longer where we came from. */
static enum err go_up(struct removal *d)
{
	const struct level *above = &d->v[d->n - 2];
	int fd = openat(d->at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || st.st_dev != above->dev || st.st_ino != above->ino) {
		file_close(fd);
		return restart(d);
	}
	file_close(d->at);
	d->at = fd;
	level_drop(d);
	return ERR_NONE;
}

static enum err name_remove_with(int at, const char *name, int flag)
{
	if (!walk_unlink(at, name, flag) || errno == ENOENT)
		return ERR_NONE;
	return errno == EBUSY ? ERR_BUSY : ERR_SYSTEM; /* a mount point */
}

/* errno ENOTEMPTY: a folder that has something in it. */
static enum err name_remove(int at, const char *name, bool folder)
{
	for (unsigned tries = 0; tries < MAX_RESTARTS; tries++) {
		enum err e = name_remove_with(at, name, folder ? AT_REMOVEDIR : 0);

		if (e == ERR_SYSTEM && errno == EEXIST)
			errno = ENOTEMPTY;
		if (e != ERR_SYSTEM || (errno != EISDIR && errno != ENOTDIR))
			return e;
		folder = !folder; /* it was not known, or somebody has put the other into its place */
	}
	return ERR_CHANGED;
}

bool walk_is_mount(int at, const char *name)
{
	struct statx st;

	return !statx(at, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_TYPE, &st) &&
	       (!(st.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) || (st.stx_attributes & STATX_ATTR_MOUNT_ROOT));
}

static enum err enter(struct removal *d, const char *name)
{
	int fd = -1;
	enum err e = walk_open(d->at, name, O_RDONLY | O_DIRECTORY, &fd);

	if (e && errno == EXDEV)
		return walk_is_mount(d->at, name) ? ERR_BUSY : restart(d);
	if (e)
		return walk_is_missing(errno) ? restart(d) : e; /* it was moved away */
	if ((e = level_enter(d, name, fd)))
		file_close(fd);
	return e;
}

/* Where we are, for a message. */
static void tell(const struct removal *d, const char *name, struct text *where)
{
	const int number = errno;

	if (where && !where->len) {
		for (size_t i = 1; i < d->n; i++)
			text_add(where, "/%s", d->v[i].name);
		text_add(where, "/%s", name);
	}
	errno = number;
}

/* Removes what can be removed in this folder; stops at a folder with something in it, whose name is then in 'full'. */
static enum err sweep(const struct removal *d, char full[NAME_MAX + 1], struct text *where)
{
	int fd = openat(d->at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *each;
	enum err e = ERR_NONE;
	int number;

	full[0] = '\0';
	if (!dir) {
		file_close(fd);
		tell(d, "", where);
		return ERR_SYSTEM;
	}
	while (!e && !full[0] && (errno = 0, each = readdir(dir))) {
		if (!strcmp(each->d_name, ".") || !strcmp(each->d_name, ".."))
			continue;
		e = name_remove(d->at, each->d_name, each->d_type == DT_DIR);
		if (e == ERR_SYSTEM && errno == ENOTEMPTY) {
			memcpy(full, each->d_name, strlen(each->d_name) + 1);
			e = ERR_NONE;
		}
		if (e)
			tell(d, each->d_name, where);
	}
	if (!e && !full[0] && errno)
		e = ERR_SYSTEM;
	number = errno;
	closedir(dir);
	errno = number;
	return e;
}

static enum err empty_all(struct removal *d, struct text *where)
{
	char full[NAME_MAX + 1];
	enum err e = go_to_top(d);

	while (!e) {
		if ((e = sweep(d, full, where)))
			break;
		if (full[0]) {
			e = enter(d, full);
			if (e)
				tell(d, full, where);
		} else if (d->n == 1) {
			break;
		} else {
			e = go_up(d);
		}
	}
	return e;
}

static enum err empty_folder(int top, struct text *where)
{
	struct removal d = { .top = top, .at = -1 };
	enum err e = empty_all(&d, where);
	const int number = errno;

	while (d.n)
		level_drop(&d);
	free(d.v);
	file_close(d.at);
	errno = number;
	return e;
}

enum err walk_remove(int parent, const char *name, struct text *where)
{
	enum err e = ERR_NONE;
	int top = -1;

	for (unsigned tries = 0; !e; tries++) {
		e = name_remove(parent, name, false);
		if (e != ERR_SYSTEM || errno != ENOTEMPTY)
			return e;
		if (tries == MAX_RESTARTS)
			return ERR_CHANGED;
		e = walk_open(parent, name, O_RDONLY | O_DIRECTORY, &top);
		if (e && (walk_is_missing(errno) || (errno == EXDEV && !walk_is_mount(parent, name)))) {
			e = ERR_NONE; /* it was moved away meanwhile */
			continue;
		}
		if (e)
			return errno == EXDEV ? ERR_BUSY : e;
		e = empty_folder(top, where);
		file_close(top);
	}
	return e;
}

/* ---- looking ---- */

static enum err look_in(int top, const char *path, bool (*known)(void *arg, const char *path), void *arg,
			struct strings *todo, struct text *where)
{
	const struct dirent *each;
	enum err e = ERR_NONE;
	int fd = -1;
	DIR *dir;

	if ((e = walk_open(top, path, O_RDONLY | O_DIRECTORY, &fd)))
		return e;
	if (!(dir = fdopendir(fd))) {
		file_close(fd);
		return ERR_SYSTEM;
	}
	while (!e && !where->len && (each = readdir(dir))) {
		struct text full = { 0 };

		if (!strcmp(each->d_name, ".") || !strcmp(each->d_name, ".."))
			continue;
		text_add(&full, "%s/%s", path, each->d_name);
		if ((e = text_check(&full)))
			continue;
		if (!known(arg, full.s))
			text_add_string(where, full.s);
		else if (each->d_type == DT_DIR || each->d_type == DT_UNKNOWN)
			e = strings_add(todo, full.s);
		text_free(&full);
	}
	closedir(dir);
	return e ? e : text_check(where);
}

enum err walk_find_unknown(int top, const char *path, bool (*known)(void *arg, const char *path), void *arg,
			   struct text *where)
{
	struct strings todo = { 0 };
	enum err e = strings_add(&todo, path);

	for (size_t i = 0; !e && !where->len && i < todo.n; i++) {
		e = look_in(top, todo.v[i], known, arg, &todo, where);
		if (e == ERR_SYSTEM && walk_is_missing(errno))
			e = ERR_NONE; /* no folder, where the file system does not tell */
	}
	strings_free(&todo);
	return e;
}
