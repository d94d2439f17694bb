/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_protect.h - what key protect carries from one file to the next. */
#ifndef CMD_KEY_PROTECT_H
#define CMD_KEY_PROTECT_H

#include "base/text.h"
#include "cmd/command.h"

#include <jansson.h>
#include <stdint.h>

/* The choices of --generate, in their order. */
enum generate { GENERATE_NO, GENERATE_WORDS, GENERATE_BYTES };

struct protect_args {
	bool all;
	const char *user, *passphrase_to;
	unsigned generate;
	uint64_t rounds;
};

struct protect_job {
	const struct common_args *common;
	const struct protect_args *args;
	unsigned rounds;
	int tty; /* -1: there is none */
	bool changed;
	unsigned would; /* files that --dry-run would change */
	int status;	/* the worst so far */
	struct text out;
	json_t *list;
};

/* One file that was named. */
void protect_one(struct protect_job *job, const char *path);
/* One of a folder: what is no private key, or is well protected, is passed over; the others are asked about. */
void protect_found(struct protect_job *job, const char *path);

#endif
