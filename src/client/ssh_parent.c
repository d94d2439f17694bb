/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ssh_parent.c - the arguments of a parent, by /proc: where there is none, as on macOS or the BSDs, they are not told. */
#include "base/file.h"
#include "client/ssh_arguments.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define CMDLINE_MAX (1u << 20)
#define STAT_MAX 4096
#define LEVELS 2

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
