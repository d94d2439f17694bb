/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sound.c - whether names and rows may become a jail. */
#include "jail/sound.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/banned.h"

bool sound_path(const char *path)
{
	if (path[0] != '/' || strlen(path) >= PATH_MAX)
		return false;
	for (const char *at = path; *at;) {
		const size_t len = strcspn(++at, "/");

		if (len == 0 || len > NAME_MAX || (len == 1 && at[0] == '.') || (len == 2 && !memcmp(at, "..", 2)))
			return false;
		at += len;
	}
	return true;
}

/* Room for what is put around it in names of our own. */
bool sound_user(const char *name)
{
	return name[0] && name[0] != '.' && strlen(name) <= NAME_MAX - 32 && !strchr(name, '/');
}

bool sound_digest(const char *s)
{
	return strlen(s) == ENTRY_DIGEST - 1 && strspn(s, "0123456789abcdef") == ENTRY_DIGEST - 1;
}

/* The folder that the entry stands in; NULL: the top. */
static enum err parent_find(const struct entries *all, const struct entry *e, const struct entry **parent)
{
	const char *slash = strrchr(e->path, '/');
	char *folder;

	*parent = NULL;
	if (slash == e->path)
		return ERR_NONE;
	if (!(folder = strndup(e->path, (size_t)(slash - e->path))))
		return ERR_MEMORY;
	*parent = entries_find(all, folder);
	free(folder);
	return ERR_NONE;
}

bool sound_seen(const char *s)
{
	return strlen(s) == ENTRY_SEEN - 1 && strspn(s, "0123456789abcdef") == ENTRY_SEEN - 1;
}

static const char *kind_trouble(const struct entry *e)
{
	switch (e->kind) {
	case ENTRY_FOLDER:
		return e->source || e->content || e->target ? "a folder has neither source nor content" : NULL;
	case ENTRY_FILE:
		if (e->target || !e->source == !e->content)
			return "a file wants either a source or content";
		if (e->source && !sound_path(e->source))
			return "the source is no absolute path without '.' and '..'";
		if (e->len > SOUND_CONTENT_MAX)
			return "the content is too long";
		return e->mode & 06000 ? "no file in a jail is setuid or setgid" : NULL;
	case ENTRY_LINK:
		if (e->source || e->content || e->his)
			return "a link has a target only, and is root's";
		return !e->target || !e->target[0] || strlen(e->target) >= PATH_MAX ? "a link wants a target" : NULL;
	case ENTRY_DEVICE:
		if (e->source || e->content || e->target || e->his)
			return "a device has a number only, and is root's";
		return e->mode & 06000 ? "no device is setuid or setgid" : NULL;
	}
	return "it is of no known kind";
}

static enum err entry_trouble(const struct entries *all, size_t i, const char **what)
{
	const struct entry *e = &all->v[i], *parent;
	enum err err;

	*what = NULL;
	if (!e->path || !sound_path(e->path))
		*what = "wants an absolute path without '.' and '..'";
	else if (!strncmp(e->path + 1, SOUND_STAGE, sizeof SOUND_STAGE - 1) && strchr("/", e->path[sizeof SOUND_STAGE]))
		*what = "that name is kept for the time of an update";
	else if (i && strcmp(all->v[i - 1].path, e->path) >= 0)
		*what = strcmp(all->v[i - 1].path, e->path) ? "out of order" : "it is there twice";
	else if (e->mode > 07777)
		*what = "the mode is no mode";
	else if (e->digest[0] && (e->kind != ENTRY_FILE || !sound_digest(e->digest)))
		*what = "wants a digest of 64 hexadecimal digits, of files only";
	else if (e->seen[0] && (!e->source || !sound_seen(e->seen)))
		*what = "'seen' wants 32 hexadecimal digits, of files of the host only";
	else
		*what = kind_trouble(e);
	if (*what)
		return ERR_NONE;
	if ((err = parent_find(all, e, &parent)))
		return err;
	if (strrchr(e->path, '/') != e->path && (!parent || parent->kind != ENTRY_FOLDER))
		*what = "the folder that it stands in has no row of its own";
	return ERR_NONE;
}

enum err sound_entries(const struct entries *all, struct text *problem)
{
	for (size_t i = 0; i < all->n; i++) {
		const char *what;
		enum err e = entry_trouble(all, i, &what);

		if (e)
			return e;
		if (!what)
			continue;
		if (problem) {
			const char *path = all->v[i].path ? all->v[i].path : "";

			text_add(problem, "entry %zu, '", i + 1);
			text_add_escaped(problem, path, strlen(path));
			text_add(problem, "': %s", what);
		}
		return ERR_SYNTAX;
	}
	return ERR_NONE;
}

enum err sound_inside_his(const struct entries *all, bool **out)
{
	bool *inside = calloc(all->n + 1, sizeof *inside);

	if (!inside)
		return ERR_MEMORY;
	for (size_t i = 0; i < all->n; i++) {
		const struct entry *parent;

		if (parent_find(all, &all->v[i], &parent)) {
			free(inside);
			return ERR_MEMORY;
		}
		/* its folder stands before it, and is known */
		inside[i] = parent && (parent->his || inside[parent - all->v]);
	}
	*out = inside;
	return ERR_NONE;
}
