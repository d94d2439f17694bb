/* SPDX-License-Identifier: GPL-3.0-or-later */
/* salvage.c - what may be somebody's own in the tree of a jail. */
#include "jail/salvage.h"

#include "base/array.h"
#include "base/file.h"
#include "base/number.h"
#include "jail/entry_digest.h"
#include "jail/ld_cache.h"
#include "jail/sound.h"
#include "jail/work.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/banned.h"

#define PASSWD_MAX 65536
#define MAX_KEPT 10000 /* of the same name beside the place */

/* One that is looked through: "" or "/etc". */
struct folder {
	char *path;
	bool ours; /* nobody else could have changed it, nor one above it */
};

struct adopted {
	char *path;
	bool folder;
};

/* One look through one tree. */
struct search {
	struct salvage *s;
	const struct walk_place *place;
	int top;
	int kept; /* the folder of what is kept; -1: nothing is yet */
	struct folder *todo;
	size_t n, size;
	struct adopted *rows;
	size_t rows_n, rows_size;
	struct diags *problems;
};

static enum err fail(const struct search *d, const char *path, const char *what)
{
	diag_error_escaped(d->problems, path, 0, "%s: %s", what,
			   errno == EXDEV ? "something is mounted there, or another file system" : strerror(errno));
	return ERR_CONFIG;
}

static const struct entry *row_of(const struct search *d, const char *path)
{
	return d->s->wanted ? entries_find(d->s->wanted, path) : NULL;
}

/* ---- what nobody could miss ---- */

static enum err same_bytes(int fd, const struct stat *st, const char *digest, off_t len, bool *same)
{
	char there[ENTRY_DIGEST];
	enum err e;

	*same = false;
	if (len != st->st_size)
		return ERR_NONE;
	e = entry_digest_fd(fd, st->st_size, there);
	*same = !e && strcmp(there, digest) == 0;
	return e == ERR_TOO_BIG ? ERR_NONE : e; /* it grows */
}

static enum err same_as_host(const struct search *d, int fd, const struct stat *st, const char *source, bool *same)
{
	char digest[ENTRY_DIGEST];
	struct stat theirs;
	int host = -1;
	enum err e = root_open_file(d->s->r, source, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &host);

	*same = false;
	if (e)
		return e == ERR_MEMORY ? e : ERR_NONE;
	if (!fstat(host, &theirs) && S_ISREG(theirs.st_mode) && theirs.st_size == st->st_size) {
		*same = theirs.st_dev == st->st_dev && theirs.st_ino == st->st_ino;
		if (!*same && !entry_digest_fd(host, theirs.st_size, digest))
			e = same_bytes(fd, st, digest, theirs.st_size, same);
	}
	file_close(host);
	return e;
}

