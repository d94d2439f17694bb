/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check_file.c - compares a file of a jail with what it should be, and says whether it would let somebody out. */
#include "jail/check_file.h"

#include "base/file.h"
#include "jail/acl.h"
#include "jail/entry_digest.h"
#include "jail/trouble.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/banned.h"

#define CAPABILITY_XATTR "security.capability"

static const char *where(const struct tree_look *l)
{
	return l->path.len ? l->path.s : "/";
}

static const char *kind_text(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR: return "a folder";
	case S_IFREG: return "a file";
	case S_IFLNK: return "a link";
	case S_IFCHR: return "a device";
	case S_IFBLK: return "a disk";
	case S_IFSOCK: return "a socket";
	default: return "a FIFO";
	}
}

static mode_t entry_type(const struct entry *e)
{
	static const mode_t types[] = {
		[ENTRY_FOLDER] = S_IFDIR, [ENTRY_FILE] = S_IFREG, [ENTRY_LINK] = S_IFLNK, [ENTRY_DEVICE] = S_IFCHR
	};

	return types[e->kind];
}

/* Where programs look for what they run, load and believe. */
static bool is_system_place(const char *path)
{
	static const char *const places[] = { "bin", "sbin", "usr", "etc", "dev" };
	const size_t len = strcspn(path + 1, "/");

	if (len >= 3 && strncmp(path + 1, "lib", 3) == 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (strlen(places[i]) == len && strncmp(places[i], path + 1, len) == 0)
			return true;
	return false;
}

static bool others_may_write(const struct statx *x)
{
	return x->stx_uid != 0 || (!S_ISLNK(x->stx_mode) && x->stx_mode & 022);
}

struct file_place file_place_of(const struct tree_look *l, const char *path, const struct statx *x,
				struct file_place parent)
{
	struct file_place p = { .his = parent.his, .foreign = parent.foreign, .uid = parent.uid, .gid = parent.gid };

	if (!l->manifest) {
		p.his = p.his || (!is_system_place(path) && others_may_write(x));
		/* root gave the folder to somebody: that is who works below it */
		if (p.his && !parent.his && S_ISDIR(x->stx_mode)) {
			p.uid = x->stx_uid;
			p.gid = x->stx_gid;
		}
		return p;
	}
	p.entry = entries_find(&l->manifest->entries, path);
	p.his = p.his || (p.entry && p.entry->his);
	p.uid = l->manifest->jail.uid;
	p.gid = l->manifest->jail.gid;
	return p;
}

/* ---- ways out ---- */

/* By the descriptor's name: fgetxattr() wants a file that was opened. */
static ssize_t attribute_get(int fd, const char *name, void *to, size_t size)
{
	char path[40];

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return getxattr(path, name, to, size);
}

/* What he makes setuid in his own home gives nobody more than he has, and every user can do that at any time. */
static bool gives_nothing(const struct statx *x, struct file_place place)
{
	return place.his && (!(x->stx_mode & S_ISUID) || (place.uid != 0 && x->stx_uid == place.uid)) &&
	       (!(x->stx_mode & S_ISGID) || (place.gid != 0 && x->stx_gid == place.gid));
}

static enum err look_for_privileges(struct tree_look *l, int fd, const struct statx *x, struct file_place place)
{
	const char *bit = x->stx_mode & S_ISUID ? "setuid" : "setgid";

	if (x->stx_mode & (S_ISUID | S_ISGID) && !gives_nothing(x, place))
		return trouble_add(l->out, JAIL_SETUID, where(l), "it is %s, of uid %u and gid %u (mode %04o)", bit,
				   x->stx_uid, x->stx_gid, x->stx_mode & 07777);
	if (attribute_get(fd, CAPABILITY_XATTR, NULL, 0) >= 0)
		return trouble_add(l->out, JAIL_SETUID, where(l), "it has capabilities");
	if (errno != ENODATA && errno != ENOTSUP)
		return trouble_add(l->out, JAIL_UNKNOWN, where(l), "whether it has capabilities cannot be read: %s",
				   strerror(errno));
	return ERR_NONE;
}

static enum err look_for_acl(struct tree_look *l, int fd, bool *told)
{
	uint8_t *bytes;
	bool writable = false;
	ssize_t len = attribute_get(fd, ACL_XATTR, NULL, 0);
	enum err e;

	if (len < 0 && (errno == ENODATA || errno == ENOTSUP))
		return ERR_NONE;
	if (!(bytes = malloc(ACL_BYTES_MAX)))
		return ERR_MEMORY;
	len = attribute_get(fd, ACL_XATTR, bytes, ACL_BYTES_MAX);
	e = len < 0 ? ERR_SYSTEM : acl_parse(bytes, (size_t)len, &writable);
	if (e)
		e = trouble_add(l->out, JAIL_UNKNOWN, where(l), "its access control list cannot be read: %s",
				err_text(e));
	else if (writable) {
		*told = true;
		e = trouble_add(l->out, JAIL_WRITABLE, where(l), "an access control list lets others than root write");
	}
	free(bytes);
	return e;
}

/* Outside of what is the user's nobody but root writes. */
static enum err look_for_writers(struct tree_look *l, int fd, const struct statx *x, bool *told)
{
	enum err e;

	if ((e = look_for_acl(l, fd, told)) || *told)
		return e;
	*told = others_may_write(x);
	if (x->stx_uid != 0)
		return trouble_add(l->out, JAIL_WRITABLE, where(l), "it belongs to uid %u, not to root", x->stx_uid);
	if (*told)
		return trouble_add(l->out, JAIL_WRITABLE, where(l), "%s may write to it (mode %04o)",
				   x->stx_mode & 02 ? "everybody" : "its group", x->stx_mode & 07777);
	return ERR_NONE;
}

/* ---- as it should be ---- */

static enum err compare_kind(struct tree_look *l, const struct statx *x, const struct entry *e, bool *told)
{
	if ((x->stx_mode & S_IFMT) == entry_type(e))
		return ERR_NONE;
	*told = true;
	return trouble_add(l->out, JAIL_CHANGED, where(l), "it is %s, and was %s", kind_text(x->stx_mode),
			   kind_text(entry_type(e)));
}

static enum err compare_owner(struct tree_look *l, const struct statx *x, const struct entry *e)
{
	const uid_t uid = e->his ? l->manifest->jail.uid : 0;
	const gid_t gid = e->his ? l->manifest->jail.gid : 0;

	if (x->stx_uid != uid || (!e->his && x->stx_gid != gid))
		return trouble_add(l->out, JAIL_CHANGED, where(l), "it belongs to %u:%u, and was of %u:%u", x->stx_uid,
				   x->stx_gid, uid, gid);
	if (!e->his && !S_ISLNK(x->stx_mode) && (x->stx_mode & 07777) != e->mode)
		return trouble_add(l->out, JAIL_CHANGED, where(l), "its mode is %04o, and was %04o",
				   x->stx_mode & 07777, (unsigned)e->mode);
	return ERR_NONE;
}

/* A hard link of the host's file is as new as that. */
static bool is_hosts(const struct tree_look *l, const struct statx *x, const struct entry *e)
{
	struct stat st;

	return e->source && root_lstat(l->root, e->source, &st) == ERR_NONE && st.st_ino == x->stx_ino &&
	       st.st_dev == makedev(x->stx_dev_major, x->stx_dev_minor);
}

static enum err compare_content(struct tree_look *l, int fd, const struct statx *x, const struct entry *e)
{
	char digest[ENTRY_DIGEST], path[40];
	enum err got = ERR_SYSTEM;
	int opened;

	if (!l->manifest || e->kind != ENTRY_FILE || !e->digest[0])
		return ERR_NONE;
	if (is_hosts(l, x, e)) {
		l->met[e - l->manifest->entries.v].shared = true;
		return ERR_NONE;
	}
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	opened = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (opened >= 0)
		got = entry_digest_fd(opened, (off_t)x->stx_size, digest);
	file_close(opened);
	if (got == ERR_SYSTEM)
		return trouble_add(l->out, JAIL_UNKNOWN, where(l), "it cannot be read: %s", strerror(errno));
	if (got)
		return trouble_add(l->out, JAIL_UNKNOWN, where(l), "it changed while it was looked at");
	if (strcmp(digest, e->digest) != 0)
		return trouble_add(l->out, JAIL_CHANGED, where(l), "its content is not what was put there");
	return ERR_NONE;
}

static enum err tell_foreign(struct tree_look *l, const struct statx *x, struct file_place place)
{
	if (!l->manifest || place.entry || place.his || place.foreign || place.top)
		return ERR_NONE;
	return trouble_add(l->out, JAIL_FOREIGN, where(l), "%s that nobody put there for the jail",
			   kind_text(x->stx_mode));
}

enum err file_look(struct tree_look *l, int fd, const struct statx *x, struct file_place place)
{
	const struct entry *entry = l->manifest ? place.entry : NULL;
	bool told = false;
	enum err e;

	if ((e = tell_foreign(l, x, place)) || (entry && (e = compare_kind(l, x, entry, &told))))
		return e;
	if (told)
		entry = NULL;
	told = false;
	if (S_ISREG(x->stx_mode) && (e = look_for_privileges(l, fd, x, place)))
		return e;
	/* owner and mode of the top are sshd's to judge: check_path.h */
	if (place.top)
		return look_for_acl(l, fd, &told);
	/* what root lets others write to in a jail that somebody else made is theirs already */
	if (!place.his && (l->manifest || is_system_place(where(l))) && (e = look_for_writers(l, fd, x, &told)))
		return e;
	told = told || (S_ISREG(x->stx_mode) && x->stx_mode & (S_ISUID | S_ISGID));
	if (entry && !told && (e = compare_owner(l, x, entry)))
		return e;
	return entry && !entry->his ? compare_content(l, fd, x, entry) : ERR_NONE;
}

/* ---- links, devices, sockets ---- */

/* Those with which nothing outside can be reached: memory(4), random(4), tty(4), pts(4). */
static bool is_harmless(const struct statx *x)
{
	static const unsigned char numbers[][2] = {
		{ 1, 3 }, { 1, 5 }, { 1, 7 }, { 1, 8 }, { 1, 9 }, { 5, 0 }, { 5, 2 }
	};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (S_ISCHR(x->stx_mode) && x->stx_rdev_major == numbers[i][0] && x->stx_rdev_minor == numbers[i][1])
			return true;
	return false;
}

static enum err look_at_device(struct tree_look *l, const struct statx *x, struct file_place place)
{
	const struct entry *e = place.entry;

	if (l->manifest ? e && e->kind == ENTRY_DEVICE && S_ISCHR(x->stx_mode) &&
				  e->device == makedev(x->stx_rdev_major, x->stx_rdev_minor)
			: is_harmless(x))
		return ERR_NONE;
	return trouble_add(l->out, JAIL_DEVICE, where(l), "%s device %u:%u", S_ISBLK(x->stx_mode) ? "the block" : "the",
			   x->stx_rdev_major, x->stx_rdev_minor);
}

/* One of root's in a folder of the user is the host's: he can make none that is not his. */
static enum err look_at_socket(struct tree_look *l, const struct statx *x, struct file_place place)
{
	const bool his_own = l->manifest ? x->stx_uid == l->manifest->jail.uid : x->stx_uid != 0;

	if (place.his && his_own)
		return ERR_NONE;
	return trouble_add(l->out, JAIL_SOCKET, where(l),
			   "%s of uid %u: something outside of the jail may answer there", kind_text(x->stx_mode),
			   x->stx_uid);
}

static enum err compare_link(struct tree_look *l, int folder, const char *name, const struct entry *e)
{
	char target[PATH_MAX];
	const ssize_t len = readlinkat(folder, name, target, sizeof target - 1);

	if (len < 0)
		return trouble_add(l->out, JAIL_UNKNOWN, where(l), "the link cannot be read: %s", strerror(errno));
	target[len] = '\0';
	if (strcmp(target, e->target) != 0)
		return trouble_add(l->out, JAIL_CHANGED, where(l), "it leads to %s, and led to %s", target, e->target);
	return ERR_NONE;
}

enum err file_look_special(struct tree_look *l, int folder, const char *name, const struct statx *x,
			   struct file_place place)
{
	const struct entry *entry = place.entry;
	bool told = false;
	enum err e;

	if (S_ISCHR(x->stx_mode) || S_ISBLK(x->stx_mode))
		e = look_at_device(l, x, place);
	else if (S_ISSOCK(x->stx_mode) || S_ISFIFO(x->stx_mode))
		e = look_at_socket(l, x, place);
	else
		e = tell_foreign(l, x, place);
	if (e || !entry || (e = compare_kind(l, x, entry, &told)) || told || entry->his)
		return e;
	if ((e = compare_owner(l, x, entry)))
		return e;
	return entry->kind == ENTRY_LINK ? compare_link(l, folder, name, entry) : ERR_NONE;
}
