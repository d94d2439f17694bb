/* SPDX-License-Identifier: GPL-3.0-or-later */
/* walk.c - opens what is inside a jail, and the place of one, without being led elsewhere. */
#include "jail/walk.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/banned.h"

enum err walk_open(int top, const char *path, int flags, int *fd)
{
	struct open_how how = {
		.flags = (unsigned)flags | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};
	int got;

	do
		got = (int)syscall(SYS_openat2, top, path[0] ? path : ".", &how, sizeof how);
	while (got < 0 && (errno == EINTR || errno == EAGAIN));
	if (got < 0)
		return ERR_SYSTEM;
	*fd = got;
	return ERR_NONE;
}

enum err walk_parent(int top, const char *path, int *parent, const char **name)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	enum err e;

	if (slash && (size_t)(slash - path) >= sizeof folder) {
		errno = ENAMETOOLONG;
		return ERR_SYSTEM;
	}
	if (slash)
		memcpy(folder, path, (size_t)(slash - path));
	folder[slash ? slash - path : 0] = '\0';
	if ((e = walk_open(top, folder, O_PATH | O_DIRECTORY, parent)))
		return e;
	*name = slash ? slash + 1 : path;
	return ERR_NONE;
}

bool walk_is_missing(int number)
{
	return number == ENOENT || number == ENOTDIR || number == ELOOP;
}

/* ---- the place of a jail ---- */

/* As sshd wants it. Who is not root works on what is theirs. */
static enum err check_folder(int fd, const char *path, struct diags *problems)
{
	struct stat st;

	if (fstat(fd, &st))
		return ERR_SYSTEM;
	if (st.st_uid == geteuid() && !(st.st_mode & 022))
		return ERR_NONE;
	diag_error_escaped(
		problems, path, 0,
		"belongs to user %lu with mode %04o: sshd wants each folder above a jail to be root's, with nobody "
		"else allowed to write to it",
		(unsigned long)st.st_uid, (unsigned)(st.st_mode & 07777));
	return ERR_CONFIG;
}

static enum err make_folder(int at, const char *name, int *fd)
{
	if (mkdirat(at, name, 0755) && errno != EEXIST)
		return ERR_SYSTEM;
	*fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *fd < 0 || fchmod(*fd, 0755) || fsync(*fd) || fsync(at) ? ERR_SYSTEM : ERR_NONE;
}

/* One step down from *at, which is closed. 'path' is the whole way up to the name. */
static enum err step_down(int *at, const char *name, const char *path, bool make, struct diags *problems)
{
	int next = openat(*at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	enum err e = next < 0 ? ERR_SYSTEM : ERR_NONE;

	if (e && errno == ENOENT)
		e = make ? make_folder(*at, name, &next) : ERR_NOT_FOUND;
	if (!e)
		e = check_folder(next, path, problems);
	else if (e == ERR_SYSTEM && (errno == ENOTDIR || errno == ELOOP)) {
		diag_error_escaped(problems, path, 0,
				   "it is a link or no folder: wants a folder for a jail to stand in");
		e = ERR_CONFIG;
	} else if (e == ERR_SYSTEM) {
		diag_error_escaped(problems, path, 0, "%s", strerror(errno));
		e = ERR_CONFIG;
	}
	if (e) {
		file_close(next);
		return e;
	}
	file_close(*at);
	*at = next;
	return ERR_NONE;
}

enum err walk_place_open(const struct root *r, const char *dir, bool make, struct walk_place *out, char **missing,
			 struct diags *problems)
{
	struct walk_place p = { .parent = -1 };
	char *path = strdup(dir), *name, *slash;
	enum err e;

	if (!path)
		return ERR_MEMORY;
	if (!(e = root_open_file(r, "/", O_RDONLY | O_DIRECTORY, 0, &p.parent)))
		e = check_folder(p.parent, "/", problems);
	for (name = path + 1; !e && (slash = strchr(name, '/')); name = slash + 1) {
		*slash = '\0';
		e = step_down(&p.parent, name, path, make, problems);
		if (e == ERR_NOT_FOUND && missing && !(*missing = strdup(path)))
			e = ERR_MEMORY;
		*slash = '/';
	}
	if (!e)
		snprintf(p.name, sizeof p.name, "%s", name);
	free(path);
	if (e)
		file_close(p.parent);
	else
		*out = p;
	return e;
}

enum err walk_place_beside(const struct walk_place *p, const char *prefix, const char *suffix, char out[NAME_MAX + 1])
{
	const int n = snprintf(out, NAME_MAX + 1, "%s%s%s", prefix, p->name, suffix);

	if (n >= 0 && n <= NAME_MAX)
		return ERR_NONE;
	errno = ENAMETOOLONG;
	return ERR_SYSTEM;
}

enum err walk_place_enter(const struct walk_place *p, int *fd)
{
	/* root alone decides what is in that folder, so a mount is no trick of somebody else */
	const int got = openat(p->parent, p->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (got < 0)
		return ERR_SYSTEM;
	*fd = got;
	return ERR_NONE;
}

/* ---- mounts ---- */

/* The field as the kernel writes it: blank, tab, newline and backslash as three octal digits. */
static void mount_unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && strspn(s + 1, "01234567") >= 3) {
			*to++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

/* "36 35 98:0 /mnt1 /mnt2 rw ...": the fifth, proc_pid_mountinfo(5). NULL: not in that form. */
static char *mount_point(char *line)
{
	for (int i = 0; i < 4; i++) {
		if (!(line = strchr(line, ' ')))
			return NULL;
		line++;
	}
	line[strcspn(line, " \n")] = '\0';
	mount_unescape(line);
	return line;
}

/*
 * Of this mount namespace only. What a service has mounted in one of its own is not seen, nor harmed: the folder that it is mounted on
 * is removed, which takes the mount away there, and nothing is removed through it.
 */
enum err walk_find_mount(const char *path, const char *except, char **found)
{
	const size_t len = strlen(path);
	char *line = NULL, *point;
	size_t size = 0;
	FILE *f = fopen("/proc/self/mountinfo", "re");
	enum err e = ERR_NONE;

	*found = NULL;
	if (!f)
		return ERR_SYSTEM;
	while (!e && !*found && getline(&line, &size, f) > 0)
		if ((point = mount_point(line)) && !strncmp(point, path, len) && strchr("/", point[len]) &&
		    !(except && strcmp(point, except) == 0) && !(*found = strdup(point)))
			e = ERR_MEMORY;
	free(line);
	fclose(f);
	return e;
}