static bool is_loader_cache(int fd, const char *path)
{
	static const char *const begins[] = { "glibc-ld.so.cache1.1", "ld.so-1.7.0" };
	char head[20];
	const ssize_t n = strcmp(path, LD_CACHE_PATH) == 0 ? pread(fd, head, sizeof head, 0) : -1;

	for (size_t i = 0; i < ARRAY_SIZE(begins); i++)
		if (n >= (ssize_t)strlen(begins[i]) && memcmp(head, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

static enum err is_known_file(const struct search *d, int dir, const char *name, const char *path,
			      const struct entry *row, bool *known)
{
	char digest[ENTRY_DIGEST];
	struct stat st;
	int fd = -1;
	enum err e = walk_open(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, &fd);

	if (e || fstat(fd, &st)) {
		file_close(fd);
		return ERR_SYSTEM;
	}
	if (row && row->kind == ENTRY_FILE && row->digest[0]) {
		e = same_bytes(fd, &st, row->digest, st.st_size, known);
	} else if (row && row->kind == ENTRY_FILE && row->content) {
		entry_digest_bytes(row->content, row->len, digest);
		e = same_bytes(fd, &st, digest, (off_t)row->len, known);
	} else if (row && row->kind == ENTRY_FILE) {
		e = same_as_host(d, fd, &st, row->source, known);
	}
	if (!e && !*known)
		e = same_as_host(d, fd, &st, path, known);
	*known = *known || is_loader_cache(fd, path);
	file_close(fd);
	return e;
}

static bool is_known_link(const struct search *d, int dir, const char *name, const char *path, const struct entry *row)
{
	char here[PATH_MAX], there[PATH_MAX];
	const ssize_t n = readlinkat(dir, name, here, sizeof here - 1);
	char *outside = NULL;
	ssize_t m = -1;

	if (n < 0)
		return false;
	here[n] = '\0';
	if (row && row->kind == ENTRY_LINK && strcmp(row->target, here) == 0)
		return true;
	if (root_outside(d->s->r, path, &outside) == ERR_NONE)
		m = readlink(outside, there, sizeof there);
	free(outside);
	return m == n && memcmp(here, there, (size_t)n) == 0;
}

/* Those that a jail gets, and that give nothing away: they can be made again by their numbers. */
static bool is_known_device(const struct stat *st)
{
	static const unsigned char numbers[][2] = { { 1, 3 }, { 1, 5 }, { 1, 8 }, { 1, 9 }, { 5, 0 } };

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (S_ISCHR(st->st_mode) && st->st_rdev == makedev(numbers[i][0], numbers[i][1]))
			return true;
	return false;
}

static enum err is_known(const struct search *d, int dir, const char *name, const char *path, const struct stat *st,
			 bool *known)
{
	const struct entry *row = row_of(d, path);

	*known = false;
	if (S_ISREG(st->st_mode))
		return is_known_file(d, dir, name, path, row, known);
	*known = S_ISLNK(st->st_mode)	 ? is_known_link(d, dir, name, path, row)
		 : S_ISSOCK(st->st_mode) ? strcmp(path, "/dev/log") == 0
					 : is_known_device(st);
	return ERR_NONE;
}

/* ---- kept ---- */

static enum err kept_name(const struct walk_place *place, char out[NAME_MAX + 1])
{
	return walk_place_beside(place, ".", ".sallyport-kept", out);
}

static enum err open_kept(struct search *d)
{
	char name[NAME_MAX + 1];

	if (d->kept >= 0)
		return ERR_NONE;
	if (kept_name(d->place, name))
		return ERR_SYSTEM;
	if (!walk_open(d->place->parent, name, O_RDONLY | O_DIRECTORY, &d->kept))
		return ERR_NONE;
	return errno == ENOENT ? tree_make_top(d->place->parent, name, 0700, &d->kept) : ERR_SYSTEM;
}

/* The folder of what is kept that goes with one of the jail, with those above it. */
static enum err kept_folder(const struct search *d, const char *folder, int *out)
{
	int at = fcntl(d->kept, F_DUPFD_CLOEXEC, 3), next = -1;
	char *path = strdup(folder), *rest = NULL, *name;
	enum err e = at < 0 ? ERR_SYSTEM : path ? ERR_NONE : ERR_MEMORY;

	for (name = e ? NULL : strtok_r(path, "/", &rest); name && !e; name = strtok_r(NULL, "/", &rest)) {
		if (walk_open(at, name, O_RDONLY | O_DIRECTORY, &next) &&
		    (errno != ENOENT || tree_make_top(at, name, 0700, &next)))
			e = ERR_SYSTEM;
		file_close(at);
		at = next;
		next = -1;
	}
	free(path);
	if (e)
		file_close(at);
	else
		*out = at;
	return e;
}

/* By a run that was cut off. Keeps errno. */
static bool is_kept(int dir, const char *name, int to)
{
	const int number = errno;
	struct stat a, b;
	const bool same = number == EEXIST && !fstatat(dir, name, &a, AT_SYMLINK_NOFOLLOW) &&
			  !fstatat(to, name, &b, AT_SYMLINK_NOFOLLOW) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;

	errno = number;
	return same;
}

static enum err copy_bytes(int from, const struct stat *st, int to)
{
	const struct timespec times[] = { st->st_atim, st->st_mtim };
	unsigned char chunk[16384];
	enum err e = ERR_NONE;
	bool writes;

	if (ioctl(to, FICLONE, from))
		e = entry_digest_copy(from, to, st->st_size, chunk, sizeof chunk, NULL, &writes);
	if (e == ERR_TOO_BIG)
		errno = EBUSY; /* it grows */
	if (e)
		return ERR_SYSTEM;
	return fchown(to, st->st_uid, st->st_gid) || fchmod(to, st->st_mode & 0777) || futimens(to, times) ? ERR_SYSTEM
													   : ERR_NONE;
}

/*
 * As many names as a file can have are taken. Somebody else's has another one, which stays as the jail does. Ours may have them where others could
 * link to it, who would take them away again.
 */
static enum err copy_to(int dir, const char *name, int to)
{
	struct stat st;
	int from = -1, fd = -1;
	enum err e = ERR_SYSTEM;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return ERR_SYSTEM;
	if (st.st_uid != geteuid())
		return ERR_NONE;
	if (!S_ISREG(st.st_mode)) {
		errno = EMLINK;
		return ERR_SYSTEM;
	}
	if (!walk_open(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, &from) && !fstat(from, &st) &&
	    (fd = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)) >= 0)
		e = copy_bytes(from, &st, fd);
	file_close(fd);
	file_close(from);
	return e;
}

/* A second name: the tree stays as it is. */
static enum err link_to(int dir, const char *name, int to)
{
	struct walk_flags f;
	int failed = linkat(dir, name, to, name, 0);

	if (failed && errno == EPERM) {
		if (walk_flags_lift(dir, name, &f)) {
			failed = linkat(dir, name, to, name, 0);
			walk_flags_restore(&f);
		} else {
			errno = EPERM;
		}
	}
	if (!failed || is_kept(dir, name, to))
		return ERR_NONE;
	return errno == EMLINK ? copy_to(dir, name, to) : ERR_SYSTEM;
}

/* Out of a tree that goes. */
static enum err move_to(int dir, const char *name, int to)
{
	struct walk_flags f;
	enum err e = walk_rename(dir, name, to, name, RENAME_NOREPLACE);

	if (e && errno == EPERM) {
		if (walk_flags_lift(dir, ".", &f)) {
			e = walk_rename(dir, name, to, name, RENAME_NOREPLACE);
			walk_flags_restore(&f);
		} else {
			errno = EPERM;
		}
	}
	return e && is_kept(dir, name, to) ? ERR_NONE : e;
}

static enum err count(struct salvage *s, const char *path, const char *end)
{
	s->kept++;
	return s->names.n < SALVAGE_NAMES ? strings_add_format(&s->names, "%s%s", path, end) : ERR_NONE;
}

/* errno EEXIST: something else was kept under that name. */
static enum err keep_name(struct search *d, int dir, const char *folder, const char *name)
{
	int to = -1;
	enum err e;

	if (!(e = open_kept(d)) && !(e = kept_folder(d, folder, &to)))
		e = d->s->adopted ? link_to(dir, name, to) : move_to(dir, name, to);
	file_close(to);
	return e;
}

static enum err cannot_keep(const struct search *d, const char *path, enum err e)
{
	return e == ERR_SYSTEM ? fail(d, path, "it may be somebody's own, and cannot be kept beside the jail") : e;
}

static enum err keep(struct search *d, int dir, const char *folder, const char *name, const char *path)
{
	enum err e = count(d->s, path, "");

	return e || d->s->look ? e : cannot_keep(d, path, keep_name(d, dir, folder, name));
}

/* ---- through the tree ---- */

static bool is_roots(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && st.st_uid == geteuid() && !(st.st_mode & 022) && !content_has_odd_attributes(fd);
}

static bool is_passed(const struct search *d, const char *path)
{
	const struct entry *row = d->s->adopted ? row_of(d, path) : NULL;

	return strcmp(path, d->s->jail->home) == 0 || strcmp(path, "/" SOUND_STAGE) == 0 || (row && row->his);
}

/* Something of ours may be in it whoever it belongs to, or the home. */
static bool is_needed(const struct search *d, const char *path)
{
	const struct entry *row = row_of(d, path);
	const size_t len = strlen(path);

	return (row && row->kind == ENTRY_FOLDER && !row->his) ||
	       (strncmp(d->s->jail->home, path, len) == 0 && d->s->jail->home[len] == '/');
}

static enum err adopt(struct search *d, const char *path, const struct stat *st)
{
	struct adopted *v, one = { .folder = S_ISDIR(st->st_mode) };

	if (d->s->look)
		return ERR_NONE;
	if (!(v = array_room(d->rows, d->rows_n, &d->rows_size, sizeof *v)))
		return ERR_MEMORY;
	d->rows = v;
	if (!(one.path = strdup(path)))
		return ERR_MEMORY;
	v[d->rows_n++] = one;
	return ERR_NONE;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct adopted *)a)->path, ((const struct adopted *)b)->path);
}

