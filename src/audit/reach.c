/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reach.c - a process goes first, and is left behind where it does not come back. */
#include "audit/reach.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

#define WAIT_MS 5000
#define IMPATIENT_MS 200
#define IN_VAIN 2

/* ---- the process ---- */

static void look(const char *path)
{
	struct stat st;
	char byte;
	int fd;

	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0 && read(fd, &byte, 1) < 0)
		errno = 0; /* that it came back is all that counts */
	file_close(fd);
}

/* Keeps nothing of its parent open: a lock would outlive that. */
NORETURN static void serve(int fd)
{
	char path[PATH_MAX];
	ssize_t n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(fd, 0) < 0 || close_range(1, ~0u, 0))
		_exit(1);
	while ((n = recv(0, path, sizeof path - 1, 0)) > 0) {
		path[n] = '\0';
		look(path);
		if (send(0, "", 1, MSG_NOSIGNAL) != 1)
			break;
	}
	_exit(0);
}

/* ---- whoever asks ---- */

static enum err start(struct reach *r)
{
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return ERR_SYSTEM;
	pid = fork();
	if (pid == 0)
		serve(ends[1]);
	file_close(ends[1]);
	if (pid < 0) {
		file_close(ends[0]);
		return ERR_SYSTEM;
	}
	r->pid = pid;
	r->fd = ends[0];
	return ERR_NONE;
}

/* Not waited for: what hangs in the kernel may not even die. */
void reach_end(struct reach *r)
{
	if (!r->pid)
		return;
	file_close(r->fd);
	kill(r->pid, SIGKILL);
	for (int tries = 0; tries < 50 && waitpid(r->pid, NULL, WNOHANG) == 0; tries++)
		poll(NULL, 0, 2);
	r->pid = 0;
	r->fd = -1;
}

static bool comes_back(const struct reach *r)
{
	const uint64_t end = clock_boot_ms() + (r->vain < IN_VAIN ? WAIT_MS : IMPATIENT_MS);
	struct pollfd p = { .fd = r->fd, .events = POLLIN };
	uint64_t now;
	char byte;
	int ready = -1;

	while (ready < 0 && (now = clock_boot_ms()) < end)
		if ((ready = poll(&p, 1, (int)(end - now))) < 0 && errno != EINTR)
			return false;
	return ready > 0 && recv(r->fd, &byte, 1, MSG_DONTWAIT) == 1;
}

enum err reach_ask(struct reach *r, const char *path, bool *answers)
{
	size_t len = strlen(path);
	enum err e;

	if (!len || len >= PATH_MAX) {
		*answers = true; /* the kernel says so itself, at once */
		return ERR_NONE;
	}
	if (!r->pid && (e = start(r)))
		return e;
	*answers = send(r->fd, path, len, MSG_NOSIGNAL) == (ssize_t)len && comes_back(r);
	if (*answers)
		return ERR_NONE;
	r->vain++;
	reach_end(r);
	return ERR_NONE;
}
