/* SPDX-License-Identifier: GPL-3.0-or-later */
/* file.c - replace a file so that after a crash there is the old one or the new one, never anything between. */
#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/banned.h"

#define MAX_XATTR (64 * 1024) /* XATTR_SIZE_MAX and XATTR_LIST_MAX of the kernel */

void file_close(int fd)
{
	int kept = errno;

	if (fd >= 0)
		close(fd);
	errno = kept;
}

bool file_is_absolute(const char *path)
{
	return path[0] == '/';
}

enum err file_write_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_SYSTEM;
		at += n;
		len -= (size_t)n;
	}
	return ERR_NONE;
}

/* One read(2) into the end of t: how much it was, or ERR_SYSTEM. */
static enum err read_some(int fd, size_t want, struct text *t, size_t *got)
{
	char block[16 * 1024];
	ssize_t n;

	do
		n = read(fd, block, want < sizeof block ? want : sizeof block);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return ERR_SYSTEM;
	text_add_bytes(t, block, (size_t)n);
	*got = (size_t)n;
	return text_check(t);
}

enum err file_read_all(int fd, size_t max, char **out, size_t *len)
{
	size_t limit = max < SIZE_MAX ? max + 1 : max; /* one more shows that there is more */
	struct text t = { 0 };
	size_t n = 0, total;
	char *bytes;
	enum err e;

	do
		e = read_some(fd, limit - t.len, &t, &n);
	while (!e && n && t.len < limit);
	if (!e && t.len > max)
		e = ERR_TOO_BIG;
	if (e) {
		text_free(&t);
		return e;
	}
	total = t.len;
	bytes = text_take(&t);
	if (!bytes)
		return ERR_MEMORY;
	*out = bytes;
	*len = total;
	return ERR_NONE;
}

/* Extended attributes */

static bool unsupported(int number)
{
	return number == ENOTSUP || number == EOPNOTSUPP || number == ENOSYS;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct xattr *)a)->name, ((const struct xattr *)b)->name);
}

/* Appends one attribute; the list owns the copies. */
static enum err add_xattr(struct file_meta *m, const char *name, const void *value, size_t len)
{
	struct xattr *v = reallocarray(m->xattrs, m->nxattrs + 1, sizeof *v);
	struct xattr x = { .len = len };

	if (!v)
		return ERR_MEMORY;
	m->xattrs = v;
	x.name = strdup(name);
	x.value = malloc(len ? len : 1);
	if (!x.name || !x.value) {
		free(x.name);
		free(x.value);
		return ERR_MEMORY;
	}
	if (len)
		memcpy(x.value, value, len);
	m->xattrs[m->nxattrs++] = x;
	return ERR_NONE;
}

static enum err read_xattr(int fd, const char *name, char *buffer, struct file_meta *m)
{
	ssize_t len = fgetxattr(fd, name, buffer, MAX_XATTR);

	/* gone since it was listed */
	if (len < 0 && errno == ENODATA)
		return ERR_NONE;
	if (len < 0)
		return ERR_SYSTEM;
	return add_xattr(m, name, buffer, (size_t)len);
}

/* Digests of the content, which the kernel writes itself (IMA, EVM): an old one over new content makes a file unreadable. */
static bool kernels_own(const char *name)
{
	return !strcmp(name, "security.ima") || !strcmp(name, "security.evm");
}

static enum err read_xattrs(int fd, struct file_meta *m)
{
	char *names = malloc(MAX_XATTR), *value = malloc(MAX_XATTR);
	enum err e = ERR_NONE;
	ssize_t len;

	if (!names || !value) {
		e = ERR_MEMORY;
		goto out;
	}
	len = flistxattr(fd, names, MAX_XATTR);
	if (len < 0 && !unsupported(errno))
		e = ERR_SYSTEM;
	for (ssize_t at = 0; !e && at < len; at += (ssize_t)strlen(names + at) + 1)
		if (!kernels_own(names + at))
			e = read_xattr(fd, names + at, value, m);
	if (!e && m->nxattrs)
		qsort(m->xattrs, m->nxattrs, sizeof *m->xattrs, by_name);
out:
	free(names);
	free(value);
	return e;
}

