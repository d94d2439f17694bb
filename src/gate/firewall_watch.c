/* SPDX-License-Identifier: GPL-3.0-or-later */
/* firewall_watch.c - somebody changes our table: noticed, put back, said. */
#include "gate/firewall_watch.h"

#include "base/clock.h"
#include "gate/firewall_rules.h"
#include "gate/firewall_table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

/* A grant that ends within this time may be gone in the kernel or not, and neither is somebody's doing. */
#define EDGE_MS 3000
/* Sleep that matters to grants. */
#define NAP_MS 1000

/* Our own changes are told to everybody as well; without this filter each grant would wake us. */
static enum err watch_filter(int fd, uint32_t us)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(us), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog program = { ARRAY_SIZE(code), code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) ? ERR_SYSTEM : ERR_NONE;
}

enum err firewall_watch_open(struct firewall *f)
{
	struct sockaddr_nl here = { .nl_family = AF_NETLINK };
	int group = NFNLGRP_NFTABLES;
	enum err e;
	int fd;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
	if (fd < 0)
		return ERR_SYSTEM;
	if ((e = watch_filter(fd, f->netlink.port)) || bind(fd, (struct sockaddr *)&here, sizeof here) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group)) {
		close(fd);
		return ERR_SYSTEM;
	}
	f->watch = fd;
	return ERR_NONE;
}

/* How long the machine has slept since it started. */
static uint64_t slept_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return clock_boot_ms() - ((uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000);
}

enum err firewall_watch_begin(struct firewall *f)
{
	f->slept_ms = slept_ms();
	return firewall_table_shape(f, &f->shape);
}

static enum err put_back(struct firewall *f)
{
	enum err e = firewall_table_put(f, NULL);

	return e ? e : firewall_watch_begin(f);
}

enum err firewall_watch_woken(struct firewall *f)
{
	/* Without a shape it is removed. */
	return f->shape.len && slept_ms() > f->slept_ms + NAP_MS ? put_back(f) : ERR_NONE;
}

int firewall_watch_fd(const struct firewall *f)
{
	return f->watch;
}

/* What was heard: whether anything, and who did it last. */
struct heard {
	bool something;
	char name[64];
	uint32_t pid;
};

static void heard_who(struct heard *h, const struct nlmsghdr *m)
{
	const struct nlattr *a;

	if (m->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN))
		return;
	mnl_attr_for_each(a, m, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(a) == NFTA_GEN_PROC_PID && mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
			h->pid = ntohl(mnl_attr_get_u32(a));
		if (mnl_attr_get_type(a) == NFTA_GEN_PROC_NAME && mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
			snprintf(h->name, sizeof h->name, "%s", mnl_attr_get_str(a));
	}
}

static void watch_drain(const struct firewall *f, struct heard *h)
{
	char *buffer = f->netlink.answer;
	ssize_t got;
	int left;

	for (;;) {
		got = recv(f->watch, buffer, NETLINK_MESSAGE, MSG_DONTWAIT);
		if (got < 0 && errno == EINTR)
			continue;
		/* More was told than we could hear: then something surely happened. */
		if (got < 0 && errno == ENOBUFS) {
			h->something = true;
			continue;
		}
		if (got <= 0)
			return;
		h->something = true;
		left = (int)got;
		for (const struct nlmsghdr *m = (const struct nlmsghdr *)buffer; mnl_nlmsg_ok(m, left);
		     m = mnl_nlmsg_next(m, &left))
			heard_who(h, m);
	}
}

/* Grants as they are against grants as they should be. */
struct comparing {
	const struct mirror *mirror;
	uint64_t now_ms;
	size_t seen, foreign, lasting;
};

static enum err compare_take(void *arg, const struct mirror_key *k, uint64_t left_ms)
{
	struct comparing *c = arg;
	const struct mirror_entry *e = mirror_find(c->mirror, k);

	if (!e || left_ms > UINT64_MAX / 2 || c->now_ms + left_ms > e->until_ms + EDGE_MS)
		c->foreign += left_ms > EDGE_MS;
	else
		c->seen += e->until_ms > c->now_ms + EDGE_MS;
	return ERR_NONE;
}

static void lasting_take(void *arg, struct mirror_entry *e)
{
	struct comparing *c = arg;

	c->lasting += e->until_ms > c->now_ms + EDGE_MS;
}

/* *what is static; NULL: all is as it should be. */
static enum err grants_compare(struct firewall *f, const char **what)
{
	struct comparing c = { .mirror = &f->mirror, .now_ms = clock_boot_ms() };
	enum err e;

	/* Nobody else can change an owned table. */
	if (f->owned)
		return ERR_NONE;
	if ((e = firewall_table_grants(f, compare_take, &c)))
		return e;
	mirror_each(&f->mirror, lasting_take, &c);
	if (c.foreign)
		*what = "had grants that nobody asked us for";
	else if (c.seen < c.lasting)
		*what = "had lost grants";
	return ERR_NONE;
}

static enum err table_compare(struct firewall *f, const char **what)
{
	struct text now = { 0 };
	enum err e = firewall_table_shape(f, &now);

	if (!e && (now.len != f->shape.len || (now.len && memcmp(now.s, f->shape.s, now.len) != 0)))
		*what = now.len ? "was changed" : "was gone";
	else if (!e)
		e = grants_compare(f, what);
	text_free(&now);
	return e;
}

static char *finding(const char *what, const struct heard *h)
{
	struct text t = { 0 };

	text_add(&t, "the firewall table inet " FIREWALL_TABLE " %s", what);
	if (h->pid) {
		text_add_string(&t, " (the last change of rules was by '");
		text_add_escaped(&t, h->name, strlen(h->name));
		text_add(&t, "', process %u)", h->pid);
	}
	text_add_string(&t, " and is put back");
	return text_take(&t);
}

enum err firewall_look(struct firewall *f, char **found)
{
	struct heard h = { 0 };
	const char *what = NULL;
	enum err e;

	watch_drain(f, &h);
	*found = NULL;
	if (h.something && (e = table_compare(f, &what)))
		return e;
	if (!what)
		return firewall_watch_woken(f);
	if ((e = put_back(f)))
		return e;
	*found = finding(what, &h);
	return ERR_NONE;
}
