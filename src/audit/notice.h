/* SPDX-License-Identifier: GPL-3.0-or-later */
/* notice.h - what the text of a banner tells strangers about the host. */
#ifndef AUDIT_NOTICE_H
#define AUDIT_NOTICE_H

#include "audit/facts.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

/*
 * Appends a sentence for each: the host's name, its distribution, the kernel, the version of
 * OpenSSH, agetty(8)'s escapes (which sshd sends as they stand), control characters, and a
 * size that clients do not show at once.
 */
MUST_USE enum err notice_leaks(const struct facts *f, const char *content, size_t len, struct strings *out);

#endif
