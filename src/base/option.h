/* SPDX-License-Identifier: GPL-3.0-or-later */
/* option.h - options of a command as a table: parsing, help and completions come from the same rows. */
#ifndef BASE_OPTION_H
#define BASE_OPTION_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
	OPTION_FLAG,	 /* bool: set to true */
	OPTION_COUNT,	 /* unsigned: plus one each time */
	OPTION_TEXT,	 /* const char *: borrowed from argv */
	OPTION_LIST,	 /* struct strings: one more each time */
	OPTION_COMMAS,	 /* struct strings: split at commas, more each time; with nothing in it a mistake */
	OPTION_CHOICE,	 /* unsigned: index into choices */
	OPTION_NUMBER,	 /* uint64_t between min and max */
	OPTION_DURATION, /* uint64_t seconds, as in sshd_config */
};

struct option_row {
	const char *name; /* long name, without the dashes; NULL ends the table */
	char letter;	  /* 0: none */
	enum option_kind kind;
	size_t offset;		    /* of the field in the caller's struct */
	const char *value;	    /* "<text>" in the help; NULL for flags */
	const char *help;	    /* one line */
	const char *const *choices; /* OPTION_CHOICE: NULL-terminated */
	uint64_t min, max;	    /* OPTION_NUMBER; max 0: no limit */
};

/* Names a field once: .offset = OPTION_AT(struct audit_args, policy) */
#define OPTION_AT(type, field) offsetof(type, field)

/* Several tables may apply to one command: its own, and those common to all. Each writes to its own struct. */
struct option_set {
	const struct option_row *rows;
	void *into;
};

/*
 * Parses argv[1..] as GNU getopt_long does (long names may be shortened while
 * unambiguous, "--" ends options, "--name=value"), collecting what is not an option in
 * 'rest'. sets ends with { 0 }. On a mistake ERR_SYNTAX, and *complaint is one line
 * ("--confirm-within is 'soon': wants a time such as 5m") which, where an option or
 * choice is close to what was typed, has a second line "hint: did you mean '--policy'?".
 * *complaint is yours, NULL when all went well.
 */
MUST_USE enum err options_parse(const struct option_set *sets, int argc, char **argv, struct strings *rest,
				char **complaint);
/* The lines "  -p, --policy <name>   judge by this policy", aligned. */
void options_help(const struct option_set *sets, struct text *out);
/* One long option a line, "--policy=" where a value follows and "--policy=a" for each choice: for completions. */
void options_complete(const struct option_set *sets, struct text *out);

#endif
