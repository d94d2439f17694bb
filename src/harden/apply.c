/* SPDX-License-Identifier: GPL-3.0-or-later */
/* apply.c - operations done and put back, each by one atomic replacement. */
#include "harden/apply.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define CONTENT_MAX (64u << 20)

/* What is on disk now. */
struct found {
	bool there;
	char *content;
	size_t len;
	struct file_meta meta;
};

static void found_clear(struct found *f)
{
	free(f->content);
	file_meta_free(&f->meta);
}

static bool is_missing(enum err e)
{
	return e == ERR_NOT_FOUND || (e == ERR_SYSTEM && (errno == ENOENT || errno == ENOTDIR));
}

static enum err find_plain(const struct root *r, const char *path, bool content, struct found *f)
{
	int fd = -1;
	enum err e = root_open_file(r, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd);

	if (e == ERR_NONE && (e = file_meta_read(fd, &f->meta)) == ERR_NONE && content)
		e = root_read(r, path, CONTENT_MAX, &f->content, &f->len);
	file_close(fd);
	return e;
}

static enum err find(const struct root *r, const struct op *op, struct found *out)
{
	struct found f = { .there = true };
	enum err e = op->straight ? file_take_straight(r, op->path, CONTENT_MAX, &f.content, &f.len, &f.meta)
				  : find_plain(r, op->path, op_has_content(op), &f);

	if (is_missing(e)) {
		*out = (struct found){ 0 };
		return ERR_NONE;
	}
	if (e)
		found_clear(&f);
	else
		*out = f;
	return e;
}

static bool same_content(const struct found *f, const char *content, size_t len)
{
	return f->len == len && memcmp(f->content, content, len) == 0;
}

static bool same_owner(const struct found *f, const struct file_meta *m)
{
	return f->meta.mode == m->mode && f->meta.uid == m->uid && f->meta.gid == m->gid;
}

static enum op_side side_of(const struct op *op, const struct found *f)
{
	if (!f->there)
		return op->kind == OP_REMOVE ? SIDE_NEW : op->existed ? SIDE_OTHER : SIDE_OLD;
	if (op->kind == OP_MKDIR)
		return SIDE_NEW;
	if (op->kind == OP_CHMOD)
		return same_owner(f, &op->old_meta) ? SIDE_OLD : same_owner(f, &op->new_meta) ? SIDE_NEW : SIDE_OTHER;
	if (op->existed && same_content(f, op->old, op->old_len) && same_owner(f, &op->old_meta))
		return SIDE_OLD;
	if (op->kind != OP_REMOVE && same_content(f, op->new, op->new_len) && f->meta.mode == op->new_meta.mode)
		return SIDE_NEW;
	return SIDE_OTHER;
}

/* Whoever may change the folder has put something in the way: a link, a device, a mount that root may not see. */
static bool is_theirs(const struct op *op, enum err e)
{
	return op->straight && (e == ERR_NOT_FILE || e == ERR_TOO_BIG || e == ERR_CHANGED ||
				(e == ERR_SYSTEM && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP ||
						     errno == EACCES || errno == EPERM || errno == ENXIO)));
}

enum err op_look(const struct root *r, const struct op *op, enum op_side *side)
{
	struct found f;
	enum err e = find(r, op, &f);

	if (e && is_theirs(op, e)) {
		*side = SIDE_OTHER;
		return ERR_NONE;
	}
	if (e)
		return e;
	*side = side_of(op, &f);
	found_clear(&f);
	return ERR_NONE;
}

enum err apply_check(const struct root *r, const struct op *ops, size_t n, size_t *bad)
{
	for (size_t i = 0; i < n; i++) {
		enum op_side side;
		enum err e = op_look(r, &ops[i], &side);

		if (e || side != SIDE_OLD) {
			*bad = i;
			return e ? e : ERR_CHANGED;
		}
	}
	return ERR_NONE;
}

/* ---- folders ---- */

static void parent_path(const char *path, struct text *out)
{
	const char *slash = strrchr(path, '/');

	text_reset(out);
	if (slash == path)
		text_add_string(out, "/");
	else
		text_add_bytes(out, path, (size_t)(slash - path));
}

static enum err note_folder(const struct root *r, struct tx *t, const char *path, bool straight)
{
	struct folder_time *folders;
	struct stat st;
	enum err e;

