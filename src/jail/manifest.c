/* SPDX-License-Identifier: GPL-3.0-or-later */
/* manifest.c - the files that say what is in a jail, outside of it. */
#include "jail/manifest.h"

#include "base/clock.h"
#include "base/file.h"
#include "jail/sound.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define MANIFEST_MAX (128u << 20)
#define READY "manifest.json"
#define UPDATE "update.json"
#define LOST "lost.json"
#define TAG "new"

static bool is_missing(enum err e)
{
	return e == ERR_SYSTEM && (errno == ENOENT || errno == ENOTDIR);
}

static enum err path_of(const char *user, const char *name, struct text *out)
{
	if (!sound_user(user))
		return ERR_SYNTAX;
	text_add(out, JAIL_STATE "/%s%s%s", user, name[0] ? "/" : "", name);
	return text_check(out);
}

enum err manifest_path(const char *user, struct text *out)
{
	return path_of(user, READY, out);
}

static void say(struct text *problem, const char *what)
{
	if (problem)
		text_add_string(problem, what);
}

/* What others could have written would say what root takes away and brings in. */
static enum err check_owner(const struct stat *st, struct text *problem)
{
	struct text why = { 0 };
	enum err e;

	if (S_ISLNK(st->st_mode))
		text_add_string(&why, "it is a link");
	else if (!S_ISREG(st->st_mode))
		text_add_string(&why, "it is no file");
	else if (st->st_uid != 0 && st->st_uid != geteuid())
		text_add(&why, "it belongs to uid %lu", (unsigned long)st->st_uid);
	else if (st->st_mode & 022)
		text_add(&why, "%s may write to it (mode %04o)", st->st_mode & 02 ? "everybody" : "its group",
			 (unsigned)st->st_mode & 07777);
	e = why.len ? ERR_SYNTAX : text_check(&why);
	if (why.len) {
		say(problem, text_string(&why));
		say(problem, ": wants a file of root's own that nobody else may write to");
	}
	text_free(&why);
	return e;
}

static enum err read_own(const struct root *r, const char *path, char **bytes, size_t *len, struct text *problem)
{
	struct stat st;
	int fd = -1;
	enum err e;

	if ((e = root_lstat(r, path, &st)) || (e = check_owner(&st, problem)) ||
	    (e = root_open_file(r, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0, &fd)))
		return e;
	if (fstat(fd, &st))
		e = ERR_SYSTEM;
	else if (!(e = check_owner(&st, problem)))
		e = file_read_all(fd, MANIFEST_MAX, bytes, len);
	file_close(fd);
	return e;
}

static enum err read_named(const struct root *r, const char *user, const char *name, struct manifest *out,
			   struct text *problem)
{
	struct text path = { 0 };
	struct manifest m = { 0 };
	char *bytes = NULL;
	size_t len = 0;
	enum err e = path_of(user, name, &path);

	if (e) {
		if (e == ERR_SYNTAX)
			say(problem, "the name of the user cannot be the name of a file");
	} else if ((e = read_own(r, path.s, &bytes, &len, problem))) {
		e = is_missing(e) ? ERR_NOT_FOUND : e;
	} else if (!(e = manifest_parse(bytes, len, &m, problem)) && strcmp(m.jail.user, user) != 0) {
		say(problem, "it is the manifest of another user");
		e = ERR_SYNTAX;
	}
	free(bytes);
	text_free(&path);
	if (e)
		manifest_clear(&m);
	else
		*out = m;
	return e;
}

enum err manifest_read_itself(const struct root *r, const char *user, struct manifest *out, struct text *problem)
{
	return read_named(r, user, READY, out, problem);
}

enum err manifest_read(const struct root *r, const char *user, struct manifest *out, struct text *problem)
{
	enum err e = read_named(r, user, LOST, out, problem);

	if (e == ERR_NOT_FOUND)
		return manifest_read_itself(r, user, out, problem);
	if (!e)
		out->lost = true;
	return e;
}

enum err manifest_read_update(const struct root *r, const char *user, struct manifest *out, struct text *problem)
{
	return read_named(r, user, UPDATE, out, problem);
}

/* A link would be written through, and what is no file be in the way; neither is read as a manifest. */
static enum err make_way(const struct root *r, const char *path)
{
	struct stat st;

	return root_lstat(r, path, &st) || S_ISREG(st.st_mode) ? ERR_NONE : file_remove(r, path);
}

static enum err write_named(const struct root *r, const struct manifest *m, const char *name)
{
	const struct file_meta meta = {
		.mode = 0600,
		.uid = geteuid(),
		.gid = getegid(),
		.atime.tv_nsec = UTIME_NOW,
		.mtime.tv_nsec = UTIME_NOW,
	};
	struct text path = { 0 }, folder = { 0 }, json = { 0 };
	enum err e;

	if ((e = path_of(m->jail.user, name, &path)) || (e = path_of(m->jail.user, "", &folder)) ||
	    (e = manifest_format(m, &json)) || (e = file_make_dirs(r, folder.s, 0700)) || (e = make_way(r, path.s)))
		goto out;
	e = file_replace(r, path.s, json.s, json.len, &meta, TAG);
out:
	text_free(&path);
	text_free(&folder);
	text_free(&json);
	return e;
}

enum err manifest_write(const struct root *r, const struct manifest *m)
{
	return write_named(r, m, m->lost ? LOST : READY);
}

enum err manifest_write_update(const struct root *r, const struct manifest *m)
{
	return write_named(r, m, UPDATE);
}

