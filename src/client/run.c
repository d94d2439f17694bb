/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run.c - start it, feed it, take what it says, end it when it takes too long. */
#include "client/run.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

#define LOOK_EVERY_MS 50 /* for the end of a program whose own children hold its output */
#define END_MS 1000	 /* for one that is asked to end */

extern char **environ;

/* Without pipe2(), which not every system has. */
static enum err pipe_make(int *reads, int *writes)
{
	int ends[2];

	if (pipe(ends))
		return ERR_SYSTEM;
	*reads = ends[0];
	*writes = ends[1];
	return fcntl(ends[0], F_SETFD, FD_CLOEXEC) || fcntl(ends[1], F_SETFD, FD_CLOEXEC) ? ERR_SYSTEM : ERR_NONE;
}

/* It is ignored by us, and would be by the program. */
static int attributes_fill(posix_spawnattr_t *a)
{
	sigset_t pipe_only;

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	return posix_spawnattr_setsigdefault(a, &pipe_only) || posix_spawnattr_setflags(a, POSIX_SPAWN_SETSIGDEF);
}

enum err run_begin(const char *const *argv, int in, int out, bool silent, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int e = ENOMEM;

	if (posix_spawn_file_actions_init(&files))
		return ERR_MEMORY;
	if (posix_spawnattr_init(&attributes)) {
		posix_spawn_file_actions_destroy(&files);
		return ERR_MEMORY;
	}
	if (!attributes_fill(&attributes) && !posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO) &&
	    !posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO) &&
	    !(silent && posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0)))
		e = posix_spawnp(pid, argv[0], &files, &attributes, (char *const *)argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	errno = e;
	return e == 0 ? ERR_NONE : e == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM;
}

/* ERR_CLOSED at the end of the pipe; ERR_NONE when nothing more is there now. */
static enum err take(int fd, size_t max, size_t *taken, struct text *out)
{
	char block[4096];
	ssize_t n;

	for (;;) {
		n = read(fd, block, sizeof block);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? ERR_NONE : ERR_SYSTEM;
		if (n == 0)
			return ERR_CLOSED;
		if ((size_t)n > max - *taken)
			return ERR_TOO_BIG;
		*taken += (size_t)n;
		text_add_bytes(out, block, (size_t)n);
	}
}

static int status_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static enum err attend(const struct run_order *o, int fd, pid_t *pid, struct text *out, int *status)
{
	const uint64_t end = clock_boot_ms() + (uint64_t)o->timeout_ms;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t taken = 0;
	enum err e;
	int raw;

	for (;;) {
		pid_t ended = waitpid(*pid, &raw, WNOHANG);

		if (ended < 0 && errno != EINTR)
			return ERR_SYSTEM;
		e = p.fd < 0 ? ERR_NONE : take(fd, o->max_output, &taken, out);
		if (e == ERR_CLOSED)
			p.fd = -1;
		else if (e)
			return e;
		if (ended == *pid) {
			*pid = -1;
			*status = status_of(raw);
			return text_check(out);
		}
		if (clock_boot_ms() >= end)
			return ERR_TIMEOUT;
		poll(&p, 1, LOOK_EVERY_MS);
	}
}

static void finish(pid_t pid)
{
	int kept = errno;

	if (pid > 0) {
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	errno = kept;
}

void run_ended(pid_t *pid, int *status)
{
	const uint64_t end = clock_boot_ms() + END_MS;
	int raw;

	while (*pid > 0 && clock_boot_ms() < end) {
		if (waitpid(*pid, &raw, WNOHANG) == *pid) {
			*status = status_of(raw);
			*pid = 0;
			return;
		}
		poll(NULL, 0, LOOK_EVERY_MS);
	}
	finish(*pid);
	*pid = 0;
}

void run_end(pid_t pid)
{
	int status;

	/* ssh takes what it has made out of the way */
	if (pid > 0 && !kill(pid, SIGTERM))
		run_ended(&pid, &status);
}

enum err run_program(const struct run_order *o, struct text *out, int *status)
{
	int in[2] = { -1, -1 }, from[2] = { -1, -1 };
	pid_t pid = -1;
	enum err e;

	if (o->input_len > RUN_INPUT_MAX)
		return ERR_TOO_BIG;
	/* what is so short lies in the pipe before anybody reads: nothing to feed */
	if ((e = pipe_make(&in[0], &in[1])) || (e = pipe_make(&from[0], &from[1])) ||
	    (e = file_write_all(in[1], o->input, o->input_len)))
		goto out;
	file_close(in[1]);
	in[1] = -1;
	if (fcntl(from[0], F_SETFL, O_NONBLOCK)) {
		e = ERR_SYSTEM;
		goto out;
	}
	if ((e = run_begin(o->argv, in[0], from[1], o->silent, &pid)))
		goto out;
	file_close(from[1]);
	from[1] = -1;
	e = attend(o, from[0], &pid, out, status);
out:
	finish(pid);
	for (int i = 0; i < 2; i++) {
		file_close(in[i]);
		file_close(from[i]);
	}
	return e;
}
