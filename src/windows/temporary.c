/* SPDX-License-Identifier: GPL-3.0-or-later */
/* temporary.c - below %TEMP%, which is this user's alone. */
#include "client/temporary.h"

#include "base/file.h"

#include "base/banned.h"

enum err temporary_make(char path[TEMPORARY_PATH], int *fd)
{
	char folder[MAX_PATH - 14], made[MAX_PATH];
	DWORD n = GetTempPathA(sizeof folder, folder);

	if (!n || n >= sizeof folder || !GetTempFileNameA(folder, "sal", 0, made)) {
		errno = EIO;
		return ERR_SYSTEM;
	}
	memcpy(path, made, strlen(made) + 1);
	*fd = open(path, O_RDWR, 0600);
	return *fd < 0 ? ERR_SYSTEM : ERR_NONE;
}

/* Closed first: an open file cannot be removed. */
void temporary_remove(const char *path, int fd)
{
	if (fd < 0)
		return;
	file_close(fd);
	unlink(path);
}
