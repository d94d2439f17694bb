/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check_file.h - one file, folder, link or device of a jail; for check*.c only. */
#ifndef JAIL_CHECK_FILE_H
#define JAIL_CHECK_FILE_H

#include "base/err.h"
#include "base/macros.h"
#include "jail/check_tree.h"
#include "jail/entry.h"

#include <stdbool.h>
#include <sys/stat.h>

struct file_place {
	const struct entry *entry; /* NULL: not ours, or not known what is */
	bool his;		   /* belongs to the user, or lies in what does */
	bool foreign;		   /* lies in a folder that is not ours, which was told */
	bool top;		   /* is the jail itself */
	uid_t uid;		   /* whose it is, with his; 0: not known */
	gid_t gid;
};

/* path: of the file that 'x' is about, in the jail; parent: the folder it lies in. */
struct file_place file_place_of(const struct tree_look *l, const char *path, const struct statx *x,
				struct file_place parent);
/* A regular file or folder, by any descriptor, one with O_PATH included; l->path is where. ERR_MEMORY. */
MUST_USE enum err file_look(struct tree_look *l, int fd, const struct statx *x, struct file_place place);
/* Anything else, which is not opened. ERR_MEMORY. */
MUST_USE enum err file_look_special(struct tree_look *l, int folder, const char *name, const struct statx *x,
				    struct file_place place);

#endif
