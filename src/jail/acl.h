/* SPDX-License-Identifier: GPL-3.0-or-later */
/* acl.h - what an access control list adds to the mode of a file. */
#ifndef JAIL_ACL_H
#define JAIL_ACL_H

#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACL_XATTR "system.posix_acl_access"
#define ACL_BYTES_MAX 65536 /* as the kernel */

/*
 * The kernel's form of acl(5): whether it lets somebody write who is neither root nor the owner. ERR_SYNTAX: another version or a tag
 * that nobody knows. ERR_SHORT.
 */
MUST_USE enum err acl_parse(const uint8_t *bytes, size_t len, bool *writable);

#endif
