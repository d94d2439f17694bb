/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_number.c - numbers, durations and dates are read to the last character, or refused. */
#include "base/number.h"

#include "base/scratch.h"

#include <ctype.h>
#include <errno.h>

#include "base/banned.h"

/* Calls check with every string over the alphabet of at most 'most' characters. */
static void for_all_strings(const char *alphabet, size_t most, void (*check)(const char *s))
{
	size_t n = strlen(alphabet), digits[8] = { 0 }, len = 0;
	char s[9] = "";

	assert_true(most < ARRAY_SIZE(digits));
	for (;;) {
		size_t i = 0;

		check(s);
		/* count on, with the alphabet for digits */
		while (i < len && digits[i] == n - 1)
			digits[i++] = 0;
		if (i < len)
			digits[i]++;
		else if (++len > most)
			return;
		for (i = 0; i < len; i++)
			s[i] = alphabet[digits[i]];
	}
}

static bool all_digits(const char *s, char last)
{
	size_t n = 0;

	while (s[n] >= '0' && s[n] <= last)
		n++;
	return n && !s[n];
}

static void check_number(const char *s)
{
	bool decimal = all_digits(s, '9'), octal = all_digits(s, '7');
	unsigned long value = strtoul(s, NULL, 10), mode = strtoul(s, NULL, 8);
	uint64_t got = 4242;
	enum err e = number_parse(s, 7, 900, &got);

	assert_int_equal(e, !decimal ? ERR_SYNTAX : value < 7 || value > 900 ? ERR_RANGE : ERR_NONE);
	assert_int_equal(got, e ? 4242 : value);
	got = 4242;
	e = number_parse_octal(s, 0777, &got);
	assert_int_equal(e, !octal ? ERR_SYNTAX : mode > 0777 ? ERR_RANGE : ERR_NONE);
	assert_int_equal(got, e ? 4242 : mode);
}

static void all_short_strings_are_judged_as_by_strtoul(void **state)
{
	for_all_strings("01789 +-x.", 5, check_number);
}

static const struct {
	const char *s;
	uint64_t min, max;
	enum err e;
	uint64_t value;
} numbers[] = {
	{ "18446744073709551615", 0, UINT64_MAX, ERR_NONE, UINT64_MAX },
	{ "00018446744073709551615", 0, UINT64_MAX, ERR_NONE, UINT64_MAX },
	{ "18446744073709551616", 0, UINT64_MAX, ERR_RANGE, 0 },
	{ "18446744073709551614", 0, UINT64_MAX, ERR_NONE, UINT64_MAX - 1 },
	{ "99999999999999999999999999999999999", 0, UINT64_MAX, ERR_RANGE, 0 },
	{ "36893488147419103232", 0, 100, ERR_RANGE, 0 }, /* 2^65: zero if it wrapped */
	{ "0", 0, 0, ERR_NONE, 0 },
	{ "1\n", 0, 9, ERR_SYNTAX, 0 },
};

static void the_edges_of_64_bits_hold(void **state)
{
	uint64_t got;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		got = 0;
		assert_int_equal(number_parse(numbers[i].s, numbers[i].min, numbers[i].max, &got), numbers[i].e);
		assert_true(got == numbers[i].value);
	}
	assert_int_equal(number_parse_octal("1777777777777777777777", UINT64_MAX, &got), ERR_NONE);
	assert_true(got == UINT64_MAX);
	assert_int_equal(number_parse_octal("2000000000000000000000", UINT64_MAX, &got), ERR_RANGE);
}

/* The slow judge for strings of digits and units: one "count unit" after the other, by strtol. */
static long judge_seconds(const char *s)
{
	long total = 0;

	if (!*s)
		return -1;
	while (*s) {
		char *end;
		long count = strtol(s, &end, 10), unit = 1;

		if (end == s || !isdigit((unsigned char)*s))
			return -1;
		switch (tolower((unsigned char)*end)) {
		case '\0':
		case 's': break;
		case 'm': unit = 60; break;
		case 'h': unit = 3600; break;
		case 'd': unit = 86400; break;
		case 'w': unit = 604800; break;
		default: return -1;
		}
		total += count * unit;
		s = end + (*end != '\0');
	}
	return total;
}

