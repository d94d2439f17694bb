/* SPDX-License-Identifier: GPL-3.0-or-later */
/* strict_modes.c - owner and mode of a file and of all folders that lead to it. */
#include "sshd/strict_modes.h"

#include "base/number.h"
#include "sshd/account.h"
#include "sshd/patience.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define GROUP_FILE "/etc/group"
#define GROUP_BYTES (64u << 20)
#define DEBIAN "/etc/debian_version"

/* Of a directory behind NSS that may hang: owns all that it works with. */
struct look_up {
	gid_t gid;
	struct strings members;
};

static void look_up_free(void *job)
{
	struct look_up *l = job;

	strings_free(&l->members);
	free(l);
}

static enum err look_up_members(void *job)
{
	struct look_up *l = job;
	const struct group *g = getgrgid(l->gid);
	enum err e = ERR_NONE;

	if (!g)
		return ERR_NOT_FOUND;
	for (size_t i = 0; g->gr_mem[i] && !e; i++)
		e = strings_add(&l->members, g->gr_mem[i]);
	return e;
}

/* The members that the group's own entry lists. ERR_NOT_FOUND: no such group. */
static enum err members_live(gid_t gid, struct strings *out)
{
	struct look_up *job = calloc(1, sizeof *job);
	enum err e;

	if (!job)
		return ERR_MEMORY;
	job->gid = gid;
	e = patience_run(look_up_members, job, look_up_free);
	if (e == ERR_TIMEOUT)
		return e; /* the job is not ours any more */
	if (!e) {
		*out = job->members;
		job->members = (struct strings){ 0 };
	}
	look_up_free(job);
	return e;
}

static enum err members_line(char *line, gid_t gid, struct strings *out)
{
	char *rest = line, *number;
	uint64_t n;

	strsep(&rest, ":");
	strsep(&rest, ":");
	number = strsep(&rest, ":");
	if (!number || !rest || number_parse(number, 0, UINT_MAX, &n) || n != gid)
		return ERR_NOT_FOUND;
	return strings_split(out, rest, ",");
}

static enum err members_file(const struct root *r, gid_t gid, struct strings *out)
{
	char *content = NULL, *rest, *line;
	size_t len = 0;
	enum err e = root_read(r, GROUP_FILE, GROUP_BYTES, &content, &len);

	if (e)
		return e == ERR_MEMORY ? e : ERR_NOT_FOUND;
	rest = content;
	e = ERR_NOT_FOUND;
	while (e == ERR_NOT_FOUND && (line = strsep(&rest, "\n")))
		e = members_line(line, gid, out);
	free(content);
	return e;
}

/* Who has it as primary group: the number of accounts, and whether all of them have this uid; the name of the owner of the file. */
struct primaries {
	size_t n;
	bool only_uid;
	const char *owner; /* borrowed from the list */
};

static struct primaries primaries_count(const struct accounts *all, gid_t gid, uid_t uid, uid_t owner)
{
	struct primaries p = { .only_uid = true };

	for (size_t i = 0; i < all->n; i++) {
		const struct account *a = all->v[i];
		if (a->gid == gid) {
			p.n++;
			p.only_uid &= a->uid == uid;
		}
		if (a->uid == owner && !p.owner)
			p.owner = a->name;
	}
	return p;
}

static enum err accounts_know(const struct root *r, struct strict_modes_cache *cache)
{
	enum err e = cache->known ? ERR_NONE : accounts_read(r, &cache->all);

	cache->known = !e;
	return e;
}

void strict_modes_cache_clear(struct strict_modes_cache *c)
{
	accounts_free(&c->all);
	c->known = false;
}

/* Debian's rule: the group has one member, by its entry or by passwd, and that is the user. */
static enum err group_is_own(const struct root *r, struct strict_modes_cache *cache, const struct stat *st, uid_t uid,
			     bool *own)
{
	struct strings listed = { 0 };
	struct primaries p;
	enum err e = root_is_live(r) ? members_live(st->st_gid, &listed) : members_file(r, st->st_gid, &listed);

	*own = false;
	if (e || (e = accounts_know(r, cache)))
		goto out;
	p = primaries_count(&cache->all, st->st_gid, uid, st->st_uid);
	*own = p.only_uid && p.owner && (p.n || listed.n) &&
	       (!listed.n || (listed.n == 1 && !strcmp(listed.v[0], p.owner)));
out:
	strings_free(&listed);
	return e == ERR_NOT_FOUND ? ERR_NONE : e;
}

