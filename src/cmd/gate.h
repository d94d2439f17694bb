/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate.h - what the commands that ask the daemon have in common. */
#ifndef CMD_GATE_H
#define CMD_GATE_H

#include "base/err.h"
#include "client/address.h"
#include "gate/control.h"

#include <stdbool.h>

/* Why the daemon, which could be reached or not, gave no answer: half a sentence. For ERR_SYSTEM errno counts. Borrowed. */
const char *gate_why(enum err e, bool reached);
/* Says why it could not be reached. Returns EXIT_TROUBLE. */
int gate_unreachable(const char *path, enum err e);
/* The daemon's socket. NULL: where it usually is. Says why it cannot be had and returns EXIT_TROUBLE, else 0. */
int gate_connect(const char *path, int *fd);
/* Says why the daemon gave no answer. Returns EXIT_TROUBLE. */
int gate_fail(enum err e);
/* Reads an address that somebody may come from, or says what is wrong with it. */
int gate_address(const char *text, struct message_address *out);
void gate_address_print(const struct message_address *a, char out[CLAIM_TEXT]);

#endif
