/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_file.c - read a file with an account's rights, and look at who else could have written it. */
#include "sshd/key_file.h"

#include "base/file.h"
#include "sshd/key_command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

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

enum err key_file_path(const char *pattern, const struct account *a, struct text *out)
{
	const struct key_command_facts facts = { .account = a };
	struct text name = { 0 };
	enum err e = key_command_expand(pattern, &facts, &name);

	/* only %h %u %U have a meaning here, and the others no value */
	if (!e && text_string(&name)[0] != '/')
		text_add(out, "%s/", a->home);
	if (!e) {
		text_add_string(out, text_string(&name));
		e = text_check(out);
	}
	text_free(&name);
	return e;
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

/* 't' leads to path, or is NULL where it has links. */
static enum err identity_know(struct key_reader *k, const char *path, struct trail *t)
{
	uid_t uid = k->account->uid;
	enum err e;

	if (k->known)
		return ERR_NONE;
	k->identity.uid = uid;
	k->identity.gid = k->account->gid;
	if (t ? !identity_needs_groups_along(k->root, uid, t) : !identity_needs_groups(k->root, uid, path))
		return ERR_NONE;
	e = identity_find(k->root, k->account, &k->identity);
	k->known = !e;
	return e;
}

/* A path that leads elsewhere, or whose folders somebody else can change. */
static enum err check_modes(struct key_reader *k, struct key_file *f, const struct trail *t, const struct stat *st)
{
	const struct account *a = k->account;
	struct text fault = { 0 };
	enum err e = t ? strict_modes_check_along(k->root, k->cache, t, a->home, a->uid, &fault)
		       : strict_modes_check(k->root, k->cache, f->path, st, a->home, a->uid, &fault);

	if (e != ERR_MEMORY && fault.len)
		e = object(f, OBSTACLE_STRICT_MODES, "does not count under StrictModes: %s", fault.s);
	else if (e && e != ERR_MEMORY)
		e = object(f, OBSTACLE_UNKNOWN, "could not be judged by StrictModes: %s", err_text(e));
	text_free(&fault);
	return e;
}

static bool has_more_lines(const struct key_file *f, size_t most)
{
	size_t lines = 0;

	for (const char *p = f->content, *end = p + f->len; p < end && lines <= most; p++, lines++) {
		p = memchr(p, '\n', (size_t)(end - p));
		if (!p)
			return lines >= most;
	}
	return lines > most;
}

/* What was a regular file a moment ago; opening some devices would do something. */
static enum err content_read(struct key_reader *k, struct key_file *f)
{
	struct stat st;
	int fd = -1;
	enum err e = root_open_file(k->root, f->path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd);

	if (e)
		return e;
	if (fstat(fd, &st))
		e = ERR_SYSTEM;
	else if (!S_ISREG(st.st_mode))
		e = ERR_NOT_FILE;
	else
		e = (uint64_t)st.st_size > k->limit.bytes ? ERR_TOO_BIG
							  : file_read_all(fd, k->limit.bytes, &f->content, &f->len);
	file_close(fd);
	if (e || !has_more_lines(f, k->limit.lines))
		return e;
	free(f->content);
	f->content = NULL;
	f->len = 0;
	return ERR_TOO_BIG;
}

/* As whoever we are now. *denied: for lack of rights. */
static enum err look(struct key_reader *k, struct key_file *f, const struct trail *t, bool strict, bool *denied)
{
	struct stat st;
	enum err e = ERR_NONE;

