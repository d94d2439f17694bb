/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_place.c - whether a jail can stand in a place at all: what is gone with the next boot, names, and the room on the disk. */
#include "base/file.h"
#include "base/message.h"
#include "cmd/jail.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "base/banned.h"

#define BESIDE_BYTES 16 /* of what names beside the jail have more than its own: ".sallyport-new" and a full stop */

int jail_check_dir(const char *dir)
{
	static const char *const passing[] = { "/proc", "/sys", "/dev", "/run" };
	const size_t longest = NAME_MAX - BESIDE_BYTES;

	for (size_t i = 0; i < ARRAY_SIZE(passing); i++) {
		const size_t len = strlen(passing[i]);

		if (strncmp(dir, passing[i], len) == 0 && (!dir[len] || dir[len] == '/'))
			return complain("--dir is '%s': nothing in %s outlasts a boot: wants a place on a disk", dir,
					passing[i]);
	}
	for (const char *at = dir; *at; at += strcspn(at, "/")) {
		at += *at == '/';
		if (strcspn(at, "/") > longest)
			return complain(
				"--dir has a name of %zu bytes in it: wants at most %zu, so that there is one beside "
				"it for what is being made",
				strcspn(at, "/"), longest);
	}
	return 0;
}

/* The folder that is there, of those above the place. -1: none can be opened by us. */
static int open_above(const struct root *r, const char *dir)
{
	char *path = strdup(dir), *slash;
	int fd = -1;

	while (fd < 0 && path && (slash = strrchr(path, '/'))) {
		*slash = '\0';
		if (root_open_file(r, path[0] ? path : "/", O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0, &fd))
			fd = -1;
	}
	free(path);
	return fd;
}

/* What cannot be shared with the host, since it is on another file system. */
static unsigned long long bytes_copied(const struct root *r, const struct entries *all, dev_t device,
				       unsigned long long block)
{
	unsigned long long bytes = 0;

	for (size_t i = 0; i < all->n; i++) {
		const struct entry *e = &all->v[i];
		struct stat st;

		if (e->kind == ENTRY_FILE && e->source && !root_stat(r, e->source, &st) && st.st_dev != device)
			bytes += ((unsigned long long)st.st_size + block - 1) / block * block;
	}
	return bytes;
}

static int judge_room(const struct root *r, const struct manifest *m, dev_t device, const struct statfs *v)
{
	const unsigned long long block = v->f_bsize > 0 ? (unsigned long long)v->f_bsize : 1;
	const unsigned long long is_free = (unsigned long long)v->f_bfree * block;
	struct text wanted = { 0 }, left = { 0 };
	unsigned long long bytes;

	if (v->f_flags & ST_RDONLY)
		return complain("'%s' would be on a file system that is mounted read-only", m->jail.dir);
	/* there a copy shares its blocks, also with another subvolume */
	bytes = v->f_type == BTRFS_SUPER_MAGIC ? 0 : bytes_copied(r, &m->entries, device, block);
	if (bytes <= is_free)
		return 0;
	jail_add_size(bytes, &wanted);
	jail_add_size(is_free, &left);
	complain(
		"'%s' would be on a file system with %s left: wants %s, since nothing can be shared with the host there",
		m->jail.dir, text_string(&left), text_string(&wanted));
	text_free(&wanted);
	text_free(&left);
	return EXIT_TROUBLE;
}

int jail_check_room(const struct root *r, const struct manifest *m)
{
	const int fd = open_above(r, m->jail.dir);
	struct statfs v;
	struct stat st;
	int status = 0;

	if (fd >= 0 && fstat(fd, &st) == 0 && fstatfs(fd, &v) == 0 && (status = judge_room(r, m, st.st_dev, &v)))
		hint("nothing was changed; name another place with --dir");
	file_close(fd);
	return status;
}
