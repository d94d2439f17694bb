/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sources.h - from which networks an account may log in, computed from the rules. */
#ifndef SSHD_SOURCES_H
#define SSHD_SOURCES_H

#include "sshd/access.h"
#include "sshd/network.h"

/* Each list: IPv4 first, then IPv6, rising, the fewest networks that describe the set. No two of them overlap. */
struct access_sources {
	struct networks allowed;
	struct networks unknown; /* where the decision is 'unknown' */
	/*
	 * Where a pattern on the text of addresses ("*.5", "fe80::*", which is fewer than it seems) tells them apart in so many
	 * pieces that no list can hold them, and it matters: some here may log in, some not. 'conditions' names the pattern.
	 */
	struct networks mixed;
	struct strings
		conditions; /* what else plays a part: "AllowUsers anna@*.example.org (FILE:LINE): a host name decides too" */
};

/*
 * l says who (its addr and host are not looked at). The text patterns and networks of all rules, from= restrictions and
 * certificates that can matter to this account cut the address space into pieces on which the decision is constant; one
 * address of each is decided by access_decide(), and the pieces are put together. Host names: taken as if no address had one,
 * and said in 'conditions'. IPv6 addresses that stand for IPv4 ones (::ffff:0:0/96) never come: what is said of them makes the
 * list short. ERR_TOO_BIG: the rules cut out more than SOURCES_PIECES pieces, and *why is a line for people that names the
 * rule that was too much and its place (yours; else untouched); ERR_MEMORY. Clear with access_sources_clear().
 */
#define SOURCES_PIECES 1000000
MUST_USE enum err access_sources_find(struct access *a, const struct sshd_config *c, const struct access_login *l,
				      struct access_sources *out, char **why);
void access_sources_clear(struct access_sources *s);

#endif
