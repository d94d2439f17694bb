/* SPDX-License-Identifier: GPL-3.0-or-later */
/* set.h - files of data that say what a jail needs: sets of programs, and rules of what is opened at run time. */
#ifndef JAIL_SET_H
#define JAIL_SET_H

#include "base/diag.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

enum set_word {
	SET_PROGRAM, /* programs, by path or by name: all of them must be there */
	SET_MAYBE,   /* programs, those that are there */
	SET_EITHER,  /* programs, those that are there, and one at least must be */
	SET_FILE,    /* files by glob(7), links on the way are kept: those that are there, as all below */
	SET_PLAIN,   /* files that stand in the jail under this name, whatever links lead to them in the host */
	SET_TREE,    /* folders by glob(7) with all that is in them, without what 'except' matches */
	SET_LIBRARY, /* sonames, as dlopen() of the program would find them */
	SET_FOLDER,  /* empty folders of root's */
	SET_OWN,     /* empty folders of the user's */
	SET_NETWORK, /* names of hosts are looked up */
	SET_SET,     /* other sets */
};

struct set_row {
	enum set_word word;
	char *when; /* fnmatch(3) of a path in the jail, or "network"; NULL: always */
	struct strings values, except;
	unsigned line;
};

/* Start with { 0 }. */
struct set {
	char *name, *file; /* "basic", "/etc/sallyport/jail.d/basic.set" */
	char *summary;	   /* NULL: none */
	struct set_row *v;
	size_t n, size;
};

struct sets {
	struct set *v; /* sorted by name */
	size_t n, size;
	struct set *rules; /* hold for all jails; sorted by name */
	size_t nrules, rules_size;
};

/*
 * One file, sallyport-jail.d(5). All mistakes are noted with file and line; then ERR_CONFIG, and out is as it was. Else out holds its summary
 * and its rows.
 */
MUST_USE enum err set_parse(const char *content, size_t len, const char *file, struct set *out, struct diags *problems);
void set_format(const struct set *s, struct text *out); /* as set_parse() reads it */
void set_clear(struct set *s);

/*
 * All NAME.set and NAME.rules of the folders; where two have a file of one name, the first folder's counts. Mistakes in them: ERR_CONFIG. A
 * folder that is not there is passed over.
 */
MUST_USE enum err sets_load(const struct strings *dirs, struct sets *out, struct diags *problems);
const struct set *sets_find(const struct sets *all, const char *name); /* NULL: none */
void sets_clear(struct sets *all);

/* A path of a jail: absolute, no "." or ".." in it, no slash at the end or twice, no control characters. */
bool set_path_is_good(const char *path);

#endif
