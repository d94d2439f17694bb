/* SPDX-License-Identifier: GPL-3.0-or-later */
/* take.c - from paths of the host to rows of a jail. */
#include "jail/take.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/banned.h"

#define MAX_ROWS 200000
#define MAX_DEPTH 64
#define MAX_FLEETING (1024 * 1024)

/* Where a login looks for programs, in its order. */
static const char *const folders[] = { "/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin" };

static bool is_absent(enum err e)
{
	return e == ERR_SYSTEM && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP);
}

static bool is_kind(const struct taking *t, const char *path, mode_t kind)
{
	struct stat st;

	return root_stat(t->r, path, &st) == ERR_NONE && (st.st_mode & S_IFMT) == kind;
}

static enum err clash(const struct taking *t, const char *path)
{
	diag_error_escaped(t->problems, t->file, t->line, "'%s': something else is in the jail under this name", path);
	return ERR_CONFIG;
}

enum err take_find(const struct taking *t, const char *name, char **path)
{
	struct text at = { 0 };
	enum err e;

	if (name[0] == '/') {
		if (!is_kind(t, name, S_IFREG))
			return ERR_NOT_FOUND;
		return (*path = strdup(name)) ? ERR_NONE : ERR_MEMORY;
	}
	for (size_t i = 0; i < ARRAY_SIZE(folders) && name[0] && !strchr(name, '/'); i++) {
		struct stat st;

		text_reset(&at);
		text_add(&at, "%s/%s", folders[i], name);
		if ((e = text_check(&at))) {
			text_free(&at);
			return e;
		}
		if (root_stat(t->r, at.s, &st) == ERR_NONE && S_ISREG(st.st_mode) && (st.st_mode & 0111)) {
			*path = text_take(&at);
			return ERR_NONE;
		}
	}
	text_free(&at);
	return ERR_NOT_FOUND;
}

enum err take_names(const struct taking *t, struct strings *out)
{
	enum err e;

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if ((e = root_list(t->r, folders[i], out)) && !is_absent(e))
			return e;
	return ERR_NONE;
}

enum err take_program(struct taking *t, const char *path)
{
	enum err e = resolver_add_program(t->rv, path, t->into, t->problems);

	return e == ERR_EXISTS ? clash(t, path) : e;
}

static void warn_of_closed(struct taking *t, struct owned *folder)
{
	if (!folder->told)
		diag_warning(t->problems, folder->path, 0,
			     "not everybody may enter this folder: what is in it stays outside of the jail");
	folder->told = true;
}

/* Whether the file, and every link on the way, is where everybody may come; else it is told. A way of others than root's: ERR_CONFIG. */
static enum err look_at_way(struct taking *t, const struct way *way, bool *open)
{
	struct owned *one;
	enum err e;

	*open = true;
	for (size_t i = 0; i <= way->n; i++) {
		const struct spot *s = i < way->n ? way->passed[i] : way->end;

		if (i < way->n && S_ISLNK(s->mode) && (e = owners_refuse(t->owners, s->path, t->problems)))
			return e;
		if ((e = owners_find(t->owners, s->path, &one)))
			return e;
		if (!one->closed)
			continue;
		warn_of_closed(t, one->closed);
		*open = false;
		break;
	}
	return ERR_NONE;
}

/* Opened straight: who writes there might put a link in its place meanwhile. */
static enum err read_fleeting(const struct taking *t, const char *real, char **content, size_t *len)
{
	struct stat st;
	int fd = -1;
	enum err e = root_open_straight(t->r, real, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd);

	if (!e && fstat(fd, &st))
		e = ERR_SYSTEM;
	if (!e)
		e = S_ISREG(st.st_mode) && (st.st_mode & S_IROTH) ? file_read_all(fd, MAX_FLEETING, content, len)
								  : ERR_NOT_FILE;
	file_close(fd);
	return e;
}

/* Data that a service keeps where it is gone after the next boot. What can be run goes the way of all programs. *taken: it was. */
static enum err take_fleeting(struct taking *t, const char *path, const struct spot *end, bool *taken)
{
	const struct entry *there = entries_find(t->into, path);
	struct entry one = { .kind = ENTRY_FILE, .path = (char *)path, .mode = end->mode & 0644, .fleeting = true };
	enum err e;

	*taken = false;
	if (strncmp(end->path, "/run/", 5) != 0 || (end->mode & 0111))
		return ERR_NONE;
	if (there && there->fleeting) {
		*taken = true;
		return ERR_NONE;
	}
	e = read_fleeting(t, end->path, &one.content, &one.len);
	if (e == ERR_MEMORY)
		return e;
	if (e) {
		diag_warning(t->problems, end->path, 0, "stays outside of the jail: %s", err_text(e));
		*taken = true;
		return ERR_NONE;
	}
	*taken = one.len < 4 || memcmp(one.content, "\177ELF", 4) != 0;
	if (*taken && (e = entries_add(t->into, &one)) == ERR_EXISTS)
		e = clash(t, path);
	free(one.content);
	return e;
}

/*
 * To a file that everybody may read and come to; NULL: there is none. What others may not read is of no use in the jail, and may be a secret.
 */
static enum err find_public(struct taking *t, const char *path, const struct way **way)
{
	bool open;
	enum err e;

	if ((e = track_follow(t->track, path, way)))
		return e;
	if ((*way)->number || !S_ISREG((*way)->end->mode) || !((*way)->end->mode & S_IROTH)) {
		*way = NULL;
		return ERR_NONE;
	}
	e = look_at_way(t, *way, &open);
	if (!e && !open)
		*way = NULL;
	return e;
}

