/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check_tree.c - walks through a jail, while its user may be at work in there: by descriptors, no link is followed, no mount crossed, and
 * what is opened never waits.
 */
#include "jail/check_tree.h"

#include "base/array.h"
#include "base/clock.h"
#include "base/file.h"
#include "jail/check_file.h"
#include "jail/trouble.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/banned.h"

#define DEPTH_MAX 100			 /* folders in each other; each takes a descriptor */
#define HIS_MAX 500000			 /* files of the user that are looked at */
#define PATH_LEN_MAX 8192		 /* deeper than the kernel lets anybody name it in one go */
#define HIS_PATHS_MAX ((size_t)32 << 20) /* bytes for the paths of his files that have several names */

static const char *where(const struct tree_look *l)
{
	return l->path.len ? l->path.s : "/";
}

static void leave(struct text *path, size_t len)
{
	path->len = len;
	if (path->s)
		path->s[len] = '\0';
}

/*
 * The path is kept where it says of a row that it was not looked at; a row has one for each folder above it. In what the user has made there is
 * none, and he makes as many folders as he likes, of the longest names.
 */
static enum err note_blind(struct tree_look *l)
{
	const char *path = text_string(&l->path);

	l->nblind++;
	if (!l->manifest || (*path && !entries_find(&l->manifest->entries, path)))
		return ERR_NONE;
	return strings_add(&l->blind, path);
}

static enum err add_blind(struct tree_look *l, const char *why)
{
	enum err e = trouble_add(l->out, JAIL_UNKNOWN, where(l), "could not be looked at: %s", why);

	return e ? e : note_blind(l);
}

bool tree_look_is_blind(const struct tree_look *l, const char *path)
{
	for (size_t i = 0; i < l->blind.n; i++) {
		const size_t len = strlen(l->blind.v[i]);

		if (strncmp(l->blind.v[i], path, len) == 0 && (path[len] == '/' || !path[len]))
			return true;
	}
	return false;
}

/* Whether there is time left for what the user has made; says so once where there is none. */
static enum err his_budget(struct tree_look *l, bool *left)
{
	const uint64_t now = clock_boot_ms();

	if (!l->until)
		l->until = now + l->milliseconds;
	*left = !l->given_up && l->looked_at++ < HIS_MAX && now < l->until;
	if (*left || l->given_up)
		return ERR_NONE;
	l->given_up = true;
	return trouble_add(l->out, JAIL_UNKNOWN, where(l),
			   "there is more here than is looked at: %zu files of the user's were", l->looked_at - 1);
}

static bool is_mounted(const struct statx *x, const struct statx *parent)
{
#ifdef STATX_ATTR_MOUNT_ROOT /* Linux 5.8 */
	if (x->stx_attributes_mask & STATX_ATTR_MOUNT_ROOT)
		return x->stx_attributes & STATX_ATTR_MOUNT_ROOT;
#endif
	return x->stx_dev_major != parent->stx_dev_major || x->stx_dev_minor != parent->stx_dev_minor;
}

static enum err note_name(struct tree_look *l, const struct statx *x, bool his)
{
	struct many_names *v = array_room(l->many, l->nmany, &l->many_size, sizeof *v);
	const bool keep = !his || l->his_paths + l->path.len < HIS_PATHS_MAX;

	if (!v)
		return ERR_MEMORY;
	l->many = v;
	v[l->nmany] = (struct many_names){ (uint64_t)x->stx_dev_major << 32 | x->stx_dev_minor, x->stx_ino,
					   x->stx_nlink, keep ? strdup(where(l)) : NULL, his };
	if (keep && !v[l->nmany].path)
		return ERR_MEMORY;
	l->his_paths += his && keep ? l->path.len + 1 : 0;
	l->nmany++;
	return ERR_NONE;
}

static int compare_names(const void *a, const void *b)
{
	const struct many_names *x = a, *y = b;

	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	if (x->device != y->device)
		return x->device < y->device ? -1 : 1;
	if (!x->path || !y->path)
		return !x->path - !y->path;
	return strcmp(x->path, y->path);
}

/* Files of the user's of which no path can be told. */
struct untold {
	size_t unsure;	/* it is not known whether they have names outside */
	size_t outside; /* they have */
};

/* More of its names than were met; those may be in what was not looked at, where that is the user's. */
static enum err name_tell(struct tree_look *l, const struct many_names *m, size_t more, bool his, struct untold *untold)
{
	const bool whole = !l->given_up && !l->nblind;

	untold->outside += whole && !m->path;
	if (whole && !m->path)
		return ERR_NONE;
	if (whole)
		return trouble_add(l->out, JAIL_LINKED, m->path,
				   "the file has %zu more of its names outside of the jail, and its user may change it",
				   more);
	if (!his)
		return trouble_add(l->out, JAIL_LINKED, m->path,
				   "the file has %zu more names that were not met, and its user may change it", more);
	untold->unsure++;
	return ERR_NONE;
}

/* Where not all names of a file were met in here, a file outside can be changed from inside. */
static enum err names_tell(struct tree_look *l)
{
	struct untold untold = { 0 };
	enum err e = ERR_NONE;

