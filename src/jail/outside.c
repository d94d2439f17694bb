/* SPDX-License-Identifier: GPL-3.0-or-later */
/* outside.c - looks through /proc. */
#include "jail/outside.h"

#include "base/file.h"
#include "base/number.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define SCOPE "/proc/sys/kernel/yama/ptrace_scope"

bool outside_is_restricted(const struct root *r)
{
	char digit = '0';
	int fd = -1;

	if (root_open_file(r, SCOPE, O_RDONLY, 0, &fd) || read(fd, &digit, 1) != 1)
		digit = '0';
	file_close(fd);
	return digit >= '1' && digit <= '3';
}

static void read_command(int process, struct outside *o)
{
	int fd = openat(process, "comm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, o->command, sizeof o->command - 1);

	o->command[n > 0 ? n : 0] = '\0';
	o->command[strcspn(o->command, "\n")] = '\0';
	file_close(fd);
}

/*
 * What is in a process's folder belongs to root where nobody else may trace it (proc(5)): it changed users, as what sshd runs as the user
 * has. The folder itself does not. A process that ends meanwhile is none.
 */
static bool is_outside(int process, uid_t uid, const struct stat *jail)
{
	struct stat st;

	if (fstatat(process, "environ", &st, 0) || st.st_uid != uid || fstatat(process, "root", &st, 0))
		return false;
	return st.st_dev != jail->st_dev || st.st_ino != jail->st_ino;
}

static void look(const char *pid, uid_t uid, const struct stat *jail, struct outside *found, size_t *n)
{
	uint64_t number;
	char path[64];
	int process;

	if (number_parse(pid, 1, INT32_MAX, &number))
		return;
	snprintf(path, sizeof path, "/proc/%llu", (unsigned long long)number);
	process = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (process >= 0 && is_outside(process, uid, jail)) {
		found[*n].pid = (pid_t)number;
		read_command(process, &found[*n]);
		++*n;
	}
	file_close(process);
}

enum err outside_find(const struct root *r, uid_t uid, const char *dir, struct outside **out, size_t *n)
{
	struct outside *found = NULL;
	struct strings names = { 0 };
	struct stat jail = { 0 };
	size_t count = 0;
	enum err e;

	if (!root_is_live(r) || geteuid() != 0)
		return ERR_UNSUPPORTED;
	if ((dir && (e = root_stat(r, dir, &jail))) || (e = root_list(r, "/proc", &names)))
		return e;
	if (!(found = calloc(OUTSIDE_MAX, sizeof *found))) {
		strings_free(&names);
		return ERR_MEMORY;
	}
	for (size_t i = 0; i < names.n && count < OUTSIDE_MAX; i++)
		look(names.v[i], uid, &jail, found, &count);
	strings_free(&names);
	*out = found;
	*n = count;
	return ERR_NONE;
}
