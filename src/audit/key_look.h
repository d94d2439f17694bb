/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_look.h - look for keys in one place: the host's own, an account, a path; whatever is seen goes to a sink. */
#ifndef AUDIT_KEY_LOOK_H
#define AUDIT_KEY_LOOK_H

#include "audit/sighting.h"
#include "base/root.h"
#include "sshd/account.h"
#include "sshd/config.h"

#include <time.h>

/* In which one process looks at one place after another. */
struct key_look;

/* Gets each sighting, whose texts are borrowed; NULL is a sign of life. An error ends the look. */
typedef enum err (*key_sink)(void *context, const struct sighting *s);

/* All borrowed, for as long as it lives. 'odd': homes are searched outside of ~/.ssh, too. ERR_MEMORY. */
MUST_USE enum err key_look_new(const struct root *r, const struct sshd_config *c, time_t now, bool odd, key_sink sink,
			       void *context, struct key_look **out);
void key_look_free(struct key_look *l); /* NULL is fine */

/*
 * What cannot be read is a sighting of its own, SIGHT_UNREAD; errors are those of the sink and ERR_MEMORY. Links in ~/.ssh are
 * followed, as ssh and sshd do; FIFOs and devices are not opened. A dead network mount makes them hang: key_watch.h.
 */
MUST_USE enum err key_look_host(struct key_look *l); /* host keys, the CAs that are trusted, the system's known_hosts */
/* Its groups count where Match asks for them. */
MUST_USE enum err key_look_account(struct key_look *l, const struct account *a);
/* A file, or a folder with all below it: no links are followed there, no mounts crossed, and there is a bound. */
MUST_USE enum err key_look_path(struct key_look *l, const char *path);

#endif
