/* SPDX-License-Identifier: GPL-3.0-or-later */
/* confirmed.h - keep what was confirmed: sshd's configuration and programs, for the rescue sshd of sallyportd. */
#ifndef HARDEN_CONFIRMED_H
#define HARDEN_CONFIRMED_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"

/*
 * Copies the configuration as it is on disk now, with all that it includes, and sshd's programs, to where sshd/spare.h looks for
 * them, in place of what was kept before. What they name besides (keys, lists of revoked keys) stays where it is. Only on the
 * running system, as root. ERR_CONFIG, ERR_CHILD: this sshd does not take it, ERR_CHANGED: it was changed meanwhile; after any
 * error what was kept before stays.
 */
MUST_USE enum err confirmed_keep(const struct root *r, const char *config_path);

#endif
