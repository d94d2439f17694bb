/* SPDX-License-Identifier: GPL-3.0-or-later */
/* firewall_others.c - all chains of nftables, which are iptables' too, and what is left of the older iptables. */
#include "gate/firewall_others.h"

#include "gate/firewall_rules.h"
#include "gate/netlink.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define TRIES 5
#define DROPS " (drops)"

/* Whose a chain is, by how its name or its table's begins. */
static const struct mark {
	const char *table, *chain, *name;
} marks[] = {
	{ NULL, "ufw-", "ufw" },	 { NULL, "ufw6-", "ufw" },	     { "firewalld", NULL, "firewalld" },
	{ NULL, "DOCKER", "Docker" },	 { NULL, "KUBE-", "Kubernetes" },    { NULL, "LIBVIRT_", "libvirt" },
	{ NULL, "f2b-", "fail2ban" },	 { "f2b-", NULL, "fail2ban" },	     { NULL, "INPUT", "iptables" },
	{ NULL, "FORWARD", "iptables" }, { NULL, "PREROUTING", "iptables" },
};

struct chain {
	uint8_t family;
	const char *table, *name;
	bool hooked;
	uint32_t hook, policy;
};

static bool begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

static const char *family_name(uint8_t family)
{
	switch (family) {
	case NFPROTO_INET: return "inet";
	case NFPROTO_IPV4: return "ip";
	case NFPROTO_IPV6: return "ip6";
	case NFPROTO_NETDEV: return "netdev";
	case NFPROTO_BRIDGE: return "bridge";
	case NFPROTO_ARP: return "arp";
	default: return "?";
	}
}

/* Those of iptables are named so in its own two families only. */
static const char *name_of(const struct chain *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		const struct mark *m = &marks[i];
		if ((!m->table || begins(c->table, m->table)) && (!m->chain || begins(c->name, m->chain)) &&
		    (strcmp(m->name, "iptables") != 0 || c->family != NFPROTO_INET))
			return m->name;
	}
	return NULL;
}

static bool drops(const struct chain *c)
{
	return c->hooked && c->policy == NF_DROP && (c->hook == NF_INET_LOCAL_IN || c->hook == NF_INET_PRE_ROUTING) &&
	       (c->family == NFPROTO_INET || c->family == NFPROTO_IPV4 || c->family == NFPROTO_IPV6);
}

static bool is_ours(const struct chain *c)
{
	static const char *const tables[] = { FIREWALL_TABLE, FIREWALL_GUARD, FIREWALL_DETOUR };

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		if (c->family == NFPROTO_INET && strcmp(c->table, tables[i]) == 0)
			return true;
	return false;
}

static void hook_take(struct chain *c, const struct nlattr *nest)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, nest)
	{
		if (mnl_attr_get_type(a) == NFTA_HOOK_HOOKNUM && mnl_attr_validate(a, MNL_TYPE_U32) >= 0) {
			c->hooked = true;
			c->hook = ntohl(mnl_attr_get_u32(a));
		}
	}
}

static bool chain_read(const struct nlmsghdr *m, struct chain *c)
{
	const struct nfgenmsg *head = mnl_nlmsg_get_payload(m);
	const struct nlattr *a;

	*c = (struct chain){ .family = head->nfgen_family, .policy = NF_ACCEPT };
	mnl_attr_for_each(a, m, sizeof *head)
	{
		const uint16_t type = mnl_attr_get_type(a);
		if (type == NFTA_CHAIN_TABLE && mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
			c->table = mnl_attr_get_str(a);
		else if (type == NFTA_CHAIN_NAME && mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
			c->name = mnl_attr_get_str(a);
		else if (type == NFTA_CHAIN_POLICY && mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
			c->policy = ntohl(mnl_attr_get_u32(a));
		else if (type == NFTA_CHAIN_HOOK)
			hook_take(c, a);
	}
	return c->table && c->name;
}

static enum err add(struct strings *out, const char *name)
{
	return strings_has(out, name) ? ERR_NONE : strings_add(out, name);
}

/* A chain that nothing comes through is nobody's firewall unless its name says so. */
static enum err chain_take(void *arg, const struct nlmsghdr *m)
{
	struct strings *out = arg;
	struct text t = { 0 };
	struct chain c;
	const char *name;
	enum err e;

	if (!chain_read(m, &c) || is_ours(&c))
		return ERR_NONE;
	name = name_of(&c);
	if (name)
		text_add_string(&t, name);
	else if (c.hooked)
		text_add(&t, "table %s %s", family_name(c.family), c.table);
	else
		return ERR_NONE;
	if (drops(&c))
		text_add_string(&t, DROPS);
	if (!(e = text_check(&t)))
		e = add(out, t.s);
	text_free(&t);
	return e;
}

static enum err legacy_add(struct strings *out)
{
	static const char *const files[] = { "/proc/net/ip_tables_names", "/proc/net/ip6_tables_names" };
	enum err e = ERR_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(files) && !e; i++) {
		FILE *f = fopen(files[i], "re");
		if (f && fgetc(f) != EOF)
			e = add(out, "iptables-legacy");
		if (f)
			(void)!fclose(f);
	}
	return e;
}

/* "NAME" goes where "NAME (drops)" is there, too. */
static enum err names_tidy(const struct strings *found, struct strings *out)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < found->n && !e; i++) {
		struct text longer = { 0 };
		text_add(&longer, "%s" DROPS, found->v[i]);
		if (!(e = text_check(&longer)) && !strings_has(found, longer.s))
			e = add(out, found->v[i]);
		text_free(&longer);
	}
	return e;
}

static enum err chains_list(struct strings *found)
{
	struct netlink n = { 0 };
	char buffer[256];
	enum err e = netlink_open(&n, NETLINK_NETFILTER);

	if (e)
		return e;
	for (unsigned i = 0; i < TRIES; i++) {
		strings_free(found);
		e = netlink_ask(&n,
				netlink_filter_request(&n, buffer, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN,
						       NLM_F_DUMP, NFPROTO_UNSPEC),
				chain_take, found);
		if (e != ERR_CHANGED)
			break;
	}
	netlink_close(&n);
	return e;
}

enum err firewall_others(struct strings *out)
{
	struct strings found = { 0 };
	enum err e = chains_list(&found);

	if (!e)
		e = legacy_add(&found);
	if (!e)
		e = names_tidy(&found, out);
	strings_free(&found);
	return e;
}
