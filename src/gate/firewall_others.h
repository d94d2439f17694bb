/* SPDX-License-Identifier: GPL-3.0-or-later */
/* firewall_others.h - the other firewalls of the host, told by what they leave in the kernel. */
#ifndef GATE_FIREWALL_OTHERS_H
#define GATE_FIREWALL_OTHERS_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

/*
 * Adds a name for each: "ufw", "Docker", "iptables", "table inet filter"; behind those that drop by themselves what comes in,
 * " (drops)". Our table only takes away, so what they drop stays dropped. CAP_NET_ADMIN; ERR_MEMORY, ERR_SYSTEM.
 */
MUST_USE enum err firewall_others(struct strings *out);

#endif
