/* SPDX-License-Identifier: GPL-3.0-or-later */
/* image.c - map a program, its loader, and breadth first what they need, as the loader does. */
#include "jail/image.h"

#include "base/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define MAPPED_MAX 1024 /* files of one process */
#define WANTS_MAX 65536 /* names that they want, of all together */

void image_begin(struct image *p, struct host *h, const char *program, bool starts)
{
	*p = (struct image){ .host = h, .program = program, .starts = starts, .like = &h->native };
}

void image_clear(struct image *p)
{
	for (size_t i = 0; i < p->n; i++) {
		strings_free(&p->v[i].names);
		free(p->v[i].origin);
	}
	free(p->v);
	free(p->more);
	*p = (struct image){ 0 };
}

/* Who wanted it, for people; the program itself is named by the problem already. */
static const char *wanted_by(const struct image *p, size_t by)
{
	return by == IMAGE_NOBODY ? "the program" : p->v[by].way->path;
}

/* The folder that $ORIGIN stands for: of a program, free of links (the kernel told it); of a library, as it was found. */
static char *origin_of(const struct way *way, bool program)
{
	const char *path = program ? way->end->path : way->path;
	const char *slash = strrchr(path, '/');

	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

enum err image_map(struct image *p, const struct way *way, const struct object *object, const char *name, size_t by)
{
	struct mapped m = { .object = object, .way = way, .by = by }, *v;
	enum err e = ERR_MEMORY;

	if (p->n >= MAPPED_MAX)
		return ERR_TOO_BIG;
	if (!(v = array_room(p->v, p->n, &p->size, sizeof *v)))
		return ERR_MEMORY;
	p->v = v;
	if (!p->n)
		p->like = &object->elf;
	if ((m.origin = origin_of(way, p->n == 0 && p->starts)) && !(e = strings_add(&m.names, name))) {
		v[p->n++] = m;
		return ERR_NONE;
	}
	strings_free(&m.names);
	free(m.origin);
	return e;
}

enum err image_map_interpreter(struct image *p, struct diags *problems)
{
	const char *name = p->v[0].object->elf.interp, *why;
	const struct object *o;
	const struct way *w;
	bool skip;
	enum err e;

	if (!name)
		return ERR_NONE;
	if (name[0] != '/') {
		diag_error_escaped(
			problems, p->program, 0,
			"wants to be run by '%s', which is not an absolute path: each user would get another one",
			name);
		return ERR_CONFIG;
	}
	if ((e = track_follow(p->host->track, name, &w)))
		return e;
	if (w->number) {
		diag_error_escaped(problems, p->program, 0, "wants to be run by the loader '%s': %s", name,
				   strerror(w->number));
		return ERR_CONFIG;
	}
	if ((e = host_object(p->host, w->end, &o)))
		return e;
	if ((why = search_refuses(p, o, &skip))) {
		diag_error_escaped(problems, p->program, 0, "wants to be run by the loader '%s', but %s", name, why);
		return ERR_CONFIG;
	}
	return image_map(p, w, o, name, IMAGE_NOBODY);
}

/* One that is mapped already under that name; IMAGE_NOBODY: none. */
static size_t mapped_find(const struct image *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct mapped *m = &p->v[i];

		if ((m->object->elf.soname && strcmp(m->object->elf.soname, name) == 0) || strings_has(&m->names, name))
			return i;
	}
	return IMAGE_NOBODY;
}

/* musl has these in itself, whatever the file behind the name. */
static bool is_musl_itself(const struct image *p, const char *name)
{
	static const char *const parts[] = { "c", "pthread", "rt", "m", "dl", "util", "xnet" };
	const char *dot;

	if (!p->loader->musl || strncmp(name, "lib", 3) != 0 || !(dot = strchr(name, '.')))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (strlen(parts[i]) == (size_t)(dot - name - 3) && strncmp(name + 3, parts[i], strlen(parts[i])) == 0)
			return true;
	return false;
}

static enum err more_add(struct image *p, const struct way *w)
{
	const struct way **v = array_room(p->more, p->nmore, &p->more_size, sizeof(struct way *));

	if (!v)
		return ERR_MEMORY;
	p->more = v;
	v[p->nmore++] = w;
	return ERR_NONE;
}

/* Maps what was found, unless it is there under another name: that way to it has to hold as well. */
static enum err map_found(struct image *p, const struct found *f, const char *name, size_t by)
{
	const struct spot *end = f->way->end;
	enum err e;

	p->own_origin = p->own_origin || f->own_origin;
	for (size_t i = 0; i < p->n; i++) {
		const struct spot *there = p->v[i].object->spot;

		if (there->dev == end->dev && there->ino == end->ino)
			return (e = more_add(p, f->way)) ? e : strings_add(&p->v[i].names, name);
	}
	if (!(e = image_map(p, f->way, f->object, name, by)))
		p->v[p->n - 1].beside = f->own_origin;
	return e;
}