static const struct xattr *find_xattr(const struct file_meta *m, const char *name)
{
	for (size_t i = 0; i < m->nxattrs; i++)
		if (!strcmp(m->xattrs[i].name, name))
			return &m->xattrs[i];
	return NULL;
}

static bool same_xattr(const struct xattr *a, const struct xattr *b)
{
	return !strcmp(a->name, b->name) && a->len == b->len && (!a->len || !memcmp(a->value, b->value, a->len));
}

static enum err apply_xattrs(int fd, const struct file_meta *now, const struct file_meta *want)
{
	for (size_t i = 0; i < want->nxattrs; i++) {
		const struct xattr *x = &want->xattrs[i], *has = find_xattr(now, x->name);

		if (has && same_xattr(has, x))
			continue;
		if (fsetxattr(fd, x->name, x->value, x->len, 0))
			return ERR_SYSTEM;
	}
	for (size_t i = 0; i < now->nxattrs; i++) {
		const char *name = now->xattrs[i].name;

		if (find_xattr(want, name) || !fremovexattr(fd, name) || errno == ENODATA)
			continue;
		/* where SELinux is on every file has a label, and none can be taken away */
		if (strcmp(name, "security.selinux") != 0)
			return ERR_SYSTEM;
	}
	return ERR_NONE;
}

/* Owner, mode, times and attributes as one */

enum err file_meta_read(int fd, struct file_meta *out)
{
	struct file_meta m = { 0 };
	struct stat st;
	enum err e;

	if (fstat(fd, &st))
		return ERR_SYSTEM;
	m.mode = st.st_mode & 07777;
	m.uid = st.st_uid;
	m.gid = st.st_gid;
	m.atime = st.st_atim;
	m.mtime = st.st_mtim;
	e = read_xattrs(fd, &m);
	if (e) {
		file_meta_free(&m);
		return e;
	}
	*out = m;
	return ERR_NONE;
}

static enum err apply_owner(int fd, const struct file_meta *now, const struct file_meta *want)
{
	/* some file systems refuse even a change to what is there already */
	if (now->uid == want->uid && now->gid == want->gid)
		return ERR_NONE;
	return fchown(fd, want->uid, want->gid) ? ERR_SYSTEM : ERR_NONE;
}

enum err file_meta_apply(int fd, const struct file_meta *m)
{
	const struct timespec times[2] = { m->atime, m->mtime };
	struct file_meta now = { 0 };
	enum err e;

	/*
	 * chown clears setuid bits and file capabilities, and a read-only mode
	 * refuses attributes to its owner: hence owner, attributes, mode.
	 */
	if ((e = file_meta_read(fd, &now)) || (e = apply_owner(fd, &now, m)) || (e = apply_xattrs(fd, &now, m)))
		goto out;
	if (fchmod(fd, m->mode) || futimens(fd, times))
		e = ERR_SYSTEM;
out:
	file_meta_free(&now);
	return e;
}

bool file_meta_equal(const struct file_meta *a, const struct file_meta *b)
{
	if (a->mode != b->mode || a->uid != b->uid || a->gid != b->gid || a->mtime.tv_sec != b->mtime.tv_sec ||
	    a->mtime.tv_nsec != b->mtime.tv_nsec || a->nxattrs != b->nxattrs)
		return false;
	for (size_t i = 0; i < a->nxattrs; i++) {
		const struct xattr *x = find_xattr(b, a->xattrs[i].name);

		if (!x || !same_xattr(&a->xattrs[i], x))
			return false;
	}
	return true;
}

enum err file_meta_copy(struct file_meta *to, const struct file_meta *from)
{
	struct file_meta m = *from;

	m.xattrs = NULL;
	m.nxattrs = 0;
	for (size_t i = 0; i < from->nxattrs; i++) {
		const struct xattr *x = &from->xattrs[i];

		if (add_xattr(&m, x->name, x->value, x->len)) {
			file_meta_free(&m);
			return ERR_MEMORY;
		}
	}
	*to = m;
	return ERR_NONE;
}

