/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * jail_log.h - what is done by sftp in a jail gets into the host's log. sshd's own sftp says it through /dev/log, which it opens after the
 * change of root. The journal listens at one place only, so that its socket is laid over the jail's /dev/log by a mount unit.
 */
#ifndef HARDEN_JAIL_LOG_H
#define HARDEN_JAIL_LOG_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"
#include "jail/jail.h"

/*
 * For a jail with sftp only; for another nothing is done. Repeatable. why: what keeps it from being logged, and what to do; "" nothing does.
 * ERR_MEMORY, ERR_SYSTEM: the unit cannot be written.
 */
MUST_USE enum err jail_log_install(const struct root *r, const struct jail *j, struct text *why);
/*
 * Before the jail goes, in which nothing may be mounted then. None there: ERR_NONE. why: what systemd said against it; the unit's file is gone and
 * nothing is mounted there all the same.
 */
MUST_USE enum err jail_log_remove(const struct root *r, const struct jail *j, struct text *why);
/* "home-chroot-anna-dev-log.mount", as systemd wants it for that place. */
MUST_USE enum err jail_log_unit(const struct jail *j, struct text *out);

#endif
