/* SPDX-License-Identifier: GPL-3.0-or-later */
/* syslog.c - writes what arrives at a /dev/log socket to a file, in the traditional form of /var/log/auth.log. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/banned.h"

static int open_inbox(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const int inbox = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof at.sun_path)
		return -1;
	memcpy(at.sun_path, path, strlen(path));
	if (inbox >= 0 && bind(inbox, (struct sockaddr *)&at, sizeof at) == 0 && chmod(path, 0666) == 0)
		return inbox;
	return -1;
}

/* "<38>Nov 22 20:17:01 sshd[12]: text" as libc sends it: the priority goes, the host's name comes in. */
static void write_line(int out, const char *message, const char *host)
{
	char line[70000];
	size_t n = 0;
	int skipped = 0;

	sscanf(message, "<%*d>%n", &skipped);
	message += skipped;
	if (!skipped || strlen(message) < 16 || message[15] != ' ')
		return;
	n += (size_t)snprintf(line, sizeof line, "%.15s %s ", message, host);
	for (message += 16; *message && n + sizeof "#012\n" < sizeof line; message++) {
		if (*message != '\n')
			line[n++] = *message;
		else if (message[strspn(message, "\n")])
			n += (size_t)snprintf(line + n, sizeof line - n, "#012");
	}
	line[n++] = '\n';
	if (write(out, line, n) != (ssize_t)n)
		perror("syslog");
}

/*
 * Whoever waits for a program and then looks into the file wants its last words to be there. With a priority of its own this runs as soon as there
 * is something to read; where it may not have one, lab_log_settle has to do.
 */
static void go_first(void)
{
	const struct sched_param first = { .sched_priority = 1 };

	sched_setscheduler(0, SCHED_FIFO, &first);
}

int main(int argc, char **argv)
{
	char message[65536 + 1], host[256] = "";
	int inbox, out;
	ssize_t n;

	if (argc != 3) {
		fputs("usage: syslog SOCKET FILE\n", stderr);
		return 2;
	}
	out = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (out < 0 || fchmod(out, 0640) || gethostname(host, sizeof host - 1) || (inbox = open_inbox(argv[1])) < 0) {
		perror("syslog");
		return 1;
	}
	go_first();
	while ((n = recv(inbox, message, sizeof message - 1, 0)) >= 0) {
		message[n] = '\0';
		write_line(out, message, host);
	}
	perror("syslog");
	return 1;
}
