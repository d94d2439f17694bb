/* SPDX-License-Identifier: GPL-3.0-or-later */
/* firewall_print.c - the rules of our table as nft(8) writes them. */
#include "gate/firewall_rules.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/banned.h"

/* How a part is written: words, then what the function writes between them. */
struct printer {
	const char *before, *after;
	void (*print)(struct text *t, const struct part *p);
};

static void print_number(struct text *t, const struct part *p)
{
	text_add(t, "%u", p->number);
}

static void print_name(struct text *t, const struct part *p)
{
	text_add_escaped(t, p->name, strnlen(p->name, 16));
}

static void print_flags(struct text *t, const struct part *p)
{
	text_add(t, "0x%02x == 0x%02x", p->mask, p->number);
}

static void print_network(struct text *t, const struct part *p)
{
	const struct firewall_network *n = p->network;
	char address[INET6_ADDRSTRLEN] = "";

	inet_ntop(n->address.family == 4 ? AF_INET : AF_INET6, n->address.bytes, address, sizeof address);
	text_add(t, "%s saddr %s/%u", n->address.family == 4 ? "ip" : "ip6", address, n->bits);
}

static void print_granted6(struct text *t, const struct part *p)
{
	uint8_t mask[16] = { 0 };
	char masked[INET6_ADDRSTRLEN] = "";

	for (unsigned i = 0; i < p->number; i++)
		mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
	inet_ntop(AF_INET6, mask, masked, sizeof masked);
	if (p->number < 128)
		text_add(t, " & %s", masked);
	text_add(t, " . tcp dport @%s", p->name);
}

static void print_byte(struct text *t, const struct part *p)
{
	text_add(t, "%u,8 0x%02x", p->number * 8, p->mask);
}

static void print_quoted(struct text *t, const struct part *p)
{
	text_add(t, "%u,16 @%s delete @%s { ip%s daddr . @th,%u,16 }", p->number * 8, p->name, p->name,
		 p->kind == PART_QUOTED6 ? "6" : "", p->number * 8);
}

static void print_set_quoted(struct text *t, const struct part *p)
{
	text_add(t, "%u,16 set %u", (p->mask + 2) * 8, p->number);
}

static void print_flood(struct text *t, const struct part *p)
{
	text_add(t, "%u/second burst %u packets", p->number, p->number);
}

static const struct printer printers[PART_KIND_COUNT] = {
	[PART_TCP_TO] = { "tcp dport ", "", print_number },
	[PART_TCP_FROM] = { "tcp sport ", "", print_number },
	[PART_UDP_TO] = { "udp dport ", "", print_number },
	[PART_LOCAL] = { "fib daddr type local", "", NULL },
	[PART_ESTABLISHED] = { "ct state established", "", NULL },
	[PART_INVALID] = { "ct state invalid", "", NULL },
	[PART_FLAGS] = { "tcp flags & ", "", print_flags },
	[PART_INTERFACE] = { "iifname \"", "\"", print_name },
	[PART_NOT_LOCAL] = { "iifname != \"lo\"", "", NULL },
	[PART_NETWORK] = { "", "", print_network },
	[PART_GRANTED4] = { "ip saddr . tcp dport @", "", print_name },
	[PART_GRANTED6] = { "ip6 saddr", "", print_granted6 },
	[PART_UNATTENDED] = { "tcp dport != @", "", print_name },
	[PART_GUEST4] = { "update @", " { ip saddr . tcp dport }", print_name },
	[PART_GUEST6] = { "update @", " { ip6 saddr . tcp dport }", print_name },
	[PART_ASK4] = { "update @", " { ip saddr . tcp sport }", print_name },
	[PART_ASK6] = { "update @", " { ip6 saddr . tcp sport }", print_name },
	[PART_ASKED4] = { "ip daddr . tcp dport @", "", print_name },
	[PART_ASKED6] = { "ip6 daddr . tcp dport @", "", print_name },
	[PART_FORGET4] = { "delete @", " { ip daddr . tcp dport }", print_name },
	[PART_FORGET6] = { "delete @", " { ip6 daddr . tcp dport }", print_name },
	[PART_FORGET_SENDER4] = { "delete @", " { ip saddr . tcp sport }", print_name },
	[PART_FORGET_SENDER6] = { "delete @", " { ip6 saddr . tcp sport }", print_name },
	[PART_SET_TO] = { "tcp dport set ", "", print_number },
	[PART_SET_FROM] = { "tcp sport set ", "", print_number },
	[PART_ICMP4] = { "icmp type ", "", print_number },
	[PART_ICMP6] = { "icmpv6 type ", "", print_number },
	[PART_BYTE] = { "@th,", "", print_byte },
	[PART_QUOTED4] = { "ip daddr . @th,", "", print_quoted },
	[PART_QUOTED6] = { "ip6 daddr . @th,", "", print_quoted },
	[PART_SET_QUOTED] = { "@th,", "", print_set_quoted },
	[PART_FLOOD] = { "limit rate over ", "", print_flood },
	[PART_NOTRACK] = { "notrack", "", NULL },
	[PART_LISTENER4] = { "tproxy ip to 127.0.0.1:", "", print_number },
	[PART_LISTENER6] = { "tproxy ip6 to [::1]:", "", print_number },
	[PART_GOTO] = { "goto ", "", print_name },
	[PART_ACCEPT] = { "accept", "", NULL },
	[PART_DROP] = { "drop", "", NULL },
};

