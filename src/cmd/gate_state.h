/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate_state.h - the gate as a part of this host: set up or not, shut or not, and whether anybody answers. */
#ifndef CMD_GATE_STATE_H
#define CMD_GATE_STATE_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"
#include "cmd/who.h"

#include <jansson.h>
#include <stdbool.h>

enum known { KNOWN_NOT, KNOWN_NO, KNOWN_YES };

/* Start with { 0 }. */
struct gate_state {
	bool live;
	bool configured;      /* there are settings of sallyportd */
	struct strings ports; /* in them, as they are written */
	enum known table;     /* the firewall table is in the kernel */
	enum known running;   /* the daemon answers; KNOWN_NO: it is not there, or gives no answer */
	struct who_view said; /* what it says; where it does not, 'why' */
};

/* live: the running system is asked, too; otherwise the settings are all that is known. ERR_MEMORY. */
MUST_USE enum err gate_state_read(const struct root *r, bool live, struct gate_state *out);
void gate_state_clear(struct gate_state *g);

/* Pure from here on. */
bool gate_state_any(const struct gate_state *g); /* there is something to be said */
/* This port of sshd is behind the table. */
bool gate_state_hides(const struct gate_state *g, const char *port);
/* "22 hidden, serving since 2026-11-29 14:05, 2 let in, 1204 knocks granted, 17 packets refused" */
void gate_state_line(const struct gate_state *g, struct text *out);
/* What is wrong with it, a line each; none: nothing is. */
void gate_state_troubles(const struct gate_state *g, struct text *out);
/* "Next: " and the command that helps; NULL: none is needed. */
const char *gate_state_next(const struct gate_state *g);
json_t *gate_state_json(
	const struct gate_state *g); /* new reference, null where there is no gate; NULL without memory */

#endif
