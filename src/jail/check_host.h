/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check_host.h - a jail's manifest beside what the host would give by now; for check*.c only. */
#ifndef JAIL_CHECK_HOST_H
#define JAIL_CHECK_HOST_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "jail/check.h"
#include "jail/check_tree.h"

/* met: of the manifest's entries. Adds JAIL_STALE, and JAIL_UNKNOWN for files of the host that cannot be read. ERR_MEMORY. */
MUST_USE enum err check_host(const struct root *r, const struct manifest *m, const struct met *met,
			     const struct entries *wanted, struct jail_troubles *out);

#endif
