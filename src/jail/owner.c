/* SPDX-License-Identifier: GPL-3.0-or-later */
/* owner.c - look at a file and the folders above it, each once, for owners and modes. */
#include "jail/owner.h"

#include "base/file.h"
#include "base/number.h"
#include "base/text.h"
#include "jail/acl.h"
#include "jail/known.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/banned.h"

#define PASSWD_FILE "/etc/passwd"
#define GROUP_FILE "/etc/group"
#define MAX_ACCOUNTS (16 * 1024 * 1024)

struct owners {
	const struct root *root;
	struct track *track;
	struct known known;
	char *passwd, *group; /* read when first asked for */
};

static void owned_free(void *owned)
{
	struct owned *s = owned;

	free(s->path);
	free(s->who);
	free(s);
}

enum err owners_new(const struct root *r, struct track *t, struct owners **out)
{
	struct owners *o = calloc(1, sizeof *o);

	if (!o)
		return ERR_MEMORY;
	o->root = r;
	o->track = t;
	*out = o;
	return ERR_NONE;
}

void owners_free(struct owners *o)
{
	if (!o)
		return;
	known_clear(&o->known, owned_free);
	free(o->passwd);
	free(o->group);
	free(o);
}

/* None there: as an empty one. */
static enum err accounts_read(const struct owners *o, const char *path, char **content)
{
	size_t len;
	enum err e;

	if (*content)
		return ERR_NONE;
	e = root_read(o->root, path, MAX_ACCOUNTS, content, &len);
	if (e == ERR_SYSTEM && (errno == ENOENT || errno == ENOTDIR))
		return (*content = strdup("")) ? ERR_NONE : ERR_MEMORY;
	return e;
}

/* The field of a line, counted from 0; *len is 0 when the line has it not. */
static const char *field_of(const char *line, unsigned nth, size_t *len)
{
	for (; nth; nth--) {
		line += strcspn(line, ":\n");
		if (*line != ':') {
			*len = 0;
			return line;
		}
		line++;
	}
	*len = strcspn(line, ":\n");
	return line;
}

static bool field_is_id(const char *line, unsigned nth, unsigned long id)
{
	size_t len;
	const char *field = field_of(line, nth, &len);
	char digits[24];
	uint64_t n;

	if (!len || len >= sizeof digits)
		return false;
	memcpy(digits, field, len);
	digits[len] = '\0';
	return !number_parse(digits, 0, UINT32_MAX, &n) && n == id;
}

