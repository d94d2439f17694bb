/* SPDX-License-Identifier: GPL-3.0-or-later */
/* past.h - accepted logins of the past, from the journal and the logs of sshd. */
#ifndef AUDIT_PAST_H
#define AUDIT_PAST_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define PAST_DAYS 90

/*
 * What sessions were seen to use. No log shows all of it: sftp is told at LogLevel VERBOSE (old releases: always), of
 * forwarded TCP connections only those that failed; agents and X11 that work are told at no level but DEBUG.
 */
enum past_feature {
	PAST_SFTP = 1,
	PAST_LOCAL_FORWARDING = 2,  /* ssh -L, -D, -W */
	PAST_REMOTE_FORWARDING = 4, /* ssh -R */
	PAST_COMMAND = 8,	    /* a shell or a command, forced ones, too; told at LogLevel VERBOSE */
};

/* Logins that differ in nothing but their time are one entry. */
struct past_login {
	char *user, *addr;
	char *method;		      /* "publickey", "password", "keyboard-interactive/pam", ... as sshd logs it */
	char *key_type, *fingerprint; /* NULL where there is none: "ED25519", "SHA256:..." */
	char *ca_fingerprint;	      /* of a certificate, else NULL */
	unsigned long count;
	time_t first, last;
	unsigned long pid; /* of the sshd process that accepted the last one */
	unsigned features; /* PAST_* */
};

struct past_logins {
	struct past_login *v; /* by user, then address */
	size_t n;
	unsigned long logins; /* in all */
	time_t since; /* the oldest entry of any kind that the logs reach back to, at most PAST_DAYS; 0: no log */
	struct strings sources; /* "journal", "/var/log/auth.log.2.gz" */
	char *incomplete;	/* why something may be missing, or NULL */
};

/*
 * From the journal (journalctl, live only), else and besides /var/log/auth.log*, /var/log/secure*,
 * plain, rotated, compressed. Only what sshd itself wrote counts (identifier sshd or sshd-session; in the journal also its
 * trusted fields); what stands twice counts once, and from the first login in the journal on only the journal
 * counts: anybody may write to the files by syslog. Bounded in time and size. ERR_MEMORY; what cannot
 * be read is said in 'incomplete'. Free with past_logins_free().
 */
MUST_USE enum err past_logins_read(const struct root *r, time_t now, struct past_logins *out);
void past_logins_free(struct past_logins *l);

/* One message of sshd: "Accepted publickey for anna from 192.0.2.1 port 4711 ssh2: ED25519 SHA256:...". ERR_SYNTAX: not an accepted login. */
MUST_USE enum err past_message_parse(const char *message, size_t len, struct past_login *out);
void past_login_clear(struct past_login *l);
/*
 * A log file's text: sshd's accepted logins from 'since' to 'now' are added to what was read before. 'now' gives the
 * year to old time stamps. After ERR_MEMORY some may be missing.
 */
MUST_USE enum err past_file_parse(const char *content, size_t len, time_t since, time_t now, struct past_logins *out);
/* The same for the JSON lines of journalctl. Nothing in there is an error: a line that is none is left out. */
MUST_USE enum err past_journal_parse(const char *content, size_t len, time_t since, time_t now,
				     struct past_logins *out);
/*
 * Which key this account last used from there: the entry of the sshd process 'pid', else (0, or not in the logs) the
 * last one by that user and address. NULL: none in the logs. Borrowed.
 */
const struct past_login *past_login_find(const struct past_logins *l, const char *user, const char *addr,
					 unsigned long pid);
/*
 * The same of a session of now, and only where it is certain: the entry of 'pid', else the one where all of this account from there are by
 * one and the same key. NULL otherwise. Borrowed.
 */
const struct past_login *past_login_of_session(const struct past_logins *l, const char *user, const char *addr,
					       unsigned long pid);

#endif
