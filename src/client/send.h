/* SPDX-License-Identifier: GPL-3.0-or-later */
/* send.h - knocks on their way, and whether the port opens. */
#ifndef CLIENT_SEND_H
#define CLIENT_SEND_H

#include "base/err.h"
#include "base/macros.h"
#include "client/address.h"
#include "knock/native.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct send_job {
	const struct address_target *to; /* with the knock port */
	const uint8_t *datagram;	 /* NATIVE_DATAGRAM bytes */
};

struct send_result {
	unsigned sent;	 /* datagrams, copies not counted */
	bool open;	 /* TCP came through */
	bool greeted;	 /* and an SSH server spoke */
	unsigned waited; /* milliseconds until it was open */
};

#define SEND_PORTS_MAX 8

struct send_order {
	const struct send_job *jobs;
	size_t n;
	const struct address_target *target; /* where to connect to; their order is kept */
	size_t ntargets;
	unsigned port[SEND_PORTS_MAX]; /* each goes to all of these UDP ports; none: to that of its target */
	size_t nports;
	unsigned ssh_port; /* 0: does not connect */
	unsigned wait_ms;
	bool greeting; /* waits for the server to speak, too */
};

/*
 * Sends each at once, and the same bytes again after 0.5 s and 1.5 s: the server knows copies. Tries to connect to the SSH port
 * meanwhile, for wait_ms at most; nothing is sent any more once that came through. *connection, where it is not NULL: what came
 * through, not blocking and yours, else as it was. ERR_CLOSED: not one could be sent, errno says why.
 */
MUST_USE enum err send_jobs(const struct send_order *o, struct send_result *out, int *connection);

#endif
