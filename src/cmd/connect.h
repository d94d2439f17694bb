/* SPDX-License-Identifier: GPL-3.0-or-later */
/* connect.h - what the files of the command connect share. */
#ifndef CMD_CONNECT_H
#define CMD_CONNECT_H

#include "client/dial.h"
#include "client/jump.h"
#include "client/recent.h"
#include "client/ssh_arguments.h"
#include "cmd/knock.h"

#define CONNECT_OPEN_WAIT_MS 6000u     /* after our own knock */
#define CONNECT_NO_KNOCK_WAIT_MS 2000u /* where none can be made: the port may be open all the same */

struct connect_args {
	const char *alias, *user, *identity, *ssh_config, *from, *secret, *jump;
	struct strings ports, pins;
	bool four, six, relay;
};

struct connect {
	struct ssh_arguments told; /* to the ssh that runs us */
	struct knock_args knock_args;
	struct knock *k;
	unsigned port[SEND_PORTS_MAX];
	size_t nports;
	struct dial dial;
	const char *way; /* through these hosts; NULL: directly */
	struct jump jump;
	int memory; /* recent.h; -1: there is none */
	uint64_t began;
};

/* ---- what was before, and is known to the next one ---- */

struct recent connect_recall(const struct connect *w);
void connect_remember(const struct connect *w, enum recent_outcome outcome, unsigned waited);
/* It came through without a knock of ours. One of another connection that was heard meanwhile counts for more. */
void connect_remember_open(const struct connect *w);
/* While our grant lives for sure. */
bool connect_is_granted(const struct recent *r);
/* Waits for our turn. Whether another connection has knocked meanwhile; *in_vain: it got nothing, nor would we, which is said. */
bool connect_take_turn(struct connect *w, bool *in_vain);
/* It was knocked at, and has not opened: what can be known of why. */
void connect_say_silent(const struct connect *w);

/* By way of w->way, after knock_ask(). The connection, or -1: there is none, and why was said. */
int connect_behind(struct connect *w);

#endif
