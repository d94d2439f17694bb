/* SPDX-License-Identifier: GPL-3.0-or-later */
/* value.h - the values of one line: whether sshd takes them, and how sshd -T would print them. */
#ifndef SSHD_VALUE_H
#define SSHD_VALUE_H

#include "sshd/config.h"

#include <stdint.h>

/* ERR_SYNTAX: this release refuses the line, and 'why' gets a sentence without the place. ERR_MEMORY. */
MUST_USE enum err value_check(const struct sshd_line *l, unsigned release, struct text *why);
/* One entry for each line that sshd -T prints for it. The line has passed value_check(). */
MUST_USE enum err value_print(const struct sshd_line *l, unsigned release, struct strings *out);

/* The forms that several lines share or that are needed elsewhere; all false without touching their results. */
bool value_number(const char *s, long long min, long long max,
		  long long *out); /* blanks in front and a sign are fine */
bool value_time(const char *s, long long *seconds);
bool value_scaled(const char *s, long long *out); /* "1.5G" */
bool value_port(const char *s, unsigned *port);	  /* a number from 0 on or the name of a service */

struct value_startups {
	int begin, rate, full; /* rate -1: not given */
};
bool value_startups(const char *s, struct value_startups *out);

struct value_blocks {
	int v4, v6; /* v6 -1: not given */
};
bool value_blocks(const char *s, struct value_blocks *out);

struct value_listen {
	char *host;	     /* without brackets; yours */
	unsigned port;	     /* 0: not given */
	const char *rdomain; /* of the line; NULL: none */
};
/* ERR_SYNTAX, ERR_MEMORY. */
MUST_USE enum err value_listen(const struct strings *args, struct value_listen *out);

/* A penalty of PerSourcePenalties: its place in the table of value.c, -1 for a word that this release does not know. */
#define VALUE_PENALTIES 12
int value_penalty(const char *word, unsigned release, double *value);
/* All of them as sshd -T prints them. */
void value_penalties_print(const double values[VALUE_PENALTIES], unsigned release, struct text *out);

#endif
