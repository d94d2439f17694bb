/* SPDX-License-Identifier: GPL-3.0-or-later */
/* script.h - the first line of a script: which program runs it. */
#ifndef JAIL_SCRIPT_H
#define JAIL_SCRIPT_H

#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>

#define SCRIPT_LINE 256 /* bytes of a file that the kernel looks at */

/* Start with { 0 }. */
struct script {
	char *interpreter; /* as it stands there */
	char *program;	   /* that env(1) looks up, when it is the interpreter; NULL: another one, or it names none */
	bool unclear;	   /* env(1) is the interpreter, and what it runs cannot be told from its words */
};

bool script_begins(const void *bytes, size_t len); /* with "#!" */
/*
 * From the first bytes of a file that begins with "#!", at most SCRIPT_LINE count. ERR_SYNTAX: no interpreter is named, or it is too long for
 * the kernel; ERR_MEMORY. After an error *out is as it was.
 */
MUST_USE enum err script_parse(const char *bytes, size_t len, struct script *out);
void script_clear(struct script *s);

#endif
