/* SPDX-License-Identifier: GPL-3.0-or-later */
/* root.c - open files of the running system, or of another one without ever leaving its directory. */
#include "base/root.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/banned.h"

#define MAX_LINKS 40 /* as the kernel */

struct root {
	char *dir;
	int fd; /* -1: the running system */
};

enum err root_open(const char *dir, struct root **out)
{
	struct root *r = calloc(1, sizeof *r);
	enum err e = ERR_SYSTEM;

	if (!r)
		return ERR_MEMORY;
	r->fd = -1;
	r->dir = realpath(dir ? dir : "/", NULL);
	if (!r->dir)
		goto fail;
	if (strcmp(r->dir, "/") != 0) {
		r->fd = open(r->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (r->fd < 0)
			goto fail;
	}
	*out = r;
	return ERR_NONE;
fail:
	root_close(r);
	return e;
}

void root_close(struct root *r)
{
	if (!r)
		return;
	file_close(r->fd);
	free(r->dir);
	free(r);
}

bool root_is_live(const struct root *r)
{
	return r->fd < 0;
}

const char *root_dir(const struct root *r)
{
	return r->dir;
}

/* As <linux/openat2.h> has them, which C libraries without the headers of Linux have not. */
struct open_how {
	uint64_t flags, mode, resolve;
};
#define RESOLVE_NO_MAGICLINKS 0x02
#define RESOLVE_NO_SYMLINKS 0x04
#define RESOLVE_IN_ROOT 0x10

static int open_resolved(int root, const char *path, int flags, mode_t mode, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)flags,
		.mode = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? mode : 0,
		.resolve = resolve | RESOLVE_NO_MAGICLINKS,
	};
	int fd;

	/* EAGAIN: somebody moved a directory while ".." was resolved */
	for (int tries = 0; tries < 32; tries++) {
		fd = (int)syscall(SYS_openat2, root, path, &how, sizeof how);
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd;
}

enum err root_open_file(const struct root *r, const char *path, int flags, mode_t mode, int *fd)
{
	int got;

	flags |= O_CLOEXEC;
	if (r->fd >= 0) {
		got = open_resolved(r->fd, path, flags, mode, RESOLVE_IN_ROOT);
	} else {
		do
			got = open(path, flags, mode);
		while (got < 0 && errno == EINTR);
	}
	if (got < 0)
		return ERR_SYSTEM;
	*fd = got;
	return ERR_NONE;
}

enum err root_open_straight(const struct root *r, const char *path, int flags, mode_t mode, int *fd)
{
	bool live = root_is_live(r);
	int got = open_resolved(live ? AT_FDCWD : r->fd, path, flags | O_CLOEXEC, mode,
				RESOLVE_NO_SYMLINKS | (live ? 0 : RESOLVE_IN_ROOT));

	if (got < 0)
		return ERR_SYSTEM;
	*fd = got;
	return ERR_NONE;
}

static enum err stat_with(const struct root *r, const char *path, bool follow, struct stat *out)
{
	struct stat st;
	int fd = -1, failed;
	enum err e;

	if (root_is_live(r)) {
		failed = fstatat(AT_FDCWD, path, &st, follow ? 0 : AT_SYMLINK_NOFOLLOW);
	} else {
		e = root_open_file(r, path, O_PATH | (follow ? 0 : O_NOFOLLOW), 0, &fd);
		if (e)
			return e;
		failed = fstat(fd, &st);
		file_close(fd);
	}
	if (failed)
		return ERR_SYSTEM;
	*out = st;
	return ERR_NONE;
}

enum err root_stat(const struct root *r, const char *path, struct stat *out)
{
	return stat_with(r, path, true, out);
}

enum err root_lstat(const struct root *r, const char *path, struct stat *out)
{
	return stat_with(r, path, false, out);
}

enum err root_read(const struct root *r, const char *path, size_t max, char **out, size_t *len)
{
	struct stat st;
	int fd = -1;
	enum err e;

	/* looked at first: opening some devices does something */
	e = root_stat(r, path, &st);
	if (e)
		return e;
	if (!S_ISREG(st.st_mode))
		return ERR_NOT_FILE;
	e = root_open_file(r, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd);
	if (e)
		return e;
	if (fstat(fd, &st))
		e = ERR_SYSTEM;
	else if (!S_ISREG(st.st_mode))
		e = ERR_NOT_FILE;
	else if ((uint64_t)st.st_size > max)
		e = ERR_TOO_BIG;
	else
		e = file_read_all(fd, max, out, len);
	file_close(fd);
	return e;
}

/* What a walk along a path knows: where it is, and what is still to be walked. */
struct walk {
	const struct root *root;
	char at[PATH_MAX];   /* "" is the root; else "/a/b", free of links */
	char left[PATH_MAX]; /* still to come: "" or "/c/d" once the first was taken */
	unsigned links;
	bool foreign; /* one of them stood where others than root may put one */
};