static void check_duration(const char *s)
{
	long wanted = judge_seconds(s);
	uint64_t got = 4242;
	enum err e = duration_parse(s, &got);

	assert_int_equal(e, wanted < 0 ? ERR_SYNTAX : wanted > INT_MAX ? ERR_RANGE : ERR_NONE);
	assert_int_equal(got, e ? 4242 : wanted);
}

static void all_short_durations_are_judged_as_by_strtol(void **state)
{
	for_all_strings("09smhdwSW-x ", 5, check_duration);
}

static const struct {
	const char *s;
	enum err e;
	uint64_t seconds;
} durations[] = {
	{ "90", ERR_NONE, 90 },
	{ "5m", ERR_NONE, 300 },
	{ "1h30m", ERR_NONE, 5400 },
	{ "2w", ERR_NONE, 1209600 },
	{ "1W2D3H4M5S", ERR_NONE, 788645 },
	{ "1m1m", ERR_NONE, 120 },
	{ "2147483647", ERR_NONE, 2147483647 },
	{ "2147483648", ERR_RANGE, 0 },
	{ "3550w", ERR_NONE, 2147040000 },
	{ "3551w", ERR_RANGE, 0 },
	{ "2147483647s1", ERR_RANGE, 0 },
	{ "99999999999999999999w", ERR_RANGE, 0 },
	{ "99999999999999999999wx", ERR_SYNTAX, 0 },
	{ "", ERR_SYNTAX, 0 },
	{ "m", ERR_SYNTAX, 0 },
	{ "1y", ERR_SYNTAX, 0 },
	{ "-1", ERR_SYNTAX, 0 },
	{ "1 m", ERR_SYNTAX, 0 },
	{ "1mm", ERR_SYNTAX, 0 },
};

static void durations_are_those_of_sshd_config(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(durations); i++) {
		uint64_t got = 0;

		assert_int_equal(duration_parse(durations[i].s, &got), durations[i].e);
		assert_int_equal(got, durations[i].seconds);
	}
}

static void a_formatted_duration_reads_back_the_same(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} cases[] = {
		{ 0, "0" },	{ 59, "59s" },	       { 60, "1m" },   { 90, "1m30s" },
		{ 3600, "1h" }, { 86400 * 8, "1w1d" }, { 7200, "2h" }, { 2147483647, "3550w5d3h14m7s" },
	};
	char out[32];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		duration_format(cases[i].seconds, out, sizeof out);
		assert_string_equal(out, cases[i].text);
	}
	for (uint64_t n = 0; n < 2000000; n += 37) {
		uint64_t again = 1;

		duration_format(n, out, sizeof out);
		assert_int_equal(duration_parse(out, &again), ERR_NONE);
		assert_int_equal(again, n);
	}
	duration_format(UINT64_MAX, out, sizeof out);
	assert_true(strlen(out) < sizeof out);
}

