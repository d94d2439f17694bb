/* SPDX-License-Identifier: GPL-3.0-or-later */
/* track.c - walk a path as the kernel does, inside the root, and write down what it goes through. */
#include "jail/track.h"

#include "base/array.h"
#include "base/file.h"
#include "jail/known.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define LINKS_MAX 40 /* as the kernel */

struct track {
	const struct root *root;
	struct known spots, ways;
};

/* A walk under way. */
struct walk {
	struct track *track;
	struct way *way;
	char at[PATH_MAX];   /* "" is the root; else "/a/b", free of links */
	char left[PATH_MAX]; /* still to come */
	unsigned links;
};

static void spot_free(void *spot)
{
	struct spot *s = spot;

	free(s->path);
	free(s->target);
	free(s);
}

static void way_free(void *way)
{
	struct way *w = way;

	free(w->path);
	free(w->passed);
	free(w);
}

enum err track_new(const struct root *r, struct track **out)
{
	struct track *t = calloc(1, sizeof *t);

	if (!t)
		return ERR_MEMORY;
	t->root = r;
	*out = t;
	return ERR_NONE;
}

void track_free(struct track *t)
{
	if (!t)
		return;
	known_clear(&t->ways, way_free);
	known_clear(&t->spots, spot_free);
	free(t);
}

/* The text of the link at fd, or an errno. */
static enum err link_read(int fd, struct spot *s)
{
	char target[PATH_MAX];
	const ssize_t len = readlinkat(fd, "", target, sizeof target);

	if (len < 0 || (size_t)len >= sizeof target)
		s->number = len < 0 ? errno : ENAMETOOLONG;
	else if (!len)
		s->number = ENOENT;
	else if (!(s->target = strndup(target, (size_t)len)))
		return ERR_MEMORY;
	return ERR_NONE;
}

static void spot_set(struct spot *s, const struct stat *st)
{
	s->mode = st->st_mode;
	s->uid = st->st_uid;
	s->gid = st->st_gid;
	s->dev = st->st_dev;
	s->ino = st->st_ino;
}

static enum err spot_look(const struct track *t, struct spot *s)
{
	struct stat st;
	enum err e = ERR_NONE;
	int fd = -1;

	if (root_lstat(t->root, s->path, &st)) {
		s->number = errno;
		return ERR_NONE;
	}
	if (!S_ISLNK(st.st_mode)) {
		spot_set(s, &st);
		return ERR_NONE;
	}
	/* of a link, the text and all else is of the one that is open */
	if (root_open_file(t->root, s->path, O_PATH | O_NOFOLLOW, 0, &fd) || fstat(fd, &st)) {
		s->number = errno;
	} else {
		spot_set(s, &st);
		if (S_ISLNK(st.st_mode))
			e = link_read(fd, s);
	}
	file_close(fd);
	return e;
}

enum err track_look(struct track *t, const char *path, const struct spot **out)
{
	struct spot *s = known_find(&t->spots, path);
	enum err e;

	if (s) {
		*out = s;
		return ERR_NONE;
	}
	if (!(s = calloc(1, sizeof *s)))
		return ERR_MEMORY;
	e = (s->path = strdup(path)) ? spot_look(t, s) : ERR_MEMORY;
	if (!e)
		e = known_add(&t->spots, s);
	if (e) {
		spot_free(s);
		return e;
	}
	*out = s;
	return ERR_NONE;
}

static enum err walk_pass(struct walk *k, const struct spot *s)
{
	const struct spot **v = array_room(k->way->passed, k->way->n, &k->way->size, sizeof(struct spot *));

	if (!v)
		return ERR_MEMORY;
	k->way->passed = v;
	v[k->way->n++] = s;
	return ERR_NONE;
}

static void walk_cut(struct walk *k)
{
	char *slash = strrchr(k->at, '/');

	if (slash)
		*slash = '\0';
}

/* ".." leaves a folder that has to be there all the same for the path to hold. */
static enum err walk_up(struct walk *k)
{
	const struct spot *s;
	enum err e;

	if (!k->at[0])
		return ERR_NONE;
	if ((e = track_look(k->track, k->at, &s)) || (e = walk_pass(k, s)))
		return e;
	walk_cut(k);
	return ERR_NONE;
}

/* The link's text takes the place of the component that led to it. */
static enum err walk_link(struct walk *k, const struct spot *s)
{
	const size_t len = strlen(s->target), left = strlen(k->left);

	if (++k->links > LINKS_MAX) {
		k->way->number = ELOOP;
		return ERR_NONE;
	}
	if (len + left >= sizeof k->left) {
		k->way->number = ENAMETOOLONG;
		return ERR_NONE;
	}
	memmove(k->left + len, k->left, left + 1);
	memcpy(k->left, s->target, len);
	if (s->target[0] == '/')
		k->at[0] = '\0';
	else
		walk_cut(k);
	return walk_pass(k, s);
}

static enum err walk_step(struct walk *k, const char *name, size_t len)
{
	const size_t at = strlen(k->at);
	const struct spot *s;
	enum err e;

