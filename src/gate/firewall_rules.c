/* SPDX-License-Identifier: GPL-3.0-or-later */
/* firewall_rules.c - the rules of our table: who may come to a protected port, and what others get. */
#include "gate/firewall_rules.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

#define ICMP_HEAD 8u
#define GUESTS4 "guests4"
#define GUESTS6 "guests6"
#define SYN 0x02u
#define ACK 0x10u

/*
 * With FIREWALL_RESET a stranger's packet is not answered by us: an answer that netfilter makes differs from the stack's own (type
 * of service, flow label, echoed IP options). It goes on, to port 0, where nobody can listen, through whatever other firewall
 * there is; the stack says what it says for a closed port, and on its way out the answer gets back the port that was asked.
 */
const struct firewall_chain firewall_chains[] = {
	{ "knocks", NF_INET_PRE_ROUTING, "prerouting", -300, false },
	{ "arriving", NF_INET_PRE_ROUTING, "prerouting", -150, false },
	{ "redirected", NF_INET_LOCAL_IN, "input", -10, false },
	{ "answers", NF_INET_LOCAL_OUT, "output", -300, true },
	{ "quotes", -1, NULL, 0, true },
	{ "door", -1, NULL, 0, false },
	{ "shut", -1, NULL, 0, false },
};
const unsigned firewall_nchains = ARRAY_SIZE(firewall_chains);

/* Behind "arriving": whoever comes here was let in there. */
const struct firewall_chain firewall_detour_chain = { "detour", NF_INET_PRE_ROUTING, "prerouting", -140, false };

static void set_name(char out[16], uint8_t family, uint16_t port)
{
	snprintf(out, 16, "asked%u_%u", family, port);
}

enum err firewall_sets_each(const struct firewall_rules *rules,
			    enum err (*take)(void *arg, const struct firewall_set *s), void *arg)
{
	enum err e;

	if (rules->unattended_seconds && (e = take(arg, &(struct firewall_set){ FIREWALL_ATTENDED, 0, 0 })))
		return e;
	if ((e = take(arg, &(struct firewall_set){ FIREWALL_GRANTS4, 4, 0 })) ||
	    (e = take(arg, &(struct firewall_set){ FIREWALL_GRANTS6, 6, 0 })) || rules->answer != FIREWALL_RESET)
		return e;
	if ((e = take(arg, &(struct firewall_set){ GUESTS4, 4, FIREWALL_GUEST_SECONDS })) ||
	    (e = take(arg, &(struct firewall_set){ GUESTS6, 6, FIREWALL_GUEST_SECONDS })))
		return e;
	for (unsigned i = 0; i < rules->nports; i++) {
		for (uint8_t family = 4; family <= 6; family += 2) {
			struct firewall_set s = { .family = family, .seconds = FIREWALL_ASKED_SECONDS };

			set_name(s.name, family, rules->ports[i]);
			if ((e = take(arg, &s)))
				return e;
		}
	}
	return ERR_NONE;
}

struct taker {
	const struct firewall_rules *rules;
	enum err (*take)(void *arg, const struct rule *r);
	void *arg;
	enum err e; /* the first trouble: nothing is taken after it */
};

static void rule_give(struct taker *t, const char *chain, const struct part *parts, size_t n)
{
	struct rule r = { .chain = chain };

	if (t->e)
		return;
	memcpy(r.parts, parts, n * sizeof *parts);
	t->e = t->take(t->arg, &r);
}

#define RULE(t, chain, ...) \
	rule_give(t, chain, (const struct part[]){ __VA_ARGS__ }, \
		  sizeof((const struct part[]){ __VA_ARGS__ }) / sizeof(struct part))

static void rules_knocks(struct taker *t)
{
	for (unsigned i = 0; i < t->rules->nknocks; i++)
		RULE(t, "knocks", { PART_UDP_TO, .number = t->rules->knocks[i] }, { PART_LOCAL },
		     { PART_FLOOD, .number = FIREWALL_TRACKED_KNOCKS }, { PART_NOTRACK });
}

static void rules_arriving(struct taker *t)
{
	char name[16];

	for (unsigned i = 0; i < t->rules->nports; i++) {
		RULE(t, "arriving", { PART_TCP_TO, .number = t->rules->ports[i] }, { PART_LOCAL },
		     { PART_GOTO, .name = "door" });
		RULE(t, "redirected", { PART_TCP_TO, .number = t->rules->ports[i] }, { PART_GOTO, .name = "door" });
	}
	if (t->rules->answer != FIREWALL_RESET)
		return;
	/* Who was remembered and got no answer (a bad checksum) may come to port 0 in earnest. */
	for (unsigned i = 0; i < t->rules->nports; i++) {
		set_name(name, 4, t->rules->ports[i]);
		RULE(t, "arriving", { PART_TCP_TO, .number = 0 }, { PART_FORGET_SENDER4, .name = name });
		set_name(name, 6, t->rules->ports[i]);
		RULE(t, "arriving", { PART_TCP_TO, .number = 0 }, { PART_FORGET_SENDER6, .name = name });
	}
}

