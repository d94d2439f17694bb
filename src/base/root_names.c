/* SPDX-License-Identifier: GPL-3.0-or-later */
/* root_names.c - lists of names: what a directory holds, what a pattern matches. */
#include "base/file.h"
#include "base/root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>

#include "base/banned.h"

static enum err open_dir(const struct root *r, const char *path, DIR **out)
{
	int fd = -1;
	DIR *d;
	enum err e;

	e = root_open_file(r, path, O_RDONLY | O_DIRECTORY, 0, &fd);
	if (e)
		return e;
	d = fdopendir(fd);
	if (!d) {
		file_close(fd);
		return ERR_SYSTEM;
	}
	*out = d;
	return ERR_NONE;
}

static enum err add_names(DIR *d, struct strings *to)
{
	const struct dirent *entry;

	for (;;) {
		errno = 0;
		entry = readdir(d);
		if (!entry)
			return errno ? ERR_SYSTEM : ERR_NONE;
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    strings_add(to, entry->d_name))
			return ERR_MEMORY;
	}
}

/* Appends the sorted list to out, all of it or nothing. */
static enum err hand_out(struct strings *sorted, struct strings *out)
{
	strings_sort(sorted);
	return strings_copy(out, sorted);
}

enum err root_list(const struct root *r, const char *path, struct strings *out)
{
	struct strings names = { 0 };
	DIR *d = NULL;
	int kept;
	enum err e;

	if ((e = open_dir(r, path, &d)) || (e = add_names(d, &names)) || (e = hand_out(&names, out)))
		goto out;
out:
	kept = errno;
	if (d)
		closedir(d);
	strings_free(&names);
	errno = kept;
	return e;
}

/* glob(3) hands its callbacks no context. */
static _Thread_local const struct root *glob_root;

static void *glob_opendir(const char *path)
{
	DIR *d = NULL;

	return open_dir(glob_root, path, &d) ? NULL : d;
}

static struct dirent *glob_readdir(void *d)
{
	return readdir(d);
}

static void glob_closedir(void *d)
{
	closedir(d);
}

static int glob_stat(const char *path, struct stat *out)
{
	return root_stat(glob_root, path, out) ? -1 : 0;
}

static int glob_lstat(const char *path, struct stat *out)
{
	return root_lstat(glob_root, path, out) ? -1 : 0;
}

enum err root_glob(const struct root *r, const char *pattern, struct strings *out)
{
	glob_t g = {
		.gl_opendir = glob_opendir,
		.gl_readdir = glob_readdir,
		.gl_closedir = glob_closedir,
		.gl_stat = glob_stat,
		.gl_lstat = glob_lstat,
	};
	struct strings paths = { 0 };
	enum err e = ERR_NONE;
	int status;

	glob_root = r;
	status = glob(pattern, GLOB_NOSORT | GLOB_ALTDIRFUNC, NULL, &g);
	glob_root = NULL;
	if (status == GLOB_NOMATCH)
		return ERR_NONE;
	if (status == GLOB_NOSPACE)
		e = ERR_MEMORY;
	else if (status)
		e = ERR_SYSTEM;
	for (size_t i = 0; !e && i < g.gl_pathc; i++)
		e = strings_add(&paths, g.gl_pathv[i]);
	if (!e)
		e = hand_out(&paths, out);
	globfree(&g);
	strings_free(&paths);
	return e;
}
