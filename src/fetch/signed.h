/* SPDX-License-Identifier: GPL-3.0-or-later */
/* signed.h - whether a list is signed by who may sign it: a detached signature as ssh-keygen -Y sign makes it. */
#ifndef FETCH_SIGNED_H
#define FETCH_SIGNED_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "fetch/sources.h"

#include <stddef.h>

#define SIGNATURE_MAX (64u << 10) /* bytes of NAME.sig */

/*
 * ssh-keygen -Y verify decides, with the keys or the allowed signers file of the source, in its namespace; when it does not hold, a key
 * that has expired among the reasons, ERR_SIGNATURE, and *why (yours) is what it says. ERR_NOT_FOUND: there is no ssh-keygen. ERR_SYSTEM, ERR_TIMEOUT,
 * ERR_MEMORY. content is text: a NUL in it is ERR_SIGNATURE, too.
 */
MUST_USE enum err signed_check(const struct source *s, const char *content, size_t len, const char *signature,
			       size_t signature_len, char **why);

#endif
