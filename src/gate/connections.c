/* SPDX-License-Identifier: GPL-3.0-or-later */
/* connections.c - sessions as the sockets know them (inet_diag) go to conntrack (ctnetlink). */
#include "gate/connections.h"

#include "gate/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define TRIES 20
/* The kernel's own for an established session; with the next packet its setting counts. */
#define SESSION_SECONDS 432000u
#define STATE(s) (1u << (s))

struct session {
	struct message_address us, peer;
	uint16_t port, peer_port;
};

struct sessions {
	const uint16_t *ports;
	unsigned nports;
	struct session *v;
	size_t n, size;
};

static struct message_address address_take(uint8_t family, const __be32 *words)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct message_address a = { .family = family == AF_INET ? 4 : 6 };

	/* A socket of both families has its IPv4 peers as IPv6 addresses; on the wire, and so in conntrack, they are not. */
	if (family == AF_INET6 && memcmp(words, mapped, sizeof mapped) == 0) {
		a.family = 4;
		memcpy(a.bytes, &words[3], 4);
		return a;
	}
	memcpy(a.bytes, words, a.family == 4 ? 4 : 16);
	return a;
}

static enum err session_add(struct sessions *all, const struct session *s)
{
	size_t size = all->size ? all->size * 2 : 32;
	struct session *grown;

	if (all->n == all->size) {
		grown = reallocarray(all->v, size, sizeof *grown);
		if (!grown)
			return ERR_MEMORY;
		all->v = grown;
		all->size = size;
	}
	all->v[all->n++] = *s;
	return ERR_NONE;
}

static enum err session_take(void *arg, const struct nlmsghdr *m)
{
	struct sessions *all = arg;
	const struct inet_diag_msg *d = mnl_nlmsg_get_payload(m);
	struct session s;

	if (mnl_nlmsg_get_payload_len(m) < sizeof *d)
		return ERR_NONE;
	s.port = ntohs(d->id.idiag_sport);
	s.peer_port = ntohs(d->id.idiag_dport);
	s.us = address_take(d->idiag_family, d->id.idiag_src);
	s.peer = address_take(d->idiag_family, d->id.idiag_dst);
	for (unsigned i = 0; i < all->nports; i++)
		if (all->ports[i] == s.port)
			return session_add(all, &s);
	return ERR_NONE;
}

static enum err sessions_list(struct netlink *n, struct sessions *all)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct inet_diag_req_v2 *want;
	struct nlmsghdr *m;
	char buffer[256];
	enum err e = ERR_CHANGED;

	for (unsigned i = 0; e == ERR_CHANGED && i < TRIES; i++) {
		all->n = 0;
		e = ERR_NONE;
		for (size_t f = 0; f < sizeof families && !e; f++) {
			m = netlink_request(n, buffer, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, sizeof *want);
			want = mnl_nlmsg_get_payload(m);
			want->sdiag_family = families[f];
			want->sdiag_protocol = IPPROTO_TCP;
			want->idiag_states = STATE(TCP_ESTABLISHED) | STATE(TCP_FIN_WAIT1) | STATE(TCP_FIN_WAIT2) |
					     STATE(TCP_CLOSE_WAIT) | STATE(TCP_LAST_ACK) | STATE(TCP_CLOSING);
			e = netlink_ask(n, m, session_take, all);
			/* A kernel without IPv6 has no such sessions. */
			if (e == ERR_NOT_FOUND)
				e = ERR_NONE;
		}
	}
	return e;
}

static void tuple_put(struct nlmsghdr *m, uint16_t type, const struct message_address *from, uint16_t from_port,
		      const struct message_address *to, uint16_t to_port)
{
	struct nlattr *tuple = mnl_attr_nest_start(m, type), *part;
	bool ipv4 = from->family == 4;
	size_t len = ipv4 ? 4 : 16;

	part = mnl_attr_nest_start(m, CTA_TUPLE_IP);
	mnl_attr_put(m, ipv4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, len, from->bytes);
	mnl_attr_put(m, ipv4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, len, to->bytes);
	mnl_attr_nest_end(m, part);
	part = mnl_attr_nest_start(m, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(m, CTA_PROTO_NUM, IPPROTO_TCP);
	mnl_attr_put_u16(m, CTA_PROTO_SRC_PORT, htons(from_port));
	mnl_attr_put_u16(m, CTA_PROTO_DST_PORT, htons(to_port));
	mnl_attr_nest_end(m, part);
	mnl_attr_nest_end(m, tuple);
}

/* Conntrack saw no packet of it, so it knows no windows: it must be liberal, or it calls the next packet invalid. */
static void state_put(struct nlmsghdr *m)
{
	struct nf_ct_tcp_flags liberal = { IP_CT_TCP_FLAG_BE_LIBERAL, IP_CT_TCP_FLAG_BE_LIBERAL };
	struct nlattr *info = mnl_attr_nest_start(m, CTA_PROTOINFO), *tcp = mnl_attr_nest_start(m, CTA_PROTOINFO_TCP);

	mnl_attr_put_u8(m, CTA_PROTOINFO_TCP_STATE, TCP_CONNTRACK_ESTABLISHED);
	mnl_attr_put(m, CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, sizeof liberal, &liberal);
	mnl_attr_put(m, CTA_PROTOINFO_TCP_FLAGS_REPLY, sizeof liberal, &liberal);
	mnl_attr_nest_end(m, tcp);
	mnl_attr_nest_end(m, info);
}

/* ERR_EXISTS: it is known already. */
static enum err session_enter(struct netlink *n, const struct session *s)
{
	char buffer[1024];
	struct nlmsghdr *m;
	enum err e;

	m = netlink_filter_request(n, buffer, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW,
				   NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, s->us.family == 4 ? AF_INET : AF_INET6);
	tuple_put(m, CTA_TUPLE_ORIG, &s->peer, s->peer_port, &s->us, s->port);
	tuple_put(m, CTA_TUPLE_REPLY, &s->us, s->port, &s->peer, s->peer_port);
	mnl_attr_put_u32(m, CTA_STATUS, htonl(IPS_CONFIRMED | IPS_ASSURED | IPS_SEEN_REPLY));
	mnl_attr_put_u32(m, CTA_TIMEOUT, htonl(SESSION_SECONDS));
	state_put(m);
	e = netlink_ask(n, m, NULL, NULL);
	return e == ERR_SYSTEM && errno == EEXIST ? ERR_EXISTS : e;
}

enum err connections_enter(const uint16_t *ports, unsigned nports, unsigned *entered,
			   void (*failed)(void *arg, const struct message_address *peer, uint16_t port), void *arg)
{
	struct sessions all = { .ports = ports, .nports = nports };
	struct netlink sockets = { 0 }, conntrack = { 0 };
	unsigned n = 0;
	enum err e;

	if ((e = netlink_open(&sockets, NETLINK_SOCK_DIAG)) || (e = netlink_open(&conntrack, NETLINK_NETFILTER)) ||
	    (e = sessions_list(&sockets, &all)))
		goto out;
	for (size_t i = 0; i < all.n; i++) {
		e = session_enter(&conntrack, &all.v[i]);
		n += e == ERR_NONE;
		if (e && e != ERR_EXISTS)
			failed(arg, &all.v[i].peer, all.v[i].port);
	}
	e = ERR_NONE;
	*entered = n;
out:
	netlink_close(&sockets);
	netlink_close(&conntrack);
	free(all.v);
	return e;
}
