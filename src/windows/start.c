/* SPDX-License-Identifier: GPL-3.0-or-later */
/* start.c - before main(): sockets on, no byte changed on its way to or from a file, the agent where Windows has it. */
#include <stdio.h>

#include "base/banned.h"

#define AGENT "SSH_AUTH_SOCK=\\\\.\\pipe\\openssh-ssh-agent"

static void __attribute__((constructor)) start(void)
{
	WSADATA unused;

	if (WSAStartup(MAKEWORD(2, 2), &unused))
		exit(2);
	for (int fd = 0; fd < 3; fd++)
		_setmode(fd, _O_BINARY);
	/* as the ssh of Windows does by itself */
	if (!getenv("SSH_AUTH_SOCK"))
		_putenv(AGENT);
}
