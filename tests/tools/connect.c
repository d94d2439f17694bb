/* SPDX-License-Identifier: GPL-3.0-or-later */
/* connect.c - can this host connect? "open", "refused", "unreachable" or "silence". */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

static const char usage[] =
	"usage: connect ADDRESS PORT [hold FILE | storm SECONDS TIMEOUT]\n"
	"\n"
	"hold: says \"open\" and stays until there is such a file; then \"held\" when what it says is still echoed. storm: connects\n"
	"all the time, says 'N tries M good'.\n";

struct target {
	struct sockaddr_storage address;
	socklen_t len;
};

static bool target_parse(const char *address, const char *port, struct target *out)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&out->address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&out->address;
	const in_port_t number = htons((in_port_t)strtoul(port, NULL, 10));

	if (inet_pton(AF_INET, address, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = number;
		out->len = sizeof *in;
		return true;
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = number;
	out->len = sizeof *in6;
	return inet_pton(AF_INET6, address, &in6->sin6_addr) == 1;
}

static bool becomes(int s, short what, int timeout_ms)
{
	struct pollfd p = { .fd = s, .events = what };

	return poll(&p, 1, timeout_ms) == 1;
}

static const char *answer(int error)
{
	return !error ? "open" : error == ECONNREFUSED ? "refused" : error == ETIMEDOUT ? "silence" : "unreachable";
}

/* The socket; -1 when there is no connection. 'out' says what came. */
static int connect_to(const struct target *t, int timeout_ms, const char **out)
{
	const int s = socket(t->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error = 0;
	socklen_t len = sizeof error;

	if (connect(s, (const struct sockaddr *)&t->address, t->len))
		error = errno;
	if (error == EINPROGRESS) {
		error = ETIMEDOUT;
		if (becomes(s, POLLOUT, timeout_ms))
			getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &len);
	}
	*out = answer(error);
	if (!error)
		return s;
	close(s);
	return -1;
}

/* Whether that word comes back. */
static bool echoes(int s, const char *word)
{
	char got[32] = "";

	return send(s, word, strlen(word), MSG_NOSIGNAL) == (ssize_t)strlen(word) && becomes(s, POLLIN, 20000) &&
	       recv(s, got, sizeof got - 1, 0) == (ssize_t)strlen(word) && strcmp(got, word) == 0;
}

static const char *hold(int s, const char *end)
{
	const struct timespec pause = { .tv_nsec = 100000000 };

	if (!echoes(s, "word"))
		return "broken";
	puts("open");
	fflush(stdout);
	while (access(end, F_OK))
		nanosleep(&pause, NULL);
	return echoes(s, "another word") ? "held" : "broken";
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Each one waits for its echo, so that the server is not overrun; a hundred in a second are enough. */
static void storm(const struct target *t, double seconds, int timeout_ms)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	const double end = now() + seconds;
	unsigned long tries = 0, good = 0;
	const char *what;

	while (now() < end) {
		const int s = connect_to(t, timeout_ms, &what);

		tries++;
		if (s >= 0) {
			good += echoes(s, "x");
			close(s);
		}
		nanosleep(&pause, NULL);
	}
	printf("%lu tries %lu good\n", tries, good);
}

int main(int argc, char **argv)
{
	struct target t = { 0 };
	const char *what;
	int s;

	if (argc < 3 || !target_parse(argv[1], argv[2], &t) || (argc > 3 && argc != 5 && argc != 6)) {
		fputs(usage, stderr);
		return 2;
	}
	if (argc == 6) {
		storm(&t, strtod(argv[4], NULL), (int)(strtod(argv[5], NULL) * 1000));
		return 0;
	}
	s = connect_to(&t, argc == 5 ? 20000 : 1500, &what);
	if (s >= 0 && argc == 5)
		what = hold(s, argv[4]);
	puts(what);
	return 0;
}
