/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access.h - what the sub-commands of access share: the configuration, accounts, a key, a decision in words. */
#ifndef CMD_ACCESS_H
#define CMD_ACCESS_H

#include "audit/facts.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"
#include "cmd/command.h"
#include "key/public.h"
#include "sshd/access.h"
#include "sshd/network.h"
#include "sshd/sources.h"

#include <jansson.h>
#include <stdbool.h>

extern const struct command cmd_access_check, cmd_access_explain, cmd_access_sources, cmd_access_matrix,
	cmd_access_allow, cmd_access_deny;

/* The configuration and the decision made ready over it. Start with { 0 }. */
struct scene {
	struct facts *facts; /* only the configuration of it */
	struct access *access;
	unsigned lport; /* the first port that it listens on */
};

/* 0, or an exit status with the error said. Close in every case. */
int scene_open(const struct common_args *common, struct scene *s);
void scene_close(struct scene *s);

/* Somebody who was asked about. Start with { 0 }. */
struct person {
	const char *name;
	struct account *account; /* NULL: no such account, or it could not be looked up */
	enum err err;		 /* not ERR_NONE: it could not be looked up */
};

/* ERR_MEMORY only. */
MUST_USE enum err person_find(const struct scene *s, const char *name, struct person *out);
void person_clear(struct person *p);

/* A key from --key. Start with { 0 }. */
struct held_key {
	struct public_key_line line;
	struct offered_key offer;
};

/* FILE, "-", or "SHA256:...". 0, or an exit status with the error said. Clear in every case. */
int held_key_read(const struct scene *s, const char *file, struct held_key *out);
void held_key_clear(struct held_key *k);

/* The one word that these commands want. 0 or an exit status, the error said. */
int access_one_user(const char *command, const struct strings *rest, const char **user);

/* As sshd would write the address; false if it is none. */
bool address_normal(const char *text, char out[NETWORK_TEXT]);
/* An address that rules rarely speak of, for questions that name none. */
#define ADDRESS_ORDINARY "203.0.113.9"

/* access_decide(), or 'unknown' where the account could not be looked up. */
MUST_USE enum err person_decide(const struct scene *s, const struct person *p, const struct access_login *l,
				struct access_decision *out);
/*
 * The decision that holds from everywhere; where it is another one in other places, that of a place from where the
 * account is not let in. l->addr points to addr afterwards, that place. networks: from where it is let in. *why is for
 * sources_complain() when this fails, and yours.
 */
MUST_USE enum err person_decide_anywhere(const struct scene *s, const struct person *p, struct access_login *l,
					 char addr[NETWORK_TEXT], struct access_decision *out,
					 struct networks *networks, char **why);
/* A sentence on why. */
MUST_USE enum err person_detail(const struct scene *s, const struct person *p, const struct access_login *l,
				const struct access_decision *d, struct text *out);

/* Whether these are all addresses. */
bool networks_everywhere(const struct networks *l);
/* "only from 10.0.0.0/8, 2001:db8::/32", or "from anywhere but 10.9.0.0/16" where that is shorter; at most 'most' of them. */
MUST_USE enum err networks_describe(const struct networks *l, size_t most, struct text *out);
json_t *networks_json(const struct networks *l);
/* Says why access_sources_find() failed; why may be NULL. Returns an exit status. */
int sources_complain(const char *user, enum err e, const char *why);

const char *verdict_text(enum access_verdict v);
/* The word in its colour, padded to a column. */
void verdict_add(enum access_verdict v, const char *word, bool color, struct text *out);
/* "publickey, password" */
void methods_join(unsigned methods, struct text *out);
/* "FILE:LINE", short where FILE lies beside the main file. */
void line_place(const struct scene *s, const struct sshd_line *by, struct text *out);
/* New references, members of the answers; NULL without memory. */
json_t *methods_json(unsigned methods);
json_t *decided_by_json(const struct access_decision *d);
json_t *text_json(const struct text *t);

#endif
