/* SPDX-License-Identifier: GPL-3.0-or-later */
/* orphan.h - scripts that came along as data, without what would run them. */
#ifndef JAIL_ORPHAN_H
#define JAIL_ORPHAN_H

#include "base/err.h"
#include "base/macros.h"
#include "jail/take.h"

/*
 * Takes executable scripts out of the rows again whose interpreter, or what env(1) looks up for them, is not among the rows: nobody could run them.
 * Programs that were asked for never are, as theirs came with them. ERR_MEMORY, ERR_SYSTEM.
 */
MUST_USE enum err orphans_drop(struct taking *t);

#endif
