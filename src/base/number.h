/* SPDX-License-Identifier: GPL-3.0-or-later */
/* number.h - numbers, durations, modes and dates from text, checked to the last character. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include "base/err.h"
#include "base/macros.h"

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Decimal digits only, no sign, no blanks. ERR_SYNTAX, ERR_RANGE. */
MUST_USE enum err number_parse(const char *s, uint64_t min, uint64_t max, uint64_t *out);
MUST_USE enum err number_parse_octal(const char *s, uint64_t max, uint64_t *out);
/* As sshd_config(5), TIME FORMATS: "90", "5m", "1h30m", "2w". At most INT_MAX seconds. ERR_SYNTAX, ERR_RANGE. */
MUST_USE enum err duration_parse(const char *s, uint64_t *seconds);
/* The shortest of that form: 90 -> "1m30s", 0 -> "0". out has at least 32 bytes. */
void duration_format(uint64_t seconds, char *out, size_t size);
/* "2027-01-31" as the last second of that day in local time, or RFC 3339 "2027-01-31T12:00:00Z". */
MUST_USE enum err date_parse(const char *s, time_t *out);
/* RFC 3339 in UTC, "2026-11-22T19:58:50Z". out has at least 32 bytes. */
void date_format(time_t t, char *out, size_t size);

#endif
