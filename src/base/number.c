/* SPDX-License-Identifier: GPL-3.0-or-later */
/* number.c - the one checked way from text to a number, a duration or a date. */
#include "base/number.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static bool is_digit(char c, unsigned base)
{
	return c >= '0' && c < (char)('0' + base);
}

/* Takes the digits that *s begins with and moves it behind them; too large a number becomes UINT64_MAX. */
static enum err take_digits(const char **s, unsigned base, uint64_t *out)
{
	const char *p = *s;
	uint64_t value = 0;

	for (; is_digit(*p, base); p++) {
		uint64_t digit = (uint64_t)(*p - '0');

		value = value > (UINT64_MAX - digit) / base ? UINT64_MAX : value * base + digit;
	}
	if (p == *s)
		return ERR_SYNTAX;
	*s = p;
	*out = value;
	return ERR_NONE;
}

static enum err parse(const char *s, unsigned base, uint64_t min, uint64_t max, uint64_t *out)
{
	const char *digits = s;
	uint64_t value;

	if (take_digits(&s, base, &value) || *s)
		return ERR_SYNTAX;
	if (value < min || value > max)
		return ERR_RANGE;
	/* the largest value of all also stands for all that do not fit */
	if (value == UINT64_MAX) {
		digits += strspn(digits, "0");
		if (strcmp(digits, base == 8 ? "1777777777777777777777" : "18446744073709551615") != 0)
			return ERR_RANGE;
	}
	*out = value;
	return ERR_NONE;
}

enum err number_parse(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	return parse(s, 10, min, max, out);
}

enum err number_parse_octal(const char *s, uint64_t max, uint64_t *out)
{
	return parse(s, 8, 0, max, out);
}

static const struct unit {
	char letter;
	uint64_t seconds;
} units[] = { { 'w', 604800 }, { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };

/* The unit that *s begins with, seconds where nothing follows; 0 if it is none. */
static uint64_t take_unit(const char **s)
{
	if (!**s)
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (**s == units[i].letter || **s == units[i].letter - 'a' + 'A') {
			++*s;
			return units[i].seconds;
		}
	}
	return 0;
}

enum err duration_parse(const char *s, uint64_t *seconds)
{
	uint64_t total = 0;
	bool large = false;

	do {
		uint64_t count, unit;

		if (take_digits(&s, 10, &count))
			return ERR_SYNTAX;
		unit = take_unit(&s);
		if (!unit)
			return ERR_SYNTAX;
		/* go on: a mistake further on says more than the size */
		if (count > INT_MAX / unit || count * unit > INT_MAX - total)
			large = true;
		else
			total += count * unit;
	} while (*s);
	if (large)
		return ERR_RANGE;
	*seconds = total;
	return ERR_NONE;
}

void duration_format(uint64_t seconds, char *out, size_t size)
{
	size_t at = 0;

	if (!seconds)
		snprintf(out, size, "0");
	for (size_t i = 0; i < ARRAY_SIZE(units) && at < size; i++) {
		uint64_t count = seconds / units[i].seconds;

		seconds %= units[i].seconds;
		if (count)
			at += (size_t)snprintf(out + at, size - at, "%llu%c", (unsigned long long)count,
					       units[i].letter);
	}
}

static bool take_char(const char **s, char c)
{
	if (**s != c)
		return false;
	++*s;
	return true;
}

/* Exactly n digits. */
static bool take_fixed(const char **s, size_t n, int *out)
{
	int value = 0;

	for (size_t i = 0; i < n; i++) {
		if (!is_digit((*s)[i], 10))
			return false;
		value = value * 10 + ((*s)[i] - '0');
	}
	*s += n;
	*out = value;
	return true;
}

static int days_in(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

static enum err take_day(const char **s, struct tm *out)
{
	int year, month, day;

	if (!take_fixed(s, 4, &year) || !take_char(s, '-') || !take_fixed(s, 2, &month) || !take_char(s, '-') ||
	    !take_fixed(s, 2, &day))
		return ERR_SYNTAX;
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in(year, month))
		return ERR_RANGE;
	out->tm_year = year - 1900;
	out->tm_mon = month - 1;
	out->tm_mday = day;
	return ERR_NONE;
}

static enum err take_time(const char **s, struct tm *out)
{
	int fraction;

	if (!take_fixed(s, 2, &out->tm_hour) || !take_char(s, ':') || !take_fixed(s, 2, &out->tm_min) ||
	    !take_char(s, ':') || !take_fixed(s, 2, &out->tm_sec))
		return ERR_SYNTAX;
	if (take_char(s, '.')) {
		if (!take_fixed(s, 1, &fraction))
			return ERR_SYNTAX;
		*s += strspn(*s, "0123456789");
	}
	/* 60 is a leap second */
	if (out->tm_hour > 23 || out->tm_min > 59 || out->tm_sec > 60)
		return ERR_RANGE;
	return ERR_NONE;
}

/* "Z", "+01:00" */
static enum err take_zone(const char **s, long *seconds)
{
	bool west = **s == '-';
	int hours, minutes;

	*seconds = 0;
	if (take_char(s, 'Z') || take_char(s, 'z'))
		return ERR_NONE;
	if (!(take_char(s, '+') || take_char(s, '-')) || !take_fixed(s, 2, &hours) || !take_char(s, ':') ||
	    !take_fixed(s, 2, &minutes))
		return ERR_SYNTAX;
	if (hours > 23 || minutes > 59)
		return ERR_RANGE;
	*seconds = (west ? -1 : 1) * (hours * 3600L + minutes * 60L);
	return ERR_NONE;
}

static enum err end_of_day(struct tm *day, time_t *out)
{
	time_t t;

	day->tm_hour = 23;
	day->tm_min = 59;
	day->tm_sec = 59;
	day->tm_isdst = -1;
	t = mktime(day);
	if (t < 0)
		return ERR_RANGE;
	*out = t;
	return ERR_NONE;
}

enum err date_parse(const char *s, time_t *out)
{
	struct tm tm = { 0 };
	enum err e;
	long zone;

	e = take_day(&s, &tm);
	if (e)
		return e;
	if (!*s)
		return end_of_day(&tm, out);
	if (!take_char(&s, 'T') && !take_char(&s, 't'))
		return ERR_SYNTAX;
	if ((e = take_time(&s, &tm)) || (e = take_zone(&s, &zone)))
		return e;
	if (*s)
		return ERR_SYNTAX;
	*out = timegm(&tm) - zone;
	return ERR_NONE;
}

void date_format(time_t t, char *out, size_t size)
{
	struct tm tm;

	if (!gmtime_r(&t, &tm)) {
		snprintf(out, size, "?");
		return;
	}
	snprintf(out, size, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		 tm.tm_min, tm.tm_sec);
}
