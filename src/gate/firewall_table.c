/* SPDX-License-Identifier: GPL-3.0-or-later */
/* firewall_table.c - our table as netfilter's own expressions: put in place, taken away, asked back. */
#include "gate/firewall_table.h"

#include "base/clock.h"
#include "gate/firewall_rules.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Of linux/netfilter/nf_tables.h since 5.12 and 6.9; the headers here may be older than the kernel. */
#define TABLE_OWNER 0x2u
#define TABLE_PERSIST 0x4u
/* How nft(8) tells types: its own numbers, six bits for each part of a key. */
#define TYPE_IPV4 7u
#define TYPE_IPV6 8u
#define TYPE_PORT 13u
#define TYPE_PAIR(a, b) ((a) << 6 | (b))

#define REG NFT_REG32_00
#define REG_AFTER_IPV4 NFT_REG32_01
#define REG_AFTER_IPV6 NFT_REG32_04
#define SADDR4 12u
#define DADDR4 16u
#define SADDR6 8u
#define DADDR6 24u
#define SPORT 0u
#define DPORT 2u
#define TCP_FLAGS 13u
#define TCP_CHECKSUM 16u

/* A rule while it is built. */
struct building {
	struct nftnl_rule *rule;
	bool failed;
};

static struct nftnl_expr *expr_add(struct building *b, const char *name)
{
	struct nftnl_expr *e = b->failed ? NULL : nftnl_expr_alloc(name);

	if (!e) {
		b->failed = true;
		return NULL;
	}
	nftnl_rule_add_expr(b->rule, e);
	return e;
}

/* An expression with up to four numbers: pairs of attribute and value, ending with { 0 }. */
struct number {
	uint16_t attribute;
	uint32_t value;
};

static void numbers_add(struct building *b, const char *name, const struct number *numbers)
{
	struct nftnl_expr *e = expr_add(b, name);

	for (; e && numbers->attribute; numbers++)
		nftnl_expr_set_u32(e, numbers->attribute, numbers->value);
}

#define EXPR(b, name, ...) numbers_add(b, name, (const struct number[]){ __VA_ARGS__, { 0 } })

static void meta(struct building *b, uint32_t key)
{
	EXPR(b, "meta", { NFTNL_EXPR_META_KEY, key }, { NFTNL_EXPR_META_DREG, REG });
}

static void payload(struct building *b, uint32_t base, uint32_t offset, uint32_t len, uint32_t reg)
{
	EXPR(b, "payload", { NFTNL_EXPR_PAYLOAD_BASE, base }, { NFTNL_EXPR_PAYLOAD_OFFSET, offset },
	     { NFTNL_EXPR_PAYLOAD_LEN, len }, { NFTNL_EXPR_PAYLOAD_DREG, reg });
}

static void compare(struct building *b, uint32_t op, const void *data, uint32_t len)
{
	struct nftnl_expr *e = expr_add(b, "cmp");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, REG);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, op);
	nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, data, len);
}

static void mask(struct building *b, const void *bits, uint32_t len)
{
	static const uint8_t none[16];
	struct nftnl_expr *e = expr_add(b, "bitwise");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_SREG, REG);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_DREG, REG);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_BOOL);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_LEN, len);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_MASK, bits, len);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_XOR, none, len);
}

static void is_family(struct building *b, unsigned family)
{
	uint8_t value = family == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6;

	meta(b, NFT_META_NFPROTO);
	compare(b, NFT_CMP_EQ, &value, 1);
}

static void is_protocol(struct building *b, uint8_t protocol)
{
	meta(b, NFT_META_L4PROTO);
	compare(b, NFT_CMP_EQ, &protocol, 1);
}

static void is_port(struct building *b, uint8_t protocol, uint32_t offset, unsigned port)
{
	uint16_t value = htons((uint16_t)port);

	is_protocol(b, protocol);
	payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, offset, 2, REG);
	compare(b, NFT_CMP_EQ, &value, sizeof value);
}

