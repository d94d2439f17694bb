/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * walk_flags.c - renames and unlinks, also where a flag keeps things from change (chattr +i, +a). What has such a flag may be the host's own
 * file by another name, so the flag is taken away for that moment only.
 */
#include "jail/walk.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define KEEPING (FS_IMMUTABLE_FL | FS_APPEND_FL)

bool walk_flags_lift(int at, const char *name, struct walk_flags *out)
{
	int fd = openat(at, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC), flags = 0, without;
	struct stat st;

	*out = (struct walk_flags){ .fd = -1 };
	if (fd >= 0 && !fstat(fd, &st) && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) &&
	    !ioctl(fd, FS_IOC_GETFLAGS, &flags) && (flags & KEEPING)) {
		without = flags & ~KEEPING;
		if (!ioctl(fd, FS_IOC_SETFLAGS, &without)) {
			*out = (struct walk_flags){ .fd = fd, .flags = flags };
			return true;
		}
	}
	file_close(fd);
	return false;
}

void walk_flags_restore(struct walk_flags *f)
{
	const int number = errno;
	struct stat st;

	/* without a name it is on its way out, and nobody's any more */
	if (f->fd >= 0 && !fstat(f->fd, &st) && st.st_nlink)
		ioctl(f->fd, FS_IOC_SETFLAGS, &f->flags);
	file_close(f->fd);
	f->fd = -1;
	errno = number;
}

enum err walk_unlink(int at, const char *name, int flag)
{
	struct walk_flags folder, file;
	bool lifted;
	int failed;

	if (!unlinkat(at, name, flag))
		return ERR_NONE;
	if (errno != EPERM)
		return ERR_SYSTEM;
	lifted = walk_flags_lift(at, ".", &folder);
	lifted |= walk_flags_lift(at, name, &file);
	errno = EPERM;
	failed = lifted ? unlinkat(at, name, flag) : -1;
	walk_flags_restore(&file);
	walk_flags_restore(&folder);
	return failed ? ERR_SYSTEM : ERR_NONE;
}

enum err walk_rename(int from, const char *name, int to, const char *as, unsigned how)
{
	struct walk_flags folder, moved, there;
	bool lifted;
	int failed;

	if (!renameat2(from, name, to, as, how))
		return ERR_NONE;
	if (errno != EPERM)
		return ERR_SYSTEM;
	lifted = walk_flags_lift(to, ".", &folder);
	lifted |= walk_flags_lift(from, name, &moved);
	lifted |= walk_flags_lift(to, as, &there);
	errno = EPERM;
	failed = lifted ? renameat2(from, name, to, as, how) : -1;
	walk_flags_restore(&there);
	walk_flags_restore(&moved);
	walk_flags_restore(&folder);
	return failed ? ERR_SYSTEM : ERR_NONE;
}