static const struct {
	const char *s;
	enum err e;
	time_t t;
} dates[] = {
	{ "2027-01-31T12:00:00Z", ERR_NONE, 1801396800 },
	{ "2027-01-31t12:00:00z", ERR_NONE, 1801396800 },
	{ "2027-01-31T13:00:00+01:00", ERR_NONE, 1801396800 },
	{ "2027-01-31T08:30:00-03:30", ERR_NONE, 1801396800 },
	{ "2027-01-31T12:00:00.125Z", ERR_NONE, 1801396800 },
	{ "1970-01-01T00:00:00Z", ERR_NONE, 0 },
	{ "2000-02-29T00:00:00Z", ERR_NONE, 951782400 },
	{ "2026-02-29", ERR_RANGE, 0 },
	{ "2100-02-29T00:00:00Z", ERR_RANGE, 0 },
	{ "2027-04-31", ERR_RANGE, 0 },
	{ "2027-00-10", ERR_RANGE, 0 },
	{ "2027-13-10", ERR_RANGE, 0 },
	{ "2027-01-00", ERR_RANGE, 0 },
	{ "1969-12-31", ERR_RANGE, 0 },
	{ "2027-01-31T24:00:00Z", ERR_RANGE, 0 },
	{ "2027-01-31T12:60:00Z", ERR_RANGE, 0 },
	{ "2027-01-31T12:00:61Z", ERR_RANGE, 0 },
	{ "2027-01-31T12:00:00+24:00", ERR_RANGE, 0 },
	{ "2027-01-31T12:00:00.Z", ERR_SYNTAX, 0 },
	{ "2027-01-31T12:00:00", ERR_SYNTAX, 0 },
	{ "2027-01-31T12:00:00Z ", ERR_SYNTAX, 0 },
	{ "2027-01-31 ", ERR_SYNTAX, 0 },
	{ "2027-1-31", ERR_SYNTAX, 0 },
	{ "+027-01-31", ERR_SYNTAX, 0 },
	{ "31.1.2027", ERR_SYNTAX, 0 },
	{ "tomorrow", ERR_SYNTAX, 0 },
	{ "", ERR_SYNTAX, 0 },
};

static void dates_are_read_exactly_or_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(dates); i++) {
		time_t got = 0;

		if (date_parse(dates[i].s, &got) != dates[i].e || got != dates[i].t)
			fail_msg("'%s' gave %lld", dates[i].s, (long long)got);
	}
}

static void every_truncation_of_a_date_is_refused_but_the_day(void **state)
{
	static const char full[] = "2027-01-31T12:00:00+01:00";
	char cut[sizeof full];
	time_t t;

	for (size_t len = 0; len < sizeof full - 1; len++) {
		memcpy(cut, full, len);
		cut[len] = '\0';
		assert_int_equal(date_parse(cut, &t), len == 10 ? ERR_NONE : ERR_SYNTAX);
	}
}

static void a_day_ends_with_its_last_second_where_we_are(void **state)
{
	static const struct {
		const char *zone, *day;
		time_t t;
	} cases[] = {
		{ "UTC0", "2027-01-31", 1801439999 },
		{ "XYZ-9", "2027-01-31", 1801439999 - 9 * 3600 },
		{ "CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29", 1774821599 }, /* 23 hours long */
		{ "CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25", 1792969199 }, /* 25 hours long */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		time_t t = 0;

		setenv("TZ", cases[i].zone, 1);
		tzset();
		assert_int_equal(date_parse(cases[i].day, &t), ERR_NONE);
		assert_int_equal(t, cases[i].t);
	}
	unsetenv("TZ");
	tzset();
}

static void a_formatted_date_reads_back_the_same(void **state)
{
	char out[32];

	date_format(1795377530, out, sizeof out);
	assert_string_equal(out, "2026-11-22T19:58:50Z");
	for (time_t t = 0; t < 253402300800; t += 86400 * 13 + 12345) {
		time_t again = -1;

		date_format(t, out, sizeof out);
		assert_int_equal(date_parse(out, &again), ERR_NONE);
		assert_int_equal(again, t);
	}
	date_format((time_t)INT64_MAX, out, sizeof out);
	assert_string_equal(out, "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_short_strings_are_judged_as_by_strtoul),
		cmocka_unit_test(the_edges_of_64_bits_hold),
		cmocka_unit_test(all_short_durations_are_judged_as_by_strtol),
		cmocka_unit_test(durations_are_those_of_sshd_config),
		cmocka_unit_test(a_formatted_duration_reads_back_the_same),
		cmocka_unit_test(dates_are_read_exactly_or_refused),
		cmocka_unit_test(every_truncation_of_a_date_is_refused_but_the_day),
		cmocka_unit_test(a_day_ends_with_its_last_second_where_we_are),
		cmocka_unit_test(a_formatted_date_reads_back_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
