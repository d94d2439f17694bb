/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pattern.h - OpenSSH's pattern lists and address lists (ssh_config(5), PATTERNS; match.c, addrmatch.c for the facts). */
#ifndef SSHD_PATTERN_H
#define SSHD_PATTERN_H

#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>
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

#endif
