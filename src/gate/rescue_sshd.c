/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rescue_sshd.c - put a command line together, try it on a socket pair, run it on a connection. */
#include "gate/rescue_sshd.h"

#include "base/file.h"
#include "gate/health.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

#define TRY_MS 1000

/* --- the command line --- */

static void argv_free(char **argv)
{
	for (size_t i = 0; argv && argv[i]; i++)
		free(argv[i]);
	free(argv);
}

/* Where the copies of the programs behind sshd are. Those that this sshd does not have are not among them. */
static enum err places_add(const struct spare *s, struct strings *words)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < SPARE_PROGRAMS && !e; i++) {
		if (!spare_program_keywords[i] || !s->program[i])
			continue;
		if (!(e = strings_add(words, "-o")))
			e = strings_add_format(words, "%s=%s/%s", spare_program_keywords[i], s->folder,
					       spare_program_names[i]);
	}
	return e;
}

/* One connection on standard input and output: no file of its process's number, no port of its own. */
static enum err words_add(const struct spare *s, bool copy, struct strings *words)
{
	enum err e = copy ? strings_add_format(words, "%s/%s", s->folder, spare_program_names[SPARE_SSHD])
			  : strings_add(words, s->sshd);

	if (e || (e = strings_add(words, "-i")) || (e = strings_copy(words, &s->arguments)) ||
	    (e = strings_add(words, "-f")) || (e = strings_add_format(words, "%s/" SPARE_CONFIG, s->folder)))
		return e;
	return copy ? places_add(s, words) : ERR_NONE;
}

static enum err argv_make(const struct spare *s, bool copy, char ***out)
{
	struct strings words = { 0 };
	enum err e = words_add(s, copy, &words);

	if (e) {
		strings_free(&words);
		return e;
	}
	*out = words.v; /* which ends in NULL; it is the caller's now */
	return ERR_NONE;
}

/* --- running it --- */

static NORETURN void sshd_execute(char **argv, int fd)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *const environment[] = { path, NULL };
	sigset_t none;
	int null = open("/dev/null", O_WRONLY);

	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(022);
	setsid();
	if (null < 0 || dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0 ||
	    close_range(STDERR_FILENO + 1, ~0U, 0) || chdir("/"))
		_exit(127);
	execve(argv[0], argv, environment);
	_exit(127);
}

static enum err argv_start(char **argv, int fd, pid_t *pid)
{
	pid_t child = fork();

	if (child < 0)
		return ERR_SYSTEM;
	if (!child)
		sshd_execute(argv, fd);
	*pid = child;
	return ERR_NONE;
}

enum err rescue_sshd_start(const struct rescue_sshd *s, int fd, pid_t *pid)
{
	return argv_start(s->argv, fd, pid);
}

/* --- the choice --- */

static bool argv_works(char **argv)
{
	int ends[2], status;
	bool works;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return false;
	if (argv_start(argv, ends[1], &pid)) {
		file_close(ends[0]);
		file_close(ends[1]);
		return false;
	}
	file_close(ends[1]);
	works = health_ask(ends[0], TRY_MS) == HEALTH_GOOD;
	file_close(ends[0]);
	/* its children see the connection close, and end as well */
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0)
		;
	return works;
}

enum err rescue_sshd_choose(const struct root *r, struct rescue_sshd *s)
{
	struct spare *spare = NULL;
	char **argv = NULL;
	enum err e = spare_load(r, &spare);

	for (int copy = 0; copy <= 1 && !e; copy++) {
		if (copy && !spare->program[SPARE_SSHD])
			break;
		if ((e = argv_make(spare, copy, &argv)))
			break;
		if (argv_works(argv)) {
			rescue_sshd_clear(s);
			*s = (struct rescue_sshd){ spare, argv };
			return ERR_NONE;
		}
		argv_free(argv);
		argv = NULL;
	}
	spare_free(spare);
	return e ? e : ERR_CHILD;
}

void rescue_sshd_clear(struct rescue_sshd *s)
{
	argv_free(s->argv);
	spare_free(s->spare);
	*s = (struct rescue_sshd){ 0 };
}
