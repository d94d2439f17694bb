/* SPDX-License-Identifier: GPL-3.0-or-later */
/* membership.h - the groups of many accounts in one pass. */
#ifndef SSHD_MEMBERSHIP_H
#define SSHD_MEMBERSHIP_H

#include "sshd/account.h"

/*
 * Fills in the groups of all, as account_find() would have them. Under a root, and on a running system whose groups come only
 * from /etc/group, that file is read once; else each account is looked up. ERR_MEMORY.
 */
MUST_USE enum err membership_fill(const struct root *r, struct accounts *l);

#endif
