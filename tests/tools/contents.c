/* SPDX-License-Identifier: GPL-3.0-or-later */
/* contents.c - what a jail would hold, for tests: contents [-r ROOT] [-s] USER UID HOME SHELL [WITH]. A row each, fields between tabs. */
#include "jail/contents.h"

#include "base/number.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/banned.h"

static const char usage[] =
	"usage: contents [-r ROOT] [-s] USER UID HOME SHELL [WITH,...]      -s: for sftp only\n"
	"Rows: folder PATH MODE his|root; file PATH MODE SOURCE; made PATH MODE HEX; link PATH TARGET; device PATH MODE "
	"MAJOR MINOR\n";

static void print_entry(const struct entry *e)
{
	const unsigned mode = (unsigned)e->mode;

	if (e->kind == ENTRY_FOLDER)
		printf("folder\t%s\t%o\t%s", e->path, mode, e->his ? "his" : "root");
	else if (e->kind == ENTRY_LINK)
		printf("link\t%s\t%s", e->path, e->target);
	else if (e->kind == ENTRY_DEVICE)
		printf("device\t%s\t%o\t%u\t%u", e->path, mode, major(e->device), minor(e->device));
	else if (e->source)
		printf("file\t%s\t%o\t%s", e->path, mode, e->source);
	else
		printf("made\t%s\t%o\t", e->path, mode);
	for (size_t i = 0; e->kind == ENTRY_FILE && !e->source && i < e->len; i++)
		printf("%02x", (unsigned)(unsigned char)e->content[i]);
	putchar('\n');
}

static int print_contents(const char *dir, const struct jail *j)
{
	struct root *root = NULL;
	struct entries all = { 0 };
	struct diags problems = { 0 };
	enum err e;

	if (!(e = root_open(dir, &root)))
		e = contents_find(root, j, &all, &problems);
	diags_print(&problems, "", stderr);
	if (e && e != ERR_CONFIG)
		fprintf(stderr, "contents: %s\n", err_text(e));
	for (size_t i = 0; i < all.n; i++)
		print_entry(&all.v[i]);
	entries_clear(&all);
	diags_free(&problems);
	root_close(root);
	return e ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct jail j = { 0 };
	const char *dir = NULL;
	uint64_t uid;
	int option;

	while ((option = getopt(argc, argv, "r:s")) != -1) {
		if (option == 'r')
			dir = optarg;
		else if (option == 's')
			j.sftp_only = true;
		else
			optind = argc;
	}
	if (argc - optind < 4 || argc - optind > 5 || number_parse(argv[optind + 1], 0, UINT32_MAX, &uid) ||
	    (argc - optind == 5 && strings_split(&j.with, argv[optind + 4], ","))) {
		fputs(usage, stderr);
		return 2;
	}
	j.user = argv[optind];
	j.uid = (uid_t)uid;
	j.gid = (gid_t)uid;
	j.home = argv[optind + 2];
	j.shell = j.sftp_only ? NULL : argv[optind + 3];
	option = print_contents(dir, &j);
	strings_free(&j.with);
	return option;
}