/* Sorted, as each row that comes before others moves all of those. */
static enum err add_adopted(struct search *d)
{
	struct entries *to = d->s->adopted;
	enum err e = ERR_NONE;

	if (d->rows_n)
		qsort(d->rows, d->rows_n, sizeof *d->rows, compare);
	/* of what it was nothing is known, and nobody asks before it goes */
	for (size_t i = 0; i < d->rows_n && !e; i++)
		e = d->rows[i].folder ? entries_add_folder(to, d->rows[i].path, 0755)
				      : entries_add_content(to, d->rows[i].path, "", 0, 0600);
	return e;
}

static enum err todo_add(struct search *d, const char *path, bool ours)
{
	struct folder *v = array_room(d->todo, d->n, &d->size, sizeof *v);
	struct folder one = { .ours = ours };

	if (!v)
		return ERR_MEMORY;
	d->todo = v;
	if (!(one.path = strdup(path)))
		return ERR_MEMORY;
	v[d->n++] = one;
	return ERR_NONE;
}

static bool is_empty(int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *each;

	if (!dir) {
		file_close(copy);
		return false;
	}
	do
		each = readdir(dir);
	while (each && (strcmp(each->d_name, ".") == 0 || strcmp(each->d_name, "..") == 0));
	closedir(dir);
	return !each;
}

