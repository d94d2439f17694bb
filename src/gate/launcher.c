/* SPDX-License-Identifier: GPL-3.0-or-later */
/* launcher.c - wait for a descriptor, execute the rescue with it, wait for the next. */
#include "gate/launcher.h"

#include "base/file.h"
#include "gate/rescue.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

#define PROGRAM "/sallyport-rescue"

/* --- the process --- */

/* One byte and a descriptor; -1: the parent is gone. */
static int descriptor_take(int from)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	char byte;
	struct iovec part = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes
	};
	const struct cmsghdr *c;
	int fd = -1;
	ssize_t n;

	do
		n = recvmsg(from, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	c = n == 1 ? CMSG_FIRSTHDR(&m) : NULL;
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof fd))
		memcpy(&fd, CMSG_DATA(c), sizeof fd);
	return fd;
}

static NORETURN void rescue_execute(const char *path, int fd, bool foreground)
{
	char name[] = "sallyport-rescue", option[] = "-D";
	char *const argv[] = { name, foreground ? option : NULL, NULL };
	char *const nothing[] = { NULL };

	(void)signal(SIGCHLD, SIG_DFL);
	if (dup2(fd, RESCUE_PARENT) < 0 || (fd == RESCUE_PARENT && fcntl(fd, F_SETFD, 0)) ||
	    close_range(RESCUE_PARENT + 1, ~0U, 0))
		_exit(127);
	execve(path, argv, nothing);
	_exit(127);
}

static NORETURN void launcher_serve(int from, const char *path, bool foreground)
{
	int fd;

	(void)signal(SIGCHLD, SIG_IGN);
	while ((fd = descriptor_take(from)) >= 0) {
		if (!fork())
			rescue_execute(path, fd, foreground);
		file_close(fd);
	}
	_exit(0);
}

/* Nothing of the parent but this socket; a terminal's interrupt is not for it. */
static void launcher_settle(int *from, bool foreground)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    (!foreground && dup2(null, STDERR_FILENO) < 0) || chdir("/") || dup2(*from, RESCUE_PARENT) < 0 ||
	    fcntl(RESCUE_PARENT, F_SETFD, FD_CLOEXEC) || close_range(RESCUE_PARENT + 1, ~0U, 0))
		_exit(127);
	*from = RESCUE_PARENT;
}

/* --- the parent's side --- */

static bool is_bound(void)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 0;
}

void launcher_open(struct launcher *l, const char *libexec, bool foreground)
{
	char path[4096];
	int ends[2];

	*l = (struct launcher){ .fd = -1 };
	if (is_bound() || (size_t)snprintf(path, sizeof path, "%s" PROGRAM, libexec) >= sizeof path ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return;
	l->pid = fork();
	if (!l->pid) {
		launcher_settle(&ends[1], foreground);
		launcher_serve(ends[1], path, foreground);
	}
	file_close(ends[1]);
	l->fd = ends[0];
	if (l->pid < 0)
		launcher_close(l);
}

static bool descriptor_give(int to, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	char byte = 0;
	struct iovec part = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(c), &fd, sizeof fd);
	return sendmsg(to, &m, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
}

int launcher_call(const struct launcher *l)
{
	int ends[2];
	bool given;

	if (l->fd < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -1;
	given = descriptor_give(l->fd, ends[1]);
	file_close(ends[1]);
	if (given)
		return ends[0];
	file_close(ends[0]);
	return -1;
}

void launcher_close(struct launcher *l)
{
	file_close(l->fd);
	l->fd = -1;
}
