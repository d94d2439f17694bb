/* SPDX-License-Identifier: GPL-3.0-or-later */
/* notify.c - datagrams to the socket that the service manager named, and what it hands over: sd_notify(3), sd_listen_fds(3). */
#include "gate/notify.h"

#include "base/file.h"
#include "base/number.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define KEPT_FIRST 3 /* SD_LISTEN_FDS_START */
#define KEPT_MAX 16
#define KEPT_NAME "netfilter"

/* "/run/systemd/notify", or "@name" of the abstract ones. */
static int socket_open(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t len = strlen(name);
	int fd;

	if ((name[0] != '/' && name[0] != '@') || len < 2 || len >= sizeof a.sun_path)
		return -1;
	memcpy(a.sun_path, name, len);
	if (name[0] == '@')
		a.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len))) {
		file_close(fd);
		return -1;
	}
	return fd;
}

/* Half of the time that the manager waits, if it waits for this process. */
static unsigned long beat_read(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t n, whose;

	if (!usec || number_parse(usec, 2000, UINT32_MAX * 1000ULL, &n))
		return 0;
	if (pid && (number_parse(pid, 1, INT32_MAX, &whose) || whose != (uint64_t)getpid()))
		return 0;
	return (unsigned long)(n / 2000);
}

/* Of those that we are handed from number 3 on, the one with our name; all others are closed. */
static int kept_take(void)
{
	const char *count = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID"), *names = getenv("LISTEN_FDNAMES");
	uint64_t n, whose;
	int kept = -1;

	if (!count || !pid || !names || number_parse(pid, 1, INT32_MAX, &whose) || whose != (uint64_t)getpid() ||
	    number_parse(count, 1, KEPT_MAX, &n))
		return -1;
	for (int fd = KEPT_FIRST; fd < KEPT_FIRST + (int)n; fd++) {
		const size_t len = strcspn(names, ":");

		if (kept < 0 && len == strlen(KEPT_NAME) && memcmp(names, KEPT_NAME, len) == 0 &&
		    fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
			kept = fd;
		else
			file_close(fd);
		names += len + (names[len] == ':');
	}
	return kept;
}

void notify_open(struct notify *n)
{
	const char *name = getenv("NOTIFY_SOCKET");

	*n = (struct notify){ .fd = name ? socket_open(name) : -1, .kept = kept_take() };
	if (n->fd >= 0)
		n->beat_ms = beat_read();
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
}

void notify_close(struct notify *n)
{
	file_close(n->fd);
	*n = (struct notify){ .fd = -1, .kept = -1 };
}

/* A manager that is too busy to listen must not stop the daemon. */
static void tell(const struct notify *n, const char *what, const char *status)
{
	char text[512];
	int len = snprintf(text, sizeof text, "%s%s%s", what, status ? "STATUS=" : "", status ? status : "");

	if (n->fd >= 0 && len > 0 && (size_t)len < sizeof text)
		(void)!send(n->fd, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void notify_ready(const struct notify *n, const char *status)
{
	tell(n, "READY=1\n", status);
}

/* The time is what tells the manager which of two reloads the next READY=1 answers (Type=notify-reload). */
void notify_reloading(const struct notify *n)
{
	struct timespec t = { 0 };
	char text[80];

	clock_gettime(CLOCK_MONOTONIC, &t);
	snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld\n",
		 (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000);
	tell(n, text, "reading the settings");
}

void notify_stopping(const struct notify *n)
{
	tell(n, "STOPPING=1\n", "ending; the table stays");
}

void notify_status(const struct notify *n, const char *status)
{
	tell(n, "", status);
}

/* It is not to be polled: a netlink socket that was told too much at once has an error, and would be dropped for it. */
void notify_keep(const struct notify *n, int fd)
{
	char text[] = "FDSTORE=1\nFDNAME=" KEPT_NAME "\nFDPOLL=0";
	struct iovec io = { text, sizeof text - 1 };
	union {
		char room[CMSG_SPACE(sizeof fd)];
		struct cmsghdr align;
	} control = { { 0 } };
	struct msghdr m = {
		.msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	if (n->fd < 0)
		return;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(c), &fd, sizeof fd);
	(void)!sendmsg(n->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void notify_beat(const struct notify *n)
{
	tell(n, "WATCHDOG=1\n", NULL);
}