/* How a part is built; what its row says besides is for the function. */
struct builder {
	void (*build)(struct building *b, const struct part *p, const struct builder *row);
	uint32_t what; /* a protocol, a family, a state, a verdict */
	uint32_t address, port;
};

static void build_port(struct building *b, const struct part *p, const struct builder *row)
{
	is_port(b, (uint8_t)row->what, row->port, p->number);
}

static void build_local(struct building *b, const struct part *p, const struct builder *row)
{
	uint32_t type = RTN_LOCAL;

	EXPR(b, "fib", { NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE }, { NFTNL_EXPR_FIB_FLAGS, NFTA_FIB_F_DADDR },
	     { NFTNL_EXPR_FIB_DREG, REG });
	compare(b, NFT_CMP_EQ, &type, sizeof type);
}

static void build_state(struct building *b, const struct part *p, const struct builder *row)
{
	uint32_t none = 0;

	EXPR(b, "ct", { NFTNL_EXPR_CT_KEY, NFT_CT_STATE }, { NFTNL_EXPR_CT_DREG, REG });
	mask(b, &row->what, sizeof row->what);
	compare(b, NFT_CMP_NEQ, &none, sizeof none);
}

static void build_flags(struct building *b, const struct part *p, const struct builder *row)
{
	uint8_t bits = (uint8_t)p->mask, value = (uint8_t)p->number;

	is_protocol(b, IPPROTO_TCP);
	payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_FLAGS, 1, REG);
	mask(b, &bits, 1);
	compare(b, NFT_CMP_EQ, &value, 1);
}

static void build_interface(struct building *b, const struct part *p, const struct builder *row)
{
	char name[16] = "";

	memcpy(name, p->name, strnlen(p->name, sizeof name - 1));
	meta(b, NFT_META_IIFNAME);
	compare(b, NFT_CMP_EQ, name, sizeof name);
}

static void build_not_local(struct building *b, const struct part *p, const struct builder *row)
{
	static const char name[16] = "lo";

	meta(b, NFT_META_IIFNAME);
	compare(b, NFT_CMP_NEQ, name, sizeof name);
}

static void build_network(struct building *b, const struct part *p, const struct builder *row)
{
	const struct firewall_network *n = p->network;
	uint32_t len = n->address.family == 4 ? 4 : 16;
	uint8_t bits[16] = { 0 }, address[16];

	for (unsigned i = 0; i < n->bits; i++)
		bits[i / 8] |= (uint8_t)(0x80 >> i % 8);
	for (unsigned i = 0; i < sizeof address; i++)
		address[i] = n->address.bytes[i] & bits[i];
	is_family(b, n->address.family);
	payload(b, NFT_PAYLOAD_NETWORK_HEADER, n->address.family == 4 ? SADDR4 : SADDR6, len, REG);
	mask(b, bits, len);
	compare(b, NFT_CMP_EQ, address, len);
}

/* An address and a port of the packet, side by side, as the sets have them; of the address the first bits. */
static void load_pair(struct building *b, const struct builder *row, unsigned bits)
{
	uint8_t all[16] = { 0 };

	is_family(b, row->what);
	is_protocol(b, IPPROTO_TCP);
	payload(b, NFT_PAYLOAD_NETWORK_HEADER, row->address, row->what == 4 ? 4 : 16, REG);
	if (bits < 128) {
		for (unsigned i = 0; i < bits; i++)
			all[i / 8] |= (uint8_t)(0x80 >> i % 8);
		mask(b, all, sizeof all);
	}
	payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, row->port, 2, row->what == 4 ? REG_AFTER_IPV4 : REG_AFTER_IPV6);
}

static void lookup(struct building *b, const char *set, bool member)
{
	struct nftnl_expr *e = expr_add(b, "lookup");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SREG, REG);
	nftnl_expr_set_str(e, NFTNL_EXPR_LOOKUP_SET, set);
	if (!member)
		nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
}

static void build_unattended(struct building *b, const struct part *p, const struct builder *row)
{
	is_protocol(b, IPPROTO_TCP);
	payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, DPORT, 2, REG);
	lookup(b, p->name, false);
}

