/* SPDX-License-Identifier: GPL-3.0-or-later */
/* recent.h - what came of the last knock at a host, shared by all connections that this user makes to it at once. */
#ifndef CLIENT_RECENT_H
#define CLIENT_RECENT_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

#include <stdint.h>

enum recent_outcome {
	RECENT_NONE,
	RECENT_OPENED,	    /* to a knock */
	RECENT_SILENT,	    /* it was sent, and opened nothing */
	RECENT_UNSIGNED,    /* it could not be made or sent */
	RECENT_OPEN_ANYWAY, /* without one */
};

struct recent {
	uint64_t when; /* of clock_boot_ms() */
	enum recent_outcome outcome;
	unsigned waited; /* milliseconds until TCP came through; 0 where it did not */
	/* When it last opened to a knock, so that our clock was right for it: of clock_boot_ms(), and in milliseconds since 1970. 0: never. */
	uint64_t opened, opened_wall;
};

/*
 * Opens, or makes, the file of this subject, whatever tells one knock from another, below $XDG_RUNTIME_DIR, else $XDG_CACHE_HOME, else ~/.cache. ERR_NOT_FOUND:
 * there is no such place that is ours alone; ERR_SYSTEM. Close *fd, which unlocks it.
 */
MUST_USE enum err recent_open(const char *subject, int *fd);
/* Appends the path of that place. As above. */
MUST_USE enum err recent_folder(struct text *out);
/* Waits until nobody else has it. ERR_TIMEOUT, ERR_SYSTEM. */
MUST_USE enum err recent_lock(int fd, unsigned ms);
void recent_unlock(int fd);
/* Without an entry, or with one that cannot be: RECENT_NONE. 'now' is of clock_boot_ms(). */
struct recent recent_read(int fd, uint64_t now);
/* What cannot be written is not remembered: the next connection knocks, too. */
void recent_write(int fd, const struct recent *r);

#endif
