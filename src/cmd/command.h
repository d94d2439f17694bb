/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command.h - what every command is made of: a row in the table of src/sallyport.c, and the options common to all. */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

#include "base/err.h"
#include "base/macros.h"
#include "base/option.h"
#include "base/root.h"
#include "base/text.h"

#include <jansson.h>
#include <stdbool.h>

struct file_meta;

enum exit_status { EXIT_YES = 0, EXIT_NO = 1, EXIT_TROUBLE = 2 };

/* The words that --format takes, in their order: a command has text and JSON, and then tables or metrics. */
enum output_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_HTML, FORMAT_CSV, FORMAT_PROMETHEUS = FORMAT_HTML };

struct common_args {
	bool help, version, quiet, verbose, dry_run, yes;
	unsigned format, color;
	unsigned progress; /* 1: as JSON */
	const char *output, *root, *config, *sshd;
};

/* Which of the common options a command takes besides -h, -q, -v, --color. */
enum common_flags {
	COMMON_REPORT = 1,	/* --format, -o */
	COMMON_HOST = 2,	/* --root, -f, --sshd */
	COMMON_CHANGE = 4,	/* -n, -y */
	COMMON_NO_RECOVERY = 8, /* does not finish first what a crash left: it is about just that */
	COMMON_TABLE = 16,	/* --format also html and csv, -o: instead of COMMON_REPORT */
	COMMON_PROGRESS = 64,	/* --progress: how far long work is, base/progress.h */
	COMMON_METRICS = 32,	/* --format also prometheus, -o: likewise */
};

/* A command, or a sub-command of one, whose name is then both words: "banner set". */
struct command {
	const char *name;
	const char *summary;		  /* one line */
	const char *arguments;		  /* "USER [--from ADDR]" for the usage line; "" if none */
	unsigned common;		  /* COMMON_* */
	const struct option_row *options; /* its own; may be NULL */
	size_t args_size;		  /* of the struct its own options write to */
	const char *examples;		  /* two or three lines for the help, each "  command   # why\n" */
	/* args points to args_size zeroed bytes with the options filled in. Returns an exit status. */
	int (*run)(const struct common_args *common, void *args, const struct strings *rest);
	void (*clear)(void *args); /* frees lists in args; NULL if there are none */
	/* Sub-commands, NULL-terminated: then only name, summary and examples count of the above. NULL: there are none. */
	const struct command *const *subs;
	const struct command *usual; /* of these, the one that is meant where none is named; NULL: one must be */
};

/* Each command file exports one of these; src/sallyport.c lists them. */
extern const struct command cmd_audit, cmd_accept, cmd_harden, cmd_confirm, cmd_rollback, cmd_recover, cmd_history,
	cmd_status, cmd_hide, cmd_reveal, cmd_prove, cmd_banner, cmd_access, cmd_knock, cmd_connect, cmd_enroll,
	cmd_who, cmd_grant, cmd_close, cmd_key, cmd_revoke, cmd_jail;

/* Parses, shows help, runs. argv[0] is the command's name. */
int command_main(const struct command *c, int argc, char **argv);
void command_help(const struct command *c, struct text *out);
/* The sub-commands, and the options that may follow. */
void command_complete(const struct command *c, struct text *out);
/* The sub-command of c that is called so; NULL if it has none of that name. */
const struct command *command_sub(const struct command *c, const char *word);
/* Says that there is no such sub-command, with a hint. Returns EXIT_TROUBLE. */
int command_sub_complain(const struct command *c, const char *typed);
/* Name, version, linked libraries. */
void command_version(struct text *out);
/* Writes to stdout, or atomically to -o. Returns what to exit with: status, or EXIT_TROUBLE if writing failed. */
int command_print(const struct common_args *common, const struct text *t, int status);
int command_print_json(const struct common_args *common, const json_t *value, int status);
/* Puts content in place of the file, meta as file_replace() takes it. Returns 0, or EXIT_TROUBLE after a complaint. */
int command_write(const char *path, const void *content, size_t len, const struct file_meta *meta);
/* Appends " --root DIR" where one was given, so that a hint speaks of the same system. */
void command_add_root(const struct common_args *common, struct text *out);
/* "hint: " and a command of ours, with that --root. */
void command_hint(const struct common_args *common, const char *format, ...) FORMAT(2, 3);
/* The path with the folder of --root in front, where it is in another system. */
void command_add_path(const struct root *r, const char *path, struct text *out);
/* Says that there is neither a sshd nor its configuration. Returns EXIT_TROUBLE. */
int command_no_server(const struct root *r, const char *config);
/* "sallyport: cannot read 'PATH': why", with the reason looked for anew: e may be older than errno. Returns EXIT_TROUBLE. */
int command_unreadable(const struct root *r, const char *path, enum err e);
/*
 * Asks on the terminal; false without one, and for everything but a y. seconds: how long an answer is waited for, 0: for ever. Whoever asks
 * with the journal locked keeps a change that waits from going back by itself: change_patience().
 */
bool command_ask(const char *question, unsigned long seconds);
/* Waits for a line on standard input, at most so long; says so where none came. */
bool command_answer_comes(unsigned long seconds);
/* "sallyport: --step is 'kx': wants one of before, kex, ...", with a hint; returns EXIT_TROUBLE. */
int command_choice_complain(const char *what, const char *typed, const char *const *words);

#endif
