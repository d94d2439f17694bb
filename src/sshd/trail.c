/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trail.c - keep the part of the last path that the next one shares. */
#include "sshd/trail.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

void trail_clear(struct trail *t)
{
	free(t->v);
	t->v = NULL;
	t->n = t->size = 0;
}

static enum err step_add(struct trail *t, size_t end, const struct stat *st)
{
	size_t size = t->size ? t->size * 2 : 16;
	struct trail_step *more;

	if (t->n == t->size) {
		if (!(more = reallocarray(t->v, size, sizeof *more)))
			return ERR_MEMORY;
		t->v = more;
		t->size = size;
	}
	t->v[t->n++] = (struct trail_step){ .end = end, .st = *st };
	return ERR_NONE;
}

/* Steps that lead to the new path as well; its last one is never among them. */
static size_t shared(const struct trail *t, const char *path)
{
	size_t n = 0;

	while (n < t->n && !strncmp(t->path, path, t->v[n].end) && path[t->v[n].end] &&
	       (!n || path[t->v[n].end] == '/'))
		n++;
	return n;
}

/* No "", "." or ".." between the slashes. */
static bool is_plain(const char *path)
{
	size_t len;

	if (path[0] != '/' || strlen(path) >= PATH_MAX)
		return false;
	for (const char *at = path; *at; at += len) {
		len = strcspn(++at, "/");
		if (!len || (at[0] == '.' && (len == 1 || (len == 2 && at[1] == '.'))))
			return false;
	}
	return true;
}

static enum err folder_add(struct trail *t, const struct root *r, size_t end)
{
	char name[PATH_MAX];
	struct stat st;
	enum err e;

	memcpy(name, t->path, end);
	name[end] = '\0';
	if ((e = root_lstat(r, name, &st)))
		return e;
	return S_ISLNK(st.st_mode) ? ERR_UNSUPPORTED : step_add(t, end, &st);
}

enum err trail_follow(struct trail *t, const struct root *r, const char *path)
{
	struct stat file;
	size_t end;
	enum err e;

	if (!is_plain(path))
		return ERR_UNSUPPORTED;
	/* the file first: on the way to it the folders are mounted that are mounted on demand */
	if ((e = root_lstat(r, path, &file)))
		return e;
	if (S_ISLNK(file.st_mode))
		return ERR_UNSUPPORTED;
	t->n = shared(t, path);
	memcpy(t->path, path, strlen(path) + 1);
	if (!t->n && (e = folder_add(t, r, 1)))
		return e;
	for (;;) {
		end = t->v[t->n - 1].end;
		end += (t->n > 1) + strcspn(path + end + (t->n > 1), "/");
		if (!path[end])
			return step_add(t, end, &file);
		if ((e = folder_add(t, r, end)))
			return e;
	}
}

const struct stat *trail_file(const struct trail *t)
{
	return &t->v[t->n - 1].st;
}

void trail_name(const struct trail *t, size_t step, char out[PATH_MAX])
{
	memcpy(out, t->path, t->v[step].end);
	out[t->v[step].end] = '\0';
}