/* With all in it. */
static enum err keep_folder(struct search *d, int dir, const char *folder, const char *name, const char *path)
{
	enum err e = count(d->s, path, "/");

	if (e || d->s->look)
		return e;
	e = keep_name(d, dir, folder, name);
	/* by a run that was cut off and knew other rows */
	if (e == ERR_SYSTEM && errno == EEXIST && strlen(path) < PATH_MAX)
		return todo_add(d, path, false);
	return cannot_keep(d, path, e);
}

/*
 * One that others than root could write to may be of any depth, and have any number of things in it. So it is left alone, or kept, as a
 * whole, but for the way to what we need in it.
 */
static enum err look_at_folder(struct search *d, int dir, const char *folder, const char *name, const char *path,
			       bool ours)
{
	enum err e = ERR_NONE;
	int fd = -1;

	if (walk_open(dir, name, O_RDONLY | O_DIRECTORY, &fd))
		return walk_is_missing(errno) ? ERR_NONE : fail(d, path, "it cannot be looked at");
	ours = ours && is_roots(fd);
	if ((ours || is_needed(d, path)) && strlen(path) < PATH_MAX)
		e = todo_add(d, path, ours);
	else if (!d->s->adopted && !is_empty(fd))
		e = keep_folder(d, dir, folder, name, path);
	file_close(fd);
	return e;
}

static enum err look_at(struct search *d, int dir, const char *folder, const char *name, bool ours)
{
	const struct salvage *s = d->s;
	struct text path = { 0 };
	struct stat st;
	bool known = false;
	enum err e;