static void print_part(struct text *t, const struct part *p)
{
	const struct printer *how = &printers[p->kind];

	text_add_string(t, how->before);
	if (how->print)
		how->print(t, p);
	text_add_string(t, how->after);
}

static enum err print_set(void *arg, const struct firewall_set *s)
{
	struct text *t = arg;

	text_add(t, "\tset %s {\n\t\ttype ", s->name);
	if (s->family)
		text_add(t, "ipv%u_addr . ", s->family);
	text_add_string(t, "inet_service\n");
	if (s->seconds)
		text_add(t, "\t\tsize %u\n\t\tflags dynamic,timeout\n\t\ttimeout %us\n", FIREWALL_REMEMBERED,
			 s->seconds);
	else
		text_add_string(t, "\t\tflags timeout\n");
	text_add_string(t, "\t}\n");
	return ERR_NONE;
}

struct chain_printer {
	struct text *t;
	const char *chain;
};

/* nft(8) lists them, but has no type for a port that is quoted in an error. */
static bool nft_takes(const struct rule *r)
{
	for (const struct part *p = r->parts; p->kind; p++)
		if (p->kind == PART_QUOTED4 || p->kind == PART_QUOTED6)
			return false;
	return true;
}

static enum err print_rule(void *arg, const struct rule *r)
{
	const struct chain_printer *c = arg;

	if (strcmp(r->chain, c->chain) != 0)
		return ERR_NONE;
	text_add_string(c->t, "\t\t");
	if (!nft_takes(r))
		text_add_string(c->t, "# ");
	for (const struct part *p = r->parts; p->kind; p++) {
		print_part(c->t, p);
		text_add_string(c->t, p[1].kind ? " " : "\n");
	}
	return ERR_NONE;
}

static void print_chain(const struct firewall_rules *rules, const struct firewall_chain *c, struct text *out)
{
	struct chain_printer printer = { out, c->name };

	text_add(out, "\tchain %s {\n", c->name);
	if (c->hook >= 0)
		text_add(out, "\t\ttype filter hook %s priority %d; policy accept;\n", c->hook_name, c->priority);
	if (firewall_rules_each(rules, print_rule, &printer))
		out->failed = true;
	text_add_string(out, "\t}\n");
}

void firewall_print(const struct firewall_rules *rules, struct text *out)
{
	text_add_string(out, "table inet " FIREWALL_TABLE " {\n");
	if (firewall_sets_each(rules, print_set, out))
		out->failed = true;
	/* A chain stands before those that go to it. */
	for (unsigned i = firewall_nchains; i-- > 0;)
		if (!firewall_chains[i].resetting || rules->answer == FIREWALL_RESET)
			print_chain(rules, &firewall_chains[i], out);
	text_add_string(out, "}\n");
}
