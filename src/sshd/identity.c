/* SPDX-License-Identifier: GPL-3.0-or-later */
/* identity.c - the file-system ids of this thread, and the arithmetic of modes where they cannot be changed. */
#include "sshd/identity.h"

#include "base/file.h"
#include "base/number.h"
#include "sshd/patience.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/banned.h"

#define GROUP_FILE "/etc/group"
#define GROUP_BYTES (64u << 20)
#define ACL "system.posix_acl_access"
#define MAX_GROUPS 65536 /* the kernel's NGROUPS_MAX */

#ifdef SYS_setgroups32
#define SETGROUPS SYS_setgroups32
#else
#define SETGROUPS SYS_setgroups
#endif

/* Of a directory behind NSS that may hang: owns all that it works with. */
struct look_up {
	char *name;
	struct identity id;
};

static void look_up_free(void *job)
{
	struct look_up *l = job;

	free(l->name);
	identity_clear(&l->id);
	free(l);
}

static enum err look_up_groups(void *job)
{
	struct look_up *l = job;
	int n = 64;

	for (;;) {
		gid_t *more = reallocarray(l->id.groups, (size_t)n, sizeof *more);
		int room = n;
		if (!more)
			return ERR_MEMORY;
		l->id.groups = more;
		if (getgrouplist(l->name, l->id.gid, l->id.groups, &n) >= 0)
			break;
		n = n > room ? n : room * 2;
		if (n > MAX_GROUPS)
			return ERR_TOO_BIG;
	}
	l->id.ngroups = (size_t)n;
	return ERR_NONE;
}

static enum err groups_live(const struct account *a, struct identity *id)
{
	struct look_up *job = calloc(1, sizeof *job);
	enum err e = ERR_MEMORY;

	if (!job)
		return ERR_MEMORY;
	job->id = *id;
	if ((job->name = strdup(a->name)))
		e = patience_run(look_up_groups, job, look_up_free);
	if (e == ERR_TIMEOUT)
		return e; /* the job is not ours any more */
	if (!e) {
		*id = job->id;
		job->id = (struct identity){ 0 };
	}
	look_up_free(job);
	return e;
}

static enum err group_add(struct identity *id, gid_t gid)
{
	gid_t *more = reallocarray(id->groups, id->ngroups + 1, sizeof *more);

	if (!more)
		return ERR_MEMORY;
	id->groups = more;
	id->groups[id->ngroups++] = gid;
	return ERR_NONE;
}

static bool list_has(const char *list, size_t len, const char *name)
{
	size_t want = strlen(name), part;

	for (size_t at = 0; at < len; at += part + 1) {
		for (part = 0; at + part < len && list[at + part] != ','; part++)
			;
		if (part == want && !memcmp(list + at, name, want))
			return true;
	}
	return false;
}

/* "name:password:gid:member,member" */
static enum err group_line(const char *line, size_t len, const struct account *a, struct identity *id)
{
	const char *field[4] = { line }, *end = line + len, *colon;
	char number[24];
	uint64_t gid;
	size_t n;

	for (size_t i = 1; i < ARRAY_SIZE(field); i++) {
		colon = memchr(field[i - 1], ':', (size_t)(end - field[i - 1]));
		if (!colon)
			return ERR_NONE;
		field[i] = colon + 1;
	}
	n = (size_t)(field[3] - field[2]) - 1;
	if (n >= sizeof number || !list_has(field[3], (size_t)(end - field[3]), a->name))
		return ERR_NONE;
	memcpy(number, field[2], n);
	number[n] = '\0';
	if (number_parse(number, 0, UINT_MAX - 1, &gid) || id->ngroups >= MAX_GROUPS)
		return ERR_NONE;
	return group_add(id, (gid_t)gid);
}

static enum err groups_file(const struct root *r, const struct account *a, struct identity *id)
{
	char *content = NULL;
	size_t len = 0;
	enum err e = root_read(r, GROUP_FILE, GROUP_BYTES, &content, &len);

	if (e == ERR_SYSTEM && errno == ENOENT)
		return group_add(id, a->gid);
	if (!e)
		e = group_add(id, a->gid);
	for (char *at = content, *stop; !e && at < content + len; at = stop + 1) {
		stop = memchr(at, '\n', (size_t)(content + len - at));
		stop = stop ? stop : content + len;
		e = group_line(at, (size_t)(stop - at), a, id);
	}
	free(content);
	return e;
}

enum err identity_find(const struct root *r, const struct account *a, struct identity *out)
{
	struct identity id = { .uid = a->uid, .gid = a->gid };
	enum err e = root_is_live(r) ? groups_live(a, &id) : groups_file(r, a, &id);

	if (e) {
		identity_clear(&id);
		return e;
	}
	*out = id;
	return ERR_NONE;
}

static bool has_acl(const struct root *r, const char *path)
{
	ssize_t size;
	int fd = -1;

	if (root_is_live(r)) {
		size = getxattr(path, ACL, NULL, 0);
	} else {
		if (root_open_file(r, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd))
			return true;
		size = fgetxattr(fd, ACL, NULL, 0);
		file_close(fd);
	}
	return size > 0;
}

/* One folder, or at the end the file. */
static bool modes_differ(const struct stat *st, bool last)
{
	return ((st->st_mode >> 3 ^ st->st_mode) & (last ? 4 : 1)) || (last && !S_ISREG(st->st_mode));
}

