/* SPDX-License-Identifier: GPL-3.0-or-later */
/* past_log.h - what sshd said, message by message, made into past logins; for the past_*.c files only. */
#ifndef AUDIT_PAST_LOG_H
#define AUDIT_PAST_LOG_H

#include "audit/past.h"

#include <stdint.h>

/* A part of a message; borrowed. */
struct past_word {
	const char *s;
	size_t len;
};

/* "Accepted ..." taken apart. Words of length 0 were not there. */
struct past_accepted {
	char user[512]; /* as the account is called: sshd's escapes undone */
	size_t user_len;
	struct past_word method, addr, key_type, fingerprint, ca_fingerprint;
	unsigned port;
};

/* What a message of sshd says, as far as it matters here. */
struct past_saying {
	enum past_saying_kind {
		SAYS_ACCEPTED,
		SAYS_CHILD,   /* pid of the process that serves the session */
		SAYS_SESSION, /* feature, of the session from addr, port */
		SAYS_HERE,    /* feature, of the session of this process */
		SAYS_END,     /* of the session from addr, port, in this process */
	} kind;
	struct past_accepted accepted;
	struct past_word addr;
	unsigned port, feature;
	unsigned long child;
};

/* ERR_SYNTAX: nothing of interest, *out means nothing. Allocates nothing. */
MUST_USE enum err past_saying_parse(const char *message, size_t len, struct past_saying *out);
/* An entry that counts no login yet. ERR_MEMORY. */
MUST_USE enum err past_login_from(const struct past_accepted *a, struct past_login *out);
/* Cheap: false for most messages that are of no interest. */
bool past_saying_likely(const char *message, size_t len);

/* Collects. Messages come in order of time, those of a session all to the same log. */
struct past_log;

MUST_USE enum err past_log_new(time_t since, time_t now, struct past_log **out);
void past_log_free(struct past_log *p); /* NULL is fine */
/* Outside of since and now: ignored. trusted false: who wrote it is not sure, it only may tell of features. ERR_MEMORY, ERR_TOO_BIG. */
MUST_USE enum err past_log_say(struct past_log *p, time_t when, unsigned long pid, const char *message, size_t len,
			       bool trusted);
void past_log_reaches(struct past_log *p, time_t when); /* there was an entry of any kind */
time_t past_log_now(const struct past_log *p);
time_t past_log_since(const struct past_log *p);
time_t past_log_reach(const struct past_log *p); /* the oldest of those, 0: none */
time_t past_log_first(const struct past_log *p); /* the first login, 0: none */
/* Later messages count only before this moment. */
void past_log_cut(struct past_log *p, time_t until);
/* Adds what was there before; *l is empty afterwards, also on failure. */
MUST_USE enum err past_log_adopt(struct past_log *p, struct past_logins *l);
/* Gives out all, sorted; the log is spent. sources and incomplete are as they were adopted. */
void past_log_take(struct past_log *p, struct past_logins *out);

/* Lines of a log file in pieces of any size. Start with { .log = p }. */
struct past_lines {
	struct past_log *log;
	struct text rest; /* of a line whose end is still to come */
	bool too_long;	  /* that line is longer than any of sshd's: skipped up to its end */
	bool seen;	  /* the first time stamp was seen */
	char stamp[16];	  /* of the last line with a traditional stamp, to the minute */
	time_t minute;
};
MUST_USE enum err past_lines_feed(struct past_lines *l, const char *bytes, size_t len);
MUST_USE enum err past_lines_end(struct past_lines *l);

MUST_USE enum err past_log_journal(struct past_log *p, const char *content, size_t len);

/* Appends the reason why something may be missing. */
void past_incomplete(struct past_logins *l, const char *format, ...) FORMAT(2, 3);
/* Reads the files, oldest first. */
MUST_USE enum err past_files_read(const struct root *r, struct past_log *p, struct past_logins *notes);
/* Asks journalctl. *any: there is a journal. */
MUST_USE enum err past_journal_read(const struct root *root, struct past_log *p, struct past_logins *notes, bool *any);

#endif
