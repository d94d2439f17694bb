/* SPDX-License-Identifier: GPL-3.0-or-later */
/* version.h - OpenSSH release numbers. */
#ifndef SSHD_VERSION_H
#define SSHD_VERSION_H

#include "base/err.h"
#include "base/macros.h"

#include <stddef.h>

/* A release as one number that sorts: 9.2 is 902, 10.5 is 1005. The portable patch level does not count. */
#define SSHD_RELEASE(major, minor) ((major)*100u + (minor))

#define SSHD_OLDEST SSHD_RELEASE(7, 4)	/* the oldest that we know */
#define SSHD_NEWEST SSHD_RELEASE(10, 5) /* the newest that we know */

/*
 * Finds "OpenSSH_9.2p1" anywhere in text (what sshd prints, an identification line, the
 * bytes of the binary). ERR_NOT_FOUND. name, if not NULL, gets "9.2p1", cut to size.
 */
MUST_USE enum err sshd_version_find(const char *text, size_t len, unsigned *release, char *name, size_t size);

/* The same from `sshd -V`, on old releases from the line in its usage text. ERR_NOT_FOUND, or as child_run(). */
MUST_USE enum err sshd_version_ask(const char *sshd, int timeout_ms, unsigned *release, char *name, size_t size);

#endif
