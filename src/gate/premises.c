/* SPDX-License-Identifier: GPL-3.0-or-later */
/* premises.c - lock the state folder, listen on the control socket, hold the socket that owns the table. */
#include "gate/premises.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define PATIENCE_MS 5000
#define CONTROL_BACKLOG 16

static enum err copy_fd(int fd, int *out)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (copy < 0)
		return ERR_SYSTEM;
	*out = copy;
	return ERR_NONE;
}

/*
 * grant is given the same open file, so that the lock lives as long as whichever of the two lives longer: after a kill of the parent
 * the next daemon waits here until the last writer of the record is gone.
 */
static enum err state_lock(const char *path, uint64_t patience_ms, int *out)
{
	const struct timespec nap = { .tv_nsec = 20 * 1000 * 1000 };
	const uint64_t until = clock_boot_ms() + patience_ms;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err e = ERR_SYSTEM;

	if (fd < 0)
		return e;
	while (flock(fd, LOCK_EX | LOCK_NB)) {
		e = errno == EWOULDBLOCK ? ERR_BUSY : ERR_SYSTEM;
		if ((e != ERR_BUSY && errno != EINTR) || clock_boot_ms() >= until) {
			file_close(fd);
			return e;
		}
		nanosleep(&nap, NULL);
	}
	*out = fd;
	return ERR_NONE;
}

bool premises_taken(const struct settings *s)
{
	int fd = -1;
	enum err e = state_lock(s->state_dir, 0, &fd);

	file_close(fd);
	return e == ERR_BUSY;
}

/* One level only: /run is empty after each boot. */
static enum err folder_make(const char *path)
{
	char *copy = strdup(path);
	enum err e = ERR_NONE;

	if (!copy)
		return ERR_MEMORY;
	if (mkdir(dirname(copy), 0755) && errno != EEXIST)
		e = ERR_SYSTEM;
	free(copy);
	return e;
}

static void socket_remove(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
}

/* The lock is ours, so a socket that is there is one that nobody listens on any more. */
static enum err control_listen(const char *path, int *out)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	mode_t old;
	int fd, bad;
	enum err e = folder_make(path);

	if (e)
		return e;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return ERR_SYSTEM;
	memcpy(a.sun_path, path, strlen(path) + 1);
	socket_remove(path);
	old = umask(0177);
	bad = bind(fd, (struct sockaddr *)&a, sizeof a);
	umask(old);
	if (bad || listen(fd, CONTROL_BACKLOG)) {
		file_close(fd);
		return ERR_SYSTEM;
	}
	*out = fd;
	return ERR_NONE;
}

static enum err take_state(struct premises *p, const struct premises *old)
{
	if (old && strcmp(old->settings->state_dir, p->settings->state_dir) == 0)
		return copy_fd(old->state, &p->state);
	return state_lock(p->settings->state_dir, old ? 0 : PATIENCE_MS, &p->state);
}

static enum err take_control(struct premises *p, const struct premises *old)
{
	if (old && strcmp(old->settings->control, p->settings->control) == 0)
		return copy_fd(old->control, &p->control);
	return control_listen(p->settings->control, &p->control);
}

static bool is_netfilter(int fd)
{
	int domain = 0, protocol = 0;
	socklen_t len = sizeof domain, plen = sizeof protocol;

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_NETLINK &&
	       getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &plen) == 0 && protocol == NETLINK_NETFILTER;
}

static enum err netfilter_open(int *out)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0)
		return ERR_SYSTEM;
	if (bind(fd, (struct sockaddr *)&a, sizeof a)) {
		file_close(fd);
		return ERR_SYSTEM;
	}
	*out = fd;
	return ERR_NONE;
}

static enum err take_netfilter(struct premises *p, const struct premises *old, int *kept)
{
	if (old)
		return copy_fd(old->netfilter, &p->netfilter);
	if (*kept < 0 || !is_netfilter(*kept))
		return netfilter_open(&p->netfilter);
	p->netfilter = *kept;
	*kept = -1;
	return ERR_NONE;
}

static enum err take_all(struct premises *p, const struct premises *old, int *kept, struct text *why)
{
	const struct settings *s = p->settings;
	enum err e;

	if ((e = take_state(p, old)))
		text_add(why, "%s: %s", s->state_dir, e == ERR_BUSY ? "another sallyportd runs" : err_text(e));
	else if ((e = take_control(p, old)))
		text_add(why, "%s: %s", s->control, err_text(e));
	else if ((e = take_netfilter(p, old, kept)))
		text_add(why, "netfilter: %s", err_text(e));
	return e;
}

enum err premises_open(struct settings *settings, const struct premises *old, int kept, struct premises **out,
		       char **why)
{
	struct premises *p = malloc(sizeof *p);
	struct text t = { 0 };
	enum err e;

	if (!p) {
		settings_free(settings);
		file_close(kept);
		return ERR_MEMORY;
	}
	*p = (struct premises){ .settings = settings, .state = -1, .control = -1, .netfilter = -1 };
	e = take_all(p, old, &kept, &t);
	file_close(kept);
	if (!e) {
		*out = p;
		return ERR_NONE;
	}
	*why = text_take(&t);
	/* a name that was not made is not ours to remove */
	premises_free(p, p->control < 0 ? p : old);
	return e;
}

void premises_free(struct premises *p, const struct premises *next)
{
	if (!p)
		return;
	if (!next || strcmp(p->settings->control, next->settings->control) != 0)
		socket_remove(p->settings->control);
	file_close(p->state);
	file_close(p->control);
	file_close(p->netfilter);
	settings_free(p->settings);
	free(p);
}
