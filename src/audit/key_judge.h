/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_judge.h - what is wrong with the keys that were seen, by a policy. Looks at nothing but its arguments. */
#ifndef AUDIT_KEY_JUDGE_H
#define AUDIT_KEY_JUDGE_H

#include "audit/policy.h"
#include "audit/sighting.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

enum key_status { KEY_FAIL, KEY_WARN, KEY_NOTE, KEY_UNKNOWN };
#define KEY_STATUS_COUNT 4
const char *key_status_text(enum key_status s);

/* A row of the table: one thing that can be wrong. */
struct key_check {
	const char *id; /* kebab-case, stable, unique */
	enum key_status status;
	enum severity severity;
	const char *title;   /* "a private key has no passphrase" */
	const char *fix;     /* what to do */
	const char *command; /* the exact command, or NULL; "%s" stands for the file */
};
size_t key_checks_count(void);
const struct key_check *key_check_at(size_t i);

struct key_finding {
	const struct key_check *check;
	const struct sighting *at; /* borrowed */
	char *detail;		   /* escaped; NULL where the title says it all */
};

struct key_report {
	struct key_finding *v; /* by check in the order of the table, within it by file and line */
	size_t n, size;
	unsigned count[KEY_STATUS_COUNT];
	size_t privates, authorized, accounts, host, known_hosts, agent,
		hardware; /* what was seen; accounts: with a key */
};

struct key_context {
	const struct policy *policy;
	time_t now;
	const struct strings *names; /* of this host: names and addresses, in lower case */
};

/* ERR_MEMORY. Free with key_report_free(), before the sightings. */
MUST_USE enum err key_judge(const struct sightings *l, const struct key_context *c, struct key_report *out);
void key_report_free(struct key_report *r);

/* "sk-ssh-ed25519@openssh.com" and the like, certificates of such keys too. */
bool key_is_hardware(const char *type);
/* What an agent's comment gives away about where the key lives: "OpenPGP card", "GPG agent", "PKCS#11 token", "FIDO token"; NULL: nothing. Static. */
const char *key_holder_text(const struct sighting *s);

#endif
