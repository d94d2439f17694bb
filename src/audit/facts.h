/* SPDX-License-Identifier: GPL-3.0-or-later */
/* facts.h - everything the rules look at, gathered once and then read-only. */
#ifndef AUDIT_FACTS_H
#define AUDIT_FACTS_H

#include "audit/ask.h"
#include "audit/service.h"
#include "audit/session.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/root.h"
#include "key/public.h"
#include "moduli/moduli.h"
#include "sshd/account.h"
#include "sshd/effective.h"
#include "wire/probe.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <time.h>

struct host_key_fact {
	char *path;
	const struct sshd_line *by; /* NULL: sshd's default list */
	enum err stat_err;	    /* why it could not be looked at; ERR_NOT_FOUND: missing */
	struct stat st;
	enum err key_err;	    /* why type and bits are unknown */
	struct public_key key;	    /* from PATH.pub */
};

struct facts_options {
	const char *root;   /* NULL or "/": the running system */
	const char *config; /* NULL: /etc/ssh/sshd_config */
	const char *sshd;   /* NULL: the one the service manager starts */
};

struct facts {
	struct root *root;
	bool live;	 /* the running system, so that binaries may be run and the wire looked at */
	bool privileged; /* as root: what is unknown is not for lack of rights */
	time_t now;
	char *hostname, *os; /* "Debian GNU/Linux 12 (bookworm)"; never NULL */

	unsigned release;     /* 0: unknown */
	char *openssh;	      /* "9.2p1"; NULL: unknown */
	char *package;	      /* version of the distribution's package; NULL: unknown */
	char *sshd;	      /* path; NULL: none installed */
	struct service service; /* live only */

	char *config_path;
	enum err config_err; /* ERR_NONE, ERR_CONFIG (problems say what), ERR_NOT_FOUND, ... */
	struct diags problems;
	struct sshd_config *config;	  /* NULL only where nothing could be read */
	struct sshd_effective *effective; /* global part; NULL with config */
	enum err report_err;		  /* whether the binary could be asked */
	char *report_complaint;		  /* what sshd says against the configuration, or NULL */
	struct sshd_report report;

	struct host_key_fact *host_keys;
	size_t nhost_keys;

	char *moduli_path;
	enum err moduli_err;
	char *moduli_content; /* NUL at the end */
	size_t moduli_len;
	struct moduli moduli;

	struct account **accounts; /* all that passwd lists */
	size_t naccounts;

	struct sessions sessions; /* live only */

	bool wire_tried;
	enum err wire_err;
	char *wire_where; /* "127.0.0.1 port 22" */
	struct probe_result wire;
};

/*
 * Fails only on ERR_MEMORY, or when the root cannot be opened (ERR_SYSTEM); all that could
 * not be found out is noted in its place. Free with facts_free().
 */
MUST_USE enum err facts_gather(const struct facts_options *o, struct facts **out);
void facts_free(struct facts *f);
/* "/etc/ssh/sshd_config.d/50-cloud-init.conf" -> "sshd_config.d/50-cloud-init.conf": shorter names for people. Borrowed from path. */
const char *facts_short_path(const struct facts *f, const char *path);

#endif