static enum err one_check(const struct root *r, struct strict_modes_cache *cache, const char *path,
			  const struct stat *st, uid_t uid, struct text *fault)
{
	const char *what = S_ISDIR(st->st_mode) ? "the folder " : "the file ";
	struct stat debian;
	bool own = false;
	enum err e = ERR_NONE;

	if (st->st_uid != 0 && st->st_uid != uid) {
		text_add_string(fault, what);
		text_add_escaped(fault, path, strlen(path));
		text_add(fault, " belongs to uid %lu", (unsigned long)st->st_uid);
		return text_check(fault);
	}
	if (!(st->st_mode & 022))
		return ERR_NONE;
	if (!(st->st_mode & 02) && !root_stat(r, DEBIAN, &debian))
		e = group_is_own(r, cache, st, uid, &own);
	if (e || own)
		return e;
	text_add_string(fault, what);
	text_add_escaped(fault, path, strlen(path));
	text_add(fault, " can be written by %s (mode %04o)", st->st_mode & 02 ? "everybody" : "its group",
		 (unsigned)(st->st_mode & 07777));
	return text_check(fault);
}

/* Shortens "/a/b" to "/a", "/a" to "/". */
static void step_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash == path)
		slash++;
	if (slash)
		*slash = '\0';
}

static enum err folders_check(const struct root *r, struct strict_modes_cache *cache, char *path, const char *home,
			      uid_t uid, struct text *fault)
{
	struct stat st;
	enum err e;

	do {
		step_up(path);
		e = root_stat(r, path, &st);
		if (e) {
			text_add_string(fault, "the folder ");
			text_add_escaped(fault, path, strlen(path));
			text_add(fault, " cannot be looked at: %s", err_text(e));
			return e;
		}
		if ((e = one_check(r, cache, path, &st, uid, fault)) || fault->len)
			return e;
	} while (strcmp(path, "/") && !(home && !strcmp(path, home)));
	return ERR_NONE;
}

enum err strict_modes_check(const struct root *r, struct strict_modes_cache *cache, const char *path,
			    const struct stat *file, const char *home, uid_t uid, struct text *fault)
{
	char *real = NULL, *real_home = NULL;
	enum err e = root_resolve(r, path, &real);

	if (e) {
		text_add_escaped(fault, path, strlen(path));
		text_add(fault, " cannot be followed: %s", err_text(e));
		goto out;
	}
	/* a home that is not there: then everything counts, up to "/" */
	if (home && (e = root_resolve(r, home, &real_home)) == ERR_MEMORY)
		goto out;
	if ((e = one_check(r, cache, real, file, uid, fault)) || fault->len)
		goto out;
	e = folders_check(r, cache, real, real_home, uid, fault);
out:
	free(real);
	free(real_home);
	return e;
}

/* The folder of that name on the way to the file; "/" where it is not on it. */
static size_t step_of(const struct trail *t, const char *folder)
{
	size_t len = strlen(folder);

	for (size_t i = 1; i + 1 < t->n; i++)
		if (t->v[i].end == len && !memcmp(t->path, folder, len))
			return i;
	return 0;
}

static enum err home_step(const struct root *r, const struct trail *t, const char *home, size_t *out)
{
	char *real = NULL;
	enum err e = ERR_NONE;

	*out = home ? step_of(t, home) : 0;
	if (*out || !home)
		return ERR_NONE;
	e = root_resolve(r, home, &real);
	if (!e)
		*out = step_of(t, real);
	free(real);
	return e == ERR_MEMORY ? e : ERR_NONE;
}

enum err strict_modes_check_along(const struct root *r, struct strict_modes_cache *cache, const struct trail *t,
				  const char *home, uid_t uid, struct text *fault)
{
	char name[PATH_MAX];
	size_t last;
	enum err e = home_step(r, t, home, &last);

	for (size_t i = t->n; !e && !fault->len && i-- > last;) {
		trail_name(t, i, name);
		e = one_check(r, cache, name, &t->v[i].st, uid, fault);
	}
	return e;
}
