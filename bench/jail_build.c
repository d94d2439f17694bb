/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_build.c - the tree of a jail alone, without an account, sshd's configuration and logins: what bench/jail times. */
#include "jail/ahead.h"
#include "jail/build.h"
#include "jail/contents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* A jail's user has the name of its folder. */
static const char *name_of(const char *dir)
{
	const char *slash = strrchr(dir, '/');

	return slash ? slash + 1 : dir;
}

static int trouble(const char *what, enum err e, const struct diags *problems)
{
	diags_print(problems, "jail_timed: ", stderr);
	fprintf(stderr, "jail_timed: %s: %s\n", what, err_text(e));
	return 2;
}

static enum err ask(char **words, struct jail *out)
{
	struct jail j = { .uid = 65534, .gid = 65534 };
	enum err e = ERR_NONE;

	j.user = strdup(name_of(*words));
	j.dir = strdup(*words++);
	j.home = strdup("/home/user");
	j.shell = strdup("/bin/sh");
	if (!j.user || !j.dir || !j.home || !j.shell)
		e = ERR_MEMORY;
	for (; *words && !e; words++)
		e = strings_add(&j.with, *words);
	if (e)
		jail_clear(&j);
	else
		*out = j;
	return e;
}

static enum err create(const struct root *r, char **words, enum build_how how, struct build_told *told,
		       struct diags *problems)
{
	struct manifest m = { 0 };
	struct ahead *known = NULL;
	enum err e;

	if (!(e = ask(words, &m.jail)) && !(e = contents_find_ahead(r, &m.jail, &known, &m.entries, problems)) &&
	    !(e = build_create(r, &m, how, known, told, problems))) {
		m.state = MANIFEST_READY;
		e = manifest_write(r, &m);
	}
	ahead_free(known);
	manifest_clear(&m);
	return e;
}

static enum err update(const struct root *r, const char *dir, enum build_how how, struct build_told *told,
		       struct diags *problems)
{
	struct manifest m = { 0 };
	struct entries wanted = { 0 };
	enum err e;

	if (!(e = manifest_read(r, name_of(dir), &m, NULL)) && !(e = contents_find(r, &m.jail, &wanted, problems)))
		e = build_update(r, &m, &wanted, how, told, problems);
	entries_clear(&wanted);
	manifest_clear(&m);
	return e;
}

int main(int argc, char **argv)
{
	const enum build_how how = argc > 2 && strcmp(argv[2], "copy") == 0 ? BUILD_COPY : BUILD_SHARE;
	struct build_told told = { 0 };
	struct diags problems = { 0 };
	struct root *r = NULL;
	int lock = -1;
	enum err e;

	if (argc < 4 || (strcmp(argv[1], "create") != 0 && argc > 4)) {
		fprintf(stderr, "usage: jail_timed create share|copy DIR [WITH...] | update share|copy DIR\n");
		return 2;
	}
	if (!(e = root_open(NULL, &r)) && !(e = build_lock(r, &lock))) {
		if (strcmp(argv[1], "create") == 0)
			e = create(r, argv + 3, how, &told, &problems);
		else
			e = update(r, argv[3], how, &told, &problems);
	}
	if (e)
		return trouble(argv[1], e, &problems);
	printf("added %zu replaced %zu removed %zu same %zu linked %llu copied %llu\n", told.added.n, told.replaced.n,
	       told.removed.n, told.same, told.bytes_linked, told.bytes_copied);
	build_told_clear(&told);
	diags_free(&problems);
	root_close(r);
	return 0;
}
