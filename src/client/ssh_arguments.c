/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ssh_arguments.c - options as ssh's own getopt reads them; of a parent through /proc. */
#include "client/ssh_arguments.h"

#include "base/file.h"
#include "base/number.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define WITH_VALUE "BDEFIJLOPQRSWbceilmopw" /* of ssh.c; -P has had none before OpenSSH 9.4, and no meaning */
#define KEPT "FPbio46"
#define CMDLINE_MAX (1u << 20)
#define STAT_MAX 4096
#define LEVELS 2

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

static enum err read_of(unsigned long pid, const char *what, size_t max, char **out, size_t *len)
{
	char path[64];
	enum err e;
	int fd;

	snprintf(path, sizeof path, "/proc/%lu/%s", pid, what);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ERR_NOT_FOUND;
	e = file_read_all(fd, max, out, len);
	file_close(fd);
	return e;
}

/* The fourth field of stat, behind the name in parentheses, which may hold anything. 0: not told. */
static unsigned long parent_of(unsigned long pid)
{
	char *content = NULL;
	const char *s;
	size_t len = 0;
	unsigned long parent = 0;

	if (read_of(pid, "stat", STAT_MAX, &content, &len))
		return 0;
	s = strrchr(content, ')');
	if (s && s[1] == ' ' && s[2] && s[3] == ' ')
		for (s += 4; isdigit((unsigned char)*s) && parent < 100000000; s++)
			parent = parent * 10 + (unsigned long)(*s - '0');
	free(content);
	return parent;
}

enum err ssh_arguments_of_parent(struct ssh_arguments *out)
{
	unsigned long pid = (unsigned long)getppid();
	enum err e = ERR_NOT_FOUND;

	for (int level = 0; level < LEVELS && pid > 0 && e == ERR_NOT_FOUND; level++) {
		char *content = NULL;
		size_t len = 0;

		if ((e = read_of(pid, "cmdline", CMDLINE_MAX, &content, &len)) == ERR_NONE)
			e = ssh_arguments_parse(content, len, out);
		free(content);
		if (e == ERR_NOT_FOUND)
			pid = parent_of(pid);
	}
	return e;
}

void ssh_arguments_clear(struct ssh_arguments *a)
{
	strings_free(&a->keep);
	free(a->identity);
	*a = (struct ssh_arguments){ 0 };
}
