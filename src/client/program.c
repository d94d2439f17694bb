/* SPDX-License-Identifier: GPL-3.0-or-later */
/* program.c - a child with two pipes. */
#include "client/program.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

extern char **environ;

/* A pipe whose both ends are closed on exec. */
static enum err pipe_make(int ends[2])
{
	if (pipe(ends))
		return ERR_SYSTEM;
	if (fcntl(ends[0], F_SETFD, FD_CLOEXEC) || fcntl(ends[1], F_SETFD, FD_CLOEXEC)) {
		file_close(ends[0]);
		file_close(ends[1]);
		return ERR_SYSTEM;
	}
	return ERR_NONE;
}

static enum err start(const char *const argv[], int in, int out, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int trouble;

	if (posix_spawn_file_actions_init(&actions))
		return ERR_MEMORY;
	trouble = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	if (!trouble)
		trouble = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (!trouble)
		trouble = posix_spawnp(pid, argv[0], &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	errno = trouble;
	return !trouble ? ERR_NONE : trouble == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM;
}

/* What we send is short and fits the pipe's buffer, so that nobody waits for each other. */
static enum err talk(int to, int from, const struct text *input, size_t most, struct text *out)
{
	char buffer[4096];
	enum err e = ERR_NONE;
	ssize_t n;

	if (input && input->len)
		e = file_write_all(to, input->s, input->len);
	file_close(to);
	while ((n = read(from, buffer, sizeof buffer)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_SYSTEM;
		if (out->len + (size_t)n > most)
			return ERR_TOO_BIG;
		text_add_bytes(out, buffer, (size_t)n);
	}
	return e && errno != EPIPE ? e : text_check(out);
}

static enum err finish(pid_t pid, enum err e)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return ERR_SYSTEM;
	if (e)
		return e;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return ERR_NOT_FOUND;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? ERR_NONE : ERR_CHILD;
}

enum err program_run(const char *const argv[], const struct text *input, size_t most, struct text *out)
{
	int to[2] = { -1, -1 }, from[2] = { -1, -1 };
	pid_t pid = 0;
	enum err e;

	if ((e = pipe_make(to)) || (e = pipe_make(from)) || (e = start(argv, to[0], from[1], &pid))) {
		file_close(to[0]);
		file_close(to[1]);
		file_close(from[0]);
		file_close(from[1]);
		return e;
	}
	file_close(to[0]);
	file_close(from[1]);
	e = talk(to[1], from[0], input, most, out);
	file_close(from[0]);
	return finish(pid, e);
}
