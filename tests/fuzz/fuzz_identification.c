/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_identification.c - a whole probe of a server that sends these bytes and hangs up. */
#include "wire/probe.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

#define SENT_MAX 100000 /* more than a probe reads, less than a socket holds */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct probe_result r;
	int pair[2];
	enum err e;

	if (size > SENT_MAX)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || send(pair[1], data, size, MSG_DONTWAIT) != (ssize_t)size)
		abort();
	shutdown(pair[1], SHUT_WR);
	e = probe_socket(pair[0], 10000, &r);
	if (!e)
		probe_result_free(&r);
	close(pair[0]);
	close(pair[1]);
	if (e == ERR_SYSTEM || e == ERR_TIMEOUT) /* everything was there at once */
		abort();
	return 0;
}