void file_meta_free(struct file_meta *m)
{
	for (size_t i = 0; i < m->nxattrs; i++) {
		free(m->xattrs[i].name);
		free(m->xattrs[i].value);
	}
	free(m->xattrs);
	*m = (struct file_meta){ 0 };
}

/* A name in an open directory */

struct place {
	int dir;
	char name[NAME_MAX + 1];
};

typedef enum err opener(const struct root *r, const char *path, int flags, mode_t mode, int *fd);

/* The place that an absolute path without links names. The root itself is no name in a directory. */
static enum err place_open_by(opener *open_dir, const struct root *r, const char *path, struct place *out)
{
	const char *slash = strrchr(path, '/');
	struct place p = { .dir = -1 };
	char *dir;
	int n;
	enum err e;

	if (!slash || !slash[1]) {
		errno = EISDIR;
		return ERR_SYSTEM;
	}
	n = snprintf(p.name, sizeof p.name, "%s", slash + 1);
	if (n < 0 || (size_t)n >= sizeof p.name) {
		errno = ENAMETOOLONG;
		return ERR_SYSTEM;
	}
	dir = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	if (!dir)
		return ERR_MEMORY;
	e = open_dir(r, dir, O_RDONLY | O_DIRECTORY, 0, &p.dir);
	free(dir);
	if (e)
		return e;
	*out = p;
	return ERR_NONE;
}

static enum err place_open(const struct root *r, const char *path, struct place *out)
{
	return place_open_by(root_open_file, r, path, out);
}

/* The same for a path that may lead through links: the place that it leads to. */
static enum err place_find(const struct root *r, const char *path, struct place *out)
{
	char *target = NULL;
	enum err e;

	e = root_resolve(r, path, &target);
	if (e)
		return e;
	e = place_open(r, target, out);
	free(target);
	return e;
}

static enum err temporary_name(const struct place *p, const char *tag, char out[NAME_MAX + 1])
{
	int n;

	assert(!strchr(tag, '/'));
	n = snprintf(out, NAME_MAX + 1, ".%s.%s", p->name, tag);
	if (n < 0 || n > NAME_MAX) {
		errno = ENAMETOOLONG;
		return ERR_SYSTEM;
	}
	return ERR_NONE;
}

static enum err remove_name(int dir, const char *name)
{
	return unlinkat(dir, name, 0) && errno != ENOENT ? ERR_SYSTEM : ERR_NONE;
}

static enum err sync_dir(int fd)
{
	/* EINVAL: this file system has nothing to sync in a directory */
	return fsync(fd) && errno != EINVAL ? ERR_SYSTEM : ERR_NONE;
}

/* Replacing */

/* What is there now: a regular file, or nothing. */
static enum err look_at_old(const struct place *p, bool *there)
{
	struct stat st;

	if (fstatat(p->dir, p->name, &st, AT_SYMLINK_NOFOLLOW)) {
		if (errno != ENOENT)
			return ERR_SYSTEM;
		*there = false;
		return ERR_NONE;
	}
	if (!S_ISREG(st.st_mode))
		return ERR_NOT_FILE;
	*there = true;
	return ERR_NONE;
}

static enum err read_old_meta(const struct place *p, struct file_meta *out)
{
	int fd = openat(p->dir, p->name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	enum err e;

	if (fd < 0)
		return ERR_SYSTEM;
	e = file_meta_read(fd, out);
	file_close(fd);
	if (e)
		return e;
	/* new content, new times */
	out->atime.tv_nsec = UTIME_OMIT;
	out->mtime.tv_nsec = UTIME_OMIT;
	return ERR_NONE;
}

/* The label and the default ACL that the directory gave a new file stay. */
static enum err apply_new(int fd)
{
	uid_t uid = geteuid();
	gid_t gid = uid ? getegid() : 0;

