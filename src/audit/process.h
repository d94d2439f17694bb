/* SPDX-License-Identifier: GPL-3.0-or-later */
/* process.h - one process as /proc shows it, and what the title of an sshd process says. */
#ifndef AUDIT_PROCESS_H
#define AUDIT_PROCESS_H

#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
	pid_t pid, parent;
	uid_t uid;	     /* the effective one */
	uint64_t started_ms; /* since boot */
	char *exe;	     /* path of its program; NULL where it may not be seen */
	char *title;	     /* argv as one text, cut at the first NUL */
};

enum title_kind {
	TITLE_OTHER,   /* the listener, a login that still authenticates, anything else */
	TITLE_MONITOR, /* "sshd: NAME [priv]" */
	TITLE_USER,    /* "sshd: NAME", "sshd: NAME@pts/0", "sshd: NAME@notty" */
};

struct process_title {
	enum title_kind kind;
	const char *user; /* borrowed from the title */
	size_t user_len;
};

/* Files of /proc say size 0, so root_read() is no help. *out ends in a NUL and is yours; len may be NULL. */
MUST_USE enum err proc_read(const char *path, size_t max, char **out, size_t *len);
/* ERR_NOT_FOUND or ERR_SYSTEM: it is gone. */
MUST_USE enum err process_read(pid_t pid, struct process *out);
void process_clear(struct process *p);
bool process_is_sshd(const struct process *p); /* by its program: sshd, sshd-session */
/* ERR_SYNTAX: no title of sshd. */
MUST_USE enum err process_title_parse(const char *title, struct process_title *out);
/* Whether it runs the file that has this path now; false after an upgrade, or where it cannot be seen. */
bool process_runs(pid_t pid, const char *path);
/* The text of /proc/PID/stat: parent and start. */
MUST_USE enum err process_stat_parse(const char *stat, pid_t *parent, uint64_t *started_ticks);
/* This process and those it descends from, nearest first; returns how many. */
size_t process_ancestors(pid_t *out, size_t max);

#endif
