/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check.c - a jail looked at as a whole: the way to it, what lies in it, what is missing, what the host has otherwise by now. */
#include "jail/check.h"

#include "base/file.h"
#include "jail/check_host.h"
#include "jail/check_path.h"
#include "jail/check_tree.h"
#include "jail/outside.h"
#include "jail/trouble.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define HIS_MS 20000

static bool is_in_his(const struct manifest *m, const char *path)
{
	for (size_t i = 0; i < m->entries.n; i++) {
		const struct entry *e = &m->entries.v[i];
		const size_t len = strlen(e->path);

		if (e->his && strncmp(path, e->path, len) == 0 && path[len] == '/')
			return true;
	}
	return false;
}

bool jail_trouble_is_mended(const struct manifest *m, const struct jail_trouble *t)
{
	const struct entry *e = entries_find(&m->entries, t->path);

	switch (t->kind) {
	case JAIL_STALE: return true;
	case JAIL_PATH: return strcmp(t->path, m->jail.dir) == 0;
	case JAIL_MISSING: return e && !is_in_his(m, t->path);
	case JAIL_WRITABLE:
		if (strcmp(t->path, "/") == 0)
			return true;
		break;
	case JAIL_CHANGED:
	case JAIL_DEVICE:
	case JAIL_SOCKET:
	case JAIL_SETUID: break;
	default: return false;
	}
	return e && !e->his && !is_in_his(m, t->path);
}

static enum err open_top(const struct root *r, const char *dir, int *fd)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NONBLOCK;
	enum err e = root_open_straight(r, dir, flags, 0, fd);

	/* before Linux 5.6; on a way that is root's alone there is nobody who could put a link */
	return e == ERR_SYSTEM && errno == ENOSYS ? root_open_file(r, dir, flags | O_NOFOLLOW, 0, fd) : e;
}

/* What the user was given he may have thrown away, all but its top. */
static bool may_be_gone(const struct manifest *m, const struct entry *e)
{
	const char *slash = strrchr(e->path, '/');
	const struct entry *folder;
	char *parent;

	if (!e->his || slash == e->path || !(parent = strndup(e->path, (size_t)(slash - e->path))))
		return false;
	folder = entries_find(&m->entries, parent);
	free(parent);
	return folder && folder->his;
}

/* What lies in a folder that is gone as well is told with that one. */
static bool is_told_above(const struct tree_look *l, const struct entry *e)
{
	const char *slash = strrchr(e->path, '/');
	const struct entry *folder = NULL;
	char *parent = slash == e->path ? NULL : strndup(e->path, (size_t)(slash - e->path));

	if (parent)
		folder = entries_find(&l->manifest->entries, parent);
	free(parent);
	return folder && !l->met[folder - l->manifest->entries.v].here;
}

static size_t count_below(const struct entries *all, size_t folder)
{
	const size_t len = strlen(all->v[folder].path);
	size_t n = 0;

	for (size_t i = folder + 1; i < all->n && strncmp(all->v[i].path, all->v[folder].path, len) == 0; i++)
		n += all->v[i].path[len] == '/';
	return n;
}

static enum err tell_missing(const struct tree_look *l)
{
	const struct entries *all = &l->manifest->entries;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < all->n && !e; i++) {
		if (l->met[i].here || may_be_gone(l->manifest, &all->v[i]) || tree_look_is_blind(l, all->v[i].path) ||
		    (l->given_up && all->v[i].his) || is_told_above(l, &all->v[i]))
			continue;
		e = trouble_add_with(l->out, JAIL_MISSING, all->v[i].path, count_below(all, i),
				     "it was put there and is gone");
	}
	return e;
}

static enum err look_inside(const struct root *r, const struct manifest *m, struct met *met, struct jail_troubles *out)
{
	struct tree_look l = { .root = r, .manifest = m, .out = out, .milliseconds = HIS_MS, .met = met };
	int fd = -1;
	enum err e;

	if ((e = open_top(r, m->jail.dir, &fd))) {
		if (e == ERR_SYSTEM)
			e = trouble_add(out, JAIL_UNKNOWN, "/", "could not be looked at: %s", strerror(errno));
		goto out;
	}
	if ((e = tree_look_run(&l, fd)))
		goto out;
	e = tell_missing(&l);
out:
	file_close(fd);
	tree_look_clear(&l);
	return e;
}

/* Whoever is not root, or looks at the files of another system, sees none. */
static enum err look_outside(const struct root *r, const struct manifest *m, struct jail_troubles *out)
{
	struct outside *found = NULL;
	size_t n = 0;
	enum err e;

	if (!root_is_live(r) || outside_is_restricted(r))
		return ERR_NONE;
	e = outside_find(r, m->jail.uid, m->jail.dir, &found, &n);
	if (e == ERR_UNSUPPORTED)
		return ERR_NONE;
	if (e == ERR_SYSTEM)
		return trouble_add(out, JAIL_UNKNOWN, "/", "processes outside could not be looked at: %s",
				   strerror(errno));
	for (size_t i = 0; i < n && !e; i++)
		e = trouble_add(out, JAIL_OUTSIDE, "/",
				"process %ld (%s) of the user's runs outside, and can be taken over from inside unless "
				"kernel.yama.ptrace_scope is 1 or more",
				(long)found[i].pid, found[i].command);
	free(found);
	return e;
}

/* All that was found, or nothing after an error. */
static enum err hand_over(enum err e, struct jail_troubles *found, struct jail_troubles *out)
{
	if (e) {
		jail_troubles_clear(found);
		return e;
	}
	troubles_sort(found);
	*out = *found;
	return ERR_NONE;
}

enum err jail_check(const struct root *r, const struct manifest *m, const struct entries *wanted,
		    struct jail_troubles *out)
{
	struct met *met = calloc(m->entries.n + 1, sizeof *met);
	struct jail_troubles found = { 0 };
	enum err e = met ? check_path(r, m->jail.dir, &found) : ERR_MEMORY;

	if (e == ERR_NOT_FOUND)
		e = trouble_add(&found, JAIL_MISSING, "/", "there is no folder %s", m->jail.dir);
	else if (!e && !(e = look_inside(r, m, met, &found)))
		e = look_outside(r, m, &found);
	if (!e && wanted)
		e = check_host(r, m, met, wanted, &found);
	free(met);
	return hand_over(e, &found, out);
}

enum err jail_check_escapes(const struct root *r, const char *dir, unsigned milliseconds, struct jail_troubles *out)
{
	struct jail_troubles found = { 0 };
	struct tree_look l = { .root = r, .out = &found, .milliseconds = milliseconds };
	char *real = NULL;
	int fd = -1;
	enum err e = check_path(r, dir, &found);

	if (e)
		goto out;
	e = root_resolve(r, dir, &real);
	if (!e)
		e = open_top(r, real, &fd);
	if (e == ERR_SYSTEM)
		e = errno == ENOENT || errno == ENOTDIR
			    ? ERR_NOT_FOUND
			    : trouble_add(&found, JAIL_UNKNOWN, "/", "could not be looked at: %s", strerror(errno));
	else if (!e)
		e = tree_look_run(&l, fd);
out:
	file_close(fd);
	free(real);
	tree_look_clear(&l);
	return hand_over(e, &found, out);
}
