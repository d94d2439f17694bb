/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tree.c - rows become folders, links, devices and files in a place that nobody else can reach. */
#include "jail/work.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/banned.h"

/* Takes access lists away from a folder. */
static enum err strip_lists(int fd)
{
	static const char *const lists[] = { "system.posix_acl_access", "system.posix_acl_default" };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (fremovexattr(fd, lists[i]) && errno != ENODATA && errno != EOPNOTSUPP)
			return ERR_SYSTEM;
	return ERR_NONE;
}

/* Not more than the mode lets: the umask may take bits away, and a folder above with setgid or an access list hands those on. */
enum err tree_make_top(int parent, const char *name, mode_t mode, int *fd)
{
	int got;

	if (mkdirat(parent, name, mode & 0777))
		return ERR_SYSTEM;
	got = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (got < 0 || tree_fix_folder(got, mode)) {
		file_close(got);
		return ERR_SYSTEM;
	}
	*fd = got;
	return ERR_NONE;
}

bool tree_folder_is(int fd, mode_t mode)
{
	struct stat st;

	return !fstat(fd, &st) && st.st_uid == geteuid() && st.st_gid == getegid() && (st.st_mode & 07777) == mode &&
	       !content_has_odd_attributes(fd);
}

enum err tree_fix_folder(int fd, mode_t mode)
{
	if (tree_folder_is(fd, mode))
		return ERR_NONE;
	return fchown(fd, geteuid(), getegid()) || strip_lists(fd) || fchmod(fd, mode) ? ERR_SYSTEM : ERR_NONE;
}

enum err tree_give_folder(int fd, uid_t uid, gid_t gid, mode_t mode)
{
	return strip_lists(fd) || fchmod(fd, mode) || fchown(fd, uid, gid) ? ERR_SYSTEM : ERR_NONE;
}

static enum err put_folder(const struct work *w, int dir, const char *name, const struct entry *e)
{
	int fd = -1;
	enum err err = tree_make_top(dir, name, e->mode, &fd);

	if (err)
		return err;
	if (e->his && (fchown(fd, w->uid, w->gid) || fchmod(fd, e->mode)))
		err = ERR_SYSTEM;
	file_close(fd);
	return err;
}

static enum err put_device(int dir, const char *name, const struct entry *e)
{
	if (mknodat(dir, name, S_IFCHR | 0600, e->device) ||
	    fchownat(dir, name, geteuid(), getegid(), AT_SYMLINK_NOFOLLOW) || fchmodat(dir, name, e->mode, 0))
		return ERR_SYSTEM;
	return ERR_NONE;
}

static enum err put_link(int dir, const char *name, const struct entry *e)
{
	return symlinkat(e->target, dir, name) || fchownat(dir, name, geteuid(), getegid(), AT_SYMLINK_NOFOLLOW)
		       ? ERR_SYSTEM
		       : ERR_NONE;
}

static enum err put_simple(struct work *w, int top, const struct tree_item *item)
{
	const struct entry *e = item->entry;
	const char *name;
	int dir = -1;
	enum err err = walk_parent(top, item->path, &dir, &name);

	if (!err && e->kind == ENTRY_FOLDER)
		err = put_folder(w, dir, name, e);
	else if (!err && e->kind == ENTRY_LINK)
		err = put_link(dir, name, e);
	else if (!err)
		err = put_device(dir, name, e);
	file_close(dir);
	return err ? work_fail(w, e->path, "it cannot be made in the jail") : ERR_NONE;
}

#define RUN_MAX 16 /* enough that the folder costs little, few enough that all threads get some */

/* Files that stand in one folder. */
struct run {
	struct tree_item **v;
	size_t n;
};

struct files {
	int top;
	struct tree_item **v;
	size_t n;
	struct run *runs;
	size_t nruns;
};

static size_t folder_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) : 0;
}

static bool same_folder(const struct tree_item *a, const struct tree_item *b)
{
	const size_t len = folder_length(a->path);

	return len == folder_length(b->path) && memcmp(a->path, b->path, len) == 0;
}

static void files_divide(struct files *f)
{
	for (size_t i = 0; i < f->n; i++) {
		struct run *last = f->nruns ? &f->runs[f->nruns - 1] : NULL;

		if (last && last->n < RUN_MAX && same_folder(last->v[0], f->v[i]))
			last->n++;
		else
			f->runs[f->nruns++] = (struct run){ .v = &f->v[i], .n = 1 };
	}
}

static const char *name_of(const struct tree_item *item)
{
	const char *slash = strrchr(item->path, '/');

	return slash ? slash + 1 : item->path;
}

static enum err put_run(struct work *w, size_t i, void *arg, unsigned char *buffer)
{
	const struct files *f = arg;
	const struct run *run = &f->runs[i];
	struct content_folder dir = { .fd = -1 };
	const char *name;
	struct stat st;
	enum err e = walk_parent(f->top, run->v[0]->path, &dir.fd, &name);

	if (!e && fstat(dir.fd, &st))
		e = ERR_SYSTEM;
	if (e) {
		e = work_fail(w, run->v[0]->entry->path, "it cannot be made in the jail");
		file_close(dir.fd);
		return e;
	}
	dir.device = st.st_dev;
	for (size_t k = 0; k < run->n && !e; k++)
		e = content_put(w, &dir, name_of(run->v[k]), run->v[k]->entry, buffer);
	file_close(dir.fd);
	return e;
}

enum err tree_put(struct work *w, int top, struct tree_item *items, size_t n)
{
	struct files f = { .top = top, .v = calloc(n + 1, sizeof *f.v), .runs = calloc(n + 1, sizeof *f.runs) };
	enum err e = f.v && f.runs ? ERR_NONE : ERR_MEMORY;

	for (size_t i = 0; i < n && !e; i++) {
		if (items[i].entry->kind == ENTRY_FILE)
			f.v[f.n++] = &items[i];
		else
			e = put_simple(w, top, &items[i]);
	}
	if (!e) {
		files_divide(&f);
		e = work_each(w, f.nruns, put_run, &f);
	}
	free(f.v);
	free(f.runs);
	return e;
}