static const char *line_next(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

/* The first line with that number in its third field; NULL: none. */
static const char *line_find(const char *content, unsigned long id)
{
	for (const char *line = content; *line; line = line_next(line))
		if (field_is_id(line, 2, id))
			return line;
	return NULL;
}

static bool is_root_alone(const char *word, size_t len)
{
	return len == 0 || (len == 4 && memcmp(word, "root", 4) == 0);
}

/* By all lines of that number: each may name members of its own. */
static bool group_is_roots(const struct owners *o, gid_t gid)
{
	bool there = false;
	size_t len;

	for (const char *line = o->group; *line; line = line_next(line)) {
		const char *members;

		if (!field_is_id(line, 2, gid))
			continue;
		there = true;
		members = field_of(line, 3, &len);
		for (const char *end = members + len; members < end; members++) {
			const size_t n = strcspn(members, ",:\n");

			if (!is_root_alone(members, n))
				return false;
			members += n;
		}
	}
	for (const char *line = o->passwd; there && *line; line = line_next(line)) {
		const char *name = field_of(line, 0, &len);

		if (field_is_id(line, 3, gid) && !is_root_alone(name, len))
			return false;
	}
	return there;
}

/* Where there is one, the group's bits of the mode are its mask, and tell nothing of the group. */
static bool has_acl(const struct owners *o, const char *path)
{
	bool has = true;
	int fd = -1;

	if (root_open_file(o->root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW, 0, &fd))
		return true;
	has = fgetxattr(fd, ACL_XATTR, NULL, 0) >= 0 || (errno != ENODATA && errno != ENOTSUP);
	file_close(fd);
	return has;
}

static enum err who_is(const char *content, unsigned long id, const char *before, const char *kind, char **who)
{
	const char *line = line_find(content, id), *name;
	struct text t = { 0 };
	size_t len = 0;

	if (line && (name = field_of(line, 0, &len)) && len) {
		text_add_string(&t, before);
		text_add_bytes(&t, name, len);
	} else {
		text_add(&t, "%s%s %lu", before[0] ? "the " : "", kind, id);
	}
	return (*who = text_take(&t)) ? ERR_NONE : ERR_MEMORY;
}

/* Who but root may change it; *who stays NULL: nobody. */
static enum err look_for_others(struct owners *o, const struct spot *s, char **who)
{
	enum err e;

	if (s->uid != 0 && s->uid != geteuid())
		return (e = accounts_read(o, PASSWD_FILE, &o->passwd)) ? e : who_is(o->passwd, s->uid, "", "user", who);
	if (s->mode & S_IWOTH)
		return (*who = strdup("everybody")) ? ERR_NONE : ERR_MEMORY;
	if (!(s->mode & S_IWGRP))
		return ERR_NONE;
	if ((e = accounts_read(o, PASSWD_FILE, &o->passwd)) || (e = accounts_read(o, GROUP_FILE, &o->group)))
		return e;
	if (has_acl(o, s->path))
		return (*who = strdup("those in its access control list")) ? ERR_NONE : ERR_MEMORY;
	return group_is_roots(o, s->gid) ? ERR_NONE : who_is(o->group, s->gid, "the group ", "group", who);
}

/* The root itself is whoever's it is: nothing on the system is safe from him. */
static enum err owned_look(struct owners *o, struct owned *one, struct owned *above)
{
	const struct spot *s;
	enum err e;

	one->foreign = above ? above->foreign : NULL;
	one->closed = !above ? NULL : above->closed ? above->closed : above->closes ? above : NULL;
	if (strcmp(one->path, "/") == 0)
		return ERR_NONE;
	if ((e = track_look(o->track, one->path, &s)) || s->number || S_ISLNK(s->mode))
		return e;
	one->closes = S_ISDIR(s->mode) && !(s->mode & S_IXOTH);
	if (!one->foreign && !(e = look_for_others(o, s, &one->who)) && one->who)
		one->foreign = one;
	return e;
}

static enum err owned_add(struct owners *o, const char *path, struct owned *above, struct owned **out)
{
	struct owned *one = calloc(1, sizeof *one);
	enum err e = ERR_MEMORY;

	if (!one)
		return e;
	if ((one->path = strdup(path)) && !(e = owned_look(o, one, above)))
		e = known_add(&o->known, one);
	if (e) {
		owned_free(one);
		return e;
	}
	*out = one;
	return ERR_NONE;
}

/* The folders above it first. */
enum err owners_find(struct owners *o, const char *path, struct owned **out)
{
	struct owned *one = known_find(&o->known, path), *above = NULL;
	const char *slash = strrchr(path + 1, '/');
	enum err e = ERR_NONE;

	if (!one && slash) {
		char *folder = strndup(path, (size_t)(slash - path));

		e = folder ? owners_find(o, folder, &above) : ERR_MEMORY;
		free(folder);
	}
	if (!one && !e)
		e = owned_add(o, path, above, &one);
	if (!e)
		*out = one;
	return e;
}

enum err owners_refuse(struct owners *o, const char *path, struct diags *problems)
{
	struct owned *one, *by;
	enum err e = owners_find(o, path, &one);

	if (e || !(by = one->foreign))
		return e;
	if (!by->told && by == one)
		diag_error_escaped(problems, NULL, 0,
				   "'%s' may be changed by %s: wants a file that only root may change, in folders of "
				   "root's",
				   path, by->who);
	else if (!by->told)
		diag_error_escaped(problems, NULL, 0,
				   "'%s' may be changed by %s, in '%s': wants a file that only root may change, in "
				   "folders of root's",
				   path, by->who, by->path);
	by->told = true;
	return ERR_CONFIG;
}

/* Its folders are open in the jail. */
static enum err refuse_closed(struct owners *o, const char *path, struct diags *problems)
{
	struct owned *one;
	enum err e = owners_find(o, path, &one);

	if (e || !one->closed)
		return e;
	if (!one->closed->told)
		diag_error_escaped(problems, NULL, 0,
				   "'%s' is in '%s', which not everybody may enter, and would be open in the jail: "
				   "wants a file in folders that everybody may enter",
				   path, one->closed->path);
	one->closed->told = true;
	return ERR_CONFIG;
}

enum err owners_check(struct owners *o, const struct entries *all, struct diags *problems)
{
	bool wrong = false;

	for (size_t i = 0; i < all->n; i++) {
		const struct entry *entry = &all->v[i];
		const char *path = entry->kind == ENTRY_LINK ? entry->path : entry->source;
		enum err e;

		if (!path)
			continue;
		e = owners_refuse(o, path, problems);
		if (!e)
			e = refuse_closed(o, path, problems);
		if (e && e != ERR_CONFIG)
			return e;
		wrong |= e == ERR_CONFIG;
	}
	return wrong ? ERR_CONFIG : ERR_NONE;
}