static enum err take_file(struct taking *t, const char *path)
{
	const struct way *way;
	const char *where;
	bool taken;
	enum err e;

	if (t->is_made(path))
		return ERR_NONE;
	if ((e = find_public(t, path, &way)) || !way || (e = take_fleeting(t, way->end->path, way->end, &taken)))
		return e;
	if (taken)
		return (e = track_add(way, t->into, &where)) == ERR_EXISTS ? clash(t, where) : e;
	e = resolver_add_file(t->rv, path, t->into, t->problems);
	if (e == ERR_EXISTS)
		return clash(t, path);
	return e == ERR_NOT_FOUND ? ERR_NONE : e;
}

enum err take_files(struct taking *t, const char *pattern)
{
	struct strings found = { 0 };
	enum err e = root_glob(t->r, pattern, &found);

	for (size_t i = 0; i < found.n && !e; i++)
		e = take_file(t, found.v[i]);
	strings_free(&found);
	return e;
}

enum err take_plain(struct taking *t, const char *path)
{
	const struct way *way;
	bool taken;
	enum err e;

	if (t->is_made(path))
		return ERR_NONE;
	if ((e = find_public(t, path, &way)) || !way || (e = take_fleeting(t, path, way->end, &taken)) || taken)
		return e;
	e = entries_add_file(t->into, path, way->end->path, way->end->mode & 07777);
	return e == ERR_EXISTS ? clash(t, path) : e;
}

enum err take_library(struct taking *t, const char *soname, const char *program)
{
	enum err e = resolver_add_library(t->rv, soname, program, t->into, t->problems);

	if (e == ERR_EXISTS)
		return clash(t, soname);
	return e == ERR_NOT_FOUND ? ERR_NONE : e;
}

enum err take_folder(struct taking *t, const char *path, bool his)
{
	const struct entry one = { .kind = ENTRY_FOLDER, .path = (char *)path, .mode = his ? 0700 : 0755, .his = his };
	enum err e = entries_add(t->into, &one);

	return e == ERR_EXISTS ? clash(t, path) : e;
}

/* The links on the way to a folder, as they are; *real (borrowed) is where it ends, NULL: nowhere, or where not everybody may come. */
static enum err take_way(struct taking *t, const char *path, const char **real)
{
	const struct way *way;
	struct owned *one;
	const char *taken;
	enum err e;

	*real = NULL;
	if ((e = track_follow(t->track, path, &way)) || way->number ||
	    (e = owners_find(t->owners, way->end->path, &one)))
		return e;
	if (one->closed || one->closes) {
		warn_of_closed(t, one->closed ? one->closed : one);
		return ERR_NONE;
	}
	if ((e = track_add(way, t->into, &taken)))
		return e == ERR_EXISTS ? clash(t, taken) : e;
	*real = way->end->path;
	return ERR_NONE;
}

static bool is_below(const char *path, const char *folder)
{
	const size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static bool is_excepted(const char *path, const struct strings *except)
{
	for (size_t i = 0; i < except->n; i++)
		if (fnmatch(except->v[i], path, 0) == 0)
			return true;
	return false;
}

static enum err take_tree(struct taking *t, const char *path, const struct strings *except, unsigned depth);

static enum err take_in_tree(struct taking *t, const char *path, const struct strings *except, unsigned depth)
{
	const struct way *way;
	struct stat st;
	enum err e = track_follow(t->track, path, &way);

	if (e)
		return e;
	if (way->number)
		/* a link that leads nowhere is nothing to take; what cannot be looked at itself is an error */
		return (e = root_lstat(t->r, path, &st)) && !is_absent(e) ? e : ERR_NONE;
	if (S_ISDIR(way->end->mode))
		return take_tree(t, path, except, depth);
	return take_file(t, path);
}

/* A folder by its real path. */
static enum err take_real_tree(struct taking *t, const char *real, const struct strings *except, unsigned depth)
{
	struct strings names = { 0 };
	enum err e;

	if (depth > MAX_DEPTH || t->into->n > MAX_ROWS) {
		diag_error_escaped(t->problems, t->file, t->line,
				   "'%s': more than a jail holds: wants at most %d entries, %d folders deep", real,
				   MAX_ROWS, MAX_DEPTH);
		return ERR_CONFIG;
	}
	if ((e = strings_add(&t->trees, real)) || (e = take_folder(t, real, false)) ||
	    (e = root_list(t->r, real, &names)))
		goto out;
	for (size_t i = 0; i < names.n && !e; i++) {
		struct text path = { 0 };

		text_add(&path, "%s/%s", real, names.v[i]);
		if (!(e = text_check(&path)) && !is_excepted(path.s, except))
			e = take_in_tree(t, path.s, except, depth);
		text_free(&path);
	}
out:
	strings_free(&names);
	return e;
}

static enum err take_tree(struct taking *t, const char *path, const struct strings *except, unsigned depth)
{
	const char *real;
	enum err e = take_way(t, path, &real);

	/* A link to a folder that it lies in, or that was taken, is taken as the link that it is. */
	if (!e && real && strcmp(real, "/") != 0 && !strings_has(&t->trees, real) && !is_excepted(real, except) &&
	    !(strcmp(path, real) != 0 && is_below(path, real)))
		e = take_real_tree(t, real, except, depth + 1);
	return is_absent(e) ? ERR_NONE : e;
}

enum err take_trees(struct taking *t, const char *pattern, const struct strings *except)
{
	struct strings found = { 0 };
	enum err e = root_glob(t->r, pattern, &found);

	for (size_t i = 0; i < found.n && !e; i++)
		if (is_kind(t, found.v[i], S_IFDIR))
			e = take_tree(t, found.v[i], except, 0);
	strings_free(&found);
	return e;
}
