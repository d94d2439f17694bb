/* SPDX-License-Identifier: GPL-3.0-or-later */
/* needs.c - what the resolver finds, for tests: needs [-r ROOT] [-f | -l SONAME] PROGRAM... ("-": their paths from stdin, one a line). */
#include "jail/resolve.h"

#include "base/root.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static const char usage[] =
	"usage: needs [-r ROOT] [-f | -l SONAME] PROGRAM...|-\n"
	"For each: '= PROGRAM ERROR', its entries, its problems; -f: as files, -l: a library it opens\n";

struct asked {
	struct resolver *resolver;
	bool file;
	const char *soname;
};

static void print_entries(const struct entries *all)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct entry *n = &all->v[i];

		if (n->kind == ENTRY_FOLDER)
			printf("folder %s\n", n->path);
		else if (n->kind == ENTRY_LINK)
			printf("link %s -> %s\n", n->path, n->target);
		else
			printf("file %s\n", n->path);
	}
}

/* What was not said yet: without /proc and ld.so.cache the loader does not find these. */
static void print_own(const struct resolver *rv)
{
	static size_t said;
	size_t n;
	const struct resolver_library *own = resolver_own_libraries(rv, &n);

	for (; said < n; said++)
		if (own[said].beside)
			printf("warning %s: finds %s by its own folder\n", own[said].program, own[said].path);
}

static bool look(const struct asked *a, const char *path)
{
	struct entries found = { 0 };
	struct diags problems = { 0 };
	enum err e;

	if (a->soname)
		e = resolver_add_library(a->resolver, a->soname, path, &found, &problems);
	else if (a->file)
		e = resolver_add_file(a->resolver, path, &found, &problems);
	else
		e = resolver_add_program(a->resolver, path, &found, &problems);
	printf("= %s %s\n", path, e ? err_text(e) : "ok");
	print_entries(&found);
	for (size_t i = 0; i < problems.n; i++)
		printf("%s %s: %s\n", problems.v[i].warning ? "warning" : "problem", problems.v[i].file,
		       problems.v[i].text);
	print_own(a->resolver);
	entries_clear(&found);
	diags_free(&problems);
	return !e;
}

static bool look_lines(const struct asked *a)
{
	char *line = NULL;
	size_t size = 0;
	bool well = true;

	while (getline(&line, &size, stdin) > 0) {
		line[strcspn(line, "\n")] = '\0';
		well = look(a, line) && well;
	}
	free(line);
	return well;
}

int main(int argc, char **argv)
{
	struct asked a = { 0 };
	const char *dir = NULL;
	struct root *root = NULL;
	bool well = true;
	enum err e;
	int option;

	while ((option = getopt(argc, argv, "r:fl:")) != -1) {
		if (option == 'r')
			dir = optarg;
		else if (option == 'f')
			a.file = true;
		else if (option == 'l')
			a.soname = optarg;
		else
			optind = argc;
	}
	if (optind >= argc) {
		fputs(usage, stderr);
		return 2;
	}
	if ((e = root_open(dir, &root)) || (e = resolver_new(root, &a.resolver))) {
		fprintf(stderr, "needs: %s\n", err_text(e));
		root_close(root);
		return 2;
	}
	for (int i = optind; i < argc; i++)
		well = (strcmp(argv[i], "-") == 0 ? look_lines(&a) : look(&a, argv[i])) && well;
	resolver_free(a.resolver);
	root_close(root);
	return well ? 0 : 1;
}