static void build_lookup(struct building *b, const struct part *p, const struct builder *row)
{
	load_pair(b, row, p->kind == PART_GRANTED6 ? p->number : 128);
	lookup(b, p->name, true);
}

static void dynamic(struct building *b, uint32_t op, const char *set)
{
	struct nftnl_expr *e = expr_add(b, "dynset");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_SREG_KEY, REG);
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_OP, op);
	nftnl_expr_set_str(e, NFTNL_EXPR_DYNSET_SET_NAME, set);
}

static void build_quoted(struct building *b, const struct part *p, const struct builder *row)
{
	is_family(b, row->what);
	payload(b, NFT_PAYLOAD_NETWORK_HEADER, row->address, row->what == 4 ? 4 : 16, REG);
	payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, p->number + SPORT, 2,
		row->what == 4 ? REG_AFTER_IPV4 : REG_AFTER_IPV6);
	lookup(b, p->name, true);
	dynamic(b, NFT_DYNSET_OP_DELETE, p->name);
}

static void build_remember(struct building *b, const struct part *p, const struct builder *row)
{
	load_pair(b, row, 128);
	dynamic(b, NFT_DYNSET_OP_UPDATE, p->name);
}

static void build_forget(struct building *b, const struct part *p, const struct builder *row)
{
	load_pair(b, row, 128);
	dynamic(b, NFT_DYNSET_OP_DELETE, p->name);
}

/* Writes a port of the TCP header at 'head', and corrects its checksum. */
static void write_port(struct building *b, unsigned port, uint32_t head, uint32_t offset)
{
	uint16_t value = htons((uint16_t)port);
	struct nftnl_expr *e = expr_add(b, "immediate");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, REG);
	nftnl_expr_set(e, NFTNL_EXPR_IMM_DATA, &value, sizeof value);
	EXPR(b, "payload", { NFTNL_EXPR_PAYLOAD_SREG, REG }, { NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER },
	     { NFTNL_EXPR_PAYLOAD_OFFSET, head + offset }, { NFTNL_EXPR_PAYLOAD_LEN, 2 },
	     { NFTNL_EXPR_PAYLOAD_CSUM_TYPE, NFT_PAYLOAD_CSUM_INET },
	     { NFTNL_EXPR_PAYLOAD_CSUM_OFFSET, head + TCP_CHECKSUM });
}

static void build_set_port(struct building *b, const struct part *p, const struct builder *row)
{
	write_port(b, p->number, 0, row->port);
}

/* The quoted checksum changes by as much as the quoted port, the other way: the message's own stays right. */
static void build_set_quoted(struct building *b, const struct part *p, const struct builder *row)
{
	write_port(b, p->number, p->mask, DPORT);
}

static void build_icmp(struct building *b, const struct part *p, const struct builder *row)
{
	uint8_t type = (uint8_t)p->number;

	is_family(b, row->what == IPPROTO_ICMP ? 4 : 6);
	is_protocol(b, (uint8_t)row->what);
	payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, REG);
	compare(b, NFT_CMP_EQ, &type, 1);
}

static void build_byte(struct building *b, const struct part *p, const struct builder *row)
{
	uint8_t value = (uint8_t)p->mask;

	payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, p->number, 1, REG);
	compare(b, NFT_CMP_EQ, &value, 1);
}

static void build_flood(struct building *b, const struct part *p, const struct builder *row)
{
	struct nftnl_expr *e = expr_add(b, "limit");

	if (!e)
		return;
	nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_RATE, p->number);
	nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_UNIT, 1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_BURST, p->number);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_FLAGS, NFT_LIMIT_F_INV);
}

static void load(struct building *b, uint32_t reg, const void *bytes, uint32_t len)
{
	struct nftnl_expr *e = expr_add(b, "immediate");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, reg);
	nftnl_expr_set(e, NFTNL_EXPR_IMM_DATA, bytes, len);
}

