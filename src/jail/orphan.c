/* SPDX-License-Identifier: GPL-3.0-or-later */
/* orphan.c - scripts that came along as data, without what would run them. */
#include "jail/orphan.h"

#include "base/file.h"
#include "jail/script.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

/* *there: the file that the path leads to is in the jail. */
static enum err is_there(struct taking *t, const char *path, bool *there)
{
	const struct way *way;
	enum err e = track_follow(t->track, path, &way);

	*there = !e && !way->number && entries_find(t->into, way->end->path);
	return e;
}

static enum err can_run(struct taking *t, const struct script *s, bool *can)
{
	char *path = NULL;
	enum err e = is_there(t, s->interpreter, can);

	if (e || !*can || !s->program)
		return e;
	e = take_find(t, s->program, &path);
	if (!e)
		e = is_there(t, path, can);
	else
		*can = false;
	free(path);
	return e == ERR_NOT_FOUND ? ERR_NONE : e;
}

static enum err is_orphan(struct taking *t, const struct entry *one, bool *orphan)
{
	struct script s = { 0 };
	char head[SCRIPT_LINE];
	bool can = true;
	int fd = -1;
	ssize_t n;
	enum err e;

	*orphan = false;
	if (one->kind != ENTRY_FILE || !one->source || !(one->mode & 0111))
		return ERR_NONE;
	if ((e = root_open_file(t->r, one->source, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd)))
		return e == ERR_SYSTEM ? ERR_NONE : e; /* whoever puts it into the jail will say so */
	n = pread(fd, head, sizeof head, 0);
	file_close(fd);
	if (n <= 0 || !script_begins(head, (size_t)n))
		return ERR_NONE;
	e = script_parse(head, (size_t)n, &s);
	if (!e)
		e = can_run(t, &s, &can);
	*orphan = e == ERR_SYNTAX || !can;
	script_clear(&s);
	return e == ERR_SYNTAX ? ERR_NONE : e;
}

enum err orphans_drop(struct taking *t)
{
	bool more = true;

	/* a script may be run by one that went */
	while (more) {
		more = false;
		for (size_t i = t->into->n; i-- > 0;) {
			bool orphan;
			enum err e = is_orphan(t, &t->into->v[i], &orphan);

			if (e)
				return e;
			if (!orphan)
				continue;
			entries_drop(t->into, i);
			more = true;
		}
	}
	return ERR_NONE;
}
