/* SPDX-License-Identifier: GPL-3.0-or-later */
/* second_sshd.c - starts it on the loopback of a private world, and runs the clients. */
#include "harden/second_sshd.h"

#include "base/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define KEYGEN_MS 30000
#define LOGIN_MS 60000
#define LISTEN_MS 30000
#define OUTPUT_MAX (1u << 20)
#define ARGUMENTS 40

enum err second_sshd_write(const char *path, const void *bytes, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	enum err e = fd < 0 ? ERR_SYSTEM : file_write_all(fd, bytes, len);

	file_close(fd);
	return e;
}

enum err second_sshd_key(const char *path)
{
	const char *argv[] = { "ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-C", "proof", "-f", path, NULL };
	struct child_result r = { 0 };
	enum err e = child_run(argv, NULL, KEYGEN_MS, OUTPUT_MAX, &r);

	if (!e && r.status)
		e = ERR_CHILD;
	child_result_free(&r);
	return e;
}

enum err second_sshd_start(const char *const argv[], int log, pid_t *pid)
{
	*pid = fork();
	if (*pid < 0)
		return ERR_SYSTEM;
	if (*pid == 0) {
		int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		log = log < 0 ? nothing : log;
		if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
			_exit(127);
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	return ERR_NONE;
}

static bool listens(unsigned port)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_port = htons((uint16_t)port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool yes = fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof to) == 0;

	file_close(fd);
	return yes;
}

enum err second_sshd_wait(pid_t pid, unsigned port)
{
	const struct timespec pause = { .tv_nsec = 20 * 1000000L };

	for (int waited = 0; waited < LISTEN_MS; waited += 20) {
		if (listens(port))
			return ERR_NONE;
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return ERR_CHILD;
		nanosleep(&pause, NULL);
	}
	return ERR_TIMEOUT;
}

void second_sshd_stop(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

enum err second_sshd_login(const struct second_login *l, struct child_result *out)
{
	static const char *const always[] = { "-F", "none",
					      "-o", "BatchMode=yes",
					      "-o", "IdentitiesOnly=yes",
					      "-o", "IdentityAgent=none",
					      "-o", "StrictHostKeyChecking=no",
					      "-o", "UserKnownHostsFile=/dev/null",
					      "-o", "GlobalKnownHostsFile=/dev/null",
					      "-o", "LogLevel=ERROR",
					      "-i" };
	const char *argv[ARGUMENTS] = { l->program };
	char port[16], user[128];
	size_t n = 1;

	snprintf(port, sizeof port, "Port=%u", l->port);
	snprintf(user, sizeof user, "User=%s", l->user);
	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		argv[n++] = always[i];
	argv[n++] = l->key;
	argv[n++] = "-o";
	argv[n++] = port;
	argv[n++] = "-o";
	argv[n++] = user;
	for (size_t i = 0; i < ARRAY_SIZE(l->options) && l->options[i]; i++)
		argv[n++] = l->options[i];
	argv[n++] = "127.0.0.1";
	argv[n++] = l->command;
	return child_run(argv, l->input, LOGIN_MS, OUTPUT_MAX, out);
}

bool second_sshd_denied(const struct child_result *r)
{
	return r->status == SECOND_REFUSED && strstr(text_string(&r->err), "Permission denied");
}
