/* SPDX-License-Identifier: GPL-3.0-or-later */
/* grant_serve.h - the inside of the role that opens the door; for grant*.c and their tests. */
#ifndef GATE_GRANT_SERVE_H
#define GATE_GRANT_SERVE_H

#include "gate/firewall.h"
#include "gate/grants.h"
#include "gate/local.h"
#include "gate/log.h"
#include "gate/message.h"
#include "gate/rates.h"
#include "gate/replay.h"
#include "gate/settings.h"

#define GRANT_PENDING 256   /* knocks that wait for the index */
#define GRANT_CLIENTS 8	    /* of the control socket */
#define GRANT_WAIT_MS 11000 /* for an answer: a question waits and is worked on for five seconds each */

/* All are borrowed. */
struct grant_setup {
	int parent, net, index, control;
	const struct settings *settings;
	struct firewall *firewall;
	struct replay *replay;
	struct local *local;
};

struct grant_client {
	int fd;
	bool telling; /* "who" is being answered */
	uint32_t id;
	size_t at;
};

struct grant {
	const struct grant_setup *setup;
	struct rates *rates;
	struct grants *grants;
	struct grant_pending {
		enum grant_step { PENDING_FREE, PENDING_ASKED, PENDING_READY } step;
		uint32_t id, net_id;
		uint64_t until_ms;
		struct message_knock knock;
		enum knock_stage stage;
		size_t first, n; /* its grants among those that are wanted */
	} pending[GRANT_PENDING];
	uint32_t next_id;
	struct grant_client client[GRANT_CLIENTS];
	struct control_status status;
	uint64_t looked_ms, attended_ms;
	struct log_limit unwritten, refused, unattended;
	/* Of this turn. */
	struct firewall_grant wanted[GRANT_PENDING * FIREWALL_PORTS];
	enum err answers[GRANT_PENDING * FIREWALL_PORTS];
	size_t nwanted;
};

/* Until the parent, net or index closes (0), or one of them sends what it may not (1). */
int grant_serve(const struct grant_setup *s);

/* Tells the parent that somebody was let in, who should find an sshd: one that is not told does no harm, the next is. */
void grant_tell(const struct grant *g);
/* The ports that a request means: those it names, or all that are protected. Returns how many; 0: one is not protected. */
unsigned grant_ports(const struct settings *s, const uint16_t *ports, unsigned n, uint16_t out[FIREWALL_PORTS]);

/* ---- the control socket: grant_control.c ---- */

/* Where the record of knocks is lost: all that may have been granted is closed, and it goes on. by: "clock", or who says so. */
void record_begin_anew(struct grant *g, const char *by);
void control_accept(struct grant *g);
/* What the client asks, or that more of the answer fits; closes it where it is gone. */
void control_turn(struct grant *g, struct grant_client *c, bool readable);
void control_close_all(struct grant *g);

#endif
