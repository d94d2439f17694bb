/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inside.h - a process that has a folder for its root. */
#ifndef TESTS_UNIT_JAIL_INSIDE_H
#define TESTS_UNIT_JAIL_INSIDE_H

#include "base/scratch.h"

#include <unistd.h>

/* A child that is in there, and whose 'enter' gave true, when this returns; then it lives. Only root can do that. */
static inline pid_t inside(const char *dir, bool (*enter)(const void *arg), const void *arg, void (*lives)(void))
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (chroot(dir) || chdir("/") || (enter && !enter(arg)) || write(ready[1], "x", 1) != 1)
			_exit(1);
		close(ready[0]);
		close(ready[1]);
		lives();
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static inline void inside_waits(void)
{
	for (;;)
		pause();
}

#endif
