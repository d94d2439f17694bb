/* SPDX-License-Identifier: GPL-3.0-or-later */
/* temporary.c - below /tmp, whatever $TMPDIR says: its folder may be another account's. */
#include "client/temporary.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

enum err temporary_make(char path[TEMPORARY_PATH], int *fd)
{
	snprintf(path, TEMPORARY_PATH, "/tmp/sallyport-enroll-XXXXXX");
	*fd = mkstemp(path);
	return *fd < 0 ? ERR_SYSTEM : ERR_NONE;
}

void temporary_remove(const char *path, int fd)
{
	if (fd < 0)
		return;
	unlink(path);
	file_close(fd);
}
