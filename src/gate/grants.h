/* SPDX-License-Identifier: GPL-3.0-or-later */
/* grants.h - who opened what: what the kernel does not know of its grants, for "who", "close" and the log. */
#ifndef GATE_GRANTS_H
#define GATE_GRANTS_H

#include "base/err.h"
#include "base/macros.h"
#include "gate/control.h"

#include <stddef.h>
#include <stdint.h>

#define GRANTS_MAX 8192 /* those beyond are in the kernel all the same, and shown without a name after a restart */

#define GRANTS_LATEST 256

struct grants;

/* ipv6_bits: how much of an IPv6 address counts, 1 to 128; the rest is forgotten, as in the kernel's table. ERR_MEMORY. */
MUST_USE enum err grants_new(unsigned ipv6_bits, struct grants **out);
void grants_free(struct grants *g); /* NULL is fine */
/* e->seconds_left counts from now; one of the same address and port takes its place unless it lasts longer. */
void grants_set(struct grants *g, const struct control_entry *e, uint64_t now_ms);
/* How an address was let in last, also where that has ended; zero: not that it is known, which is so for the latest GRANTS_LATEST addresses. */
void grants_latest(const struct grants *g, const struct message_address *a, struct control_latest *out);
void grants_forget(struct grants *g, const struct message_address *a, uint16_t port, uint64_t now_ms); /* port 0: all */
/* The first that has not ended from *at on, which moves behind it; seconds_left is what is left now. False: no more. */
MUST_USE bool grants_next(const struct grants *g, size_t *at, uint64_t now_ms, struct control_entry *out);

#endif
