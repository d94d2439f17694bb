/* SPDX-License-Identifier: GPL-3.0-or-later */
/* group.c - one question to NSS about a name. */
#include "sshd/group.h"

#include "sshd/patience.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define MAX_ENTRY (64u << 20) /* a group with very many members */

static enum err group_ask(const char *name, char *buffer, size_t size)
{
	struct group g, *found = NULL;
	int status = getgrnam_r(name, &g, buffer, size, &found);

	if (found)
		return ERR_NONE;
	switch (status) {
	case ERANGE: return ERR_TOO_BIG;
	/* "there is none" has many numbers (getgrnam(3)); these say that it could not be found out */
	case EAGAIN:
	case EINTR:
	case EIO:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ETIMEDOUT:
	case ECONNREFUSED: errno = status; return ERR_SYSTEM;
	default: return ERR_NOT_FOUND;
	}
}

/* The job is the name alone. */
static enum err group_look(void *job)
{
	enum err e = ERR_TOO_BIG;

	for (size_t size = 4096; e == ERR_TOO_BIG && size <= MAX_ENTRY; size *= 4) {
		char *buffer = malloc(size);
		if (!buffer)
			return ERR_MEMORY;
		e = group_ask(job, buffer, size);
		free(buffer);
	}
	return e;
}

enum err group_find(const char *name)
{
	char *job = strdup(name);
	enum err e = job ? patience_run(group_look, job, free) : ERR_MEMORY;

	/* behind a time-out it is not ours any more */
	if (e != ERR_TIMEOUT)
		free(job);
	return e;
}