/* An error that quotes a packet names the port as well: of the host's other firewall, or of the stack for bad IP options. */
static void rules_quotes(struct taker *t, unsigned port)
{
	char name[16];

	set_name(name, 4, (uint16_t)port);
	for (unsigned words = 5; words <= 15; words++) {
		unsigned at = ICMP_HEAD + words * 4;

		RULE(t, "quotes", { PART_BYTE, .number = ICMP_HEAD, .mask = 0x40 | words },
		     { PART_BYTE, .number = ICMP_HEAD + 9, .mask = IPPROTO_TCP },
		     { PART_BYTE, .number = at + 2, .mask = 0 }, { PART_BYTE, .number = at + 3, .mask = 0 },
		     { PART_QUOTED4, .name = name, .number = at }, { PART_SET_QUOTED, .number = port, .mask = at });
	}
	set_name(name, 6, (uint16_t)port);
	RULE(t, "quotes", { PART_BYTE, .number = ICMP_HEAD + 6, .mask = IPPROTO_TCP },
	     { PART_BYTE, .number = ICMP_HEAD + 42, .mask = 0 }, { PART_BYTE, .number = ICMP_HEAD + 43, .mask = 0 },
	     { PART_QUOTED6, .name = name, .number = ICMP_HEAD + 40 },
	     { PART_SET_QUOTED, .number = port, .mask = ICMP_HEAD + 40 });
	/* Behind one extension header of 8 bytes, whatever it is. */
	RULE(t, "quotes", { PART_BYTE, .number = ICMP_HEAD + 40, .mask = IPPROTO_TCP },
	     { PART_BYTE, .number = ICMP_HEAD + 41, .mask = 0 }, { PART_BYTE, .number = ICMP_HEAD + 50, .mask = 0 },
	     { PART_BYTE, .number = ICMP_HEAD + 51, .mask = 0 },
	     { PART_QUOTED6, .name = name, .number = ICMP_HEAD + 48 },
	     { PART_SET_QUOTED, .number = port, .mask = ICMP_HEAD + 48 });
}

static void rules_answers(struct taker *t)
{
	char name[16];

	if (t->rules->answer != FIREWALL_RESET)
		return;
	for (unsigned i = 0; i < t->rules->nports; i++) {
		set_name(name, 4, t->rules->ports[i]);
		RULE(t, "answers", { PART_TCP_FROM, .number = 0 }, { PART_ASKED4, .name = name },
		     { PART_FORGET4, .name = name }, { PART_SET_FROM, .number = t->rules->ports[i] });
		set_name(name, 6, t->rules->ports[i]);
		RULE(t, "answers", { PART_TCP_FROM, .number = 0 }, { PART_ASKED6, .name = name },
		     { PART_FORGET6, .name = name }, { PART_SET_FROM, .number = t->rules->ports[i] });
		rules_quotes(t, t->rules->ports[i]);
	}
	RULE(t, "answers", { PART_ICMP4, .number = ICMP_UNREACH }, { PART_GOTO, .name = "quotes" });
	RULE(t, "answers", { PART_ICMP4, .number = ICMP_PARAMPROB }, { PART_GOTO, .name = "quotes" });
	RULE(t, "answers", { PART_ICMP6, .number = ICMP6_DST_UNREACH }, { PART_GOTO, .name = "quotes" });
	RULE(t, "answers", { PART_ICMP6, .number = ICMP6_PARAM_PROB }, { PART_GOTO, .name = "quotes" });
}

/* Where and for whom the port is never shut. */
static void rules_door(struct taker *t)
{
	const struct firewall_rules *r = t->rules;

	if (r->shut == FIREWALL_OPEN) {
		RULE(t, "door", { PART_ACCEPT });
		return;
	}
	RULE(t, "door", { PART_ESTABLISHED }, { PART_ACCEPT });
	RULE(t, "door", { PART_INTERFACE, .name = "lo" }, { PART_ACCEPT });
	for (unsigned i = 0; i < r->nexcept; i++)
		RULE(t, "door", { PART_INTERFACE, .name = r->except[i] }, { PART_ACCEPT });
	for (unsigned i = 0; i < r->nnetworks; i++)
		RULE(t, "door", { PART_NETWORK, .network = &r->networks[i] }, { PART_ACCEPT });
	if (r->unattended_seconds)
		RULE(t, "door", { PART_UNATTENDED, .name = FIREWALL_ATTENDED }, { PART_ACCEPT });
	for (unsigned i = 0; i < r->ninterfaces; i++)
		RULE(t, "door", { PART_INTERFACE, .name = r->interfaces[i] }, { PART_GOTO, .name = "shut" });
	if (r->ninterfaces)
		RULE(t, "door", { PART_ACCEPT });
	else
		RULE(t, "door", { PART_GOTO, .name = "shut" });
}