static void build_listener(struct building *b, const struct part *p, const struct builder *row)
{
	const uint32_t loopback4 = htonl(INADDR_LOOPBACK), after = row->what == 4 ? REG_AFTER_IPV4 : REG_AFTER_IPV6;
	const uint16_t port = htons((uint16_t)p->number);

	is_family(b, row->what);
	if (row->what == 4)
		load(b, REG, &loopback4, sizeof loopback4);
	else
		load(b, REG, &in6addr_loopback, sizeof in6addr_loopback);
	load(b, after, &port, sizeof port);
	EXPR(b, "tproxy", { NFTNL_EXPR_TPROXY_FAMILY, row->what == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6 },
	     { NFTNL_EXPR_TPROXY_REG_ADDR, REG }, { NFTNL_EXPR_TPROXY_REG_PORT, after });
}

static void build_notrack(struct building *b, const struct part *p, const struct builder *row)
{
	(void)expr_add(b, "notrack");
}

static void build_verdict(struct building *b, const struct part *p, const struct builder *row)
{
	struct nftnl_expr *e = expr_add(b, "immediate");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_VERDICT, row->what);
	if (p->name)
		nftnl_expr_set_str(e, NFTNL_EXPR_IMM_CHAIN, p->name);
}

static const struct builder builders[PART_KIND_COUNT] = {
	[PART_TCP_TO] = { build_port, IPPROTO_TCP, .port = DPORT },
	[PART_TCP_FROM] = { build_port, IPPROTO_TCP, .port = SPORT },
	[PART_UDP_TO] = { build_port, IPPROTO_UDP, .port = DPORT },
	[PART_LOCAL] = { build_local },
	[PART_ESTABLISHED] = { build_state, NF_CT_STATE_BIT(IP_CT_ESTABLISHED) },
	[PART_INVALID] = { build_state, NF_CT_STATE_INVALID_BIT },
	[PART_FLAGS] = { build_flags },
	[PART_INTERFACE] = { build_interface },
	[PART_NOT_LOCAL] = { build_not_local },
	[PART_NETWORK] = { build_network },
	[PART_GRANTED4] = { build_lookup, 4, SADDR4, DPORT },
	[PART_GRANTED6] = { build_lookup, 6, SADDR6, DPORT },
	[PART_UNATTENDED] = { build_unattended },
	[PART_GUEST4] = { build_remember, 4, SADDR4, DPORT },
	[PART_GUEST6] = { build_remember, 6, SADDR6, DPORT },
	[PART_ASK4] = { build_remember, 4, SADDR4, SPORT },
	[PART_ASK6] = { build_remember, 6, SADDR6, SPORT },
	[PART_ASKED4] = { build_lookup, 4, DADDR4, DPORT },
	[PART_ASKED6] = { build_lookup, 6, DADDR6, DPORT },
	[PART_FORGET4] = { build_forget, 4, DADDR4, DPORT },
	[PART_FORGET6] = { build_forget, 6, DADDR6, DPORT },
	[PART_FORGET_SENDER4] = { build_forget, 4, SADDR4, SPORT },
	[PART_FORGET_SENDER6] = { build_forget, 6, SADDR6, SPORT },
	[PART_SET_TO] = { build_set_port, .port = DPORT },
	[PART_SET_FROM] = { build_set_port, .port = SPORT },
	[PART_ICMP4] = { build_icmp, IPPROTO_ICMP },
	[PART_ICMP6] = { build_icmp, IPPROTO_ICMPV6 },
	[PART_BYTE] = { build_byte },
	[PART_QUOTED4] = { build_quoted, 4, DADDR4 },
	[PART_QUOTED6] = { build_quoted, 6, DADDR6 },
	[PART_SET_QUOTED] = { build_set_quoted },
	[PART_FLOOD] = { build_flood },
	[PART_NOTRACK] = { build_notrack },
	[PART_LISTENER4] = { build_listener, 4 },
	[PART_LISTENER6] = { build_listener, 6 },
	[PART_GOTO] = { build_verdict, (uint32_t)NFT_GOTO },
	[PART_ACCEPT] = { build_verdict, NF_ACCEPT },
	[PART_DROP] = { build_verdict, NF_DROP },
};

