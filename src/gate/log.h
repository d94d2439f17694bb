/* SPDX-License-Identifier: GPL-3.0-or-later */
/* log.h - one line an event, with fields, to the journal or to syslog; opened before the sandbox closes. */
#ifndef GATE_LOG_H
#define GATE_LOG_H

#include "base/err.h"
#include "base/macros.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_NOTICE = 5, LOG_LEVEL_INFO = 6 };

/*
 * 'role' stands in each line ("net"). Journal where /run/systemd/journal/socket is, else /dev/log, else standard error; to standard
 * error also where 'foreground'. Never waits and never fails: what cannot be said is counted and said later.
 */
void log_open(const char *role, bool foreground);

/*
 * One event: a word ("granted", "refused", "restored"), then fields: name, value, ... NULL. Values come from outside: they
 * are escaped, and put in quotes where they have blanks. The line reads: granted user=anna key=SHA256:... addr=192.0.2.7
 */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));

/* What a stranger can cause: at most 'burst' lines of one kind at once and one more every 'every_seconds'; the rest is counted, and
 * the next line has the field suppressed=N. */
struct log_limit {
	unsigned burst, every_seconds;
	/* private */
	double tokens;
	unsigned long long last_ms;
	unsigned long suppressed;
	bool begun;
};
void log_event_limited(struct log_limit *limit, enum log_level level, const char *event, ...) __attribute__((sentinel));
/* The line of such an event, for tests: without level and role. Ends in a NUL; cut at size. */
void log_format(char *out, size_t size, const char *event, va_list fields);

#endif
