/* SPDX-License-Identifier: GPL-3.0-or-later */
/* group.h - whether the running system has a group, asked with patience. */
#ifndef SSHD_GROUP_H
#define SSHD_GROUP_H

#include "base/err.h"
#include "base/macros.h"

/* ERR_NONE, ERR_NOT_FOUND; ERR_SYSTEM or ERR_TIMEOUT (sshd/patience.h): NSS could not tell. */
MUST_USE enum err group_find(const char *name);

#endif