	if (len > NAME_MAX || at + 1 + len >= sizeof k->at) {
		k->way->number = ENAMETOOLONG;
		return ERR_NONE;
	}
	k->at[at] = '/';
	memcpy(k->at + at + 1, name, len);
	k->at[at + 1 + len] = '\0';
	memmove(k->left, name + len, strlen(name + len) + 1); /* name points into it */
	if ((e = track_look(k->track, k->at, &s)))
		return e;
	if (s->number)
		k->way->number = s->number;
	else if (S_ISLNK(s->mode))
		return walk_link(k, s);
	else if (k->left[0] && !S_ISDIR(s->mode))
		k->way->number = ENOTDIR;
	return ERR_NONE;
}

static enum err walk_all(struct walk *k)
{
	enum err e = ERR_NONE;

	while (!e && !k->way->number) {
		const char *name = k->left + strspn(k->left, "/");
		const size_t len = strcspn(name, "/");

		if (!len)
			break;
		if (len == 1 && name[0] == '.') {
			memmove(k->left, name + 1, strlen(name + 1) + 1);
		} else if (len == 2 && name[0] == '.' && name[1] == '.') {
			memmove(k->left, name + 2, strlen(name + 2) + 1);
			e = walk_up(k);
		} else {
			e = walk_step(k, name, len);
		}
	}
	if (e || k->way->number)
		return e;
	return track_look(k->track, k->at[0] ? k->at : "/", &k->way->end);
}

/*
 * The folder of a path, when it was looked at and is one: as no spot has a link on its way, there is nothing to write down. Its length; 0 and
 * "" when all has to be walked.
 */
static size_t known_folder(const struct track *t, const char *path, char folder[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	const size_t len = slash ? (size_t)(slash - path) : 0;
	const struct spot *s;

	memcpy(folder, path, len);
	folder[len] = '\0';
	if (len && (s = known_find(&t->spots, folder)) && !s->number && S_ISDIR(s->mode))
		return len;
	folder[0] = '\0';
	return 0;
}

static enum err walk_path(struct track *t, struct way *w)
{
	const size_t len = strlen(w->path);
	struct walk k;
	size_t skip;

	if (len >= sizeof k.left) {
		w->number = ENAMETOOLONG;
		return ERR_NONE;
	}
	/* the rest of the two long arrays needs no zeros, thousands of times */
	k.track = t;
	k.way = w;
	k.links = 0;
	skip = known_folder(t, w->path, k.at);
	memcpy(k.left, w->path + skip, len + 1 - skip);
	return walk_all(&k);
}

enum err track_follow(struct track *t, const char *path, const struct way **out)
{
	struct way *w = known_find(&t->ways, path);
	enum err e;

	if (w) {
		*out = w;
		return ERR_NONE;
	}
	if (!(w = calloc(1, sizeof *w)))
		return ERR_MEMORY;
	e = (w->path = strdup(path)) ? walk_path(t, w) : ERR_MEMORY;
	if (!e)
		e = known_add(&t->ways, w);
	if (e) {
		way_free(w);
		return e;
	}
	*out = w;
	return ERR_NONE;
}

/* A folder or a file that somebody else described is as good as ours; what another kind of thing would hide is not. */
static bool is_there(const struct entries *all, const struct spot *s)
{
	const struct entry *there = entries_find(all, s->path);

	if (!there)
		return false;
	if (S_ISLNK(s->mode))
		return there->kind == ENTRY_LINK && strcmp(there->target, s->target) == 0;
	return there->kind == (S_ISDIR(s->mode) ? ENTRY_FOLDER : ENTRY_FILE);
}

static enum err spot_add(const struct spot *s, struct entries *into)
{
	if (strcmp(s->path, "/") == 0 || is_there(into, s))
		return ERR_NONE;
	if (S_ISLNK(s->mode))
		return entries_add_link(into, s->path, s->target);
	if (S_ISDIR(s->mode))
		return entries_add_folder(into, s->path, 0755);
	return entries_add_file(into, s->path, s->path, s->mode);
}

/* What stands above it in the entries must be folders: a link there leads elsewhere than in the host. */
static const char *above_taken(const struct spot *s, const struct entries *all)
{
	char folder[PATH_MAX];
	const size_t len = strlen(s->path);

	if (len >= sizeof folder)
		return NULL;
	memcpy(folder, s->path, len + 1);
	for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		const struct entry *there;

		*slash = '\0';
		there = entries_find(all, folder);
		if (there && there->kind != ENTRY_FOLDER)
			return there->path;
		*slash = '/';
	}
	return NULL;
}

enum err track_add(const struct way *w, struct entries *into, const char **taken)
{
	for (size_t i = 0; i <= w->n; i++) {
		const struct spot *s = i < w->n ? w->passed[i] : w->end;
		enum err e;

		if (!s)
			continue;
		if ((*taken = above_taken(s, into)))
			return ERR_EXISTS;
		if ((e = spot_add(s, into))) {
			*taken = s->path;
			return e;
		}
	}
	return ERR_NONE;
}
