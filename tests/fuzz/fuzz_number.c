/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_number.c - whatever is accepted as a number, duration or date has the value that a slow reader finds. */
#include "base/number.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool claim)
{
	if (!claim)
		abort();
}

static void check_number(const char *s)
{
	bool plain = *s && !s[strspn(s, "0123456789")], octal = *s && !s[strspn(s, "01234567")];
	uint64_t value = 42;
	enum err e;

	errno = 0;
	if (plain && strtoull(s, NULL, 10) == ULLONG_MAX && errno)
		must(number_parse(s, 0, UINT64_MAX, &value) == ERR_RANGE && value == 42);
	else if ((e = number_parse(s, 0, UINT64_MAX, &value)))
		must(!plain && e == ERR_SYNTAX && value == 42);
	else
		must(plain && value == strtoull(s, NULL, 10));
	value = 42;
	if (!number_parse(s, 10, 1000, &value))
		must(plain && value >= 10 && value <= 1000);
	if (!number_parse_octal(s, 07777, &value))
		must(octal && value <= 07777 && value == strtoull(s, NULL, 8));
}

static void check_duration(const char *s)
{
	uint64_t seconds = 42, again = 43;
	char text[32];

	if (duration_parse(s, &seconds)) {
		must(seconds == 42);
		return;
	}
	must(seconds <= INT_MAX);
	must(*s && !s[strspn(s, "0123456789smhdwSMHDW")]);
	duration_format(seconds, text, sizeof text);
	must(!duration_parse(text, &again) && again == seconds);
}

static void check_date(const char *s)
{
	time_t t = 42, again = 43;
	char text[32];

	if (date_parse(s, &t)) {
		must(t == 42);
		return;
	}
	must(strlen(s) >= strlen("2027-01-31"));
	date_format(t, text, sizeof text);
	/* a zone can lead into the day before 1970 or after 9999 */
	if (t >= 0 && strlen(text) == strlen("2027-01-31T12:00:00Z"))
		must(!date_parse(text, &again) && again == t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s = malloc(size + 1);

	if (!s)
		return 0;
	if (size)
		memcpy(s, data, size);
	s[size] = '\0';
	check_number(s);
	check_duration(s);
	check_date(s);
	free(s);
	return 0;
}