	text_add(&path, "%s/%s", folder, name);
	/* others may have put any number of things there */
	if ((e = text_check(&path)) || is_passed(d, path.s) || (s->adopted && !ours && !row_of(d, path.s)))
		goto out;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW)) {
		e = errno == ENOENT ? ERR_NONE : fail(d, path.s, "it cannot be looked at");
		goto out;
	}
	ours = ours && st.st_uid == geteuid();
	if (s->adopted && ours && sound_path(path.s) && (e = adopt(d, path.s, &st)))
		goto out;
	if (S_ISDIR(st.st_mode)) {
		e = look_at_folder(d, dir, folder, name, path.s, ours);
		goto out;
	}
	if (s->adopted && !ours && !row_of(d, path.s))
		goto out;
	if ((e = is_known(d, dir, name, path.s, &st, &known)) == ERR_SYSTEM)
		e = fail(d, path.s, "it cannot be read");
	if (!e && !known)
		e = keep(d, dir, folder, name, path.s);
out:
	text_free(&path);
	return e;
}

static enum err look_in(struct search *d, const char *folder, bool ours)
{
	const struct dirent *each;
	enum err e = ERR_NONE;
	int fd = -1;
	DIR *dir;

	if (walk_open(d->top, folder[0] ? folder + 1 : "", O_RDONLY | O_DIRECTORY, &fd))
		return walk_is_missing(errno) ? ERR_NONE : fail(d, folder[0] ? folder : "/", "it cannot be looked at");
	ours = ours && is_roots(fd);
	if (!(dir = fdopendir(fd))) {
		file_close(fd);
		return ERR_MEMORY;
	}
	while (!e && (errno = 0, each = readdir(dir)))
		if (strcmp(each->d_name, ".") != 0 && strcmp(each->d_name, "..") != 0)
			e = look_at(d, dirfd(dir), folder, each->d_name, ours);
	if (!e && errno)
		e = fail(d, folder[0] ? folder : "/", "it cannot be looked at");
	closedir(dir);
	return e;
}

enum err salvage_keep(struct salvage *s, const struct walk_place *place, int top, struct diags *problems)
{
	struct search d = { .s = s, .place = place, .top = top, .kept = -1, .problems = problems };
	enum err e = todo_add(&d, "", true);

	for (size_t i = 0; i < d.n && !e; i++)
		e = look_in(&d, d.todo[i].path, d.todo[i].ours);
	if (!e)
		e = add_adopted(&d);
	if (!e && d.kept >= 0 && (syncfs(d.kept) || fsync(place->parent)))
		e = fail(&d, s->jail->dir, "what is kept of it cannot be written to the disk");
	file_close(d.kept);
	for (size_t i = 0; i < d.n; i++)
		free(d.todo[i].path);
	for (size_t i = 0; i < d.rows_n; i++)
		free(d.rows[i].path);
	free(d.todo);
	free(d.rows);
	return e;
}

void salvage_clear(struct salvage *s)
{
	strings_free(&s->names);
}

enum err salvage_show(const struct walk_place *place, const char *dir, char **kept)
{
	char name[NAME_MAX + 1], as[NAME_MAX + 1], suffix[32] = ".kept";
	struct text t = { 0 };
	struct stat st;

