/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trouble.c - what is wrong with a jail, as a list for people. */
#include "jail/trouble.h"

#include "base/array.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define EACH_MAX 100 /* the user of a jail can make as many files as he likes */

static const struct {
	const char *id;
	bool escape;
} kinds[] = {
	[JAIL_STALE] = { "stale", false },	     [JAIL_CHANGED] = { "changed", false },
	[JAIL_MISSING] = { "missing", false },	     [JAIL_FOREIGN] = { "foreign", false },
	[JAIL_SETUID] = { "setuid", true },	     [JAIL_DEVICE] = { "device", true },
	[JAIL_WRITABLE] = { "writable", true },	     [JAIL_PATH] = { "path", false },
	[JAIL_SOCKET] = { "socket", true },	     [JAIL_MOUNT] = { "mount", true },
	[JAIL_LINKED] = { "linked", true },	     [JAIL_OUTSIDE] = { "outside", true },
	[JAIL_STARTS_NOT] = { "starts-not", false }, [JAIL_UNKNOWN] = { "unknown", false },
};

const char *jail_trouble_id(enum jail_trouble_kind kind)
{
	return kinds[kind].id;
}

bool jail_trouble_is_escape(enum jail_trouble_kind kind)
{
	return kinds[kind].escape;
}

static size_t count_of(const struct jail_troubles *all, enum jail_trouble_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		n += all->v[i].kind == kind;
	return n;
}

static enum err put(struct jail_troubles *all, struct jail_trouble new, struct text *path, struct text *detail)
{
	struct jail_trouble *v = array_room(all->v, all->n, &all->size, sizeof *v);
	char *cause = new.cause ? strdup(new.cause) : NULL;

	if (!v || (new.cause && !cause)) {
		all->v = v ? v : all->v;
		free(cause);
		return ERR_MEMORY;
	}
	all->v = v;
	new.cause = cause;
	new.path = text_take(path);
	new.detail = text_take(detail);
	if (!new.path || !new.detail) {
		free(new.path);
		free(new.detail);
		free(cause);
		return ERR_MEMORY;
	}
	v[all->n++] = new;
	return ERR_NONE;
}

static enum err FORMAT(4, 0)
	addv(struct jail_troubles *all, struct jail_trouble new, const char *path, const char *format, va_list ap)
{
	struct text plain = { 0 }, shown = { 0 }, where = { 0 };
	const size_t before = count_of(all, new.kind);
	enum err e;

	if (before >= EACH_MAX)
		return ERR_NONE;
	text_addv(&plain, format, ap);
	text_add_escaped(&shown, text_string(&plain), plain.len);
	if (before == EACH_MAX - 1) {
		text_add_string(&shown, "; there may be more like this");
		all->cut = true;
	}
	text_add_escaped(&where, path, strlen(path));
	e = text_check(&plain);
	if (!e)
		e = put(all, new, &where, &shown);
	text_free(&plain);
	text_free(&shown);
	text_free(&where);
	return e;
}

enum err trouble_add(struct jail_troubles *all, enum jail_trouble_kind kind, const char *path, const char *format, ...)
{
	va_list ap;
	enum err e;

	va_start(ap, format);
	e = addv(all, (struct jail_trouble){ .kind = kind }, path, format, ap);
	va_end(ap);
	return e;
}

enum err trouble_add_with(struct jail_troubles *all, enum jail_trouble_kind kind, const char *path, size_t more,
			  const char *format, ...)
{
	va_list ap;
	enum err e;

	va_start(ap, format);
	e = addv(all, (struct jail_trouble){ .kind = kind, .more = more }, path, format, ap);
	va_end(ap);
	return e;
}

void trouble_add_cause(const char *why, const char *name, struct text *out)
{
	const size_t len = strlen(name);
	const char *at;

	for (; len && (at = strstr(why, name)); why = at + len)
		text_add_bytes(out, why, (size_t)(at - why));
	text_add_string(out, why);
}

enum err trouble_add_alike(struct jail_troubles *all, enum jail_trouble_kind kind, const char *path, const char *cause,
			   const char *format, ...)
{
	va_list ap;
	enum err e;

	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].kind == kind && all->v[i].cause && strcmp(all->v[i].cause, cause) == 0) {
			all->v[i].more++;
			return ERR_NONE;
		}
	va_start(ap, format);
	e = addv(all, (struct jail_trouble){ .kind = kind, .cause = (char *)cause }, path, format, ap);
	va_end(ap);
	return e;
}

static int compare(const void *a, const void *b)
{
	const struct jail_trouble *x = a, *y = b;
	int order = (x->kind == JAIL_STARTS_NOT) - (y->kind == JAIL_STARTS_NOT);

	if (order)
		return order;
	order = strcmp(x->path, y->path);
	if (!order && x->kind != y->kind)
		order = x->kind < y->kind ? -1 : 1;
	return order ? order : strcmp(x->detail, y->detail);
}

void troubles_sort(struct jail_troubles *all)
{
	if (all->n)
		qsort(all->v, all->n, sizeof *all->v, compare);
}

void jail_troubles_clear(struct jail_troubles *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->v[i].path);
		free(t->v[i].detail);
		free(t->v[i].cause);
	}
	free(t->v);
	*t = (struct jail_troubles){ 0 };
}
