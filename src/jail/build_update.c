/* SPDX-License-Identifier: GPL-3.0-or-later */
/* build_update.c - compares a jail with what it should be, and puts ready what is missing; update_finish.c then does it. */
#include "jail/build.h"

#include "base/file.h"
#include "jail/entry_digest.h"
#include "jail/sound.h"
#include "jail/work.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

enum verdict {
	SAME,
	FIX, /* a folder with another owner or mode, or that was root's and is to be his */
	ADD, /* nothing is there */
	REPLACE,
};

struct plan {
	const struct manifest *old;
	struct entries *wanted;
	bool *inside; /* what lies in something that is his: not looked at */
	enum verdict *verdict;
	int top;
};

static bool is_ours(const struct stat *st)
{
	return st->st_uid == geteuid() && st->st_gid == getegid();
}

static enum err compare_folder(struct work *w, const struct plan *p, const struct entry *e, const struct stat *st,
			       enum verdict *v)
{
	int fd = -1;

	*v = REPLACE;
	if (!S_ISDIR(st->st_mode))
		return ERR_NONE;
	if (walk_open(p->top, e->path + 1, O_RDONLY | O_DIRECTORY, &fd))
		return work_fail(w, e->path, "it cannot be looked at in the jail");
	*v = tree_folder_is(fd, e->mode) ? SAME : FIX;
	file_close(fd);
	return ERR_NONE;
}

static bool same_link(int dir, const char *name, const struct entry *e, const struct stat *st)
{
	char target[PATH_MAX];
	const ssize_t len = S_ISLNK(st->st_mode) ? readlinkat(dir, name, target, sizeof target) : -1;

	return len > 0 && (size_t)len == strlen(e->target) && !memcmp(target, e->target, (size_t)len) && is_ours(st);
}

/* The digest that the manifest has of a file which is one with the host's, where nobody can have touched that since. */
static const char *known_digest(const struct plan *p, const struct entry *e, const char *seen)
{
	const struct entry *old = entries_find(&p->old->entries, e->path);

	return old && old->kind == ENTRY_FILE && old->digest[0] && seen[0] && !strcmp(old->seen, seen) ? old->digest
												       : NULL;
}

/* Whether the file of the jail is the host's own, or must not be that any more. */
static enum err compare_shared(struct work *w, const struct plan *p, struct entry *e, const struct stat *st,
			       bool *shared, enum verdict *v)
{
	struct stat source;
	const char *digest;
	int fd = -1;
	enum err err = content_open_source(w, e, &fd, &source);

	if (err)
		return err;
	*shared = source.st_dev == st->st_dev && source.st_ino == st->st_ino;
	if (*shared)
		*v = w->how == BUILD_SHARE && content_may_share(w, e, fd, &source) ? SAME : REPLACE;
	else if (source.st_size != st->st_size)
		*v = REPLACE, *shared = true; /* nothing more to look at */
	file_close(fd);
	if (!*shared || *v != SAME)
		return ERR_NONE;
	content_see(&source, e->seen);
	if ((digest = known_digest(p, e, e->seen))) {
		memcpy(e->digest, digest, ENTRY_DIGEST);
		return ERR_NONE;
	}
	err = content_digest(w, e, &source);
	content_see(&source, e->seen); /* of what was read */
	return err;
}

static enum err compare_content(struct work *w, struct entry *e, int fd, const struct stat *st, enum verdict *v)
{
	char there[ENTRY_DIGEST];
	struct stat source;
	enum err err = content_digest(w, e, &source);

	if (err)
		return err;
	err = entry_digest_fd(fd, st->st_size, there);
	if (err == ERR_SYSTEM)
		return work_fail(w, e->path, "it cannot be read in the jail");
	*v = !err && !strcmp(there, e->digest) ? SAME : REPLACE;
	return ERR_NONE;
}

static enum err compare_file(struct work *w, const struct plan *p, struct entry *e, const struct stat *looked,
			     enum verdict *v)
{
	struct stat st;
	bool done = false;
	enum err err;
	int fd = -1;

	*v = REPLACE;
	if (!S_ISREG(looked->st_mode) || !is_ours(looked))
		return ERR_NONE;
	if (walk_open(p->top, e->path + 1, O_RDONLY | O_NONBLOCK | O_NOCTTY, &fd) || fstat(fd, &st))
		err = work_fail(w, e->path, "it cannot be read in the jail");
	else if (content_has_odd_attributes(fd) || (!e->source && (size_t)st.st_size != e->len))
		err = ERR_NONE;
	else if (!(err = e->source ? compare_shared(w, p, e, &st, &done, v) : ERR_NONE) && !done)
		err = compare_content(w, e, fd, &st, v);
	/* last: the mode that is wanted may be less once the source was opened */
	if (!err && (looked->st_mode & 07777) != e->mode)
		*v = REPLACE;
	file_close(fd);
	return err;
}