static void rules_reset(struct taker *t)
{
	char name[16];

	/* What conntrack cannot place may still be of a session, which our reset would end; no connection begins with it. */
	RULE(t, "shut", { PART_INVALID }, { PART_FLAGS, .mask = SYN | ACK, .number = ACK },
	     { PART_GRANTED4, .name = GUESTS4 }, { PART_ACCEPT });
	RULE(t, "shut", { PART_INVALID }, { PART_FLAGS, .mask = SYN | ACK, .number = ACK },
	     { PART_GRANTED6, .name = GUESTS6, .number = 128 }, { PART_ACCEPT });
	for (unsigned i = 0; i < t->rules->nports; i++) {
		unsigned port = t->rules->ports[i];

		set_name(name, 4, (uint16_t)port);
		RULE(t, "shut", { PART_TCP_TO, .number = port }, { PART_ASK4, .name = name },
		     { PART_SET_TO, .number = 0 }, { PART_ACCEPT });
		set_name(name, 6, (uint16_t)port);
		RULE(t, "shut", { PART_TCP_TO, .number = port }, { PART_ASK6, .name = name },
		     { PART_SET_TO, .number = 0 }, { PART_ACCEPT });
	}
}

static void rules_granted(struct taker *t)
{
	unsigned bits = t->rules->ipv6_bits;

	if (t->rules->answer == FIREWALL_RESET) {
		RULE(t, "shut", { PART_GRANTED4, .name = FIREWALL_GRANTS4 }, { PART_GUEST4, .name = GUESTS4 },
		     { PART_ACCEPT });
		RULE(t, "shut", { PART_GRANTED6, .name = FIREWALL_GRANTS6, .number = bits },
		     { PART_GUEST6, .name = GUESTS6 }, { PART_ACCEPT });
	}
	/* Also then: where nobody more can be remembered, a grant still counts. */
	RULE(t, "shut", { PART_GRANTED4, .name = FIREWALL_GRANTS4 }, { PART_ACCEPT });
	RULE(t, "shut", { PART_GRANTED6, .name = FIREWALL_GRANTS6, .number = bits }, { PART_ACCEPT });
}

static void rules_shut(struct taker *t)
{
	rules_granted(t);
	if (t->rules->answer == FIREWALL_RESET)
		rules_reset(t);
	/* Also with FIREWALL_RESET: where nobody more can be remembered, silence is better than a listener. */
	RULE(t, "shut", { PART_DROP });
}

enum err firewall_rules_each(const struct firewall_rules *rules, enum err (*take)(void *arg, const struct rule *r),
			     void *arg)
{
	struct taker t = { .rules = rules, .take = take, .arg = arg };

	rules_knocks(&t);
	rules_arriving(&t);
	rules_answers(&t);
	rules_door(&t);
	rules_shut(&t);
	return t.e;
}

enum err firewall_detour_each(const uint16_t *ports, unsigned nports, uint16_t to,
			      enum err (*take)(void *arg, const struct rule *r), void *arg)
{
	struct taker t = { .take = take, .arg = arg };

	/* not from this host itself: that is how the real sshd is looked at */
	for (unsigned i = 0; i < nports; i++) {
		RULE(&t, "detour", { PART_NOT_LOCAL }, { PART_TCP_TO, .number = ports[i] }, { PART_LOCAL },
		     { PART_LISTENER4, .number = to }, { PART_ACCEPT });
		RULE(&t, "detour", { PART_NOT_LOCAL }, { PART_TCP_TO, .number = ports[i] }, { PART_LOCAL },
		     { PART_LISTENER6, .number = to }, { PART_ACCEPT });
	}
	return t.e;
}

static bool named(const char name[16])
{
	return name[0] && memchr(name, '\0', 16);
}

enum err firewall_rules_check(const struct firewall_rules *r)
{
	if (!r->nports || r->nports > FIREWALL_PORTS || r->nknocks > FIREWALL_PORTS || r->ipv6_bits < 64 ||
	    r->ipv6_bits > 128 || r->ninterfaces > FIREWALL_INTERFACES || r->nexcept > FIREWALL_INTERFACES ||
	    r->nnetworks > FIREWALL_NETWORKS)
		return ERR_RANGE;
	for (unsigned i = 0; i < r->nports; i++) {
		if (!r->ports[i])
			return ERR_RANGE;
		for (unsigned j = 0; j < i; j++)
			if (r->ports[j] == r->ports[i])
				return ERR_RANGE;
	}
	for (unsigned i = 0; i < r->nknocks; i++)
		if (!r->knocks[i])
			return ERR_RANGE;
	for (unsigned i = 0; i < r->ninterfaces; i++)
		if (!named(r->interfaces[i]))
			return ERR_RANGE;
	for (unsigned i = 0; i < r->nexcept; i++)
		if (!named(r->except[i]))
			return ERR_RANGE;
	for (unsigned i = 0; i < r->nnetworks; i++) {
		const struct firewall_network *n = &r->networks[i];

		if ((n->address.family != 4 && n->address.family != 6) || n->bits > (n->address.family == 4 ? 32 : 128))
			return ERR_RANGE;
	}
	return ERR_NONE;
}
