/* SPDX-License-Identifier: GPL-3.0-or-later */
/* traffic.c - established TCP sessions, from the kernel's sock_diag. */
#include "audit/traffic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/banned.h"

#define ESTABLISHED 1 /* of the kernel's states; netinet/tcp.h, which names it, does not go with linux/tcp.h */

enum err traffic_add(struct traffic *t, const struct traffic_peer *session)
{
	size_t size = t->size ? 2 * t->size : 32;
	struct traffic_peer *more;

	if (t->n == t->size) {
		more = reallocarray(t->v, size, sizeof *more);
		if (!more)
			return ERR_MEMORY;
		t->v = more;
		t->size = size;
	}
	t->v[t->n++] = *session;
	return ERR_NONE;
}

static int by_peer(const void *a, const void *b)
{
	const struct traffic_peer *x = a, *y = b;
	const int address = memcmp(x->bytes, y->bytes, sizeof x->bytes);

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	return address ? address : (x->port > y->port) - (x->port < y->port);
}

void traffic_sum(struct traffic *t)
{
	size_t n = 0;

	if (t->n)
		qsort(t->v, t->n, sizeof *t->v, by_peer);
	for (size_t i = 0; i < t->n; i++) {
		struct traffic_peer *last = n ? &t->v[n - 1] : NULL;

		if (!last || by_peer(last, &t->v[i]) != 0) {
			t->v[n++] = t->v[i];
			continue;
		}
		last->sessions += t->v[i].sessions;
		last->received += t->v[i].received;
		last->sent += t->v[i].sent;
	}
	t->n = n;
}

const struct traffic_peer *traffic_find(const struct traffic *t, uint8_t family, const uint8_t bytes[16], uint16_t port)
{
	struct traffic_peer key = { .family = family, .port = port };

	memcpy(key.bytes, bytes, sizeof key.bytes);
	return t->n ? bsearch(&key, t->v, t->n, sizeof *t->v, by_peer) : NULL;
}

void traffic_free(struct traffic *t)
{
	free(t->v);
	*t = (struct traffic){ 0 };
}

static void peer_address(const struct inet_diag_msg *d, struct traffic_peer *p)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const uint8_t *bytes = (const uint8_t *)d->id.idiag_dst;

	/* A socket of both families has its IPv4 peers as IPv6 addresses. */
	if (d->idiag_family == AF_INET6 && memcmp(bytes, mapped, sizeof mapped) != 0) {
		p->family = 6;
		memcpy(p->bytes, bytes, 16);
		return;
	}
	p->family = 4;
	memcpy(p->bytes, d->idiag_family == AF_INET6 ? bytes + sizeof mapped : bytes, 4);
}

/* Kernels differ in how long this is: what is too short for the counters has none. */
static void peer_counters(const struct nlattr *a, struct traffic_peer *p)
{
	struct tcp_info info = { 0 };
	const size_t len = mnl_attr_get_payload_len(a);

	memcpy(&info, mnl_attr_get_payload(a), len < sizeof info ? len : sizeof info);
	p->received = info.tcpi_bytes_received;
	p->sent = info.tcpi_bytes_acked;
}

static int take(const struct nlmsghdr *m, void *arg)
{
	const struct inet_diag_msg *d = mnl_nlmsg_get_payload(m);
	struct traffic_peer p = { .sessions = 1 };
	const struct nlattr *a;

	if (mnl_nlmsg_get_payload_len(m) < sizeof *d)
		return MNL_CB_OK;
	p.port = ntohs(d->id.idiag_sport);
	peer_address(d, &p);
	mnl_attr_for_each(a, m, sizeof *d) if (mnl_attr_get_type(a) == INET_DIAG_INFO) peer_counters(a, &p);
	if (traffic_add(arg, &p)) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	return MNL_CB_OK;
}

/* Sockets come and go while they are listed, at which libmnl would stop: a count that is a moment old is what is wanted. */
static void whatever_changed(void *answer, ssize_t n)
{
	int left = (int)n;

	for (struct nlmsghdr *m = answer; mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left))
		m->nlmsg_flags &= (uint16_t)~NLM_F_DUMP_INTR;
}

static enum err dump(struct mnl_socket *s, uint8_t family, struct traffic *out)
{
	char request[256] = { 0 }, answer[32768];
	struct nlmsghdr *m = mnl_nlmsg_put_header(request);
	struct inet_diag_req_v2 *want = mnl_nlmsg_put_extra_header(m, sizeof *want);
	int more = 1;

	m->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	m->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	m->nlmsg_seq = family;
	want->sdiag_family = family;
	want->sdiag_protocol = IPPROTO_TCP;
	want->idiag_ext = 1 << (INET_DIAG_INFO - 1);
	want->idiag_states = 1u << ESTABLISHED;
	if (mnl_socket_sendto(s, m, m->nlmsg_len) < 0)
		return ERR_SYSTEM;
	while (more > 0) {
		ssize_t n = mnl_socket_recvfrom(s, answer, sizeof answer);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_SYSTEM;
		whatever_changed(answer, n);
		more = mnl_cb_run(answer, (size_t)n, family, mnl_socket_get_portid(s), take, out);
	}
	if (more < 0 && errno == ENOENT) /* a kernel without IPv6 */
		return ERR_NONE;
	return more < 0 ? errno == ENOMEM ? ERR_MEMORY : ERR_SYSTEM : ERR_NONE;
}

enum err traffic_read(struct traffic *out)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	struct traffic t = { 0 };
	enum err e = ERR_NONE;

	if (!s)
		return ERR_SYSTEM;
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID))
		e = ERR_SYSTEM;
	if (!e)
		e = dump(s, AF_INET, &t);
	if (!e)
		e = dump(s, AF_INET6, &t);
	mnl_socket_close(s);
	if (e) {
		traffic_free(&t);
		return e;
	}
	traffic_sum(&t);
	*out = t;
	return ERR_NONE;
}
