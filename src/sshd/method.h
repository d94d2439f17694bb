/* SPDX-License-Identifier: GPL-3.0-or-later */
/* method.h - the ways to authenticate that rules leave: what is switched on, and what AuthenticationMethods asks for. */
#ifndef SSHD_METHOD_H
#define SSHD_METHOD_H

#include "sshd/access.h"

/* One list of AuthenticationMethods. bits 0: nobody can complete it. */
struct method_list {
	unsigned bits;
	unsigned keys; /* "publickey,publickey" wants two that differ */
};

/* Start with { 0 }. */
struct methods {
	unsigned enabled; /* METHOD_* */
	struct method_list *lists;
	size_t n; /* 0: any one will do */
};
MUST_USE enum err methods_compile(const struct sshd_effective *rules, struct methods *out);
void methods_clear(struct methods *m);

/* What somebody can answer with. */
struct method_means {
	unsigned bits, keys; /* METHOD_*, and how many keys that differ */
	unsigned must;	     /* only ways that use all of these count */
};
/* The methods of all the ways that can be completed, 0 if there is none. */
unsigned methods_complete(const struct methods *m, const struct method_means *with);
/* Those that PermitRootLogin prohibit-password leaves to root. */
unsigned methods_for_root(void);
/* The line that switched off one of these methods, or NULL. */
const struct sshd_line *methods_switched_off(const struct methods *m, const struct sshd_effective *rules,
					     unsigned which);

#endif
