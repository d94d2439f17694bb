/* SPDX-License-Identifier: GPL-3.0-or-later */
/* index_serve.h - the loop of the index: who is asked about, in which order, and how many at a time. */
#ifndef GATE_INDEX_SERVE_H
#define GATE_INDEX_SERVE_H

#include "gate/lookup.h"
#include "sshd/command_memory.h"

#define INDEX_RUNNING 16	/* questions that are worked on at once */
#define INDEX_RUNNING_OF_NET 12 /* of which from net: what grant asks has a signature that holds */
#define INDEX_RUNNING_OF_HUNG 4 /* of accounts that hung before */
#define INDEX_RUNNING_OF_USER 2 /* of one account */
#define INDEX_QUEUE 64		/* waiting, from net and from grant each */
#define INDEX_JOB_MS 5000	/* then it is killed */
#define INDEX_SLOW_MS 1000	/* an account that takes that long gets no further questions meanwhile */
#define INDEX_COMMAND_MS 3500	/* so that a command is ended by whoever started it */

/* All are borrowed. */
struct index_setup {
	int parent, net, grant;
	struct lookup *lookup;
	struct command_memory *memory;	/* the lookup's */
	void (*refresh)(void *context); /* called before each question is worked on */
	void *context;
};

/* Until the parent, net or grant closes (0) or net or grant sends what nobody may send (1). */
int index_serve(const struct index_setup *s);

#endif