	return fchown(fd, uid, gid) || fchmod(fd, 0644) ? ERR_SYSTEM : ERR_NONE;
}

static enum err apply_kept(int fd, const struct place *p)
{
	struct file_meta old = { 0 };
	enum err e;

	e = read_old_meta(p, &old);
	if (e)
		return e;
	e = file_meta_apply(fd, &old);
	file_meta_free(&old);
	return e;
}

static enum err write_temporary(const struct place *p, const char *name, const void *content, size_t len,
				const struct file_meta *meta, bool old)
{
	int fd = openat(p->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	enum err e;

	if (fd < 0)
		return ERR_SYSTEM;
	e = file_write_all(fd, content, len);
	if (!e && meta)
		e = file_meta_apply(fd, meta);
	else if (!e)
		e = old ? apply_kept(fd, p) : apply_new(fd);
	if (!e && fsync(fd))
		e = ERR_SYSTEM;
	/* NFS reports a full disk no sooner than here */
	if (e)
		file_close(fd);
	else if (close(fd))
		e = ERR_SYSTEM;
	return e;
}

static enum err replace_at(const struct place *p, const void *content, size_t len, const struct file_meta *meta,
			   const char *tag)
{
	char temporary[NAME_MAX + 1];
	bool old;
	int kept;
	enum err e;

	if ((e = temporary_name(p, tag, temporary)) || (e = look_at_old(p, &old)) ||
	    (e = remove_name(p->dir, temporary)))
		return e;
	e = write_temporary(p, temporary, content, len, meta, old);
	if (!e && renameat(p->dir, temporary, p->dir, p->name))
		e = ERR_SYSTEM;
	if (e) {
		kept = errno;
		unlinkat(p->dir, temporary, 0);
		errno = kept;
		return e;
	}
	return sync_dir(p->dir);
}

enum err file_replace(const struct root *r, const char *path, const void *content, size_t len,
		      const struct file_meta *meta, const char *tag)
{
	struct place p;
	enum err e;

	e = place_find(r, path, &p);
	if (e)
		return e;
	e = replace_at(&p, content, len, meta, tag);
	file_close(p.dir);
	return e;
}

static bool is_missing(enum err e)
{
	return e == ERR_SYSTEM && (errno == ENOENT || errno == ENOTDIR);
}

static enum err discard_at(const struct place *p, const char *tag)
{
	char temporary[NAME_MAX + 1];
	enum err e = temporary_name(p, tag, temporary);

	if (e)
		return e;
	if (unlinkat(p->dir, temporary, 0))
		return errno == ENOENT ? ERR_NONE : ERR_SYSTEM;
	return sync_dir(p->dir);
}

enum err file_discard_temporary(const struct root *r, const char *path, const char *tag)
{
	struct place p;
	enum err e;

	e = place_find(r, path, &p);
	if (e)
		return is_missing(e) ? ERR_NONE : e;
	e = discard_at(&p, tag);
	file_close(p.dir);
	return e;
}

/* On paths that others may change */

static enum err take_at(const struct place *p, size_t max, char **content, size_t *len, struct file_meta *meta)
{
	int fd = openat(p->dir, p->name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	struct file_meta m = { 0 };
	struct stat st;
	enum err e = ERR_NONE;

	if (fd < 0 || fstat(fd, &st))
		e = ERR_SYSTEM;
	else if (!S_ISREG(st.st_mode) || st.st_nlink > 1)
		e = ERR_NOT_FILE;
	else if ((uint64_t)st.st_size > max)
		e = ERR_TOO_BIG;
	else if (!(e = file_meta_read(fd, &m)))
		e = file_read_all(fd, max, content, len);
	file_close(fd);
	if (e)
		file_meta_free(&m);
	else
		*meta = m;
	return e;
}

enum err file_take_straight(const struct root *r, const char *path, size_t max, char **content, size_t *len,
			    struct file_meta *meta)
{
	struct place p;
	enum err e = place_open_by(root_open_straight, r, path, &p);

	if (e)
		return e;
	e = take_at(&p, max, content, len, meta);
	file_close(p.dir);
	return e;
}

/* Looked at in the folder that is held, so that it is the one which will be replaced. */
static enum err check_was(const struct place *p, const struct file_state *was)
{
	struct file_meta meta = { 0 };
	char *content = NULL;
	size_t len = 0;
	enum err e = take_at(p, was ? was->len : 0, &content, &len, &meta);

	if (e == ERR_SYSTEM && errno == ENOENT)
		return was ? ERR_CHANGED : ERR_NONE;
	if (e == ERR_TOO_BIG || e == ERR_NOT_FILE)
		return ERR_CHANGED;
	if (!e && (!was || len != was->len || memcmp(content, was->content, len) != 0 || meta.uid != was->meta->uid ||
		   meta.gid != was->meta->gid || meta.mode != was->meta->mode))
		e = ERR_CHANGED;
	free(content);
	file_meta_free(&meta);
	return e;
}

enum err file_replace_straight(const struct root *r, const char *path, const struct file_state *was,
			       const void *content, size_t len, const struct file_meta *meta, const char *tag)
{
	struct place p;
	enum err e = place_open_by(root_open_straight, r, path, &p);

	if (e)
		return e;
	if (!(e = check_was(&p, was)))
		e = replace_at(&p, content, len, meta, tag);
	file_close(p.dir);
	return e;
}

enum err file_discard_temporary_straight(const struct root *r, const char *path, const char *tag)
{
	struct place p;
	enum err e = place_open_by(root_open_straight, r, path, &p);

	if (e)
		return is_missing(e) ? ERR_NONE : e;
	e = discard_at(&p, tag);
	file_close(p.dir);
	return e;
}

enum err file_remove(const struct root *r, const char *path)
{
	struct place p;
	enum err e;

	e = place_open(r, path, &p);
	if (e)
		return is_missing(e) ? ERR_NONE : e;
	e = remove_name(p.dir, p.name);
	if (!e)
		e = sync_dir(p.dir);
	file_close(p.dir);
	return e;
}

/* Directories */

/* Makes the last component of path, whose directory is there. */
static enum err make_dir(const struct root *r, const char *path, mode_t mode)
{
	struct place p;
	int fd = -1;
	enum err e;

	e = place_open(r, path, &p);
	if (e)
		return e;
	if (mkdirat(p.dir, p.name, mode)) {
		e = errno == EEXIST ? ERR_NONE : ERR_SYSTEM;
		goto out;
	}
	fd = openat(p.dir, p.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* the umask had its say in mkdirat */
	if (fd < 0 || fchmod(fd, mode))
		e = ERR_SYSTEM;
	if (!e)
		e = sync_dir(fd);
	if (!e)
		e = sync_dir(p.dir);
out:
	file_close(fd);
	file_close(p.dir);
	return e;
}

/* Makes path, whose directory is there, unless it is a directory already. */
static enum err have_dir(const struct root *r, const char *path, mode_t mode)
{
	struct stat st;
	enum err e;

	e = root_stat(r, path, &st);
	if (e && errno == ENOENT) {
		e = make_dir(r, path, mode);
		if (e)
			return e;
		e = root_stat(r, path, &st);
	}
	if (!e && !S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return ERR_SYSTEM;
	}
	return e;
}

enum err file_make_dirs(const struct root *r, const char *path, mode_t mode)
{
	char *copy = strdup(path), *end;
	enum err e = ERR_NONE;

	if (!copy)
		return ERR_MEMORY;
	for (char *at = copy; !e && *(at += strspn(at, "/")); at = end) {
		char kept;

		end = at + strcspn(at, "/");
		kept = *end;
		*end = '\0';
		e = have_dir(r, copy, mode);
		*end = kept;
	}
	free(copy);
	return e;
}

enum err file_sync_dir(const struct root *r, const char *path)
{
	int fd = -1;
	enum err e;

	e = root_open_file(r, path, O_RDONLY | O_DIRECTORY, 0, &fd);
	if (e)
		return e;
	e = sync_dir(fd);
	file_close(fd);
	return e;
}