	for (size_t i = 0; i < t->nfolders; i++)
		if (strcmp(t->folders[i].path, path) == 0)
			return ERR_NONE;
	e = root_stat(r, path, &st);
	if (is_missing(e))
		return ERR_NONE; /* we will make it; its parent is noted */
	if (e)
		return e;
	folders = realloc(t->folders, (t->nfolders + 1) * sizeof *folders);
	if (!folders)
		return ERR_MEMORY;
	t->folders = folders;
	folders[t->nfolders] = (struct folder_time){
		.path = strdup(path), .straight = straight, .atime = st.st_atim, .mtime = st.st_mtim
	};
	if (!folders[t->nfolders].path)
		return ERR_MEMORY;
	t->nfolders++;
	return ERR_NONE;
}

enum err apply_note_folders(const struct root *r, struct tx *t)
{
	struct text dir = { 0 };
	enum err e = ERR_NONE;

	for (size_t i = 0; e == ERR_NONE && i < t->nops; i++) {
		if (t->ops[i].kind == OP_CHMOD)
			continue;
		parent_path(t->ops[i].path, &dir);
		if ((e = text_check(&dir)) == ERR_NONE)
			e = note_folder(r, t, dir.s, t->ops[i].straight);
	}
	text_free(&dir);
	return e;
}

static enum err restore_folders(const struct root *r, const struct tx *t)
{
	for (size_t i = 0; i < t->nfolders; i++) {
		struct timespec times[2] = { t->folders[i].atime, t->folders[i].mtime };
		int fd = -1;
		bool straight = t->folders[i].straight;
		enum err e = straight ? root_open_straight(r, t->folders[i].path, O_RDONLY | O_DIRECTORY, 0, &fd)
				      : root_open_file(r, t->folders[i].path, O_RDONLY | O_DIRECTORY, 0, &fd);

		if (is_missing(e) || (e && straight))
			continue;
		if (e == ERR_NONE && (futimens(fd, times) || fsync(fd)))
			e = ERR_SYSTEM;
		file_close(fd);
		if (e)
			return e;
	}
	return ERR_NONE;
}

/* ---- do ---- */

static void make_tag(const struct tx *t, char *out, size_t size)
{
	snprintf(out, size, "sallyport-%u", t->id);
}

static enum err set_mode(const struct root *r, const char *path, const struct file_meta *m)
{
	int fd = -1;
	enum err e = root_open_file(r, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd);

	if (e == ERR_NONE && (fchmod(fd, m->mode) || fsync(fd)))
		e = ERR_SYSTEM;
	file_close(fd);
	return e;
}

static enum err do_op(const struct root *r, const struct op *op, const char *tag)
{
	enum err e;

	if (op->kind == OP_MKDIR)
		return file_make_dirs(r, op->path, op->new_meta.mode);
	if (op->kind == OP_CHMOD)
		return set_mode(r, op->path, &op->new_meta);
	if (op->kind == OP_REMOVE)
		return file_remove(r, op->path);
	if (op->straight)
		return file_replace_straight(r, op->path, &(struct file_state){ op->old, op->old_len, &op->old_meta },
					     op->new, op->new_len, &op->new_meta, tag);
	e = file_replace(r, op->path, op->new, op->new_len, op->existed ? &op->new_meta : NULL, tag);
	if (e == ERR_NONE && !op->existed && op->new_meta.mode != 0644)
		e = set_mode(r, op->path, &op->new_meta);
	return e;
}

enum err apply_do(const struct root *r, const struct tx *t)
{
	char tag[32];

	make_tag(t, tag, sizeof tag);
	for (size_t i = 0; i < t->nops; i++) {
		enum err e = do_op(r, &t->ops[i], tag);

		if (e)
			return e;
	}
	return ERR_NONE;
}

/* ---- undo ---- */

static enum err keep_found(const struct root *r, const struct tx *t, size_t i, const struct found *f)
{
	if (!f->there || !f->content || side_of(&t->ops[i], f) != SIDE_OTHER)
		return ERR_NONE;
	return journal_keep_found(r, t, i, f->content, f->len);
}

static enum err put_back(const struct root *r, const struct op *op, const struct found *f, const char *tag)
{
	int fd = -1;
	enum err e;

	if (!f->there || !same_content(f, op->old, op->old_len))
		return file_replace(r, op->path, op->old, op->old_len, &op->old_meta, tag);
	if (file_meta_equal(&f->meta, &op->old_meta))
		return ERR_NONE;
	if ((e = root_open_file(r, op->path, O_RDWR | O_NONBLOCK | O_NOCTTY, 0, &fd)) == ERR_NONE)
		e = file_meta_apply(fd, &op->old_meta);
	if (e == ERR_NONE && fsync(fd))
		e = ERR_SYSTEM;
	file_close(fd);
	return e;
}

