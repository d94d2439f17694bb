/* SPDX-License-Identifier: GPL-3.0-or-later */
/* two_factor.h - a one-time code beside the key: what to change, and what must be there before. */
#ifndef HARDEN_TWO_FACTOR_H
#define HARDEN_TWO_FACTOR_H

#include "audit/facts.h"
#include "audit/finding.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

/*
 * The changes into 'out': sshd wants a key and then the keyboard, passwords are off, and PAM's service of sshd asks for a code by the
 * module that it has, else by the first that is installed and that somebody has a secret for. Match blocks with an AuthenticationMethods
 * of their own keep it. Whether everybody who must get in has a secret is for the lockout guard.
 * ERR_NOT_FOUND: no module is installed, or nobody has a secret; ERR_CONFIG: PAM's files do not allow it. Then 'why' is a sentence, and
 * 'next' (may stay empty) what to do about it.
 */
MUST_USE enum err two_factor_plan(const struct facts *f, struct finding *out, struct text *why, struct text *next);

#endif
