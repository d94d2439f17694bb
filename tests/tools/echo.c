/* SPDX-License-Identifier: GPL-3.0-or-later */
/* echo.c - a server for both families that gives back what it gets: echo PORT */
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

#define MAX_PEERS 1000

static int listen_at(in_port_t port)
{
	const struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	const int s = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (bind(s, (const struct sockaddr *)&at, sizeof at) || listen(s, 128)) {
		perror("echo");
		exit(1);
	}
	return s;
}

/* Whether the peer is still there. */
static int give_back(int peer)
{
	char data[4096];
	const ssize_t n = recv(peer, data, sizeof data, 0);

	return n > 0 && send(peer, data, (size_t)n, MSG_NOSIGNAL) == n;
}

int main(int argc, char **argv)
{
	static struct pollfd fds[1 + MAX_PEERS];
	nfds_t n = 1;

	if (argc != 2) {
		fputs("usage: echo PORT\n", stderr);
		return 2;
	}
	fds[0] = (struct pollfd){ .fd = listen_at((in_port_t)strtoul(argv[1], NULL, 10)), .events = POLLIN };
	for (;;) {
		fds[0].events = n < 1 + MAX_PEERS ? POLLIN : 0;
		if (poll(fds, n, -1) < 0)
			continue;
		for (nfds_t i = n - 1; i > 0; i--) {
			if (!fds[i].revents || give_back(fds[i].fd))
				continue;
			close(fds[i].fd);
			fds[i] = fds[--n];
		}
		if (!(fds[0].revents & POLLIN))
			continue;
		fds[n] = (struct pollfd){ .fd = accept(fds[0].fd, NULL, NULL), .events = POLLIN };
		if (fds[n].fd >= 0)
			n++;
	}
}