static enum err walk_fail(int number)
{
	errno = number;
	return ERR_SYSTEM;
}

static void walk_up(struct walk *w)
{
	char *slash = strrchr(w->at, '/');

	if (slash)
		*slash = '\0';
}

/* Whether only root may change the folder of what the walk has come to. */
static bool walk_folder_is_roots(const struct walk *w)
{
	const char *slash = strrchr(w->at, '/');
	char folder[PATH_MAX];
	struct stat st;

	snprintf(folder, sizeof folder, "%.*s", slash == w->at ? 1 : (int)(slash - w->at), w->at);
	return !root_lstat(w->root, folder, &st) && st.st_uid == 0 && !(st.st_mode & 022);
}

/* The link at fd replaces the component that led to it. */
static enum err walk_link(struct walk *w, int fd)
{
	char target[PATH_MAX], joined[PATH_MAX];
	ssize_t len = readlinkat(fd, "", target, sizeof target);
	int n;

	if (len < 0)
		return ERR_SYSTEM;
	if ((size_t)len >= sizeof target)
		return walk_fail(ENAMETOOLONG);
	if (!len)
		return walk_fail(ENOENT);
	if (++w->links > MAX_LINKS)
		return walk_fail(ELOOP);
	target[len] = '\0';
	w->foreign = w->foreign || !walk_folder_is_roots(w);
	n = snprintf(joined, sizeof joined, "%s%s", target, w->left);
	if (n < 0 || (size_t)n >= sizeof joined)
		return walk_fail(ENAMETOOLONG);
	memcpy(w->left, joined, (size_t)n + 1);
	if (target[0] == '/')
		w->at[0] = '\0';
	else
		walk_up(w);
	return ERR_NONE;
}

/* w->at was lengthened by one component: look what it is. */
static enum err walk_look(struct walk *w)
{
	bool last = !w->left[strspn(w->left, "/")];
	struct stat st;
	int fd = -1;
	enum err e;

	e = root_open_file(w->root, w->at, O_PATH | O_NOFOLLOW, 0, &fd);
	if (e)
		return last && errno == ENOENT ? ERR_NONE : e;
	if (fstat(fd, &st))
		e = ERR_SYSTEM;
	else if (S_ISLNK(st.st_mode))
		e = walk_link(w, fd);
	else if (w->left[0] && !S_ISDIR(st.st_mode))
		e = walk_fail(ENOTDIR);
	file_close(fd);
	return e;
}

/* Takes the next component off w->left; "" at the end. */
static void walk_next(struct walk *w, char name[NAME_MAX + 2])
{
	size_t skip = strspn(w->left, "/");
	size_t len = strcspn(w->left + skip, "/");
	size_t take = len > NAME_MAX ? NAME_MAX + 1 : len; /* too long: the kernel says so */

	memcpy(name, w->left + skip, take);
	name[take] = '\0';
	memmove(w->left, w->left + skip + len, strlen(w->left + skip + len) + 1);
}

static enum err walk_all(struct walk *w)
{
	char name[NAME_MAX + 2];
	size_t len;
	int n;
	enum err e;

	for (walk_next(w, name); name[0]; walk_next(w, name)) {
		if (!strcmp(name, "."))
			continue;
		if (!strcmp(name, "..")) {
			walk_up(w);
			continue;
		}
		len = strlen(w->at);
		n = snprintf(w->at + len, sizeof w->at - len, "/%s", name);
		if (n < 0 || (size_t)n >= sizeof w->at - len)
			return walk_fail(ENAMETOOLONG);
		e = walk_look(w);
		if (e)
			return e;
	}
	return ERR_NONE;
}

enum err root_resolve(const struct root *r, const char *path, char **out)
{
	bool own;

	return root_resolve_own(r, path, out, &own);
}

enum err root_resolve_own(const struct root *r, const char *path, char **out, bool *own)
{
	struct walk w = { .root = r };
	size_t len = strlen(path);
	char *copy;
	enum err e;

	if (len >= sizeof w.left)
		return walk_fail(ENAMETOOLONG);
	memcpy(w.left, path, len + 1);
	e = walk_all(&w);
	if (e)
		return e;
	copy = strdup(w.at[0] ? w.at : "/");
	if (!copy)
		return ERR_MEMORY;
	*out = copy;
	*own = !w.foreign;
	return ERR_NONE;
}

enum err root_outside(const struct root *r, const char *path, char **out)
{
	struct text t = { 0 };
	char *joined;

	if (!root_is_live(r))
		text_add_string(&t, r->dir);
	text_add_string(&t, path);
	joined = text_take(&t);
	if (!joined)
		return ERR_MEMORY;
	*out = joined;
	return ERR_NONE;
}