static enum err remove_named(const struct root *r, const char *user, const char *name)
{
	struct text path = { 0 };
	enum err e = path_of(user, name, &path);

	if (!e)
		e = file_remove(r, path.s);
	text_free(&path);
	return e;
}

enum err manifest_remove_update(const struct root *r, const char *user)
{
	return remove_named(r, user, UPDATE);
}

enum err manifest_remove_lost(const struct root *r, const char *user)
{
	return remove_named(r, user, LOST);
}

static enum err discard_named(const struct root *r, const char *user, const char *name)
{
	struct text path = { 0 };
	enum err e = path_of(user, name, &path);

	if (!e)
		e = file_discard_temporary(r, path.s, TAG);
	text_free(&path);
	return e;
}

enum err manifest_discard_temporary(const struct root *r, const char *user)
{
	enum err e;

	if ((e = discard_named(r, user, READY)) || (e = discard_named(r, user, UPDATE)))
		return e;
	return discard_named(r, user, LOST);
}

static enum err remove_folder(const struct root *r, const char *user)
{
	int dir = -1;
	enum err e = root_open_file(r, JAIL_STATE, O_RDONLY | O_DIRECTORY, 0, &dir);

	if (e)
		return is_missing(e) ? ERR_NONE : e;
	if (unlinkat(dir, user, AT_REMOVEDIR)) /* what is not ours in it is not ours to remove */
		e = errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST ? ERR_NONE : ERR_SYSTEM;
	else if (fsync(dir))
		e = ERR_SYSTEM;
	file_close(dir);
	return e;
}

/* The manifest last, or what stands in for it: what is cut off before it is found again. An empty folder is nobody's jail. */
enum err manifest_remove(const struct root *r, const char *user)
{
	enum err e;

	if ((e = manifest_discard_temporary(r, user)) || (e = manifest_remove_update(r, user)) ||
	    (e = remove_named(r, user, READY)) || (e = manifest_remove_lost(r, user)))
		return e;
	return remove_folder(r, user);
}

/* ERR_NOT_FOUND: there is no such file in the folder. */
static enum err look_for(const struct root *r, const char *user, const char *name)
{
	struct text path = { 0 };
	struct stat st;
	enum err e = path_of(user, name, &path);

	if (!e)
		e = root_lstat(r, path.s, &st);
	text_free(&path);
	return e == ERR_SYNTAX || is_missing(e) ? ERR_NOT_FOUND : e;
}

enum err manifest_list(const struct root *r, struct strings *users)
{
	struct strings names = { 0 };
	enum err e = root_list(r, JAIL_STATE, &names);

	if (e)
		return is_missing(e) ? ERR_NONE : e;
	for (size_t i = 0; i < names.n && !e; i++) {
		e = look_for(r, names.v[i], READY);
		if (e == ERR_NOT_FOUND)
			e = look_for(r, names.v[i], LOST);
		if (!e)
			e = strings_add(users, names.v[i]);
		else if (e == ERR_NOT_FOUND)
			e = ERR_NONE; /* the lock, and what is half made */
	}
	strings_free(&names);
	return e;
}

/* What is in the folder of a jail's state. */
struct found {
	size_t ours;
	bool ready; /* the manifest is one of them */
	bool foreign;
};

static enum err look_in(const struct root *r, const char *user, struct found *f)
{
	static const char *const ours[] = {
		READY, UPDATE, LOST, "." READY "." TAG, "." UPDATE "." TAG, "." LOST "." TAG
	};
	struct text folder = { 0 };
	struct strings names = { 0 };
	enum err e = path_of(user, "", &folder);

	if (!e)
		e = root_list(r, folder.s, &names);
	for (size_t i = 0; i < names.n; i++) {
		size_t k = 0;

		while (k < ARRAY_SIZE(ours) && strcmp(names.v[i], ours[k]) != 0)
			k++;
		f->ready = f->ready || k == 0;
		f->ours += k < ARRAY_SIZE(ours);
		f->foreign = f->foreign || k == ARRAY_SIZE(ours);
	}
	strings_free(&names);
	text_free(&folder);
	return e;
}

bool manifest_at_rest(const struct root *r, const char *user)
{
	static const char ready[] = "{\n  \"schema\": \"sallyport.jail.v1\",\n  \"state\": \"ready\",\n";
	char begin[sizeof ready - 1];
	struct text path = { 0 };
	struct found f = { 0 };
	int fd = -1;
	bool rest;

	rest = !path_of(user, READY, &path) && !look_in(r, user, &f) && f.ours == 1 && f.ready &&
	       !root_open_file(r, path.s, O_RDONLY | O_NONBLOCK, 0, &fd) &&
	       read(fd, begin, sizeof begin) == sizeof begin && !memcmp(begin, ready, sizeof begin);
	file_close(fd);
	text_free(&path);
	return rest;
}

bool manifest_is_foreign(const struct root *r, const char *user)
{
	struct found f = { 0 };

	return !look_in(r, user, &f) && !f.ours && f.foreign;
}

char *manifest_now(void)
{
	const time_t now = clock_wall();
	char text[32];
	struct tm tm;

	if (!gmtime_r(&now, &tm) || !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return NULL;
	return strdup(text);
}

void manifest_clear(struct manifest *m)
{
	jail_clear(&m->jail);
	entries_clear(&m->entries);
	free(m->above);
	free(m->made);
	free(m->updated);
	*m = (struct manifest){ 0 };
}
