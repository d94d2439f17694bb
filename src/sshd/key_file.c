/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_file.c - read a file with an account's rights, and look at who else could have written it. */
#include "sshd/key_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define FILE_BYTES (16u << 20)

void key_reader_clear(struct key_reader *k)
{
	identity_clear(&k->identity);
	k->known = false;
}

void key_file_clear(struct key_file *f)
{
	free(f->path);
	free(f->detail);
	free(f->content);
	*f = (struct key_file){ 0 };
}

/* "PATH what"; the first reason stays. */
static enum err object(struct key_file *f, enum credential_obstacle o, const char *format, ...) FORMAT(3, 4);

static enum err object(struct key_file *f, enum credential_obstacle o, const char *format, ...)
{
	struct text t = { 0 };
	va_list ap;

	if (f->obstacle)
		return ERR_NONE;
	text_add_escaped(&t, f->path, strlen(f->path));
	text_add_string(&t, " ");
	va_start(ap, format);
	text_addv(&t, format, ap);
	va_end(ap);
	f->obstacle = o;
	f->detail = text_take(&t);
	return f->detail ? ERR_NONE : ERR_MEMORY;
}

static bool is_absent(int number)
{
	return number == ENOENT || number == ENOTDIR || number == ELOOP || number == ENAMETOOLONG;
}

static enum err absent(struct key_file *f)
{
	f->missing = true;
	return object(f, OBSTACLE_NOT_LISTED, "is not there");
}

static enum err identity_know(struct key_reader *k, const char *path)
{
	enum err e;

	if (k->known)
		return ERR_NONE;
	k->identity.uid = k->account->uid;
	k->identity.gid = k->account->gid;
	if (!identity_needs_groups(k->root, k->account->uid, path))
		return ERR_NONE;
	e = identity_find(k->root, k->account, &k->identity);
	k->known = !e;
	return e;
}

/* A path that leads elsewhere, or whose folders somebody else can change. */
static enum err check_modes(struct key_reader *k, struct key_file *f, const struct stat *st)
{
	struct text fault = { 0 };
	enum err e = strict_modes_check(k->root, k->cache, f->path, st, k->account->home, k->account->uid, &fault);

	if (e != ERR_MEMORY && fault.len)
		e = object(f, OBSTACLE_STRICT_MODES, "does not count under StrictModes: %s", fault.s);
	else if (e && e != ERR_MEMORY)
		e = object(f, OBSTACLE_UNKNOWN, "could not be judged by StrictModes: %s", err_text(e));
	text_free(&fault);
	return e;
}

/* As whoever we are now. *denied: for lack of rights. */
static enum err look(struct key_reader *k, struct key_file *f, bool strict, bool *denied)
{
	char *content = NULL;
	size_t len = 0;
	struct stat st;
	enum err e = root_stat(k->root, f->path, &st);

	*denied = e && errno == EACCES;
	if (*denied)
		return ERR_NONE;
	if (e && is_absent(errno))
		return absent(f);
	if (e)
		return object(f, OBSTACLE_UNKNOWN, "cannot be looked at: %s", err_text(e));
	if (!S_ISREG(st.st_mode))
		return object(f, OBSTACLE_NOT_LISTED, "is not a regular file");
	e = root_read(k->root, f->path, FILE_BYTES, &content, &len);
	*denied = e == ERR_SYSTEM && errno == EACCES;
	f->content = content;
	f->len = len;
	if (*denied)
		return ERR_NONE;
	if (e == ERR_MEMORY)
		return e;
	if (e == ERR_TOO_BIG)
		return object(f, OBSTACLE_UNKNOWN, "is larger than 16 MiB and was not read");
	if (e)
		return object(f, OBSTACLE_UNKNOWN, "cannot be read: %s", err_text(e));
	return strict ? check_modes(k, f, &st) : ERR_NONE;
}

static enum err refuse_reader(struct key_reader *k, struct key_file *f)
{
	return object(f, OBSTACLE_STRICT_MODES, "does not count: %s may not read it", k->account->name);
}

/* With the kernel as judge. What the account may not read is read again by us, to tell what stands there. */
static enum err read_entered(struct key_reader *k, struct key_file *f, bool strict)
{
	bool denied;
	enum err e = look(k, f, strict, &denied);

	identity_leave();
	if (e || !denied)
		return e;
	if ((e = refuse_reader(k, f)))
		return e;
	e = root_read(k->root, f->path, FILE_BYTES, &f->content, &f->len);
	return e == ERR_MEMORY ? e : ERR_NONE;
}

/* We are not the ones who can become somebody else: modes must do. */
static enum err read_by_modes(struct key_reader *k, struct key_file *f, bool strict)
{
	bool own = root_is_live(k->root) && geteuid() == k->account->uid, denied, may = true;
	enum err e = look(k, f, strict, &denied);

	if (e)
		return e;
	if (denied)
		return own ? refuse_reader(k, f) : object(f, OBSTACLE_UNKNOWN, "cannot be read: %s", strerror(EACCES));
	if (own || !f->content)
		return ERR_NONE;
	e = identity_may_read(k->root, &k->identity, f->path, &may);
	if (e == ERR_MEMORY)
		return e;
	return may && !e ? ERR_NONE : refuse_reader(k, f);
}

enum err key_file_read(struct key_reader *k, const char *path, bool strict, struct key_file *out)
{
	struct key_file f = { 0 };
	struct stat st;
	enum err e = ERR_NONE;

	if (!(f.path = strdup(path)))
		return ERR_MEMORY;
	if (root_stat(k->root, path, &st) && is_absent(errno))
		e = absent(&f);
	else if ((e = identity_know(k, path)) && e != ERR_MEMORY)
		e = object(&f, OBSTACLE_UNKNOWN, "was not read, since the groups of %s are not known",
			   k->account->name);
	else if (!e && identity_enter(k->root, &k->identity))
		e = read_entered(k, &f, strict);
	else if (!e)
		e = read_by_modes(k, &f, strict);
	if (e) {
		key_file_clear(&f);
		return e;
	}
	*out = f;
	return ERR_NONE;
}