static enum err rule_put(void *arg, const struct rule *r)
{
	struct firewall *f = arg;
	struct netlink_batch *batch = &f->batch;
	struct building b = { .rule = nftnl_rule_alloc() };
	struct nlmsghdr *m;

	if (!b.rule)
		return ERR_MEMORY;
	nftnl_rule_set_str(b.rule, NFTNL_RULE_TABLE, f->writing);
	nftnl_rule_set_str(b.rule, NFTNL_RULE_CHAIN, r->chain);
	for (const struct part *p = r->parts; p->kind; p++)
		builders[p->kind].build(&b, p, &builders[p->kind]);
	m = b.failed ? NULL : netlink_add(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	if (m) {
		nftnl_rule_nlmsg_build_payload(m, b.rule);
		netlink_added(batch, m);
	}
	nftnl_rule_free(b.rule);
	return m ? ERR_NONE : ERR_MEMORY;
}

static enum err set_put(void *arg, const struct firewall_set *s)
{
	struct firewall *f = arg;
	struct netlink_batch *batch = &f->batch;
	struct nftnl_set *set = nftnl_set_alloc();
	struct nlmsghdr *m = set ? netlink_add(batch, NFT_MSG_NEWSET, NLM_F_CREATE) : NULL;

	if (m) {
		nftnl_set_set_str(set, NFTNL_SET_TABLE, f->writing);
		nftnl_set_set_str(set, NFTNL_SET_NAME, s->name);
		nftnl_set_set_u32(set, NFTNL_SET_FAMILY, NFPROTO_INET);
		nftnl_set_set_u32(set, NFTNL_SET_ID, m->nlmsg_seq);
		nftnl_set_set_u32(set, NFTNL_SET_FLAGS, NFT_SET_TIMEOUT | (s->seconds ? NFT_SET_EVAL : 0));
		nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE,
				  s->family ? TYPE_PAIR(s->family == 4 ? TYPE_IPV4 : TYPE_IPV6, TYPE_PORT) : TYPE_PORT);
		nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, s->family == 4 ? 8 : s->family ? 20 : 2);
		if (s->seconds) {
			nftnl_set_set_u64(set, NFTNL_SET_TIMEOUT, s->seconds * 1000ull);
			nftnl_set_set_u32(set, NFTNL_SET_DESC_SIZE, FIREWALL_REMEMBERED);
		}
		nftnl_set_nlmsg_build_payload(m, set);
		netlink_added(batch, m);
	}
	if (set)
		nftnl_set_free(set);
	return m ? ERR_NONE : ERR_MEMORY;
}