	if (l->nmany)
		qsort(l->many, l->nmany, sizeof *l->many, compare_names);
	for (size_t i = 0, met = 0; i < l->nmany && !e; i += met) {
		const struct many_names *m = &l->many[i];
		bool his = m->his;

		for (met = 1; i + met < l->nmany && m[met].inode == m->inode && m[met].device == m->device; met++)
			his = his && m[met].his;
		if (met < m->names)
			e = name_tell(l, m, m->names - met, his, &untold);
	}
	if (!e && untold.unsure)
		e = trouble_add(l->out, JAIL_UNKNOWN, "/",
				"not all names of %zu files of the user's were met: some may be outside of the jail",
				untold.unsure);
	if (!e && untold.outside)
		e = trouble_add(
			l->out, JAIL_LINKED, "/",
			"%zu more files of the user's have names outside of the jail, and its user may change them; "
			"there are too many to keep all their paths",
			untold.outside);
	return e;
}

static enum err folder_walk(struct tree_look *l, int fd, const struct statx *self, struct file_place place,
			    unsigned depth);

/* Takes the descriptor over. */
static enum err folder_enter(struct tree_look *l, int fd, const struct statx *x, struct file_place place,
			     unsigned depth)
{
	place.foreign = place.foreign || (l->manifest && !place.entry && !place.his);
	if (depth < DEPTH_MAX && l->path.len < PATH_LEN_MAX)
		return folder_walk(l, fd, x, place, depth + 1);
	file_close(fd);
	return add_blind(l, "there are too many folders in each other");
}

/* Files are not opened for it: who holds a lease on his own (fcntl(2), F_SETLEASE) could keep us from that for as long as he likes. */
static enum err regular_or_folder(struct tree_look *l, int folder, const char *name, const struct statx *x,
				  struct file_place place, unsigned depth)
{
	const bool is_folder = S_ISDIR(x->stx_mode);
	struct stat st;
	enum err e;
	int fd = openat(folder, name, O_NOFOLLOW | O_CLOEXEC | (is_folder ? O_RDONLY | O_DIRECTORY : O_PATH));

	/* what is not there any more, or is something else by now: its user is at work */
	if (fd < 0 && place.his && (errno == ENOENT || errno == ELOOP || errno == ENOTDIR || errno == ENXIO))
		return ERR_NONE;
	if (fd < 0)
		return add_blind(l, strerror(errno));
	if (fstat(fd, &st) || st.st_ino != x->stx_ino || st.st_dev != makedev(x->stx_dev_major, x->stx_dev_minor)) {
		file_close(fd);
		return place.his ? ERR_NONE : add_blind(l, "it changed while it was looked at");
	}
	e = file_look(l, fd, x, place);
	if (!e && is_folder)
		return folder_enter(l, fd, x, place, depth);
	file_close(fd);
	return e;
}

static enum err name_look(struct tree_look *l, int folder, const char *name, const struct statx *parent,
			  struct file_place place, unsigned depth)
{
	struct statx x;
	bool left;
	enum err e;

	if (statx(folder, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &x))
		return errno == ENOENT ? ERR_NONE : add_blind(l, strerror(errno));
	place = file_place_of(l, text_string(&l->path), &x, place);
	if (place.entry)
		l->met[place.entry - l->manifest->entries.v].here = true;
	if (entry_is_log(where(l), x.stx_mode, x.stx_uid))
		return ERR_NONE;
	if (is_mounted(&x, parent)) {
		e = trouble_add(l->out, JAIL_MOUNT, where(l), "something of the host is mounted here");
		return e ? e : note_blind(l);
	}
	if (place.his && ((e = his_budget(l, &left)) || !left))
		return e;
	if (S_ISREG(x.stx_mode) && x.stx_nlink > 1 && (x.stx_uid != 0 || x.stx_mode & 022) &&
	    (e = note_name(l, &x, place.his)))
		return e;
	if (S_ISREG(x.stx_mode) || S_ISDIR(x.stx_mode))
		return regular_or_folder(l, folder, name, &x, place, depth);
	return file_look_special(l, folder, name, &x, place);
}

static enum err folder_walk(struct tree_look *l, int fd, const struct statx *self, struct file_place place,
			    unsigned depth)
{
	const size_t len = l->path.len;
	DIR *all = fdopendir(fd);
	struct dirent *d;
	enum err e = ERR_NONE;

	if (!all) {
		file_close(fd);
		return ERR_MEMORY;
	}
	while (!e && !(place.his && l->given_up) && (errno = 0, d = readdir(all))) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		text_add(&l->path, "/%s", d->d_name);
		if ((e = text_check(&l->path)))
			break;
		e = name_look(l, dirfd(all), d->d_name, self, place, depth);
		leave(&l->path, len);
	}
	if (!e && errno && !l->given_up)
		e = add_blind(l, strerror(errno));
	(void)closedir(all);
	return e;
}

enum err tree_look_run(struct tree_look *l, int fd)
{
	const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	struct file_place top = { .top = true };
	struct statx x;
	enum err e;

	if (copy < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &x)) {
		e = add_blind(l, strerror(errno));
		file_close(copy);
		return e;
	}
	if ((e = file_look(l, fd, &x, top))) {
		file_close(copy);
		return e;
	}
	top.top = false;
	if ((e = folder_walk(l, copy, &x, top, 0)))
		return e;
	return names_tell(l);
}

void tree_look_clear(struct tree_look *l)
{
	for (size_t i = 0; i < l->nmany; i++)
		free(l->many[i].path);
	free(l->many);
	strings_free(&l->blind);
	text_free(&l->path);
}
