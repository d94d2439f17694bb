/* SPDX-License-Identifier: GPL-3.0-or-later */
/* recent_place.c - a folder that is this user's alone, by the rules of XDG, and a file in it. */
#include "base/file.h"
#include "client/recent.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define NAME_BYTES 16u
#define FOLDER_MAX 4096

static bool is_ours(int fd, mode_t type)
{
	struct stat st;

	return !fstat(fd, &st) && (st.st_mode & S_IFMT) == type && st.st_uid == geteuid() && !(st.st_mode & 022);
}

/* Below folder/more, which is made where it is missing; 'folder' itself is not. -1: it cannot be had. */
static int folder_open(const char *folder, const char *more, char path[FOLDER_MAX])
{
	int fd, n = snprintf(path, FOLDER_MAX, "%s%s/sallyport", folder, more);

	if (folder[0] != '/' || n < 0 || n >= FOLDER_MAX)
		return -1;
	mkdir(path, 0700);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && is_ours(fd, S_IFDIR))
		return fd;
	file_close(fd);
	return -1;
}

static int any_folder_open(char path[FOLDER_MAX])
{
	const struct {
		const char *folder, *more;
	} places[] = { { getenv("XDG_RUNTIME_DIR"), "" },
		       { getenv("XDG_CACHE_HOME"), "" },
		       { getenv("HOME"), "/.cache" } };
	int fd = -1;

	for (size_t i = 0; i < ARRAY_SIZE(places) && fd < 0; i++) {
		if (!places[i].folder || !places[i].folder[0])
			continue;
		if (places[i].more[0] &&
		    snprintf(path, FOLDER_MAX, "%s%s", places[i].folder, places[i].more) < FOLDER_MAX)
			mkdir(path, 0700);
		fd = folder_open(places[i].folder, places[i].more, path);
	}
	return fd;
}

enum err recent_open(const char *subject, int *fd)
{
	uint8_t digest[NAME_BYTES];
	char name[2 * NAME_BYTES + 1], path[FOLDER_MAX];
	int folder = any_folder_open(path), file;

	if (folder < 0)
		return ERR_NOT_FOUND;
	crypto_generichash(digest, sizeof digest, (const uint8_t *)subject, strlen(subject), NULL, 0);
	sodium_bin2hex(name, sizeof name, digest, sizeof digest);
	file = openat(folder, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	file_close(folder);
	if (file < 0)
		return ERR_SYSTEM;
	if (!is_ours(file, S_IFREG)) {
		file_close(file);
		return ERR_NOT_FOUND;
	}
	*fd = file;
	return ERR_NONE;
}

enum err recent_folder(struct text *out)
{
	char path[FOLDER_MAX];
	int folder = any_folder_open(path);

	if (folder < 0)
		return ERR_NOT_FOUND;
	file_close(folder);
	text_add_string(out, path);
	return text_check(out);
}
