/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tree.c - remove a folder with everything in it. */
#include "base/tree.h"

#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)ftw;
	(void)(kind == FTW_DP ? rmdir(path) : unlink(path));
	return 0;
}

void tree_remove(const char *dir)
{
	int saved = errno;

	nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	errno = saved;
}
