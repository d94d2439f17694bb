/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run.h - run a program of the user's, with their environment and terminal, bounded in time and output. */
#ifndef CLIENT_RUN_H
#define CLIENT_RUN_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct run_order {
	const char *const *argv; /* argv[0] is looked up in the user's PATH */
	const void *input;	 /* standard input, at most RUN_INPUT_MAX bytes; nothing else is ever in it */
	size_t input_len;
	int timeout_ms;
	size_t max_output;
	bool silent; /* its standard error goes nowhere; else it is ours */
};

#define RUN_INPUT_MAX 4096

/*
 * Unlike child_run() it leaves the program what is the user's, so that ssh can run what "Match exec" says and ssh-keygen can
 * ask for a passphrase on the terminal. Appends to 'out'; *status is the exit status, or 128 + signal. ERR_NOT_FOUND: there
 * is no such program; ERR_TIMEOUT, ERR_TOO_BIG, ERR_SYSTEM: it was ended.
 */
MUST_USE enum err run_program(const struct run_order *o, struct text *out, int *status);
/* One that runs beside us, with these as standard input and output, which stay the caller's. ERR_NOT_FOUND, ERR_SYSTEM. */
MUST_USE enum err run_begin(const char *const *argv, int in, int out, bool silent, pid_t *pid);
/* Waits a moment for its end, and ends it then; *status as of run_program(). Leaves *pid 0. */
void run_ended(pid_t *pid, int *status);
/* Ends it; 0 is nobody. */
void run_end(pid_t pid);

#endif
