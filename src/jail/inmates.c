/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inmates.c - looks through /proc for processes with a certain root.
 *
 * /proc is listed in the order of pids, and new pids grow: a chain of processes, each of which is made before the last one ends, is passed by the
 * listing at one of them. That one may be gone when it is looked at, a few microseconds later; such a pass tells nothing and is made again.
 * The one other way past is a pid counter that begins anew meanwhile, which takes far longer than a pass: several passes must agree.
 */
#include "jail/inmates.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/number.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define LISTED 160 /* bytes: few at once, so that each is looked at as soon as it is listed */
#define AGREE 3
#define LIMIT_MS 10000

struct search {
	int proc;
	struct stat top;
	uid_t uid;
	pid_t found;
	bool unclear; /* something was gone before it was looked at */
};

/* A process or a thread, by its folder in /proc. False: it has no root any more, or is gone. */
static bool look_at(struct search *s, const char *folder, pid_t pid)
{
	char path[64];
	struct stat root, owner;

	snprintf(path, sizeof path, "%s/root", folder);
	if (!fstatat(s->proc, path, &root, 0)) {
		if (root.st_dev == s->top.st_dev && root.st_ino == s->top.st_ino)
			s->found = pid;
		return true;
	}
	if (errno == ENOENT || errno == ESRCH)
		return false;
	if (!fstatat(s->proc, folder, &owner, 0) && owner.st_uid == s->uid)
		s->found = pid;
	return true;
}

typedef void each_number(struct search *s, pid_t number, pid_t of);

/* The numbers among the names in a folder of /proc, each as soon as it is listed. */
static enum err list(struct search *s, const char *folder, each_number *each, pid_t of)
{
	_Alignas(struct dirent64) char buffer[sizeof(struct dirent64) + LISTED];
	const int fd = openat(s->proc, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ssize_t n = 0;

	if (fd < 0)
		return ERR_SYSTEM;
	while (!s->found && (n = getdents64(fd, buffer, LISTED)) > 0) {
		for (ssize_t at = 0; at < n && !s->found;) {
			const struct dirent64 *entry = (const struct dirent64 *)(buffer + at);
			uint64_t number;

			if (number_parse(entry->d_name, 1, INT32_MAX, &number) == ERR_NONE)
				each(s, (pid_t)number, of);
			at += entry->d_reclen;
		}
	}
	file_close(fd);
	return n < 0 ? ERR_SYSTEM : ERR_NONE;
}

static void look_at_thread(struct search *s, pid_t thread, pid_t of)
{
	char folder[64];

	snprintf(folder, sizeof folder, "%ld/task/%ld", (long)of, (long)thread);
	/* that the first one has ended is why the others are looked at */
	if (!look_at(s, folder, of) && thread != of)
		s->unclear = true;
}

static void look_at_process(struct search *s, pid_t pid, pid_t unused)
{
	char folder[32];
	struct stat st;

	(void)unused;
	snprintf(folder, sizeof folder, "%ld", (long)pid);
	if (look_at(s, folder, pid))
		return;
	/* a first thread that has ended stays as long as there are others, and a process that has ended until its parent asks for it */
	snprintf(folder, sizeof folder, "%ld/task", (long)pid);
	if (list(s, folder, look_at_thread, pid) || fstatat(s->proc, folder, &st, 0))
		s->unclear = true;
}

/* Each pass on an open of its own. */
static enum err pass(struct search *s)
{
	s->unclear = false;
	return list(s, ".", look_at_process, 0);
}

enum err inmates_find(int top, uid_t uid, pid_t *found)
{
	struct search s = { .proc = -1, .uid = uid };
	const uint64_t end = clock_boot_ms() + LIMIT_MS;
	unsigned agreed = 0;
	enum err e = ERR_NONE;

	*found = 0;
	if (fstat(top, &s.top) || (s.proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return ERR_SYSTEM;
	while (!e && !s.found && agreed < AGREE) {
		if ((e = pass(&s)))
			break;
		agreed = s.unclear ? 0 : agreed + 1;
		if (s.unclear && clock_boot_ms() > end)
			e = ERR_TIMEOUT;
	}
	file_close(s.proc);
	*found = s.found;
	return e;
}