/* A name with a slash is a path, and there is no search. */
static enum err find_path(const struct image *p, const char *path, struct found *f)
{
	const struct way *w;
	bool skip;
	enum err e;

	if (path[0] != '/' || (e = track_follow(p->host->track, path, &w)))
		return path[0] != '/' ? ERR_NONE : e;
	if (w->number)
		return ERR_NONE;
	if ((e = host_object(p->host, w->end, &f->object)))
		return e;
	f->way = w;
	f->why = search_refuses(p, f->object, &skip);
	return ERR_NONE;
}

/* Expanded, looked up among what is mapped, then on the disk. *f has no way when it is mapped or nowhere; *there: mapped. */
static enum err find(struct image *p, const char *name, size_t by, struct text *expanded, struct found *f, bool *there)
{
	bool used = false;
	enum err e = search_expand(p, by, name, strlen(name), expanded, &used);

	*there = false;
	if (e)
		return e == ERR_NOT_FOUND ? ERR_NONE : e;
	name = text_string(expanded);
	if (mapped_find(p, name) != IMAGE_NOBODY || (is_musl_itself(p, name) && p->n > 1)) {
		*there = true;
		return ERR_NONE;
	}
	if (!strchr(name, '/'))
		return search_find(p, name, by, f);
	e = find_path(p, name, f);
	f->own_origin = f->way && used && by == 0 && p->starts;
	return e;
}

/* What was found, and what a lesser processor would find. */
static enum err map_both(struct image *p, const struct found *f, const char *name, size_t by)
{
	struct found base;
	enum err e = search_find_plain(p, name, by, f, &base);

	if (!e)
		e = map_found(p, f, name, by);
	return !e && base.way && !base.why ? map_found(p, &base, name, by) : e;
}

static enum err map_need(struct image *p, const struct elf_need *need, size_t by, struct diags *problems)
{
	struct text name = { 0 };
	struct found f = { 0 };
	bool there;
	enum err e;

	if (++p->wants > WANTS_MAX)
		return ERR_TOO_BIG;
	e = find(p, need->name, by, &name, &f, &there);
	if (!e && f.why) {
		diag_error_escaped(problems, p->program, 0,
				   "wants the library '%s' (for '%s'), but that is '%s', and %s", need->name,
				   wanted_by(p, by), f.way->path, f.why);
		e = ERR_CONFIG;
	} else if (!e && f.way) {
		e = map_both(p, &f, text_string(&name), by);
	} else if (!e && !there && !need->optional && need->name[0] != '/' && need->name[0] != '$' &&
		   strchr(need->name, '/')) {
		diag_error_escaped(
			problems, p->program, 0,
			"wants the library '%s' (for '%s'), which the loader looks for in the folder that the "
			"user is in: wants a name without '/', or an absolute path",
			need->name, wanted_by(p, by));
		e = ERR_CONFIG;
	} else if (!e && !there && !need->optional) {
		diag_error_escaped(problems, p->program, 0,
				   "wants the library '%s' (for '%s'), which is not there for its architecture",
				   need->name, wanted_by(p, by));
		e = ERR_CONFIG;
	}
	text_free(&name);
	return e;
}

static enum err loader_set(struct image *p)
{
	if (p->loader)
		return ERR_NONE;
	return host_loader(p->host, p->n ? p->v[0].object->elf.interp : NULL, p->like, &p->loader);
}

/* One that is missing does not hide the others: people want to know all at once. */
enum err image_map_needs(struct image *p, size_t from, struct diags *problems)
{
	bool wrong = false;
	enum err e = loader_set(p);

	for (size_t i = from; i < p->n && !e; i++) {
		const struct elf *elf = &p->v[i].object->elf; /* of the host: stays where it is */

		for (size_t k = 0; k < elf->nneeds && !e; k++) {
			e = map_need(p, &elf->needs[k], i, problems);
			wrong = wrong || e == ERR_CONFIG;
			e = e == ERR_CONFIG ? ERR_NONE : e;
		}
	}
	if (e == ERR_TOO_BIG) {
		diag_error(problems, p->program, 0, "wants more than %d libraries, or wants them more than %d times",
			   MAPPED_MAX, WANTS_MAX);
		e = ERR_CONFIG;
	}
	return !e && wrong ? ERR_CONFIG : e;
}

enum err image_map_library(struct image *p, const char *name, size_t by, struct diags *problems)
{
	struct text expanded = { 0 };
	struct found f = { 0 };
	const size_t from = p->n;
	bool there;
	enum err e = loader_set(p);

	if (!e)
		e = find(p, name, by, &expanded, &f, &there);
	if (!e && f.why) {
		diag_error_escaped(problems, p->program, 0, "opens the library '%s', but that is '%s', and %s", name,
				   f.way->path, f.why);
		e = ERR_CONFIG;
	} else if (!e && !f.way && !there) {
		e = ERR_NOT_FOUND;
	} else if (!e && f.way && !(e = map_both(p, &f, text_string(&expanded), by))) {
		e = image_map_needs(p, from, problems);
	}
	text_free(&expanded);
	return e;
}
