/* SPDX-License-Identifier: GPL-3.0-or-later */
/* entry.c - the rows of a jail, sorted by path. */
#include "jail/entry.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/banned.h"

/* Where the path is, or where it would come. */
static size_t place_of(const struct entries *all, const char *path, bool *there)
{
	size_t low = 0, high = all->n;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;

		if (strcmp(all->v[mid].path, path) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*there = low < all->n && strcmp(all->v[low].path, path) == 0;
	return low;
}

const struct entry *entries_find(const struct entries *all, const char *path)
{
	bool there;
	const size_t at = place_of(all, path, &there);

	return there ? &all->v[at] : NULL;
}

static bool text_equal(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool content_equal(const struct entry *a, const struct entry *b)
{
	return a->len == b->len &&
	       (a->len == 0 || (a->content && b->content && memcmp(a->content, b->content, a->len) == 0));
}

bool entry_equal(const struct entry *a, const struct entry *b)
{
	if (a->kind != b->kind || a->his != b->his || strcmp(a->path, b->path) != 0)
		return false;
	if (a->kind == ENTRY_LINK)
		return text_equal(a->target, b->target);
	if (a->mode != b->mode)
		return false;
	if (a->kind == ENTRY_DEVICE)
		return a->device == b->device;
	return a->kind == ENTRY_FOLDER || (text_equal(a->source, b->source) && content_equal(a, b));
}

static enum err entry_copy(const struct entry *from, struct entry *to)
{
	struct entry e = *from;

	e.path = strdup(from->path);
	e.source = from->source ? strdup(from->source) : NULL;
	e.target = from->target ? strdup(from->target) : NULL;
	e.content = from->content ? malloc(from->len + 1) : NULL;
	if (!e.path || (from->source && !e.source) || (from->target && !e.target) || (from->content && !e.content)) {
		entry_clear(&e);
		return ERR_MEMORY;
	}
	if (e.content) {
		memcpy(e.content, from->content, from->len);
		e.content[from->len] = '\0';
	}
	*to = e;
	return ERR_NONE;
}

static enum err put(struct entries *all, const struct entry *one)
{
	struct entry copy, *v;
	bool there;
	const size_t at = place_of(all, one->path, &there);
	enum err e;

	if (there)
		return entry_equal(&all->v[at], one) ? ERR_NONE : ERR_EXISTS;
	if (!(v = array_room(all->v, all->n, &all->size, sizeof *v)))
		return ERR_MEMORY;
	all->v = v;
	if ((e = entry_copy(one, &copy)))
		return e;
	memmove(&v[at + 1], &v[at], (all->n - at) * sizeof *v);
	v[at] = copy;
	all->n++;
	return ERR_NONE;
}

/* A folder on the way that is there already, in whatever form but a file, is good enough: a link leads to one that has its own row. */
static enum err put_parents(struct entries *all, const char *path)
{
	char *folder = strdup(path), *last;
	enum err e = ERR_NONE;

	if (!folder)
		return ERR_MEMORY;
	/* what is there came with all above it */
	if ((last = strrchr(folder, '/'))) {
		*last = '\0';
		if (entries_find(all, folder)) {
			free(folder);
			return ERR_NONE;
		}
		*last = '/';
	}
	for (char *slash = strchr(folder + 1, '/'); slash && !e; slash = strchr(slash + 1, '/')) {
		const struct entry way = { .kind = ENTRY_FOLDER, .path = folder, .mode = 0755 };

		*slash = '\0';
		if (!entries_find(all, folder))
			e = put(all, &way);
		*slash = '/';
	}
	free(folder);
	return e;
}

enum err entries_add(struct entries *all, const struct entry *one)
{
	enum err e = put_parents(all, one->path);

	return e ? e : put(all, one);
}

enum err entries_add_folder(struct entries *all, const char *path, mode_t mode)
{
	return entries_add(all, &(struct entry){ .kind = ENTRY_FOLDER, .path = (char *)path, .mode = mode });
}

enum err entries_add_file(struct entries *all, const char *path, const char *source, mode_t mode)
{
	return entries_add(
		all, &(struct entry){
			     .kind = ENTRY_FILE, .path = (char *)path, .source = (char *)source, .mode = mode & 0755 });
}

enum err entries_add_content(struct entries *all, const char *path, const char *content, size_t len, mode_t mode)
{
	return entries_add(all, &(struct entry){ .kind = ENTRY_FILE,
						 .path = (char *)path,
						 .content = (char *)content,
						 .len = len,
						 .mode = mode });
}

enum err entries_add_link(struct entries *all, const char *path, const char *target)
{
	return entries_add(all, &(struct entry){ .kind = ENTRY_LINK, .path = (char *)path, .target = (char *)target });
}

enum err entries_add_device(struct entries *all, const char *path, mode_t mode, unsigned major, unsigned minor)
{
	return entries_add(all, &(struct entry){ .kind = ENTRY_DEVICE,
						 .path = (char *)path,
						 .mode = mode,
						 .device = makedev(major, minor) });
}

void entries_drop(struct entries *all, size_t i)
{
	entry_clear(&all->v[i]);
	memmove(&all->v[i], &all->v[i + 1], (all->n - i - 1) * sizeof *all->v);
	all->n--;
}

bool entry_is_log(const char *path, mode_t mode, uid_t owner)
{
	return S_ISSOCK(mode) && owner == 0 && strcmp(path, "/dev/log") == 0;
}

void entry_clear(struct entry *e)
{
	free(e->path);
	free(e->source);
	free(e->content);
	free(e->target);
	*e = (struct entry){ 0 };
}

void entries_clear(struct entries *all)
{
	for (size_t i = 0; i < all->n; i++)
		entry_clear(&all->v[i]);
	free(all->v);
	*all = (struct entries){ 0 };
}
