/* SPDX-License-Identifier: GPL-3.0-or-later */
/* agent_socket.c - by a socket in the file system. */
#include "client/agent_socket.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/banned.h"

enum err agent_open(const char *path, int *fd)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int s;

	if (!path[0] || strlen(path) >= sizeof at.sun_path)
		return ERR_TOO_BIG;
	memcpy(at.sun_path, path, strlen(path));
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	if (s < 0)
		return ERR_SYSTEM;
	if (fcntl(s, F_SETFD, FD_CLOEXEC) || connect(s, (const struct sockaddr *)&at, sizeof at) ||
	    fcntl(s, F_SETFL, O_NONBLOCK)) {
		file_close(s);
		return errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_SYSTEM;
	}
	*fd = s;
	return ERR_NONE;
}

static enum err wait_for(int fd, short events, uint64_t end)
{
	struct pollfd p = { .fd = fd, .events = events };
	uint64_t now = clock_boot_ms();
	int n;

	if (now >= end)
		return ERR_TIMEOUT;
	n = poll(&p, 1, end - now > INT_MAX ? INT_MAX : (int)(end - now));
	return n < 0 && errno != EINTR ? ERR_SYSTEM : ERR_NONE;
}

/* What a call that moved nothing says: to be tried again, or an end. */
static enum err again(int fd, short events, uint64_t end)
{
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return wait_for(fd, events, end);
	if (errno == EINTR)
		return ERR_NONE;
	return errno == EPIPE || errno == ECONNRESET ? ERR_CLOSED : ERR_SYSTEM;
}

enum err agent_send(int fd, const char *bytes, size_t len, uint64_t end)
{
	enum err e = ERR_NONE;

	while (len && !e) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n < 0) {
			e = again(fd, POLLOUT, end);
			continue;
		}
		bytes += n;
		len -= (size_t)n;
	}
	return e;
}

enum err agent_receive(int fd, uint8_t *bytes, size_t len, uint64_t end)
{
	enum err e = ERR_NONE;

	while (len && !e) {
		ssize_t n = recv(fd, bytes, len, 0);

		if (n == 0)
			return ERR_CLOSED;
		if (n < 0) {
			e = again(fd, POLLIN, end);
			continue;
		}
		bytes += n;
		len -= (size_t)n;
	}
	return e;
}
