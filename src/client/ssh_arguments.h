/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ssh_arguments.h - what the ssh that runs us as its ProxyCommand was told, and does not pass on. */
#ifndef CLIENT_SSH_ARGUMENTS_H
#define CLIENT_SSH_ARGUMENTS_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

#include <stddef.h>

/* Start with { 0 }; free with ssh_arguments_clear(). */
struct ssh_arguments {
	struct strings keep; /* "-F", "FILE", "-o", "OPTION", "-i", "FILE", "-4": for ssh -G, in their order */
	char *identity;	     /* the file of the only -i; NULL: none, or several */
};

/*
 * A command line of ssh(1), its words ended by zero bytes as in /proc/PID/cmdline: options also behind the host, none behind "--"
 * or the remote command. ERR_NOT_FOUND: the program is not called ssh; ERR_SYNTAX: an option wants a value that is not there; ERR_MEMORY.
 * Nothing to clear on failure.
 */
MUST_USE enum err ssh_arguments_parse(const char *words, size_t len, struct ssh_arguments *out);
/* Those of our parent, or of its parent, where a shell stands between. ERR_NOT_FOUND also where the system does not tell. */
MUST_USE enum err ssh_arguments_of_parent(struct ssh_arguments *out);
void ssh_arguments_clear(struct ssh_arguments *a); /* leaves { 0 } */

#endif
