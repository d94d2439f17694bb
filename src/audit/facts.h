/* SPDX-License-Identifier: GPL-3.0-or-later */
/* facts.h - everything the rules look at, gathered once and then read-only. */
#ifndef AUDIT_FACTS_H
#define AUDIT_FACTS_H

#include "audit/ask.h"
#include "audit/holders.h"
#include "audit/jails.h"
#include "audit/past.h"
#include "audit/revocations.h"
#include "audit/service.h"
#include "audit/session.h"
#include "audit/sighting.h"
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
	enum err key_err;      /* why type and bits are unknown */
	struct public_key key; /* from PATH.pub */
};

/* A file that a setting names, or that harden would make. */
struct file_fact {
	char *path;
	enum err err; /* ERR_NOT_FOUND: missing; ERR_NOT_FILE: a directory or such; ERR_SYSTEM: not ours to see */
	off_t size;
	mode_t mode;
	bool unreadable;   /* revoked keys that sshd cannot read, whole or from bad_line on */
	unsigned bad_line; /* in text form: the first line that sshd cannot read; 0: none */
};

/* What a binary was asked while rules were judged; see audit/algorithm.h. */
struct asked {
	enum sshd_keyword_id keyword;
	struct strings wanted, supported;
	struct asked *next;
};
struct facts_memory {
	struct asked *first;
};

struct facts_options {
	const char *root;   /* NULL or "/": the running system */
	const char *config; /* NULL: /etc/ssh/sshd_config */
	const char *sshd;   /* NULL: the one the service manager starts */
	bool past;	    /* also what the logs say of past logins, which takes a while */
	bool keys;	    /* also every account's keys */
	bool only_config;   /* release, configuration, service; all that stands behind them in facts stays empty */
};

struct facts {
	struct root *root;
	bool live;	 /* the running system, so that binaries may be run and the wire looked at */
	bool privileged; /* as root: what is unknown is not for lack of rights */
	time_t now;
	char *hostname, *os; /* "Debian GNU/Linux 12 (bookworm)"; never NULL */

	unsigned release;	/* 0: unknown */
	char *openssh;		/* "9.2p1"; NULL: unknown */
	char *package;		/* version of the distribution's package; NULL: unknown */
	char *sshd;		/* path; NULL: none installed */
	struct service service; /* live only */

	char *config_path;
	char *revoked_path, *banner_path; /* where harden would put them, beside config_path */
	enum err config_err;		  /* ERR_NONE, ERR_CONFIG (problems say what), ERR_NOT_FOUND, ... */
	struct diags problems;
	struct sshd_config *config;	  /* NULL only where nothing could be read */
	struct sshd_effective *effective; /* global part; NULL with config */
	enum err report_err;		  /* whether the binary could be asked */
	char *report_complaint;		  /* what sshd says against the configuration, or NULL */
	struct sshd_report report;
	struct sshd_report
		defaults; /* of an empty file; asked only where report has a value that no line of ours gives */

	struct host_key_fact *host_keys;
	size_t nhost_keys;

	char *moduli_path;
	enum err moduli_err;
	char *moduli_content; /* NUL at the end */
	size_t moduli_len;
	struct moduli moduli;

	struct account **accounts; /* all that passwd lists, without their groups */
	size_t naccounts;
	enum err accounts_err;		 /* why some may be missing: NSS hangs (ERR_TIMEOUT) and the like */
	struct strings groups;		 /* names of all groups */
	struct strings unsure;		 /* accounts and groups that the rules name and that could not be looked up */
	struct strings locked_with_keys; /* accounts that UsePAM no keeps out: "!" password, login shell and a key */
	bool locked_known;		 /* false: shadow or keys could not be read */
	struct loose_files loose;	 /* files of keys that others could change */
	struct jails jails;		 /* the folders that people are locked into */

	bool past_read;		   /* only where it was asked for */
	struct past_logins past;   /* accepted logins */
	struct strings may_log_in; /* accounts that the decision lets in from somewhere */
	bool may_log_in_unsure;	   /* of some it could not be said */
	struct strings sftp_only;  /* accounts that used nothing but sftp, and are in no chroot */
	bool sessions_told;	   /* the logs say what logins are used for */

	bool keys_read;	       /* only where it was asked for */
	struct sightings keys; /* as key_hunt.h finds them, odd places aside */

	struct file_fact *files; /* all that RevokedKeys and Banner name, and the two that harden would make */
	size_t nfiles;
	struct revocations revocations;

	struct sessions sessions; /* live only */

	bool wire_tried; /* false: not live, or another file than the running server's was named */
	enum err wire_err;
	char *wire_where; /* "127.0.0.1 port 22" */
	struct probe_result wire;

	struct facts_memory *memory; /* filled while judging; NULL: nothing is asked */
};

/*
 * Fails only on ERR_MEMORY, or when the root cannot be opened (ERR_SYSTEM); all that could
 * not be found out is noted in its place. Free with facts_free().
 */
MUST_USE enum err facts_gather(const struct facts_options *o, struct facts **out);
void facts_free(struct facts *f);
const struct file_fact *facts_file(const struct facts *f, const char *path); /* NULL: not looked at */
void asked_free(struct asked *a);
/* "/etc/ssh/sshd_config.d/50-cloud-init.conf" -> "sshd_config.d/50-cloud-init.conf": shorter names for people. Borrowed from path. */
const char *facts_short_path(const struct facts *f, const char *path);

#endif