	*kept = NULL;
	if (kept_name(place, name))
		return ERR_SYSTEM;
	if (fstatat(place->parent, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? ERR_NONE : ERR_SYSTEM;
	for (unsigned n = 2; n <= MAX_KEPT; n++) {
		if (walk_place_beside(place, "", suffix, as))
			return ERR_SYSTEM;
		if (!renameat2(place->parent, name, place->parent, as, RENAME_NOREPLACE))
			break;
		if (errno != EEXIST || n == MAX_KEPT)
			return ERR_SYSTEM;
		snprintf(suffix, sizeof suffix, ".kept-%u", n);
	}
	text_add(&t, "%.*s/%s", (int)(strrchr(dir, '/') - dir), dir, as);
	if (fsync(place->parent)) {
		text_free(&t);
		return ERR_SYSTEM;
	}
	*kept = text_take(&t);
	return *kept ? ERR_NONE : ERR_MEMORY;
}

enum err salvage_forget(const struct walk_place *place)
{
	char name[NAME_MAX + 1];

	return kept_name(place, name) ? ERR_SYSTEM : walk_remove(place->parent, name, NULL);
}

/* ---- is it the jail? ---- */

static enum err refuse(struct diags *problems, const char *dir, const char *why)
{
	diag_error_escaped(problems, dir, 0, "it cannot be told to be a jail of ours: %s", why);
	return ERR_CONFIG;
}

static enum err take_text(char **to, const char *from)
{
	char *copy = strdup(from);

	if (!copy)
		return ERR_MEMORY;
	free(*to);
	*to = copy;
	return ERR_NONE;
}

/* "anna:x:1001:1001::/home/anna:/bin/bash" as etc.c writes it. */
static enum err take_line(char *line, struct jail *j, bool *found)
{
	char *fields[7] = { line };
	uint64_t uid, gid;
	enum err e;

	for (size_t i = 1; i < ARRAY_SIZE(fields); i++) {
		char *colon = strchr(fields[i - 1], ':');

		if (!colon)
			return ERR_NONE;
		*colon = '\0';
		fields[i] = colon + 1;
	}
	if (strcmp(fields[0], j->user) != 0 || number_parse(fields[2], 1, UINT32_MAX - 1, &uid) ||
	    number_parse(fields[3], 0, UINT32_MAX - 1, &gid) || !sound_path(fields[5]) || !sound_path(fields[6]))
		return ERR_NONE;
	*found = true;
	j->uid = (uid_t)uid;
	j->gid = (gid_t)gid;
	e = take_text(&j->home, fields[5]);
	return e ? e : take_text(&j->shell, fields[6]);
}

static enum err take_passwd(int top, struct jail *j, bool *found)
{
	char *content = NULL, *rest = NULL;
	size_t len = 0;
	struct stat st;
	int fd = -1;
	enum err e = ERR_NONE;

	if (walk_open(top, "etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY, &fd))
		return ERR_NONE;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 022) &&
	    !file_read_all(fd, PASSWD_MAX, &content, &len))
		for (char *line = strtok_r(content, "\n", &rest); line && !e; line = strtok_r(NULL, "\n", &rest))
			e = take_line(line, j, found);
	free(content);
	file_close(fd);
	return e;
}

static enum err know(int top, struct jail *j, struct diags *problems)
{
	bool found = false;
	struct stat st;
	int fd = -1;
	enum err e;

	if (!is_roots(top))
		return refuse(problems, j->dir, "others than root may write to it");
	if (!j->sftp_only && (e = take_passwd(top, j, &found)))
		return e;
	e = ERR_NONE;
	if (walk_open(top, j->home + 1, O_PATH | O_DIRECTORY, &fd) || fstat(fd, &st))
		e = refuse(problems, j->dir, "the home of its user is not in it");
	else if (!st.st_uid || (found && st.st_uid != j->uid))
		e = refuse(problems, j->dir, "the home in it does not belong to its user");
	else
		j->uid = st.st_uid, j->gid = found ? j->gid : st.st_gid;
	file_close(fd);
	return e;
}

enum err salvage_know(const struct root *r, struct jail *j, struct diags *problems)
{
	struct walk_place place = { .parent = -1 };
	int top = -1;
	enum err e = walk_place_open(r, j->dir, false, &place, NULL, problems);

	if (e)
		return e == ERR_NOT_FOUND ? ERR_NONE : e;
	if (walk_place_enter(&place, &top))
		e = errno == ENOENT ? ERR_NONE : refuse(problems, j->dir, strerror(errno));
	else
		e = know(top, j, problems);
	file_close(top);
	file_close(place.parent);
	return e;
}
