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

/* What sessions were seen to use, where the log shows it. */
enum past_feature {
	PAST_SFTP = 1,
	PAST_TCP_FORWARDING = 2,
	PAST_AGENT_FORWARDING = 4,
	PAST_X11 = 8,
};

/* Logins that differ in nothing but their time are one entry. */
struct past_login {
	char *user, *addr;
	char *method; /* "publickey", "password", "keyboard-interactive/pam", ... as sshd logs it */
	char *key_type, *fingerprint; /* NULL where there is none: "ED25519", "SHA256:..." */
	char *ca_fingerprint;	      /* of a certificate, else NULL */
	unsigned long count;
	time_t first, last;
	unsigned features; /* PAST_* */
};

struct past_logins {
	struct past_login *v; /* by user, then address */
	size_t n;
	unsigned long logins; /* in all */
	time_t since;	      /* the oldest entry of any kind that the logs reach back to, at most PAST_DAYS; 0: no log */
	struct strings sources; /* "journal", "/var/log/auth.log.2.gz" */
	char *incomplete;	/* why something may be missing, or NULL */
};

/*
 * From the journal (journalctl, live only), else and besides /var/log/auth.log*, /var/log/secure*,
 * plain, rotated, compressed. Only what sshd itself wrote counts (identifier sshd or sshd-session; in the journal also its
 * trusted fields); lines that stand in journal and file count once. Bounded in time and size. ERR_MEMORY; what cannot
 * be read is said in 'incomplete'. Free with past_logins_free().
 */
MUST_USE enum err past_logins_read(const struct root *r, time_t now, struct past_logins *out);
void past_logins_free(struct past_logins *l);

/* One message of sshd: "Accepted publickey for anna from 192.0.2.1 port 4711 ssh2: ED25519 SHA256:...". ERR_SYNTAX: not an accepted login. */
MUST_USE enum err past_message_parse(const char *message, size_t len, struct past_login *out);
/* A log file's text: sshd's accepted logins from 'since' to 'now' are added. 'now' gives the year to old time stamps. */
MUST_USE enum err past_file_parse(const char *content, size_t len, time_t since, time_t now, struct past_logins *out);

#endif
