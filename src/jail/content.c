/* SPDX-License-Identifier: GPL-3.0-or-later */
/* content.c - the content of a file in a jail: shared with the host or copied, and digested while it is read for that. */
#include "jail/work.h"

#include "base/file.h"
#include "jail/ahead.h"
#include "jail/entry_digest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define SEEN_BYTES 16
#define MAX_TRIES 8 /* a package may be upgraded under our hands; not for ever */
#define BIG 65536   /* that is worth a system call of its own */
#define CHANGES "it changes while it is read, again and again"

/* Where package managers put files by replacing them. What is edited in place, as in /etc, would change in the jail as well. */
static const char *const shared_below[] = { "/usr/",	"/lib/", "/lib32/", "/lib64/",
					    "/libx32/", "/bin/", "/sbin/",  "/opt/" };

static bool lies_below_shared(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(shared_below); i++)
		if (!strncmp(path, shared_below[i], strlen(shared_below[i])))
			return true;
	return false;
}

bool content_has_odd_attributes(int fd)
{
	static const char *const odd[] = { "security.capability", "system.posix_acl_access",
					   "system.posix_acl_default" };

	/* most files have none at all; of those that have some, not every file system lists all */
	if (!flistxattr(fd, NULL, 0))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
		if (fgetxattr(fd, odd[i], NULL, 0) >= 0)
			return true;
	return false;
}

/* As it is now: what is done to the host's file later is done to the jail's, until the next update looks at it again. */
bool content_may_share(const struct work *w, const struct entry *e, int fd, const struct stat *st)
{
	return !e->his && S_ISREG(st->st_mode) && st->st_uid == w->own_uid && st->st_gid == w->own_gid &&
	       (st->st_mode & 07777) == e->mode && !(e->mode & 06022) && lies_below_shared(e->source) &&
	       !content_has_odd_attributes(fd);
}

static bool unchanged(int fd, const struct stat *before)
{
	struct stat st;

	return !fstat(fd, &st) && entry_digest_holds(before, &st);
}

enum err content_open_source(struct work *w, struct entry *e, int *fd, struct stat *st)
{
	int got = -1;
	enum err err = root_open_straight(w->r, e->source, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &got);

	if (err)
		return work_fail(w, e->source, "it cannot be opened for the jail");
	if (fstat(got, st))
		err = work_fail(w, e->source, "it cannot be looked at");
	else if (!S_ISREG(st->st_mode))
		err = work_refuse(w, e->source, "it is no regular file: a jail gets no other from the host");
	if (err) {
		file_close(got);
		return err;
	}
	e->mode &= st->st_mode;
	*fd = got;
	return ERR_NONE;
}

/* Longer each time, a third of a second in all: somebody writes there just now. */
static void wait_for_writer(unsigned tries)
{
	const struct timespec moment = { .tv_nsec = tries * 10000000L };

	if (tries < MAX_TRIES)
		nanosleep(&moment, NULL);
}

void content_see(const struct stat *st, char out[ENTRY_SEEN])
{
	const uint64_t all[] = {
		(uint64_t)st->st_dev,	       (uint64_t)st->st_ino,	      (uint64_t)st->st_size,
		(uint64_t)st->st_mtim.tv_sec,  (uint64_t)st->st_mtim.tv_nsec, (uint64_t)st->st_ctim.tv_sec,
		(uint64_t)st->st_ctim.tv_nsec,
	};
	unsigned char sum[SEEN_BYTES];

	out[0] = '\0';
	if (!entry_digest_settles(st))
		return;
	crypto_generichash(sum, sizeof sum, (const unsigned char *)all, sizeof all, NULL, 0);
	sodium_bin2hex(out, ENTRY_SEEN, sum, sizeof sum);
}

enum err content_digest(struct work *w, struct entry *e, struct stat *st)
{
	*st = (struct stat){ 0 };
	if (!e->source) {
		entry_digest_bytes(e->content, e->len, e->digest);
		return ERR_NONE;
	}
	for (unsigned tries = 0; tries < MAX_TRIES; wait_for_writer(++tries)) {
		int fd = -1;
		enum err err = content_open_source(w, e, &fd, st);
		bool same;

		if (err)
			return err;
		err = entry_digest_fd(fd, st->st_size, e->digest);
		if (err == ERR_SYSTEM)
			err = work_fail(w, e->source, "it cannot be read");
		same = unchanged(fd, st);
		file_close(fd);
		if (err == ERR_CONFIG || (!err && same))
			return err;
	}
	return work_refuse(w, e->source, CHANGES);
}

/* ---- putting ---- */

/* One file on its way into the jail. */
struct put {
	struct work *w;
	struct entry *e;
	const struct content_folder *dir;
	const char *name;
	unsigned char *buffer;
	int from, to; /* the source, and what is being made; -1: none */
	struct stat st;
	bool shares, changed;
};

static enum err put_create(struct put *p)
{
	p->to = openat(p->dir->fd, p->name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, p->e->mode & 0777);
	return p->to < 0 ? work_fail(p->w, p->e->path, "it cannot be made in the jail") : ERR_NONE;
}

static void put_drop(struct put *p)
{
	file_close(p->to);
	p->to = -1;
	unlinkat(p->dir->fd, p->name, 0);
}

static bool clone_is_worth_it(struct work *w, const struct stat *st)
{
	bool worth;

	pthread_mutex_lock(&w->mutex);
	worth = !w->clones_not || w->clones_not_from != st->st_dev;
	pthread_mutex_unlock(&w->mutex);
	return worth;
}

