/* SPDX-License-Identifier: GPL-3.0-or-later */
/* etc.h - the files of /etc that are made for a jail: nothing in them about anybody else. */
#ifndef JAIL_ETC_H
#define JAIL_ETC_H

#include "base/diag.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "jail/entry.h"
#include "jail/jail.h"
#include "jail/resolve.h"

#include <stdbool.h>

bool etc_is_made(const char *path); /* one of the files that etc_add() makes */

/*
 * passwd and group with root's and the user's lines, hosts with the loopback, nsswitch.conf by files and, with network, by DNS where the host
 * asks that. A name or path that such a line cannot hold is noted: ERR_CONFIG.
 */
MUST_USE enum err etc_add(const struct root *r, const struct jail *j, bool network, struct entries *into,
			  struct diags *problems);
/*
 * ld.so.cache: the host's rows of those libraries that are in the jail, and these, which yield to one of the host's of the same name. A host
 * without one, as with musl: none. A warning for each of these that the loader will not find by it.
 */
MUST_USE enum err etc_add_ld_cache(const struct root *r, const struct resolver_library *own, size_t nown,
				   struct entries *into, struct diags *problems);

#endif
