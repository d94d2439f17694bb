/* SPDX-License-Identifier: GPL-3.0-or-later */
/* digest.h - SHA-256 in hexadecimal, to notice that something changed. */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stddef.h>

#define DIGEST_HEX 65 /* 64 characters and a NUL */

/* FIPS 180-4, by libsodium. */
void digest_hex(const void *bytes, size_t len, char out[DIGEST_HEX]);

#endif
