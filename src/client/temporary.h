/* SPDX-License-Identifier: GPL-3.0-or-later */
/* temporary.h - a file of ours alone for a while, for programs that go by names. */
#ifndef CLIENT_TEMPORARY_H
#define CLIENT_TEMPORARY_H

#include "base/err.h"
#include "base/macros.h"

#define TEMPORARY_PATH 300

/* Open for reading and writing. ERR_SYSTEM. */
MUST_USE enum err temporary_make(char path[TEMPORARY_PATH], int *fd);
void temporary_remove(const char *path, int fd); /* closes it; fd -1: there is none, which is fine */

#endif