static bool group_counts(const struct root *r, uid_t uid, const char *path, bool last)
{
	struct stat st;

	if (root_stat(r, path, &st))
		return true;
	return st.st_uid != uid && (modes_differ(&st, last) || has_acl(r, path));
}

static bool group_counts_along(const struct root *r, uid_t uid, char *path)
{
	bool counts = group_counts(r, uid, "/", false);

	for (char *slash = strchr(path + 1, '/'); slash && !counts; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		counts = group_counts(r, uid, path, false);
		*slash = '/';
	}
	return counts || group_counts(r, uid, path, true);
}

bool identity_needs_groups(const struct root *r, uid_t uid, const char *path)
{
	char *at = strdup(path), *real = NULL;
	bool needs = true;

	if (uid == 0)
		needs = false;
	else if (at && !root_resolve(r, path, &real))
		needs = group_counts_along(r, uid, at) || (strcmp(path, real) && group_counts_along(r, uid, real));
	free(at);
	free(real);
	return needs;
}

/* Of another system modes decide alone: an ACL has no say. */
static bool step_has_acl(const struct root *r, struct trail *t, size_t i)
{
	struct trail_step *s = &t->v[i];
	char name[PATH_MAX];

	if (!s->acl_known && root_is_live(r)) {
		trail_name(t, i, name);
		s->acl = has_acl(r, name);
	}
	s->acl_known = true;
	return s->acl;
}

bool identity_needs_groups_along(const struct root *r, uid_t uid, struct trail *t)
{
	for (size_t i = 0; i < t->n && uid; i++) {
		const struct stat *st = &t->v[i].st;
		if (st->st_uid != uid && (modes_differ(st, i + 1 == t->n) || step_has_acl(r, t, i)))
			return true;
	}
	return false;
}

void identity_clear(struct identity *id)
{
	free(id->groups);
	*id = (struct identity){ 0 };
}

/* --- as somebody else --- */

static _Thread_local struct {
	bool changed;
	gid_t gid;
	gid_t *groups;
	int ngroups;
} before;

/* Not setgroups(3), which changes all threads. */
static bool set_groups(const gid_t *groups, size_t n)
{
	return !syscall(SETGROUPS, n, groups);
}

static bool remember(void)
{
	int n = getgroups(0, NULL);

	before.groups = calloc((size_t)(n > 0 ? n : 0) + 1, sizeof *before.groups);
	if (!before.groups)
		return false;
	before.ngroups = getgroups(n, before.groups);
	before.gid = getegid();
	return before.ngroups >= 0;
}

bool identity_enter(const struct root *r, const struct identity *id)
{
	if (geteuid() != 0 || !root_is_live(r))
		return false;
	if (id->uid == 0)
		return true;
	if (!remember() || !set_groups(id->groups, id->ngroups)) {
		free(before.groups);
		before.groups = NULL;
		return false;
	}
	before.changed = true;
	setfsgid(id->gid);
	setfsuid(id->uid);
	/* neither says whether it worked */
	if ((uid_t)setfsuid((uid_t)-1) == id->uid && (gid_t)setfsgid((gid_t)-1) == id->gid)
		return true;
	identity_leave();
	return false;
}

void identity_leave(void)
{
	int kept = errno;

	if (!before.changed)
		return;
	setfsuid(0);
	setfsgid(before.gid);
	/* going on with the ids of somebody else is not possible */
	if (!set_groups(before.groups, (size_t)before.ngroups) || setfsuid((uid_t)-1) != 0 ||
	    (gid_t)setfsgid((gid_t)-1) != before.gid)
		abort();
	free(before.groups);
	before.groups = NULL;
	before.changed = false;
	errno = kept;
}

/* --- by modes --- */

static bool in_group(const struct identity *id, gid_t gid)
{
	if (id->gid == gid)
		return true;
	for (size_t i = 0; i < id->ngroups; i++)
		if (id->groups[i] == gid)
			return true;
	return false;
}

static bool mode_gives(const struct identity *id, const struct stat *st, mode_t want)
{
	if (id->uid == 0)
		return true;
	if (st->st_uid == id->uid)
		return st->st_mode & (want << 6);
	if (in_group(id, st->st_gid))
		return st->st_mode & (want << 3);
	return st->st_mode & want;
}

/* Each folder must be searchable, the file readable. */
static enum err path_gives(const struct root *r, const struct identity *id, const char *path, bool *may)
{
	char *at = strdup(path);
	bool gives = true;
	struct stat st;
	enum err e = at ? ERR_NONE : ERR_MEMORY;

	for (char *slash = at; !e && gives && slash;) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		e = root_stat(r, at, &st);
		if (!e)
			gives = mode_gives(id, &st, slash ? 1 : 4);
		if (slash)
			*slash = '/';
	}
	free(at);
	if (!e)
		*may = gives;
	return e;
}

enum err identity_may_read(const struct root *r, const struct identity *id, const char *path, bool *may)
{
	char *real = NULL;
	bool gives = false;
	enum err e;

	if ((e = path_gives(r, id, path, &gives)) || !gives)
		goto out;
	/* what links lead through counts as well */
	if (!(e = root_resolve(r, path, &real)))
		e = path_gives(r, id, real, &gives);
out:
	free(real);
	if (!e)
		*may = gives;
	return e;
}

bool identity_may_read_along(const struct identity *id, const struct trail *t)
{
	for (size_t i = 1; i < t->n; i++)
		if (!mode_gives(id, &t->v[i].st, i + 1 == t->n ? 4 : 1))
			return false;
	return true;
}