	if (t)
		st = *trail_file(t);
	else
		e = root_stat(k->root, f->path, &st);
	*denied = e && errno == EACCES;
	if (*denied)
		return ERR_NONE;
	if (e && is_absent(errno))
		return absent(f);
	if (e)
		return object(f, OBSTACLE_UNKNOWN, "cannot be looked at: %s", err_text(e));
	if (!S_ISREG(st.st_mode))
		return object(f, OBSTACLE_NOT_LISTED, "is not a regular file");
	e = content_read(k, f);
	*denied = e == ERR_SYSTEM && errno == EACCES;
	if (*denied)
		return ERR_NONE;
	if (e == ERR_MEMORY)
		return e;
	if (e == ERR_TOO_BIG)
		return object(f, OBSTACLE_UNKNOWN, "is larger than %zu MiB or has too many lines, and was not read",
			      k->limit.bytes >> 20);
	if (e)
		return object(f, OBSTACLE_UNKNOWN, "cannot be read: %s", err_text(e));
	return strict ? check_modes(k, f, t, &st) : ERR_NONE;
}

static enum err refuse_reader(struct key_reader *k, struct key_file *f)
{
	return object(f, OBSTACLE_STRICT_MODES, "does not count: %s may not read it", k->account->name);
}

/* With the kernel as judge. What the account may not read is read again by us, to tell what stands there. */
static enum err read_entered(struct key_reader *k, struct key_file *f, const struct trail *t, bool strict)
{
	bool denied;
	enum err e = look(k, f, t, strict, &denied);

	identity_leave();
	if (e || !denied)
		return e;
	if ((e = refuse_reader(k, f)))
		return e;
	e = root_read(k->root, f->path, k->limit.bytes, &f->content, &f->len);
	return e == ERR_MEMORY ? e : ERR_NONE;
}

/* We are not the ones who can become somebody else: modes must do. */
static enum err read_by_modes(struct key_reader *k, struct key_file *f, const struct trail *t, bool strict)
{
	bool own = root_is_live(k->root) && geteuid() == k->account->uid, denied, may = true;
	enum err e = look(k, f, t, strict, &denied);

	if (e)
		return e;
	if (denied)
		return own ? refuse_reader(k, f) : object(f, OBSTACLE_UNKNOWN, "cannot be read: %s", strerror(EACCES));
	if (own || !f->content)
		return ERR_NONE;
	if (t)
		may = identity_may_read_along(&k->identity, t);
	else
		e = identity_may_read(k->root, &k->identity, f->path, &may);
	if (e == ERR_MEMORY)
		return e;
	return may && !e ? ERR_NONE : refuse_reader(k, f);
}

/* Whether it is there. *t becomes NULL where the trail cannot tell more. */
static enum err follow(struct key_reader *k, const char *path, struct trail **t, bool *there)
{
	struct stat st;
	enum err e = trail_follow(k->trail, k->root, path);

	*t = e ? NULL : k->trail;
	*there = !e || !((e == ERR_SYSTEM || root_stat(k->root, path, &st)) && is_absent(errno));
	return e == ERR_MEMORY ? e : ERR_NONE;
}

/* Where no process can be had to go first, this one goes by itself. */
bool key_file_answers(struct key_reader *k, const char *path)
{
	bool yes = true;

	return !k->reach || !root_is_live(k->root) || reach_ask(k->reach, path, &yes) || yes;
}

enum err key_file_read(struct key_reader *k, const char *path, bool strict, struct key_file *out)
{
	struct key_file f = { .path = strdup(path) };
	struct trail *t = NULL;
	bool there = false;
	bool answers = key_file_answers(k, path);
	enum err e = !f.path ? ERR_MEMORY : answers ? follow(k, path, &t, &there) : ERR_NONE;

	if (!e && !answers)
		e = object(&f, OBSTACLE_UNKNOWN, "does not answer");
	else if (!e && !there)
		e = absent(&f);
	else if (!e && (e = identity_know(k, path, t)) && e != ERR_MEMORY)
		e = object(&f, OBSTACLE_UNKNOWN, "was not read, since the groups of %s are not known",
			   k->account->name);
	else if (!e && identity_enter(k->root, &k->identity))
		e = read_entered(k, &f, t, strict);
	else if (!e)
		e = read_by_modes(k, &f, t, strict);
	if (e) {
		key_file_clear(&f);
		return e;
	}
	*out = f;
	return ERR_NONE;
}
