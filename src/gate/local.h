/* SPDX-License-Identifier: GPL-3.0-or-later */
/* local.h - whether an address is one of this host's own, which nobody else can come from. */
#ifndef GATE_LOCAL_H
#define GATE_LOCAL_H

#include "base/err.h"
#include "base/macros.h"
#include "gate/message.h"

#include <stdbool.h>

struct local;

/* Opens what is asked; no right is needed, now or later. ERR_MEMORY, ERR_SYSTEM. */
MUST_USE enum err local_open(struct local **out);
void local_close(struct local *l); /* NULL is fine */
/*
 * By the kernel's main routing tables of this moment: an address of an interface, or one that no host has (broadcast, anycast).
 * False also where the kernel has no way to it, or does not say.
 */
bool local_is(struct local *l, const struct message_address *a);

#endif
