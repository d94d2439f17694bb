/* SPDX-License-Identifier: GPL-3.0-or-later */
/* firewall_table.h - our table on its way into the kernel and back: inside of firewall.h. */
#ifndef GATE_FIREWALL_TABLE_H
#define GATE_FIREWALL_TABLE_H

#include "gate/firewall.h"
#include "gate/firewall_mirror.h"
#include "gate/netlink.h"

struct firewall {
	struct firewall_rules rules;
	struct netlink netlink;
	struct netlink_batch batch;
	struct mirror mirror; /* what we granted, and until when */
	struct text shape;    /* the table as the kernel told it after we made it */
	uint64_t attended_ms; /* until when the door counts as attended; 0: it does not */
	uint64_t slept_ms;    /* how long the machine had slept when the table was made */
	int watch;
	bool owned;
	bool guarded;	     /* there is a guard, and it has each grant, too */
	const char *writing; /* the table that messages are about while it is put together */
};

/* The element of a grant, as the kernel's sets have it; of family 0 a port that is attended. */
#define FIREWALL_KEY 20
size_t firewall_key(const struct mirror_key *k, uint8_t out[FIREWALL_KEY]);

/* Into the batch, one element of the set of its family: added if it is not there (ms 0: without end), added where it must not be there, taken away. */
void firewall_element(struct firewall *f, const struct mirror_key *k, uint64_t ms);
void firewall_element_new(struct firewall *f, const struct mirror_key *k, uint64_t ms);
void firewall_element_delete(struct firewall *f, const struct mirror_key *k);

/*
 * Table, sets, chains, rules and the grants of the mirror in one transaction, in place of what is there. Owned where the kernel can;
 * else ERR_NONE too, and f->owned is false. ERR_SYSTEM: *why (may be NULL) says more.
 */
MUST_USE enum err firewall_table_put(struct firewall *f, char **why);
/* The transaction that takes it away. */
MUST_USE enum err firewall_table_delete(struct firewall *f);
/* Another table of its own, owned where the kernel can: firewall_detour.h. Of f only netlink and batch are used. */
MUST_USE enum err firewall_table_detour(struct firewall *f, const uint16_t *ports, unsigned nports, uint16_t to);
MUST_USE enum err firewall_table_detour_delete(struct firewall *f);
/* All elements of both sets, each with what is left of its time (UINT64_MAX: no end). None where there is no table. */
MUST_USE enum err firewall_table_grants(struct firewall *f,
					enum err (*take)(void *arg, const struct mirror_key *k, uint64_t left_ms),
					void *arg);
/* What is left of the time for which the door is attended, 0: it is over. ERR_NOT_FOUND: there is no such table. */
MUST_USE enum err firewall_table_attended(struct firewall *f, uint64_t *left_ms);
/* What the kernel has: empty where there is no table. Equal texts mean equal tables, grants aside. */
MUST_USE enum err firewall_table_shape(struct firewall *f, struct text *out);

#endif
