/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * jail_check.c - the checks of jails as a program, for tests:
 *   jail_check escapes DIR [MILLISECONDS]            what jail_check_escapes() says of any folder
 *   jail_check around DIR UID:GID HOME COMMAND       takes the jail as it lies for the one that was made, runs the command by the
 *                                                    shell, and says what jail_check() finds then
 *   jail_check starts DIR UID:GID HOME               what jail_check_starts() says of it
 * A line each: "KIND PATH: DETAIL". Files that are the same under the same path of the host count as taken from there; around compares the host.
 */
#include "base/child.h"
#include "base/file.h"
#include "base/number.h"
#include "base/root.h"
#include "jail/check.h"
#include "jail/entry_digest.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/banned.h"

static struct manifest made;
static struct entries wanted;
static enum err trouble;

static void digest(const char *path, char out[ENTRY_DIGEST])
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || entry_digest_fd(fd, INT64_MAX, out))
		trouble = ERR_SYSTEM;
	file_close(fd);
}

static int record(const char *path, const struct stat *st, int type, struct FTW *at)
{
	const char *name = path + strlen(made.jail.dir);
	char target[PATH_MAX] = "", sum[ENTRY_DIGEST] = "", other[ENTRY_DIGEST] = "";
	struct entry e = { .path = (char *)name,
			   .mode = st->st_mode & 07777,
			   .his = strcmp(name, made.jail.home) == 0 };
	const size_t home = strlen(made.jail.home);
	struct stat host;

	(void)type;
	(void)at;
	if (!*name || (strncmp(name, made.jail.home, home) == 0 && name[home] == '/'))
		return 0;
	if (S_ISLNK(st->st_mode)) {
		e.kind = ENTRY_LINK;
		if (readlink(path, target, sizeof target - 1) < 0)
			trouble = ERR_SYSTEM;
		e.target = target;
	} else if (S_ISCHR(st->st_mode)) {
		e.kind = ENTRY_DEVICE;
		e.device = st->st_rdev;
	} else if (S_ISREG(st->st_mode)) {
		e.kind = ENTRY_FILE;
		digest(path, sum);
		if (lstat(name, &host) == 0 && S_ISREG(host.st_mode))
			digest(name, other);
		if (strcmp(sum, other) == 0)
			e.source = (char *)name;
		else
			e.content = (char *)"";
	} else if (!S_ISDIR(st->st_mode)) {
		return 0;
	}
	if (!trouble)
		trouble = entries_add(&wanted, &e);
	memcpy(e.digest, sum, sizeof sum);
	if (!trouble)
		trouble = entries_add(&made.entries, &e);
	return trouble ? 1 : 0;
}

static bool read_jail(char **argv)
{
	unsigned uid, gid;

	if (sscanf(argv[3], "%u:%u", &uid, &gid) != 2)
		return false;
	made.jail = (struct jail){ .user = (char *)"made", .uid = uid, .gid = gid, .dir = argv[2], .home = argv[4] };
	return nftw(argv[2], record, 16, FTW_PHYS) == 0 && !trouble;
}

static bool change(const char *command)
{
	const char *const argv[] = { "/bin/bash", "-ec", command, NULL };
	struct child_result said = { 0 };
	const bool well = !child_run(argv, NULL, 60000, 65536, &said) && said.status == 0;

	(void)fputs(text_string(&said.err), stderr);
	child_result_free(&said);
	return well;
}

static enum err run(const struct root *root, int argc, char **argv, struct jail_troubles *found)
{
	uint64_t milliseconds = 20000;

	if (argc >= 3 && strcmp(argv[1], "escapes") == 0) {
		if (argc > 3 && number_parse(argv[3], 0, 100000, &milliseconds))
			return ERR_SYNTAX;
		return jail_check_escapes(root, argv[2], (unsigned)milliseconds, found);
	}
	if (argc < 5 || !read_jail(argv))
		return ERR_SYNTAX;
	if (strcmp(argv[1], "starts") == 0)
		return jail_check_starts(root, &made, found);
	if (argc < 6 || !change(argv[5]))
		return ERR_CHILD;
	return jail_check(root, &made, &wanted, found);
}

int main(int argc, char **argv)
{
	struct jail_troubles found = { 0 };
	struct root *root = NULL;
	enum err e = root_open(NULL, &root);
	int status;

	if (!e)
		e = run(root, argc, argv, &found);
	for (size_t i = 0; i < found.n; i++)
		printf("%s %s: %s%s\n", jail_trouble_id(found.v[i].kind), found.v[i].path, found.v[i].detail,
		       found.v[i].more ? ", and more" : "");
	if (e)
		(void)fprintf(stderr, "jail_check: %s\n", err_text(e));
	status = e ? 2 : found.n > 0;
	jail_troubles_clear(&found);
	made.jail = (struct jail){ 0 };
	entries_clear(&made.entries);
	entries_clear(&wanted);
	root_close(root);
	return status;
}
