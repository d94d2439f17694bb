/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ssh_arguments.c - options as ssh's own getopt reads them. */
#include "client/ssh_arguments.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define WITH_VALUE "BDEFIJLOPQRSWbceilmopw" /* of ssh.c; -P has had none before OpenSSH 9.4, and no meaning */
#define KEPT "FPbio46"

struct words {
	const char *at;
	size_t left;
};

/* NULL: there are no more. What is not ended is not read. */
static const char *next(struct words *w)
{
	const char *word = w->at, *end = w->left ? memchr(w->at, '\0', w->left) : NULL;

	if (!end)
		return NULL;
	w->left -= (size_t)(end - word) + 1;
	w->at = end + 1;
	return word;
}

static enum err keep(struct ssh_arguments *a, char letter, const char *value)
{
	const char option[] = { '-', letter, '\0' };
	enum err e = strings_add(&a->keep, option);

	return e || !value ? e : strings_add(&a->keep, value);
}

/* "-4", "-vv", "-oPort=22", "-i" and the next word. */
static enum err take_option(struct ssh_arguments *a, const char *word, struct words *w, size_t *identities)
{
	for (const char *c = word + 1; *c; c++) {
		const bool kept = strchr(KEPT, *c), valued = strchr(WITH_VALUE, *c);
		const char *value = NULL;
		enum err e;

		if (valued && !(value = c[1] ? c + 1 : next(w)))
			return ERR_SYNTAX;
		if (kept && (e = keep(a, *c, value)))
			return e;
		if (*c == 'i' && value && ++*identities == 1 && !(a->identity = strdup(value)))
			return ERR_MEMORY;
		if (valued)
			break;
	}
	return ERR_NONE;
}

static enum err take_all(struct ssh_arguments *a, struct words *w)
{
	size_t identities = 0;
	bool host = false;
	const char *word;
	enum err e;

	while ((word = next(w))) {
		/* the host follows, or the command: no more options, as "ssh -G -- host -p 99" shows */
		if (!strcmp(word, "--") || (host && (word[0] != '-' || !word[1])))
			break;
		if (word[0] != '-' || !word[1])
			host = true;
		else if ((e = take_option(a, word, w, &identities)))
			return e;
	}
	if (identities > 1) {
		free(a->identity);
		a->identity = NULL;
	}
	return ERR_NONE;
}

enum err ssh_arguments_parse(const char *words, size_t len, struct ssh_arguments *out)
{
	struct words w = { words, len };
	struct ssh_arguments a = { 0 };
	const char *program = next(&w), *slash = program ? strrchr(program, '/') : NULL;
	enum err e;

	if (!program || strcmp(slash ? slash + 1 : program, "ssh") != 0)
		return ERR_NOT_FOUND;
	if ((e = take_all(&a, &w)))
		ssh_arguments_clear(&a);
	else
		*out = a;
	return e;
}

void ssh_arguments_clear(struct ssh_arguments *a)
{
	strings_free(&a->keep);
	free(a->identity);
	*a = (struct ssh_arguments){ 0 };
}
