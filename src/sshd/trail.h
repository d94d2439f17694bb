/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trail.h - the folders that lead to a file, looked at once for all the files that are asked for one after the other. */
#ifndef SSHD_TRAIL_H
#define SSHD_TRAIL_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct trail_step {
	size_t end; /* of its name in the path */
	struct stat st;
	bool acl_known, acl;
};

/* Start with { 0 }. The first step is "/", the last one the file. */
struct trail {
	char path[PATH_MAX];
	struct trail_step *v;
	size_t n, size;
};
void trail_clear(struct trail *t);

/*
 * Looks at path with our own rights, and at what leads to it as far as the path before had not the same folders; the file is always
 * looked at anew. ERR_UNSUPPORTED: a link, "..", "." or "//" is in it, which this cannot tell about. ERR_SYSTEM as root_lstat().
 */
MUST_USE enum err trail_follow(struct trail *t, const struct root *r, const char *path);
const struct stat *trail_file(const struct trail *t); /* behind a trail_follow() that went well */
/* The name of a step. */
void trail_name(const struct trail *t, size_t step, char out[PATH_MAX]);

#endif
