/* SPDX-License-Identifier: GPL-3.0-or-later */
/* site_secret.h - the secret of a server's site, as this user has it. */
#ifndef CLIENT_SITE_SECRET_H
#define CLIENT_SITE_SECRET_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"
#include "knock/native.h"

#include <stdint.h>

/*
 * Appends the path of the file that serves where none is named: "~/.ssh/sallyport/HOST.secret". host: as it is typed, also with an account.
 * ERR_NOT_FOUND: nobody has put one there, or the host's name is none for a file; ERR_MEMORY.
 */
MUST_USE enum err site_secret_find(const char *host, struct text *out);
/* A line of 64 hexadecimal digits, not all of them zero. ERR_SYNTAX, ERR_TOO_BIG, ERR_SYSTEM, ERR_MEMORY. */
MUST_USE enum err site_secret_read(const char *path, uint8_t secret[NATIVE_SECRET]);

#endif
