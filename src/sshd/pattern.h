/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pattern.h - OpenSSH's pattern lists and address lists (ssh_config(5), PATTERNS; match.c, addrmatch.c for the facts). */
#ifndef SSHD_PATTERN_H
#define SSHD_PATTERN_H

#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "*" and "?" only. Case-sensitive. */
bool pattern_match(const char *s, const char *pattern);
/* Comma list with "!": 1 hit, 0 none, -1 a negated item hit. lower: both sides are compared in lower case. */
int pattern_list_match(const char *s, const char *list, bool lower);
/*
 * One "user" or "user@hosts" word of AllowUsers and DenyUsers against a login: 1 hit, 0 none,
 * -1 the word is one that sshd refuses. host may be the address text.
 */
int pattern_match_user(const char *user, const char *host, const char *addr, const char *word);
/*
 * An address against a list of addresses, CIDR networks and wildcards, as Match Address,
 * Match LocalAddress and PerSourcePenaltyExemptList have them: 1 hit, 0 none, -1 a negated
 * item hit, -2 malformed list. addr NULL: only whether the list is malformed.
 */
int pattern_list_match_addr(const char *addr, const char *list);
/*
 * The same where only addresses and networks are allowed and nothing can be negated: from=
 * restrictions inside certificates (source-address). 1, 0, -2.
 */
int pattern_list_match_cidr(const char *addr, const char *list);
/* Whether sshd would take this word in AllowUsers or DenyUsers; on an error *why is a static text. */
MUST_USE enum err pattern_check_user(const char *word, const char **why);

/*
 * The same, read once for many questions: asking neither allocates nor reads text again. The calls above
 * are made of these.
 */

/* An address as two words, the first byte on top; IPv4 fills the upper half of 'high'. The scope counts for equality alone. */
struct pattern_address {
	int family; /* AF_INET, AF_INET6 */
	unsigned bits;
	uint64_t high, low;
	uint32_t scope;
};
/* What sshd takes for an address: also "10.1" and "fe80::1%2". */
bool pattern_address_parse(const char *s, struct pattern_address *out);

/* Where a login comes from. The texts are borrowed. */
struct pattern_from {
	const char *host, *addr; /* host: its name, or the address text */
	struct pattern_address address;
	bool parsed; /* addr is an address */
};
void pattern_from_set(struct pattern_from *f, const char *host, const char *addr);

struct pattern_text {
	const char *s;
	size_t len, literal; /* literal: bytes in front of the first wildcard */
	enum pattern_kind {
		PATTERN_LITERAL,
		PATTERN_PREFIX, /* nothing but one "*" behind the literal */
		PATTERN_WILD,
	} kind;
};

/* One item of a list, without its "!". */
struct pattern_item {
	bool negated;
	enum pattern_item_kind { ITEM_TEXT, ITEM_NETWORK, ITEM_WRONG } kind; /* wrong where addresses are asked for */
	struct pattern_text text, lower;				     /* as it stands, and in lower case */
	struct pattern_address network;
	unsigned length;	      /* of its prefix */
	uint64_t mask_high, mask_low; /* what of an address counts */
};

/* Start with { 0 }. */
struct pattern_list {
	struct pattern_item *v;
	size_t n;
	size_t ntext; /* items that count for texts: an empty one at the end does not */
	char *copy;
};
/* Every text is a list; whether it is one of addresses is asked with pattern_list_address(). ERR_MEMORY. */
MUST_USE enum err pattern_list_compile(const char *list, struct pattern_list *out);
void pattern_list_clear(struct pattern_list *l);
int pattern_list_text(const struct pattern_list *l, const char *s, bool lower);		 /* pattern_list_match() */
int pattern_list_address(const struct pattern_list *l, const struct pattern_from *from); /* pattern_list_match_addr() */
/*
 * Host names and addresses together, what stands behind the "@" of AllowUsers and in from= of a key: 1 hit,
 * 0 none, or a negated item hit; -1 malformed. from NULL: only whether it is malformed.
 */
int pattern_list_hosts(const struct pattern_list *l, const struct pattern_from *from);

/* One word of AllowUsers or DenyUsers. Start with { 0 }. */
struct pattern_user {
	struct pattern_text name;
	bool has_hosts;
	struct pattern_list hosts;
};
/* 'word' is borrowed and must outlive it. ERR_MEMORY. */
MUST_USE enum err pattern_user_compile(const char *word, struct pattern_user *out);
void pattern_user_clear(struct pattern_user *u);
int pattern_user_match(const struct pattern_user *u, const char *user, const struct pattern_from *from);
/* A word without hosts, as groups have it. */
void pattern_text_compile(const char *s, size_t len, struct pattern_text *out);
bool pattern_text_match(const struct pattern_text *t, const char *s);

#endif