/* What is in something that is his. */
static enum err leave_his(const struct plan *p, struct entry *e, enum verdict *v)
{
	const struct entry *old = entries_find(&p->old->entries, e->path);

	*v = SAME;
	if (e->kind == ENTRY_FILE && old && old->kind == ENTRY_FILE)
		memcpy(e->digest, old->digest, ENTRY_DIGEST);
	return ERR_NONE;
}

/* Where it was root's until now, what is there is ours to give or to replace. there: NULL: nothing is. */
static enum err compare_his(const struct work *w, const struct plan *p, struct entry *e, const struct stat *there,
			    enum verdict *v)
{
	const struct entry *old = entries_find(&p->old->entries, e->path);

	*v = ADD;
	if (!there)
		return ERR_NONE;
	if (e->kind != ENTRY_FOLDER || !old || old->his)
		return leave_his(p, e, v);
	if (S_ISDIR(there->st_mode))
		*v = there->st_uid == w->uid ? SAME : FIX;
	else
		*v = REPLACE;
	return ERR_NONE;
}

/* What something is mounted on can be neither replaced nor given away, and half an update would wait for that. */
static enum err refuse_mounted(struct work *w, const struct entry *e, int dir, const char *name)
{
	int fd = -1;

	if (!walk_open(dir, name, O_PATH | O_NOFOLLOW, &fd) || errno != EXDEV || !walk_is_mount(dir, name)) {
		file_close(fd);
		return ERR_NONE;
	}
	return work_refuse(w, e->path, "it cannot be brought up to date: something is mounted there");
}

static enum err compare(struct work *w, size_t i, void *arg, unsigned char *buffer)
{
	struct plan *p = arg;
	struct entry *e = &p->wanted->v[i];
	enum verdict *v = &p->verdict[i];
	struct stat st = { 0 }, source;
	const char *name;
	bool there = false;
	int dir = -1;
	enum err err;

	if (p->inside[i])
		return leave_his(p, e, v);
	err = walk_parent(p->top, e->path + 1, &dir, &name);
	if (!err)
		there = !fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW);
	if (!there && !walk_is_missing(errno))
		err = work_refuse(w, e->path, "it cannot be looked at in the jail: %s",
				  errno == EXDEV ? "something is mounted there" : strerror(errno));
	else if (e->his || !there)
		err = compare_his(w, p, e, there ? &st : NULL, v);
	else if (e->kind == ENTRY_FILE && entry_is_log(e->path, st.st_mode, st.st_uid))
		*v = SAME, err = content_digest(w, e, &source);
	else if (e->kind == ENTRY_FOLDER)
		err = compare_folder(w, p, e, &st, v);
	else if (e->kind == ENTRY_FILE)
		err = compare_file(w, p, e, &st, v);
	else if (e->kind == ENTRY_LINK)
		*v = same_link(dir, name, e, &st) ? SAME : REPLACE, err = ERR_NONE;
	else
		*v = S_ISCHR(st.st_mode) && st.st_rdev == e->device && is_ours(&st) && (st.st_mode & 07777) == e->mode
			     ? SAME
			     : REPLACE,
		err = ERR_NONE;
	if (!err && (*v == REPLACE || *v == FIX))
		err = refuse_mounted(w, e, dir, name);
	file_close(dir);
	return err;
}

/* ---- what must not be lost ---- */

static bool is_known(void *arg, const char *path)
{
	const struct entries *old = arg;
	char full[PATH_MAX];
	const struct entry *e;
	const int n = snprintf(full, sizeof full, "/%s", path);

	e = n > 0 && (size_t)n < sizeof full ? entries_find(old, full) : NULL;
	return e && !e->his;
}

/* Whether it lies in something that was his, where he could put what he likes. */
static bool was_in_his(const struct plan *p, const char *path)
{
	const struct entries *old = &p->old->entries;

	for (size_t i = 0; i < old->n; i++) {
		const size_t len = strlen(old->v[i].path);

		if (old->v[i].his && strncmp(path, old->v[i].path, len) == 0 && path[len] == '/')
			return true;
	}
	return false;
}

/* A folder of his becomes root's with what he has in it; what would have to make room for ours is not ours to take away. */
static enum err check_taken(struct work *w, const struct plan *p)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < p->wanted->n && !e; i++)
		if (p->verdict[i] == REPLACE && was_in_his(p, p->wanted->v[i].path))
			e = work_refuse(
				w, p->wanted->v[i].path,
				"the user, whose folder that was, has something else there: move that away first");
	return e;
}

