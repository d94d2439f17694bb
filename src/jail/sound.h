/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sound.h - names and rows that may become a jail: nothing leads out of it, each row has its folder. */
#ifndef JAIL_SOUND_H
#define JAIL_SOUND_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"
#include "jail/entry.h"

#include <stdbool.h>
#include <stddef.h>

#define SOUND_STAGE ".sallyport-update" /* in a jail, while it is brought up to date: no row has that name */
#define SOUND_CONTENT_MAX (16u << 20)	/* of a file that is made */

bool sound_path(const char *path); /* absolute, not "/", no empty part, "." or ".." in it, none too long */
bool sound_user(const char *name); /* that can be a file's name, and is no hidden one */
bool sound_digest(const char *s);
bool sound_seen(const char *s);
/* ERR_SYNTAX: problem (may be NULL) gets which row and why. */
MUST_USE enum err sound_entries(const struct entries *all, struct text *problem);
/*
 * For each row, whether it lies in something that is his, at whatever depth; *out is yours. Of sound entries.
 */
MUST_USE enum err sound_inside_his(const struct entries *all, bool **out);

#endif
