/* SPDX-License-Identifier: GPL-3.0-or-later */
/* diag.h - what is wrong in a configuration file, with file and line, for a command to print. */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct diag {
	char *file;    /* as the user would name it; NULL if it is about no file */
	unsigned line; /* from 1; 0 if it is about the whole file */
	char *text;    /* what is wrong and what is wanted; outside text is already escaped */
	bool warning;  /* the program that reads the file would go on */
};

/* Start with { 0 }. Noting stops silently after 1000 entries or without memory; 'errors' still counts. */
struct diags {
	struct diag *v;
	size_t n;
	size_t errors; /* those that are no warnings */
};

void diag_error(struct diags *d, const char *file, unsigned line, const char *format, ...) FORMAT(4, 5);
void diag_warning(struct diags *d, const char *file, unsigned line, const char *format, ...) FORMAT(4, 5);
/* The same of a text that shows what the file says, which is escaped here. */
void diag_error_escaped(struct diags *d, const char *file, unsigned line, const char *format, ...) FORMAT(4, 5);
/* "PREFIXfile:line: text\n" for each. */
void diags_print(const struct diags *d, const char *prefix, FILE *to);
void diags_free(struct diags *d);

#endif