/* A folder that has to become a file or a link goes with all that is in it: that must be ours. */
static enum err check_folders(struct work *w, const struct plan *p)
{
	for (size_t i = 0; i < p->wanted->n; i++) {
		const struct entry *e = &p->wanted->v[i];
		struct text where = { 0 };
		int fd = -1;
		enum err err;

		if (p->verdict[i] != REPLACE || e->kind == ENTRY_FOLDER ||
		    walk_open(p->top, e->path + 1, O_PATH | O_DIRECTORY, &fd))
			continue;
		file_close(fd);
		err = walk_find_unknown(p->top, e->path + 1, is_known, (void *)&p->old->entries, &where);
		if (err == ERR_SYSTEM)
			err = work_fail(w, e->path, "it cannot be looked at in the jail");
		else if (!err && where.len)
			err = work_refuse(
				w, e->path,
				"it is a folder that has '/%s' in it, which is not ours, and should be no folder: "
				"move that away first",
				where.s);
		text_free(&where);
		if (err)
			return err;
	}
	return ERR_NONE;
}

/* *seen: nothing changes, but it is known of more files than before how they were when they were read. */
static enum err count(struct work *w, struct plan *p, bool *changes, bool *seen)
{
	const struct entries *old = &p->old->entries;
	bool *inside = NULL;
	enum err e = sound_inside_his(old, &inside);

	*changes = p->wanted->n != old->n;
	*seen = false;
	for (size_t i = 0; i < p->wanted->n && !e; i++) {
		const enum verdict v = p->verdict[i];

		if (v == SAME)
			w->told.same++;
		else
			e = strings_add(v == ADD ? &w->told.added : &w->told.replaced, p->wanted->v[i].path);
		if (v != SAME || i >= old->n || !entry_equal(&p->wanted->v[i], &old->v[i]) ||
		    strcmp(p->wanted->v[i].digest, old->v[i].digest) != 0)
			*changes = true;
		else if (p->wanted->v[i].seen[0] && strcmp(p->wanted->v[i].seen, old->v[i].seen) != 0)
			*seen = true;
	}
	for (size_t i = 0; i < old->n && !e; i++)
		if (!old->v[i].his && !inside[i] && !entries_find(p->wanted, old->v[i].path))
			e = strings_add(&w->told.removed, old->v[i].path);
	free(inside);
	return e;
}

/* ---- putting ready ---- */

struct ready {
	struct tree_item *v;
	size_t n;
};

static enum err ready_add(struct ready *l, struct entry *e, size_t number, const char *below)
{
	struct text t = { 0 };

	text_add(&t, "%zu%s", number, below);
	l->v[l->n].entry = e;
	return (l->v[l->n++].path = text_take(&t)) ? ERR_NONE : ERR_MEMORY;
}

/* Each by its number among the entries; what is his with all that it begins with. */
static enum err ready_list(const struct plan *p, struct ready *l)
{
	const struct entries *all = p->wanted;
	enum err e = ERR_NONE;

	if (!(l->v = calloc(all->n + 1, sizeof *l->v)))
		return ERR_MEMORY;
	for (size_t i = 0; i < all->n && !e; i++) {
		const size_t len = strlen(all->v[i].path);

		if (p->verdict[i] != ADD && p->verdict[i] != REPLACE)
			continue;
		e = ready_add(l, &all->v[i], i, "");
		for (size_t k = i + 1; all->v[i].his && k < all->n && !e; k++)
			if (!strncmp(all->v[k].path, all->v[i].path, len) && all->v[k].path[len] == '/')
				e = ready_add(l, &all->v[k], i, all->v[k].path + len);
	}
	return e;
}

static void ready_free(struct ready *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i].path);
	free(l->v);
}

static enum err stage(struct work *w, const struct plan *p)
{
	struct ready l = { 0 };
	int fd = -1;
	enum err e = ready_list(p, &l);

	if (!e && ((e = walk_remove(p->top, SOUND_STAGE, NULL)) || (e = tree_make_top(p->top, SOUND_STAGE, 0700, &fd))))
		e = work_fail(w, p->old->jail.dir, "new files cannot be put ready in it");
	if (!e)
		e = tree_put(w, fd, l.v, l.n);
	if (!e && syncfs(fd))
		e = work_fail(w, p->old->jail.dir, "it cannot be written to the disk");
	file_close(fd);
	ready_free(&l);
	return e;
}

static enum err write_next(struct work *w, const struct manifest *next)
{
	return manifest_write_update(w->r, next) ? work_fail(w, JAIL_STATE, "what is to be done cannot be written down")
						 : ERR_NONE;
}

static enum err carry_out(struct work *w, struct plan *p)
{
	struct manifest next = *p->old;
	enum err e;

