/* SPDX-License-Identifier: GPL-3.0-or-later */
/* file.c - what the client needs of base/file.h and base/root.h: whole files of the running system. */
#include "base/file.h"

#include <assert.h>
#include <stdio.h>

#include "base/banned.h"

#define PATH_MOST 1024
#define BLOCK 16384u

void file_close(int fd)
{
	int kept = errno;

	if (fd >= 0)
		close(fd);
	errno = kept;
}

/* "C:/x", "\\\\server\\x", and what begins at the root of the current drive. */
bool file_is_absolute(const char *path)
{
	const bool drive = ((path[0] | 0x20) >= 'a' && (path[0] | 0x20) <= 'z' && path[1] == ':');

	path += drive ? 2 : 0;
	return path[0] == '/' || path[0] == '\\';
}

enum err file_write_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len) {
		int n = write(fd, at, len < BLOCK ? (unsigned)len : BLOCK);

		if (n < 0)
			return ERR_SYSTEM;
		at += n;
		len -= (size_t)n;
	}
	return ERR_NONE;
}

enum err file_read_all(int fd, size_t max, char **out, size_t *len)
{
	char block[BLOCK];
	struct text all = { 0 };
	int n;
	enum err e = ERR_NONE;

	while (!e && (n = read(fd, block, sizeof block)) > 0) {
		if ((size_t)n > max - all.len)
			e = ERR_TOO_BIG;
		else
			text_add_bytes(&all, block, (size_t)n);
	}
	if (!e && n < 0)
		e = ERR_SYSTEM;
	if (!e)
		e = text_check(&all);
	if (!e) {
		*len = all.len;
		text_add_string(&all, "");
		*out = text_take(&all);
		e = *out ? ERR_NONE : ERR_MEMORY;
	}
	text_free(&all);
	return e;
}

/* ---- the running system, and no other ---- */

struct root {
	char unused;
};

enum err root_open(const char *dir, struct root **out)
{
	struct root *r;

	assert(!dir || !strcmp(dir, "/"));
	r = calloc(1, sizeof *r);
	if (!r)
		return ERR_MEMORY;
	*out = r;
	return ERR_NONE;
}

void root_close(struct root *r)
{
	free(r);
}

/* A folder cannot be locked, a file in it can. */
enum err root_open_file(const struct root *r, const char *path, int flags, mode_t mode, int *fd)
{
	char inside[PATH_MOST];
	int n = snprintf(inside, sizeof inside, "%s%s", path, flags & O_DIRECTORY ? "/.lock" : "");

	errno = ENAMETOOLONG;
	if (n < 0 || (size_t)n >= sizeof inside)
		return ERR_SYSTEM;
	*fd = open(inside, flags & O_DIRECTORY ? O_RDWR | O_CREAT : flags, mode);
	return *fd < 0 ? ERR_SYSTEM : ERR_NONE;
}

enum err root_stat(const struct root *r, const char *path, struct stat *out)
{
	return stat(path, out) ? ERR_SYSTEM : ERR_NONE;
}

enum err root_read(const struct root *r, const char *path, size_t max, char **out, size_t *len)
{
	struct stat st;
	int fd = -1;
	enum err e;

	if ((e = root_open_file(r, path, O_RDONLY, 0, &fd)))
		return e;
	e = fstat(fd, &st) || !S_ISREG(st.st_mode) ? ERR_NOT_FILE : file_read_all(fd, max, out, len);
	file_close(fd);
	return e;
}

static enum err windows_failed(void)
{
	const DWORD code = GetLastError();

	errno = code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND ? ENOENT
		: code == ERROR_ACCESS_DENIED				     ? EACCES
									     : EIO;
	return ERR_SYSTEM;
}

static enum err write_new(const char *path, const void *content, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	enum err e = fd < 0 ? ERR_SYSTEM : file_write_all(fd, content, len);

	if (!e && _commit(fd))
		e = ERR_SYSTEM;
	file_close(fd);
	return e;
}

/* Who may read it: for an old one those of before, for a new one those of its folder. */
static enum err put(const char *new, const char *path)
{
	if (access(path, F_OK) == 0)
		return ReplaceFileA(path, new, NULL, REPLACEFILE_IGNORE_MERGE_ERRORS, NULL, NULL) ? ERR_NONE
												  : windows_failed();
	return MoveFileExA(new, path, MOVEFILE_WRITE_THROUGH) ? ERR_NONE : windows_failed();
}

enum err file_replace(const struct root *r, const char *path, const void *content, size_t len,
		      const struct file_meta *meta, const char *tag)
{
	struct text new = { 0 };
	const char *name = path;
	enum err e;

	for (const char *c = path; *c; c++)
		if (*c == '/' || *c == '\\' || *c == ':')
			name = c + 1;
	text_add(&new, "%.*s.%s.%s", (int)(name - path), path, name, tag);
	if ((e = text_check(&new)) == ERR_NONE && (e = write_new(new.s, content, len)) == ERR_NONE)
		e = put(new.s, path);
	if (e && new.s) {
		int kept = errno;

		unlink(new.s);
		errno = kept;
	}
	text_free(&new);
	return e;
}

enum err file_make_dirs(const struct root *r, const char *path, mode_t mode)
{
	char part[PATH_MOST];

	for (size_t i = 0; i < sizeof part; i++) {
		part[i] = path[i];
		if (i && (path[i] == '/' || path[i] == '\\' || !path[i]) && path[i - 1] != ':') {
			part[i] = '\0';
			if (!CreateDirectoryA(part, NULL) && GetLastError() != ERROR_ALREADY_EXISTS)
				return windows_failed();
			part[i] = path[i];
		}
		if (!path[i])
			return ERR_NONE;
	}
	errno = ENAMETOOLONG;
	return ERR_SYSTEM;
}