static void chain_put(struct firewall *f, const struct firewall_chain *c)
{
	struct nlmsghdr *m = netlink_add(&f->batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	struct nlattr *hook;

	if (!m)
		return;
	mnl_attr_put_strz(m, NFTA_CHAIN_TABLE, f->writing);
	mnl_attr_put_strz(m, NFTA_CHAIN_NAME, c->name);
	if (c->hook >= 0) {
		hook = mnl_attr_nest_start(m, NFTA_CHAIN_HOOK);
		mnl_attr_put_u32(m, NFTA_HOOK_HOOKNUM, htonl((uint32_t)c->hook));
		mnl_attr_put_u32(m, NFTA_HOOK_PRIORITY, htonl((uint32_t)c->priority));
		mnl_attr_nest_end(m, hook);
		mnl_attr_put_u32(m, NFTA_CHAIN_POLICY, htonl(NF_ACCEPT));
		mnl_attr_put_strz(m, NFTA_CHAIN_TYPE, "filter");
	}
	netlink_added(&f->batch, m);
}

/* flags: 0 says nothing of them. */
static void table_message(struct firewall *f, uint16_t type, uint32_t flags)
{
	struct nlmsghdr *m = netlink_add(&f->batch, type, type == NFT_MSG_NEWTABLE ? NLM_F_CREATE : 0);

	if (!m)
		return;
	mnl_attr_put_strz(m, NFTA_TABLE_NAME, f->writing);
	if (flags)
		mnl_attr_put_u32(m, NFTA_TABLE_FLAGS, htonl(flags));
	netlink_added(&f->batch, m);
}

/* Elements */

size_t firewall_key(const struct mirror_key *k, uint8_t out[FIREWALL_KEY])
{
	size_t len = k->family == 4 ? 4 : k->family ? 16 : 0;
	uint16_t port = htons(k->port);

	memset(out, 0, FIREWALL_KEY);
	memcpy(out, k->bytes, len);
	memcpy(out + len, &port, sizeof port);
	/* what stands side by side in a key is filled up to four bytes each; a port alone is not */
	return len ? len + 4 : sizeof port;
}

static const char *set_of(const struct mirror_key *k)
{
	return k->family == 4 ? FIREWALL_GRANTS4 : k->family ? FIREWALL_GRANTS6 : FIREWALL_ATTENDED;
}

static void element_message(struct netlink_batch *b, const char *table, uint16_t type, uint16_t flags,
			    const struct mirror_key *k, uint64_t ms)
{
	struct nlmsghdr *m = netlink_add(b, type, flags);
	struct nlattr *list, *element, *key;
	uint8_t bytes[FIREWALL_KEY];
	size_t len = firewall_key(k, bytes);

	if (!m)
		return;
	mnl_attr_put_strz(m, NFTA_SET_ELEM_LIST_TABLE, table);
	mnl_attr_put_strz(m, NFTA_SET_ELEM_LIST_SET, set_of(k));
	list = mnl_attr_nest_start(m, NFTA_SET_ELEM_LIST_ELEMENTS);
	element = mnl_attr_nest_start(m, NFTA_LIST_ELEM);
	key = mnl_attr_nest_start(m, NFTA_SET_ELEM_KEY);
	mnl_attr_put(m, NFTA_DATA_VALUE, len, bytes);
	mnl_attr_nest_end(m, key);
	if (ms)
		mnl_attr_put_u64(m, NFTA_SET_ELEM_TIMEOUT, htobe64(ms));
	mnl_attr_nest_end(m, element);
	mnl_attr_nest_end(m, list);
	netlink_added(b, m);
}

static void element_put(struct firewall *f, uint16_t type, uint16_t flags, const struct mirror_key *k, uint64_t ms)
{
	element_message(&f->batch, FIREWALL_TABLE, type, flags, k, ms);
	if (f->guarded)
		element_message(&f->batch, FIREWALL_GUARD, type, flags, k, ms);
}

void firewall_element(struct firewall *f, const struct mirror_key *k, uint64_t ms)
{
	element_put(f, NFT_MSG_NEWSETELEM, NLM_F_CREATE, k, ms);
}

void firewall_element_new(struct firewall *f, const struct mirror_key *k, uint64_t ms)
{
	element_put(f, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, k, ms);
}

void firewall_element_delete(struct firewall *f, const struct mirror_key *k)
{
	element_put(f, NFT_MSG_DELSETELEM, 0, k, 0);
}

/* The whole */

struct granting {
	struct firewall *firewall;
	uint64_t now_ms;
};

static void granted_put(void *arg, struct mirror_entry *e)
{
	const struct granting *g = arg;

	if (e->until_ms > g->now_ms)
		firewall_element(g->firewall, &e->key, e->until_ms - g->now_ms);
}

/* For as long as was left before: a table that is put back is nobody's attendance. */
static void attended_put(struct firewall *f, uint64_t now_ms)
{
	for (unsigned i = 0; f->rules.unattended_seconds && f->attended_ms > now_ms && i < f->rules.nports; i++)
		firewall_element(f, &(struct mirror_key){ .port = f->rules.ports[i] }, f->attended_ms - now_ms);
}

static enum err table_whole(struct firewall *f, const char *name, uint32_t flags)
{
	enum err e;

	f->writing = name;
	/* Deleting wants one to be there. Until the end of the transaction packets meet the old table, then the new one. */
	table_message(f, NFT_MSG_NEWTABLE, 0);
	table_message(f, NFT_MSG_DELTABLE, 0);
	table_message(f, NFT_MSG_NEWTABLE, flags);
	if ((e = firewall_sets_each(&f->rules, set_put, f)))
		return e;
	for (unsigned i = 0; i < firewall_nchains; i++)
		if (!firewall_chains[i].resetting || f->rules.answer == FIREWALL_RESET)
			chain_put(f, &firewall_chains[i]);
	return firewall_rules_each(&f->rules, rule_put, f);
}

static enum err table_try(struct firewall *f, uint32_t flags, bool guarded, unsigned *refused)
{
	struct granting g = { f, clock_boot_ms() };
	bool before = f->guarded;
	enum err e;

	netlink_begin(&f->batch, &f->netlink);
	f->guarded = guarded;
	if (!(e = table_whole(f, FIREWALL_TABLE, flags)) && guarded)
		e = table_whole(f, FIREWALL_GUARD, TABLE_OWNER);
	if (!e) {
		mirror_each(&f->mirror, granted_put, &g);
		attended_put(f, g.now_ms);
		e = netlink_commit(&f->batch, refused);
	}
	if (e)
		f->guarded = before;
	return e;
}

static bool unknown(enum err e)
{
	return e == ERR_SYSTEM && (errno == EOPNOTSUPP || errno == EINVAL);
}

static void refusal_say(const struct firewall *f, unsigned refused, char **why)
{
	int saved = errno;
	struct text t = { 0 };

	if (!why)
		return;
	text_add(&t, "table inet " FIREWALL_TABLE ": ");
	if (saved == EPERM)
		text_add(&t, "another process owns it, or we lack the right to change firewalls");
	else
		text_add(&t, "the kernel refuses part %u of it", refused);
	*why = text_take(&t);
	errno = saved;
}

enum err firewall_table_put(struct firewall *f, char **why)
{
	unsigned refused = 0;
	bool owned = !f->rules.unowned;
	enum err e = ERR_NONE;

	if (owned && unknown(e = table_try(f, TABLE_OWNER | TABLE_PERSIST, false, &refused)))
		owned = false;
	/* Without "persist" an owned table would end with us, and the door be open: so one of each kind. */
	if (!owned && unknown(e = table_try(f, 0, true, &refused)))
		e = table_try(f, 0, false, &refused);
	if (e) {
		if (e == ERR_SYSTEM)
			refusal_say(f, refused, why);
		return e;
	}
	f->owned = owned;
	return ERR_NONE;
}

static enum err detour_try(struct firewall *f, const uint16_t *ports, unsigned nports, uint16_t to, uint32_t flags)
{
	enum err e;

	netlink_begin(&f->batch, &f->netlink);
	f->writing = FIREWALL_DETOUR;
	table_message(f, NFT_MSG_NEWTABLE, 0);
	table_message(f, NFT_MSG_DELTABLE, 0);
	table_message(f, NFT_MSG_NEWTABLE, flags);
	chain_put(f, &firewall_detour_chain);
	e = firewall_detour_each(ports, nports, to, rule_put, f);
	return e ? e : netlink_commit(&f->batch, NULL);
}

enum err firewall_table_detour(struct firewall *f, const uint16_t *ports, unsigned nports, uint16_t to)
{
	enum err e = detour_try(f, ports, nports, to, TABLE_OWNER);

	return unknown(e) ? detour_try(f, ports, nports, to, 0) : e;
}

enum err firewall_table_detour_delete(struct firewall *f)
{
	netlink_begin(&f->batch, &f->netlink);
	f->writing = FIREWALL_DETOUR;
	table_message(f, NFT_MSG_NEWTABLE, 0);
	table_message(f, NFT_MSG_DELTABLE, 0);
	return netlink_commit(&f->batch, NULL);
}

enum err firewall_table_delete(struct firewall *f)
{
	enum err e;

	netlink_begin(&f->batch, &f->netlink);
	for (int guard = 0; guard <= f->guarded; guard++) {
		f->writing = guard ? FIREWALL_GUARD : FIREWALL_TABLE;
		table_message(f, NFT_MSG_NEWTABLE, 0);
		table_message(f, NFT_MSG_DELTABLE, 0);
	}
	if (!(e = netlink_commit(&f->batch, NULL)))
		f->guarded = false;
	return e;
}
