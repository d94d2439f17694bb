/* SPDX-License-Identifier: GPL-3.0-or-later */
/* local.c - one question to the kernel's routing: where would a packet to that address go? */
#include "gate/local.h"

#include "gate/netlink.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/banned.h"

struct local {
	struct netlink netlink;
	union {
		struct nlmsghdr head; /* for its alignment */
		char bytes[NETLINK_MESSAGE];
	} request;
};

enum err local_open(struct local **out)
{
	struct local *l = calloc(1, sizeof *l);
	enum err e = l ? netlink_open(&l->netlink, NETLINK_ROUTE) : ERR_MEMORY;

	if (e) {
		free(l);
		return e;
	}
	*out = l;
	return ERR_NONE;
}

void local_close(struct local *l)
{
	if (!l)
		return;
	netlink_close(&l->netlink);
	free(l);
}

static enum err take_route(void *arg, const struct nlmsghdr *m)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(m);
	bool *ours = arg;

	if (m->nlmsg_type == RTM_NEWROUTE && mnl_nlmsg_get_payload_len(m) >= sizeof *route)
		*ours = route->rtm_type == RTN_LOCAL || route->rtm_type == RTN_BROADCAST ||
			route->rtm_type == RTN_ANYCAST;
	return ERR_NONE;
}

bool local_is(struct local *l, const struct message_address *a)
{
	const size_t len = a->family == 4 ? 4 : 16;
	struct nlmsghdr *m =
		netlink_request(&l->netlink, l->request.bytes, RTM_GETROUTE, NLM_F_ACK, sizeof(struct rtmsg));
	struct rtmsg *wanted = mnl_nlmsg_get_payload(m);
	bool ours = false;

	wanted->rtm_family = a->family == 4 ? AF_INET : AF_INET6;
	wanted->rtm_dst_len = (unsigned char)(len * 8);
	mnl_attr_put(m, RTA_DST, len, a->bytes);
	return netlink_ask(&l->netlink, m, take_route, &ours) == ERR_NONE && ours;
}