/* A reflink where the file system has that. */
static enum err put_clone(struct put *p)
{
	enum err e;

	if (!p->st.st_size || !clone_is_worth_it(p->w, &p->st))
		return ERR_NONE;
	if ((e = put_create(p)))
		return e;
	if (!ioctl(p->to, FICLONE, p->from)) {
		p->shares = true;
		return ERR_NONE;
	}
	pthread_mutex_lock(&p->w->mutex);
	p->w->clones_not = true;
	p->w->clones_not_from = p->st.st_dev;
	pthread_mutex_unlock(&p->w->mutex);
	return ERR_NONE;
}

/* The very file that is open and was read, whatever its name leads to by now. */
static bool link_open_file(int fd, int dir, const char *name)
{
	char path[40];

	if (!linkat(fd, "", dir, name, AT_EMPTY_PATH))
		return true;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return errno == ENOENT && !linkat(AT_FDCWD, path, dir, name, AT_SYMLINK_FOLLOW);
}

/* Of what was read before, and did not change since, only a copy is to be made. */
static enum err put_digest(struct put *p, int to)
{
	const char *known = ahead_digest(p->w->known, p->e->source, &p->st);
	bool writes = false;
	enum err e = ERR_NONE;

	if (known)
		memcpy(p->e->digest, known, ENTRY_DIGEST);
	if (!known || to >= 0)
		e = entry_digest_copy(p->from, to, p->st.st_size, p->buffer, WORK_BUFFER, known ? NULL : p->e->digest,
				      &writes);
	if (e == ERR_SYSTEM)
		return writes ? work_fail(p->w, p->e->path, "it cannot be written in the jail")
			      : work_fail(p->w, p->e->source, "it cannot be read");
	p->changed = e == ERR_TOO_BIG || !unchanged(p->from, &p->st);
	return ERR_NONE;
}

/* A hard link where that is safe. */
static enum err put_link(struct put *p)
{
	enum err e;

	if (p->shares || p->w->how != BUILD_SHARE || p->dir->device != p->st.st_dev ||
	    !content_may_share(p->w, p->e, p->from, &p->st))
		return ERR_NONE;
	if (p->to >= 0)
		put_drop(p);
	if ((e = put_digest(p, -1)) || p->changed)
		return e;
	p->shares = link_open_file(p->from, p->dir->fd, p->name);
	return ERR_NONE;
}

/* Owner and mode; most have them from the start. */
static bool put_owner(const struct put *p)
{
	const uid_t uid = p->e->his ? p->w->uid : p->w->own_uid;
	const gid_t gid = p->e->his ? p->w->gid : p->w->own_gid;
	struct stat st;

	if (fstat(p->to, &st))
		return false;
	if (st.st_uid == uid && st.st_gid == gid && (st.st_mode & 07777) == p->e->mode)
		return true;
	return !fchown(p->to, uid, gid) && !fchmod(p->to, p->e->mode);
}

static enum err put_meta(struct put *p)
{
	const struct timespec times[2] = { p->st.st_mtim, p->st.st_mtim };

	/* Python and others compare the time of a file with what they wrote down */
	if (!put_owner(p) || (p->from >= 0 && futimens(p->to, times)))
		return work_fail(p->w, p->e->path, "its owner, mode and times cannot be set in the jail");
	return ERR_NONE;
}

static enum err put_content(struct put *p)
{
	enum err e = put_create(p);

	if (!e && file_write_all(p->to, p->e->content, p->e->len))
		e = work_fail(p->w, p->e->path, "it cannot be written in the jail");
	if (!e)
		e = put_meta(p);
	if (!e)
		entry_digest_bytes(p->e->content, p->e->len, p->e->digest);
	return e;
}

/* The one sync at the end of a build then finds most bytes on the disk already. What fails here fails there. */
static void put_begin_writing(const struct put *p)
{
	if (!p->shares && p->st.st_size >= BIG)
		(void)sync_file_range(p->to, 0, 0, SYNC_FILE_RANGE_WRITE);
}

static enum err put_source(struct put *p)
{
	enum err e;

	if ((e = content_open_source(p->w, p->e, &p->from, &p->st)) || (e = put_clone(p)) || (e = put_link(p)) ||
	    p->changed)
		return e;
	if (p->shares && p->to < 0)
		return ERR_NONE; /* a link: owner, mode and times are the host's */
	if (p->to < 0 && (e = put_create(p)))
		return e;
	if ((e = put_digest(p, p->shares ? -1 : p->to)) || p->changed)
		return e;
	put_begin_writing(p);
	return put_meta(p);
}

enum err content_put(struct work *w, const struct content_folder *dir, const char *name, struct entry *entry,
		     unsigned char *buffer)
{
	for (unsigned tries = 0; tries < MAX_TRIES; wait_for_writer(++tries)) {
		struct put p = {
			.w = w,
			.e = entry,
			.dir = dir,
			.name = name,
			.buffer = buffer,
			.from = -1,
			.to = -1,
		};
		enum err e = entry->source ? put_source(&p) : put_content(&p);

		if (p.changed)
			put_drop(&p);
		file_close(p.from);
		file_close(p.to);
		if (p.changed && !e)
			continue;
		pthread_mutex_lock(&w->mutex);
		if (!e)
			*(p.shares ? &w->told.bytes_linked : &w->told.bytes_copied) +=
				entry->source ? (unsigned long long)p.st.st_size : entry->len;
		pthread_mutex_unlock(&w->mutex);
		return e;
	}
	return work_refuse(w, entry->source, CHANGES);
}