	next.entries = *p->wanted;
	next.state = MANIFEST_MAKING;
	next.lost = false;
	if (!(next.updated = manifest_now()))
		return ERR_MEMORY;
	e = write_next(w, &next);
	if (!e)
		e = stage(w, p);
	/* the digests are those of what was put ready */
	next.state = MANIFEST_READY;
	if (!e)
		e = write_next(w, &next);
	if (e) {
		struct diags ignored = { 0 };
		const enum err forgotten = update_forget(w->r, p->old, &ignored);

		(void)forgotten; /* else recover does it */
		diags_free(&ignored);
	} else {
		e = update_finish(w->r, p->old, &next, w->problems);
	}
	free(next.updated);
	return e;
}

/* ---- the whole ---- */

static enum err check_request(struct work *w, const struct manifest *old, const struct entries *wanted)
{
	struct text why = { 0 };
	enum err e;

	if (old->state != MANIFEST_READY)
		return work_refuse(w, old->jail.dir, "the jail is being made or taken away: wants one that is ready");
	if (!wanted->n)
		return work_refuse(w, old->jail.dir, "nothing is to stand in the jail");
	e = sound_entries(wanted, &why);
	if (e == ERR_SYNTAX)
		e = work_refuse(w, old->jail.dir, "%s", text_string(&why));
	text_free(&why);
	return e;
}

static enum err open_jail(struct work *w, const struct manifest *old, int *top)
{
	struct walk_place place = { .parent = -1 };
	enum err e = walk_place_open(w->r, old->jail.dir, false, &place, NULL, w->problems);

	if (e == ERR_NOT_FOUND)
		return work_refuse(w, old->jail.dir, "the jail is not there any more");
	if (!e && walk_place_enter(&place, top))
		e = work_fail(w, old->jail.dir, "the jail cannot be opened");
	file_close(place.parent);
	return e;
}

/* The jail itself has no row. It comes first: while others may write there, what is put ready is not out of their reach. */
static enum err fix_top(struct work *w, const struct plan *p)
{
	if (tree_folder_is(p->top, TREE_TOP_MODE))
		return ERR_NONE;
	if (tree_fix_folder(p->top, TREE_TOP_MODE) || fsync(p->top))
		return work_fail(w, p->old->jail.dir, "its owner and mode cannot be set");
	return strings_add(&w->told.replaced, "/");
}

/* So that the next update need not read them again. Of no use to anybody else, so a failure is none of the update. */
static void remember_seen(const struct work *w, const struct plan *p)
{
	struct manifest m = *p->old;
	enum err e;

	m.entries = *p->wanted;
	e = manifest_write(w->r, &m);
	(void)e;
}

static enum err plan_make(struct work *w, struct plan *p, bool *changes, bool *seen)
{
	enum err e;

	if ((e = open_jail(w, p->old, &p->top)) || (e = work_each(w, p->wanted->n, compare, p)) ||
	    (e = check_taken(w, p)) || (e = check_folders(w, p)))
		return e;
	return count(w, p, changes, seen);
}

static enum err plan_look(struct work *w, struct plan *p)
{
	bool changes, seen;
	enum err e = plan_make(w, p, &changes, &seen);

	if (!e && !tree_folder_is(p->top, TREE_TOP_MODE))
		e = strings_add(&w->told.replaced, "/");
	return e;
}

static enum err plan_and_do(struct work *w, struct plan *p)
{
	bool changes, seen;
	enum err e;

	if (!p->old->lost && !manifest_at_rest(w->r, p->old->jail.user))
		return work_refuse(w, p->old->jail.dir,
				   "an earlier change of it was cut off, and is to be recovered first");
	if ((e = plan_make(w, p, &changes, &seen)) || (e = fix_top(w, p)))
		return e;
	if (changes || p->old->lost)
		return carry_out(w, p);
	if (seen)
		remember_seen(w, p);
	return ERR_NONE;
}

static enum err update(const struct root *r, const struct manifest *old, struct entries *wanted, enum build_how how,
		       enum err (*act)(struct work *w, struct plan *p), struct build_told *told, struct diags *problems)
{
	struct plan p = { .old = old, .wanted = wanted, .top = -1 };
	struct work w;
	enum err e;

	work_init(&w, r, &old->jail, how, problems);
	if (!(e = check_request(&w, old, wanted)) && !(e = sound_inside_his(wanted, &p.inside))) {
		p.verdict = calloc(wanted->n, sizeof *p.verdict);
		e = p.verdict ? act(&w, &p) : ERR_MEMORY;
	}
	if (!e)
		work_tell(&w, told);
	file_close(p.top);
	free(p.verdict);
	free(p.inside);
	work_clear(&w);
	return e;
}

enum err build_update(const struct root *r, const struct manifest *old, struct entries *wanted, enum build_how how,
		      struct build_told *told, struct diags *problems)
{
	return update(r, old, wanted, how, plan_and_do, told, problems);
}

enum err build_look_update(const struct root *r, const struct manifest *old, struct entries *wanted, enum build_how how,
			   struct build_told *told, struct diags *problems)
{
	return update(r, old, wanted, how, plan_look, told, problems);
}
