/* SPDX-License-Identifier: GPL-3.0-or-later */
/* console.h - is there a way into this host that needs no network? */
#ifndef AUDIT_CONSOLE_H
#define AUDIT_CONSOLE_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"
#include "sshd/account.h"

#include <stddef.h>

struct console {
	struct strings terminals; /* "tty1", "ttyS0": where a login is offered or somebody is logged in */
	struct strings
		accounts; /* with a password and a shell: who can log in there; not those whose passwords cannot be read */
};

/* From /proc and the accounts. ERR_MEMORY, ERR_SYSTEM. Free with console_clear(). */
MUST_USE enum err console_look(struct account *const *accounts, size_t n, struct console *out);
/* The terminal in the text of /proc/PID/stat. ERR_NOT_FOUND: none, or one over the network. */
MUST_USE enum err console_terminal(const char *stat, char out[16]);
void console_clear(struct console *c);

#endif
