/* SPDX-License-Identifier: GPL-3.0-or-later */
/* program.h - what tells one program that is made of commands from another: the whole one, and the client alone. */
#ifndef CMD_PROGRAM_H
#define CMD_PROGRAM_H

#include "cmd/command.h"

struct program {
	const struct command *const *commands; /* ends with NULL */
	const char *claim;		       /* "harden a server's SSH front door, prove it, undo it" */
	const char *examples;		       /* as those of a command */
	const struct command *alone;	       /* what is meant without a command; NULL: the help */
	void (*begin)(const char *root);       /* before a command without COMMON_NO_RECOVERY; NULL: nothing */
	const char *(*versions[4])(void);      /* of libraries that only this program has; ends with NULL */
};

/* src/sallyport.c has that of the whole, src/sallyport_client.c that of the client. */
extern const struct program program;

#endif
