/* SPDX-License-Identifier: GPL-3.0-or-later */
/* firewall_rules.h - the rules of our table as data: firewall_table.c gives them to the kernel, firewall_print.c to people. */
#ifndef GATE_FIREWALL_RULES_H
#define GATE_FIREWALL_RULES_H

#include "gate/firewall.h"

#include <stdbool.h>
#include <stdint.h>

#define FIREWALL_TABLE "sallyport"
/*
 * Where a table can be owned but does not outlive its owner (Linux 5.12 to 6.8), a second one with the same rules and grants: a flush
 * of all rules passes it over, so that there is no moment without any before the first is put back.
 */
#define FIREWALL_GUARD "sallyport-guard"
/* While a rescue sshd answers: firewall_detour.h. */
#define FIREWALL_DETOUR "sallyport-rescue"
#define FIREWALL_GRANTS4 "grants4"
#define FIREWALL_GRANTS6 "grants6"
#define FIREWALL_ATTENDED "attended" /* ports that somebody looks after */
#define RULE_PARTS 9
/* Who is remembered until the stack has answered: it does so at once, or not at all. */
#define FIREWALL_ASKED_SECONDS 2
/* Knocks that are tracked in a second as datagrams to unused ports are: docs/protocol.md 5.4. */
#define FIREWALL_TRACKED_KNOCKS 1000
/* As long as conntrack remembers a session of which nothing is heard. */
#define FIREWALL_GUEST_SECONDS 432000
#define FIREWALL_REMEMBERED 65535

/* What a packet must be, or what becomes of it. */
enum part_kind {
	PART_END,
	PART_TCP_TO,	  /* to TCP port .number */
	PART_TCP_FROM,	  /* from TCP port .number */
	PART_UDP_TO,	  /* to UDP port .number */
	PART_LOCAL,	  /* to an address of this host */
	PART_ESTABLISHED, /* of a connection that is known to both sides */
	PART_INVALID,	  /* of none, and none can begin with it */
	PART_FLAGS,	  /* of the TCP flags .mask exactly .number are set */
	PART_INTERFACE,	  /* came in by .name */
	PART_NOT_LOCAL,	  /* came in by another interface than lo */
	PART_NETWORK,	  /* from .network */
	PART_GRANTED4,	  /* address and port have a grant */
	PART_GRANTED6,	  /* the same, by the first .number bits of the address */
	PART_UNATTENDED,  /* to a TCP port that is not in set .name */
	PART_GUEST4,	  /* remembers the sender and the port in set .name for long */
	PART_GUEST6,
	PART_ASK4, /* remembers the sender in set .name for a moment */
	PART_ASK6,
	PART_ASKED4, /* goes to one that is remembered in set .name */
	PART_ASKED6,
	PART_FORGET4, /* and is remembered no more */
	PART_FORGET6,
	PART_FORGET_SENDER4, /* the sender is remembered no more in set .name */
	PART_FORGET_SENDER6,
	PART_SET_TO,   /* goes to port .number instead */
	PART_SET_FROM, /* comes from port .number instead */
	PART_ICMP4,    /* an ICMP message of type .number */
	PART_ICMP6,
	PART_BYTE, /* byte .number after the IP header is .mask */
	/* An error for who is remembered in set .name, about the TCP packet at byte .number; and is remembered no more. */
	PART_QUOTED4,
	PART_QUOTED6,
	PART_SET_QUOTED, /* the TCP packet at byte .mask of an error went to port .number instead */
	PART_FLOOD,	 /* there were more than .number of such packets in this second */
	PART_NOTRACK,
	PART_LISTENER4, /* is given to who listens transparently on port .number of loopback; else what comes next */
	PART_LISTENER6,
	PART_GOTO, /* chain .name */
	PART_ACCEPT,
	PART_DROP,
	PART_KIND_COUNT
};

struct part {
	enum part_kind kind;
	unsigned number, mask;
	const char *name;
	const struct firewall_network *network;
};

struct rule {
	const char *chain;
	struct part parts[RULE_PARTS + 1]; /* ends with PART_END */
};

/* A chain that the kernel calls, or with .hook -1 one that others go to. */
struct firewall_chain {
	const char *name;
	int hook;
	const char *hook_name;
	int priority;
	bool resetting; /* wanted only with FIREWALL_RESET */
};

extern const struct firewall_chain firewall_chains[];
extern const unsigned firewall_nchains;

/* A set of addresses and ports; of family 0 of ports alone. */
struct firewall_set {
	char name[16];
	uint8_t family;	  /* 4, 6, 0 */
	unsigned seconds; /* filled by rules, each entry for so long; 0: filled by us */
};

/* The sets, in order, each to 'take'. What it gives ends it. */
MUST_USE enum err firewall_sets_each(const struct firewall_rules *rules,
				     enum err (*take)(void *arg, const struct firewall_set *s), void *arg);
/* All rules, in order. */
MUST_USE enum err firewall_rules_each(const struct firewall_rules *rules,
				      enum err (*take)(void *arg, const struct rule *r), void *arg);
/* The chain and the rules of the detour to a port of loopback. */
extern const struct firewall_chain firewall_detour_chain;
MUST_USE enum err firewall_detour_each(const uint16_t *ports, unsigned nports, uint16_t to,
				       enum err (*take)(void *arg, const struct rule *r), void *arg);
/* Are they such that a table can be made of them? ERR_RANGE. */
MUST_USE enum err firewall_rules_check(const struct firewall_rules *rules);

#endif
