/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate_table.c - one question to nf_tables: is there a table of that name? */
#include "audit/gate_table.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include "base/banned.h"

#define TABLE "sallyport"
#define SEQUENCE 1
#define PATIENCE_S 2

static int take(const struct nlmsghdr *m, void *arg)
{
	bool *found = arg;

	(void)m;
	*found = true;
	return MNL_CB_STOP;
}

static enum err ask(struct mnl_socket *s, bool *loaded)
{
	char request[256] = { 0 }, answer[8192];
	struct nlmsghdr *m = mnl_nlmsg_put_header(request);
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(m, sizeof *g);
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	bool found = false;
	ssize_t n;

	m->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE;
	m->nlmsg_flags = NLM_F_REQUEST;
	m->nlmsg_seq = SEQUENCE;
	g->nfgen_family = NFPROTO_INET;
	mnl_attr_put_strz(m, NFTA_TABLE_NAME, TABLE);
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) ||
	    setsockopt(mnl_socket_get_fd(s), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) ||
	    mnl_socket_sendto(s, m, m->nlmsg_len) < 0 || (n = mnl_socket_recvfrom(s, answer, sizeof answer)) < 0)
		return ERR_SYSTEM;
	if (mnl_cb_run(answer, (size_t)n, SEQUENCE, mnl_socket_get_portid(s), take, &found) < 0 && errno != ENOENT)
		return ERR_SYSTEM;
	*loaded = found;
	return ERR_NONE;
}

enum err gate_table_find(bool *loaded)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	enum err e;
	int kept;

	if (!s)
		return ERR_SYSTEM;
	e = ask(s, loaded);
	kept = errno;
	mnl_socket_close(s);
	errno = kept;
	return e;
}
