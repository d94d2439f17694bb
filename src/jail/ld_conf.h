/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ld_conf.h - ld.so.conf: the folders that ldconfig(8) would put into the cache, for a root that has none. */
#ifndef JAIL_LD_CONF_H
#define JAIL_LD_CONF_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"

#include <stddef.h>

#define LD_CONF_PATH "/etc/ld.so.conf"
#define LD_CONF_INCLUDE "include " /* what a row begins with that is no folder */
#define LD_CONF_ROWS_MAX 4096

/*
 * The rows of one file, in its order: a folder ("/usr/local/lib", without slashes at the end) or LD_CONF_INCLUDE and a pattern of one word.
 * What is neither, ldconfig does not use either. ERR_TOO_BIG beyond LD_CONF_ROWS_MAX rows, ERR_MEMORY.
 */
MUST_USE enum err ld_conf_parse(const char *text, size_t len, struct strings *rows);
/* All folders of the root's file and of those that it includes. What is not there or cannot be read adds none. ERR_MEMORY, ERR_TOO_BIG. */
MUST_USE enum err ld_conf_read(const struct root *r, struct strings *folders);

#endif
