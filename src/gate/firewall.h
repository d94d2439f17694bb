/* SPDX-License-Identifier: GPL-3.0-or-later */
/* firewall.h - the one table of ours in the kernel, "inet sallyport", and the grants in it: docs/protocol.md, section 5.6. */
#ifndef GATE_FIREWALL_H
#define GATE_FIREWALL_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"
#include "gate/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIREWALL_PORTS 16
#define FIREWALL_NETWORKS 64
#define FIREWALL_INTERFACES 16

/*
 * What a stranger gets: silence, or what the stack (and any other firewall of the host) says for a port where nobody listens.
 */
enum firewall_answer { FIREWALL_DROP, FIREWALL_RESET };

/* Open: all is in place and takes grants, but nobody is kept out. */
enum firewall_shut { FIREWALL_SHUT, FIREWALL_OPEN };

struct firewall_network {
	struct message_address address;
	uint8_t bits;
};

/* What is to be shut; copied. lo is never shut. */
struct firewall_rules {
	uint16_t ports[FIREWALL_PORTS]; /* protected TCP ports */
	unsigned nports;
	uint16_t knocks[FIREWALL_PORTS]; /* UDP ports that conntrack must not follow */
	unsigned nknocks;
	char interfaces[FIREWALL_INTERFACES][16]; /* shut on these only; none: on all */
	unsigned ninterfaces;
	char except[FIREWALL_INTERFACES][16]; /* never shut on these */
	unsigned nexcept;
	struct firewall_network networks[FIREWALL_NETWORKS]; /* never shut for these */
	unsigned nnetworks;
	unsigned ipv6_bits; /* 64 to 128: how much of a granted IPv6 address counts */
	enum firewall_answer answer;
	enum firewall_shut shut;
	uint32_t
		unattended_seconds; /* the kernel opens the ports where firewall_attend() did not come for so long; 0: never */
	bool unowned;		    /* as on kernels that cannot keep an owned table (5.12 to 6.8); for tests */
};

struct firewall_grant {
	struct message_address address;
	uint16_t port;
	uint32_t seconds; /* to grant: for how long; listed: what is left, rounded up */
};

struct firewall;

/*
 * Puts the table in place in one transaction: new, or in place of what is there, with no moment in between and the grants kept.
 * Where the kernel can (6.9), it is owned and persists: nobody else can change it and "flush ruleset" leaves it alone for as long
 * as the netlink socket is open; after that it stays, but can be flushed (measured on 6.18). 'socket' is one of
 * NETLINK_NETFILTER, bound, that somebody who outlives us holds, too; -1: one of its own. It is taken over in any case. Sessions
 * that conntrack does not know yet (from before it began) are entered first; *entered, may be NULL, tells how many; where that
 * fails their peers get a grant of a day. ERR_RANGE: no such table can be made. ERR_SYSTEM. *why (yours, may be NULL, so may what it gets) says what the kernel refused,
 * or, with ERR_NONE, that sessions could not be entered. CAP_NET_ADMIN. The sockets stay open until firewall_close(); the
 * table stays after it.
 */
MUST_USE enum err firewall_open(const struct firewall_rules *rules, int socket, struct firewall **out,
				unsigned *entered, char **why);
void firewall_close(struct firewall *f); /* NULL is fine */
/* Takes the table away: the ports are as they were without us. ERR_NONE also where there is none. */
MUST_USE enum err firewall_remove(struct firewall *f);
/* The same without having opened it, once its owner is gone. ERR_SYSTEM: *why (yours) says more where the kernel refused. */
MUST_USE enum err firewall_take_away(char **why);

/*
 * Grants, all in one transaction; of one that is there already the longer time counts. answers[i] tells whether it is in force:
 * ERR_NONE or why not. Where the batch fails each is tried alone.
 */
void firewall_grant(struct firewall *f, const struct firewall_grant *grants, size_t n, enum err *answers);
/* Ends all grants of the address (port 0: for all ports). *ended tells how many; none is no error. */
MUST_USE enum err firewall_revoke(struct firewall *f, const struct message_address *a, uint16_t port, unsigned *ended);
/*
 * Somebody looks after the door: counts the time of unattended_seconds anew. It begins with the table, and goes on where that is only
 * put in place again: who falls and rises all the time does not attend.
 */
MUST_USE enum err firewall_attend(struct firewall *f);
/* As the kernel has them. *out is an array of *n, free(). */
MUST_USE enum err firewall_list(struct firewall *f, struct firewall_grant **out, size_t *n);

/* Becomes readable when somebody else changed rulesets; then firewall_look(). Interfaces and addresses may come and go unseen. */
int firewall_watch_fd(const struct firewall *f);
/*
 * Drains the watch and looks whether the table is as we made it; if not, it is put back at once, with the grants that were in force.
 * After the machine slept it is made anew too: the kernel's time-outs stood still meanwhile. Call it now and then for that.
 * *found (yours, NULL: all was well) says in a sentence what was changed.
 */
MUST_USE enum err firewall_look(struct firewall *f, char **found);
bool firewall_owned(const struct firewall *f);

/* The table as nft(8) would write it, for people and for "sallyportd -T". No kernel is asked. */
void firewall_print(const struct firewall_rules *rules, struct text *out);

#endif
