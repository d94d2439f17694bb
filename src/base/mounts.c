/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mounts.c - the propagation of mounts can be changed only where something is mounted. */
#include "base/mounts.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/banned.h"

static enum err set_private(void)
{
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ? ERR_SYSTEM : ERR_NONE;
}

/* Where the real root of our mount namespace has this folder. */
static enum err path_outside(int fd, char out[PATH_MAX])
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, out, PATH_MAX - 1);
	if (n <= 0 || out[0] != '/')
		return ERR_SYSTEM;
	out[n] = '\0';
	return ERR_NONE;
}

/* Joining the namespace that one is in leads to its root; and back in, over a mount. */
static enum err by_the_root(int top, int own, const char *folder)
{
	char path[PATH_MAX];
	enum err e;

	if (setns(own, CLONE_NEWNS))
		return ERR_SYSTEM;
	if ((e = set_private()) || (e = path_outside(top, path)))
		return e;
	if (mount(path, path, NULL, MS_BIND | MS_REC, NULL) || chroot(path) || (chdir(folder) && chdir("/")))
		return ERR_SYSTEM;
	return ERR_NONE;
}

enum err mounts_make_private(void)
{
	char folder[PATH_MAX];
	int top, own;
	enum err e = set_private();

	if (!e || errno != EINVAL)
		return e;
	if (!getcwd(folder, sizeof folder))
		folder[0] = '\0';
	top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	e = top < 0 || own < 0 ? ERR_SYSTEM : by_the_root(top, own, folder);
	file_close(top);
	file_close(own);
	return e;
}
