/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keep.h - the accounts that must still get in after a change, and whether they would. */
#ifndef HARDEN_KEEP_H
#define HARDEN_KEEP_H

#include "audit/facts.h"
#include "audit/past.h"
#include "base/err.h"
#include "base/macros.h"
#include "harden/journal.h"
#include "sshd/access.h"

#include <jansson.h>

/*
 * Everybody logged in over SSH, the sudo caller, and those asked for ("USER" or
 * "USER@ADDR"). A sudo caller who cannot get in over SSH now is lenient. Whoever comes from an address is
 * looked after with the key that 'past' (NULL: no logs) tells they used: of their session, else the last one from there; with every
 * key they have where it tells none or that key was taken from the list, revoked or expired since.
 * *complaint (yours) where one of 'asked' is no such thing: ERR_SYNTAX.
 */
MUST_USE enum err keepers_gather(const struct facts *f, const struct strings *asked, const struct past_logins *past,
				 struct keepers *out, char **complaint);
/*
 * Would this one get in by configuration c, with the files as they are under r? Without an
 * address: from any of the addresses that the rules name, or an ordinary one.
 * Free with access_decision_clear().
 */
MUST_USE enum err keeper_decide(const struct root *r, const struct sshd_config *c, const struct keeper *k,
				struct access_decision *out);
/*
 * Appends to list one object {"user","addr","verdict","reason","detail","decided_by"} for each who would not get in;
 * lenient ones are left out.
 */
MUST_USE enum err keepers_check(const struct root *r, const struct sshd_config *c, const struct keepers *k,
				json_t *list);
/*
 * Does sshd lock this one into a folder (ChrootDirectory)? From there nobody administers the system, so that such a login neither keeps nor
 * confirms anything for those who do. An account that is gone, or cannot be looked up, is in none. ERR_MEMORY.
 */
MUST_USE enum err keeper_is_jailed(const struct root *r, const struct sshd_config *c, const struct keeper *k,
				   bool *jailed);
/* "anna from 203.0.113.9 (with this session's key)" */
void keeper_describe(const struct keeper *k, struct text *out);

#endif
