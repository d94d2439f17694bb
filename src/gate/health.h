/* SPDX-License-Identifier: GPL-3.0-or-later */
/* health.h - whether an sshd answers as one that can let somebody in. */
#ifndef GATE_HEALTH_H
#define GATE_HEALTH_H

#include "base/err.h"
#include "base/macros.h"
#include "sshd/spare.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEALTH_BYTES 1024
#define HEALTH_MS \
	1200 /* for one look; a hanging sshd leaves that much less of the three seconds in which somebody waits */

enum health { HEALTH_MORE, HEALTH_GOOD, HEALTH_BAD };

/*
 * What a server has said so far, to who has sent an identification line. Good: an identification and the beginning of a key
 * exchange, for which sshd has read its configuration and its host keys and has begun a process without rights; or that it refuses
 * this address, or all, for a while. Bad: anything else.
 */
enum health health_judge(const uint8_t *bytes, size_t len);

/* Talks to a server on a connected stream socket for that long; HEALTH_GOOD or HEALTH_BAD. */
enum health health_ask(int fd, int timeout_ms);
/*
 * Of the protected ports those that the spare's sshd listened on, from this host itself. ERR_NONE: one of them answers. ERR_CLOSED:
 * nobody listens there. ERR_CHILD: somebody does, but it is no working sshd. ERR_NOT_FOUND: there are no such ports, so that they are
 * somebody else's. Takes HEALTH_MS at most.
 */
MUST_USE enum err health_look(const struct spare *s, const uint16_t *ports, unsigned nports);

#endif
