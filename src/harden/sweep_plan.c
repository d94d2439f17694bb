/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sweep_plan.c - from revoked lines to operations; a file is read once, by one descriptor, and its owner may be an enemy. */
#include "harden/sweep_plan.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define ALL_BYTES (64u << 20) /* of all files of one run: the journal, the copy and the plan hold them */
#define RULE "revoked-key"

/* A file as it was read for the change. */
struct taken {
	char *content;
	size_t len;
	struct file_meta meta;
};

static void taken_clear(struct taken *t)
{
	free(t->content);
	file_meta_free(&t->meta);
}

static enum err leave(struct sweep_file *f, const char *format, ...) FORMAT(2, 3);

static enum err leave(struct sweep_file *f, const char *format, ...)
{
	struct text t = { 0 };
	va_list ap;

	va_start(ap, format);
	text_addv(&t, format, ap);
	va_end(ap);
	free(f->stays);
	f->stays = text_take(&t);
	return f->stays ? ERR_NONE : ERR_MEMORY;
}

/* Whether the folder and the file can be written at all, so that one that cannot does not stop the change of all others. */
static enum err writable(const struct root *r, const char *path)
{
	char *folder = strdup(path), *slash = folder ? strrchr(folder, '/') : NULL;
	int fd = -1;
	enum err e = slash ? ERR_NONE : ERR_MEMORY;

	if (slash)
		*slash = '\0';
	if (!e && !(e = root_open_straight(r, folder[0] ? folder : "/", O_RDONLY | O_DIRECTORY, 0, &fd)) &&
	    (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) || faccessat(fd, slash + 1, W_OK, AT_EACCESS)))
		e = ERR_SYSTEM;
	file_close(fd);
	free(folder);
	return e;
}

/* Why its lines stay, into f->stays; NULL there: they can go, and *t is read. */
static enum err take(const struct facts *facts, struct sweep_file *f, struct taken *t)
{
	enum err e;

	if (f->linked)
		return leave(f, "a link leads there that others than root can change");
	e = file_take_straight(facts->root, f->real, SWEEP_BYTES, &t->content, &t->len, &t->meta);
	if (e == ERR_MEMORY)
		return e;
	if (e == ERR_NOT_FILE)
		return leave(f, "it has several names, or is no regular file any more");
	if (e)
		return leave(f, "it cannot be read: %s", err_text(e));
	if (t->meta.uid != 0 && t->meta.uid != f->uid)
		return leave(f, "it belongs to neither root nor %s (uid %lu)", f->account, (unsigned long)t->meta.uid);
	if (t->meta.mode & 07000)
		return leave(f, "its mode is %04o", (unsigned)t->meta.mode);
	if (geteuid() == 0 && (e = writable(facts->root, f->real)))
		return e == ERR_MEMORY ? e : leave(f, "it cannot be written: %s", err_text(e));
	return ERR_NONE;
}

/* What sshd will find there is tried like any other file of the configuration. */
static enum err stage_new(struct stage *s, const char *path, const struct text *now)
{
	struct staged_file *f = NULL;
	enum err e = stage_file(s, path, 0644, &f);

	if (e)
		return e;
	text_reset(&f->now);
	text_add_bytes(&f->now, text_string(now), now->len);
	return stage_put(s, f);
}

static bool has_keys(const struct sweep_lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].kind == SWEEP_KEY)
			return true;
	return false;
}

static enum err plan_one(const struct facts *facts, struct sweep_file *f, struct stage *s, struct plan *p,
			 const struct taken *t)
{
	const struct file_state was = { t->content, t->len, &t->meta };
	struct sweep_lines lines = { 0 };
	struct text now = { 0 };
	bool broken = false;
	enum err e = sweep_scan(&f->lists, facts->config->release, t->content, t->len, &lines, &broken);

	if (!e && has_keys(&lines) && !(e = sweep_without(t->content, t->len, &lines, &now)) &&
	    !(e = stage_new(s, f->real, &now)))
		e = plan_add_straight(p, f->real, &was, text_string(&now), now.len, RULE);
	sweep_lines_clear(&lines);
	text_free(&now);
	return e;
}

enum err sweep_plan(const struct facts *facts, struct sweep *s, struct stage *stage, struct plan *p)
{
	size_t bytes = 0;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < s->n && !e; i++) {
		struct sweep_file *f = &s->v[i];
		struct taken t = { 0 };

		if (!has_keys(&f->lines))
			continue;
		e = take(facts, f, &t);
		if (!e && !f->stays && (bytes += t.len) > ALL_BYTES)
			e = leave(f, "together with the others it is more than %u MiB: run it again afterwards",
				  ALL_BYTES >> 20);
		if (!e && !f->stays)
			e = plan_one(facts, f, stage, p, &t);
		taken_clear(&t);
	}
	return e;
}
