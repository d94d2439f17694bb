/* SPDX-License-Identifier: GPL-3.0-or-later */
/* config.h - an sshd_config with all that it includes, as lines that know where they stand. */
#ifndef SSHD_CONFIG_H
#define SSHD_CONFIG_H

#include "base/diag.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"
#include "sshd/keyword.h"

#include <stdbool.h>
#include <stddef.h>

enum sshd_criterion_kind {
	CRITERION_ALL,
	CRITERION_USER,
	CRITERION_GROUP,
	CRITERION_HOST,
	CRITERION_ADDRESS,
	CRITERION_LOCAL_ADDRESS,
	CRITERION_LOCAL_PORT,
	CRITERION_RDOMAIN,	/* 7.7 */
	CRITERION_INVALID_USER, /* 9.9 */
	CRITERION_VERSION,	/* 10.0 */
};

struct sshd_criterion {
	enum sshd_criterion_kind kind;
	char *pattern; /* NULL for all and invalid-user */
	bool hit;      /* CRITERION_VERSION: whether the release does */
};

/* A Match block. It is on when its parent is on (or there is none) and all criteria hit. */
struct sshd_match {
	const struct sshd_match *parent; /* the block around the Include that brought us here */
	struct sshd_criterion *criteria;
	size_t ncriteria;
	const char *file;
	unsigned line;
	bool at_start; /* also on while sshd starts, with no connection yet: "all", a Version that hits */
	bool never;    /* 8.2 and 8.3: a Match in a file that is included outside of a Match is never on */
};

/* One line that sets something; comments and empty lines are not among them. */
struct sshd_line {
	const struct sshd_keyword *keyword;
	char *spelling;			/* the keyword as it stands there */
	struct strings args;		/* after quoting */
	char *rest;			/* what follows the keyword, untouched, without blanks at the ends */
	const char *file;		/* path inside the root */
	unsigned line;			/* from 1 */
	const struct sshd_match *match; /* NULL: global */
};

struct sshd_file {
	char *path;    /* inside the root, as the Include had it */
	char *content; /* as it was read, NUL at the end */
	size_t len;
};

struct sshd_config {
	unsigned release;
	char *path;		 /* the main file */
	struct sshd_file *files; /* in the order of reading; one that is included twice stands twice */
	size_t nfiles;
	struct sshd_line *lines; /* in the order sshd sees them, Includes resolved (the Include lines are there too) */
	size_t nlines;
	struct sshd_match **matches;
	size_t nmatches;
};

/*
 * Reads path and its Includes as the given release would (relative ones from /etc/ssh, at
 * most 16 deep). Everything that this sshd would refuse to start with is an error in
 * 'problems', what it only grumbles about a warning. ERR_CONFIG: there are errors, *out is
 * set all the same with what could be read (so that an audit can go on); free it. Other
 * errors: *out stays as it was, and 'problems' says why path cannot be read. Limits: 64 MiB
 * a file, 256 MiB in all, 1 MiB a line, 250,000 settings, 4096 files.
 */
MUST_USE enum err sshd_config_load(const struct root *r, const char *path, unsigned release, struct sshd_config **out,
				   struct diags *problems);
/* The same from memory, for tests and fuzzing: no file is opened, an Include is an error. */
MUST_USE enum err sshd_config_parse(const char *content, size_t len, unsigned release, struct sshd_config **out,
				    struct diags *problems);
void sshd_config_free(struct sshd_config *c);

#endif
