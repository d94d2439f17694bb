/* SPDX-License-Identifier: GPL-3.0-or-later */
/* firewall_dump.c - our table as the kernel has it: its grants, and whether it is as we made it. */
#include "gate/firewall_rules.h"
#include "gate/firewall_table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnftnl/set.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define TYPE(message) ((uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | (message)))
/* A dump that changes under our eyes is begun anew, but not for ever. */
#define TRIES 20

struct listing {
	uint8_t family;
	enum err (*take)(void *arg, const struct mirror_key *k, uint64_t left_ms);
	void *arg;
	struct listed {
		struct mirror_key key;
		uint64_t left_ms;
	} * v;
	size_t n, size;
	enum err e;
};

static enum err listed_add(struct listing *l, const struct listed *one)
{
	size_t size = l->size ? l->size * 2 : 64;
	struct listed *grown;

	if (l->n == l->size) {
		grown = reallocarray(l->v, size, sizeof *grown);
		if (!grown)
			return ERR_MEMORY;
		l->v = grown;
		l->size = size;
	}
	l->v[l->n++] = *one;
	return ERR_NONE;
}

static int element_take(struct nftnl_set_elem *element, void *arg)
{
	struct listing *l = arg;
	struct listed one = { .key = { .family = l->family }, .left_ms = UINT64_MAX };
	uint32_t address = l->family == 4 ? 4 : l->family ? 16 : 0, len = 0;
	const uint8_t *key = nftnl_set_elem_get(element, NFTNL_SET_ELEM_KEY, &len);

	/* Another table of that name may have sets of other things. */
	if (!key || len != (address ? address + 4 : 2))
		return 0;
	memcpy(one.key.bytes, key, address);
	one.key.port = (uint16_t)(key[address] << 8 | key[address + 1]);
	if (nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_EXPIRATION))
		one.left_ms = nftnl_set_elem_get_u64(element, NFTNL_SET_ELEM_EXPIRATION);
	l->e = listed_add(l, &one);
	return l->e ? -1 : 0;
}

static enum err elements_take(void *arg, const struct nlmsghdr *m)
{
	struct listing *l = arg;
	struct nftnl_set *set = nftnl_set_alloc();

	if (!set)
		return ERR_MEMORY;
	if (nftnl_set_elems_nlmsg_parse(m, set) < 0)
		l->e = ERR_SYSTEM;
	else
		nftnl_set_elem_foreach(set, element_take, l);
	nftnl_set_free(set);
	return l->e;
}

/* One whole dump of a set. */
static enum err elements_list(struct firewall *f, struct listing *l)
{
	char buffer[1024];
	struct nlmsghdr *m;
	enum err e = ERR_CHANGED;

	for (unsigned i = 0; e == ERR_CHANGED && i < TRIES; i++) {
		l->n = 0;
		l->e = ERR_NONE;
		m = netlink_filter_request(&f->netlink, buffer, TYPE(NFT_MSG_GETSETELEM), NLM_F_DUMP, NFPROTO_INET);
		mnl_attr_put_strz(m, NFTA_SET_ELEM_LIST_TABLE, FIREWALL_TABLE);
		mnl_attr_put_strz(m, NFTA_SET_ELEM_LIST_SET,
				  l->family == 4 ? FIREWALL_GRANTS4
				  : l->family	 ? FIREWALL_GRANTS6
						 : FIREWALL_ATTENDED);
		e = netlink_ask(&f->netlink, m, elements_take, l);
	}
	return e;
}

enum err firewall_table_grants(struct firewall *f,
			       enum err (*take)(void *arg, const struct mirror_key *k, uint64_t left_ms), void *arg)
{
	struct listing l = { 0 };
	enum err e = ERR_NONE;

	for (uint8_t family = 4; family <= 6 && !e; family += 2) {
		l.family = family;
		e = elements_list(f, &l);
		if (e == ERR_NOT_FOUND)
			e = ERR_NONE;
		for (size_t i = 0; i < l.n && !e; i++)
			e = take(arg, &l.v[i].key, l.v[i].left_ms);
	}
	free(l.v);
	return e;
}

enum err firewall_table_attended(struct firewall *f, uint64_t *left_ms)
{
	struct listing l = { .family = 0 };
	enum err e = elements_list(f, &l);

	/* All ports are given the same time; one that is missing is as good as none. */
	*left_ms = l.n && !e ? UINT64_MAX : 0;
	for (size_t i = 0; i < l.n && !e; i++)
		if (l.v[i].left_ms < *left_ms)
			*left_ms = l.v[i].left_ms;
	free(l.v);
	return e;
}

/* What of each kind of thing stays the same as long as nobody changes it: numbers of users and of elements do not. */
static const struct shape_row {
	uint16_t message;
	uint16_t table; /* the attribute with the name of the table */
	uint32_t attributes;
} shape_rows[] = {
	{ NFT_MSG_GETTABLE, NFTA_TABLE_NAME,
	  1U << NFTA_TABLE_NAME | 1U << NFTA_TABLE_FLAGS | 1U << NFTA_TABLE_HANDLE | 1U << 7 },
	{ NFT_MSG_GETSET, NFTA_SET_TABLE,
	  1U << NFTA_SET_NAME | 1U << NFTA_SET_FLAGS | 1U << NFTA_SET_KEY_TYPE | 1U << NFTA_SET_KEY_LEN |
		  1U << NFTA_SET_TIMEOUT | 1U << NFTA_SET_HANDLE },
	{ NFT_MSG_GETCHAIN, NFTA_CHAIN_TABLE,
	  1U << NFTA_CHAIN_NAME | 1U << NFTA_CHAIN_HOOK | 1U << NFTA_CHAIN_POLICY | 1U << NFTA_CHAIN_TYPE |
		  1U << NFTA_CHAIN_HANDLE },
	{ NFT_MSG_GETRULE, NFTA_RULE_TABLE,
	  1U << NFTA_RULE_CHAIN | 1U << NFTA_RULE_HANDLE | 1U << NFTA_RULE_EXPRESSIONS },
};

struct shaping {
	const struct shape_row *row;
	struct text *out;
};

static enum err shape_take(void *arg, const struct nlmsghdr *m)
{
	const struct shaping *s = arg;
	const struct nlattr *a;
	bool ours = false;

	mnl_attr_for_each(a, m, sizeof(struct nfgenmsg)) if (mnl_attr_get_type(a) == s->row->table) ours =
		strcmp(mnl_attr_get_str(a), FIREWALL_TABLE) == 0;
	if (!ours)
		return ERR_NONE;
	text_add_bytes(s->out, &s->row->message, sizeof s->row->message);
	mnl_attr_for_each(a, m, sizeof(struct nfgenmsg)) if (mnl_attr_get_type(a) < 32 &&
							     s->row->attributes >> mnl_attr_get_type(a) & 1)
		text_add_bytes(s->out, a, mnl_attr_get_len(a));
	return text_check(s->out);
}

enum err firewall_table_shape(struct firewall *f, struct text *out)
{
	struct shaping s = { .out = out };
	struct nlmsghdr *m;
	char buffer[1024];
	enum err e = ERR_CHANGED;

	for (unsigned i = 0; e == ERR_CHANGED && i < TRIES; i++) {
		text_reset(out);
		e = ERR_NONE;
		for (size_t row = 0; row < ARRAY_SIZE(shape_rows) && !e; row++) {
			s.row = &shape_rows[row];
			m = netlink_filter_request(&f->netlink, buffer, TYPE(s.row->message), NLM_F_DUMP, NFPROTO_INET);
			e = netlink_ask(&f->netlink, m, shape_take, &s);
		}
	}
	return e;
}
