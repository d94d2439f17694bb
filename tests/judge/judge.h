/* SPDX-License-Identifier: GPL-3.0-or-later */
/* judge.h - compares our decisions with recorded ones, one word of the command line for each kind of record. */
#ifndef JUDGE_H
#define JUDGE_H

#include "base/root.h"
#include "sshd/account.h"
#include "sshd/config.h"

#include <jansson.h>

#define JUDGE_RELEASE SSHD_RELEASE(9, 2) /* all vectors were recorded with it */

/* How many rows were equal, and how many not. */
struct score {
	size_t passed, failed;
};

/* Prints one line for the row and counts it. differences: an object, or NULL if there are none; taken over. */
void score_row(struct score *s, const json_t *row, json_t *differences);

/* The accounts, names and fixed lines beside the vectors. */
struct world {
	json_t *json;
	char *dir; /* the root in which configurations are laid */
	struct root *root;
};

/* Reads accounts.json from the directory of 'file' and makes an empty root. 0, or 2 after a message. */
int world_open(const char *file, struct world *w);
void world_close(struct world *w); /* removes the root */
/* Lays fixed lines, "config" and "includes" of a row into the root. 0, or 2 after a message. */
int world_lay(const struct world *w, const json_t *row);
/* The account as the vectors have it, or NULL; free with account_free(). */
struct account *world_account(const struct world *w, const char *name);

/* Calls 'each' for every line of a file of JSON objects; ends early when it returns something else than 0. */
int rows_each(const char *file, int (*each)(const json_t *row, void *context), void *context);

/* Everything below that folder of the root, deepest first. */
void judge_tree_remove(const struct root *r, const char *dir);

int judge_effective(const char *file, struct score *s);
int judge_access(const char *file, struct score *s);
int judge_spa_native(const char *folder, struct score *s);
int judge_dump(int argc, char **argv);

#endif
