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

static enum err put(struct jail_troubles *all, enum jail_trouble_kind kind, struct text *path, struct text *detail)
{
	struct jail_trouble *v = array_room(all->v, all->n, &all->size, sizeof *v), new = { .kind = kind };

	if (!v)
		return ERR_MEMORY;
	all->v = v;
	new.path = text_take(path);
	new.detail = text_take(detail);
	if (!new.path || !new.detail) {
		free(new.path);
		free(new.detail);
		return ERR_MEMORY;
	}
	v[all->n++] = new;
	return ERR_NONE;
}

enum err trouble_add(struct jail_troubles *all, enum jail_trouble_kind kind, const char *path, const char *format, ...)
{
	struct text plain = { 0 }, shown = { 0 }, where = { 0 };
	const size_t before = count_of(all, kind);
	va_list ap;
	enum err e;

	if (before >= EACH_MAX)
		return ERR_NONE;
	va_start(ap, format);
	text_addv(&plain, format, ap);
	va_end(ap);
	text_add_escaped(&shown, text_string(&plain), plain.len);
	if (before == EACH_MAX - 1)
		text_add_string(&shown, "; there may be more like this");
	text_add_escaped(&where, path, strlen(path));
	e = text_check(&plain);
	if (!e)
		e = put(all, kind, &where, &shown);
	text_free(&plain);
	text_free(&shown);
	text_free(&where);
	return e;
}

static int compare(const void *a, const void *b)
{
	const struct jail_trouble *x = a, *y = b;
	int order = strcmp(x->path, y->path);

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
	}
	free(t->v);
	*t = (struct jail_troubles){ 0 };
}
