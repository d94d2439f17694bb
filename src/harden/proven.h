/* SPDX-License-Identifier: GPL-3.0-or-later */
/* proven.h - which programs the last proof that held was about. */
#ifndef HARDEN_PROVEN_H
#define HARDEN_PROVEN_H

#include "audit/facts.h"
#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>

#define PROVEN_FILE "/var/lib/sallyport/proven.json"

/*
 * Are sshd, sallyport and sallyportd the same files as then? Told by size, time and inode, so that a package of the same version
 * built anew counts, too. Cheap: f may have only_config.
 */
MUST_USE enum err proven_still(const struct facts *f, bool *still);
/* It held for the programs as they are now. */
MUST_USE enum err proven_write(const struct facts *f);

#endif