static enum err put_back_straight(const struct root *r, const struct op *op, const struct found *f, const char *tag)
{
	const struct file_state was = { f->content, f->len, &f->meta };

	if (f->there && same_content(f, op->old, op->old_len) && file_meta_equal(&f->meta, &op->old_meta))
		return ERR_NONE;
	return file_replace_straight(r, op->path, f->there ? &was : NULL, op->old, op->old_len, &op->old_meta, tag);
}

/* What they put in the way stays: a journal that could never be finished would shut out every other change. */
static enum err undo_straight(const struct root *r, const struct tx *t, size_t i)
{
	const struct op *op = &t->ops[i];
	struct found f = { 0 };
	char tag[32];
	enum err e;

	make_tag(t, tag, sizeof tag);
	if ((e = file_discard_temporary_straight(r, op->path, tag)) == ERR_NONE && (e = find(r, op, &f)) == ERR_NONE &&
	    (e = keep_found(r, t, i, &f)) == ERR_NONE)
		e = put_back_straight(r, op, &f, tag);
	found_clear(&f);
	return is_theirs(op, e) ? ERR_NONE : e;
}

static enum err undo_write(const struct root *r, const struct tx *t, size_t i)
{
	const struct op *op = &t->ops[i];
	struct found f;
	char tag[32];
	enum err e;

	make_tag(t, tag, sizeof tag);
	if ((e = file_discard_temporary(r, op->path, tag)) && !is_missing(e))
		return e;
	if ((e = find(r, op, &f)))
		return e;
	if ((e = keep_found(r, t, i, &f)) == ERR_NONE) {
		if (op->existed)
			e = put_back(r, op, &f, tag);
		else if (f.there)
			e = file_remove(r, op->path);
	}
	found_clear(&f);
	return e;
}

static enum err undo_mode(const struct root *r, const struct op *op)
{
	enum err e = set_mode(r, op->path, &op->old_meta);

	return is_missing(e) ? ERR_NONE : e;
}

static enum err undo_mkdir(const struct root *r, const struct op *op)
{
	char *resolved = NULL, *outside = NULL;
	enum err e;

	/* resolved inside the root first: a link in another system's files must not lead into ours */
	if ((e = root_resolve(r, op->path, &resolved)) == ERR_NONE &&
	    (e = root_outside(r, resolved, &outside)) == ERR_NONE && rmdir(outside) && errno != ENOENT &&
	    errno != ENOTEMPTY && errno != EEXIST) /* what somebody else put there keeps it */
		e = ERR_SYSTEM;
	free(resolved);
	free(outside);
	return is_missing(e) ? ERR_NONE : e;
}

/* All that can be put back is, also where one file cannot: each brings somebody nearer to getting in again. */
enum err apply_undo_config(const struct root *r, const struct tx *t)
{
	enum err first = ERR_NONE;
	int kept = errno;

	for (size_t i = t->nops; i-- > 0;) {
		const struct op *op = &t->ops[i];
		enum err e = ERR_NONE;

		if (op->straight)
			e = undo_straight(r, t, i);
		else if (op_has_content(op) && (op->config || op->existed))
			e = undo_write(r, t, i);
		else if (op->kind == OP_CHMOD)
			e = undo_mode(r, op);
		if (e && !first) {
			first = e;
			kept = errno;
		}
	}
	errno = kept;
	return first;
}

enum err apply_undo_rest(const struct root *r, const struct tx *t)
{
	for (size_t i = t->nops; i-- > 0;) {
		const struct op *op = &t->ops[i];
		enum err e = ERR_NONE;

		if (op->kind == OP_WRITE && !op->config && !op->existed)
			e = undo_write(r, t, i);
		else if (op->kind == OP_MKDIR)
			e = undo_mkdir(r, op);
		if (e)
			return e;
	}
	return restore_folders(r, t);
}

enum err op_diff_found(const struct root *r, const struct op *op, struct text *out)
{
	struct found f;
	struct op shown = {
		.kind = OP_WRITE, .existed = true, .path = op->path, .old = op->new, .old_len = op->new_len
	};
	enum err e;

	if (!op_has_content(op))
		return ERR_NONE;
	if ((e = find(r, op, &f)))
		return is_theirs(op, e) ? ERR_NONE : e;
	shown.new = f.content;
	shown.new_len = f.len;
	e = op_diff(&shown, out);
	found_clear(&f);
	return e;
}
