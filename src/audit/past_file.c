/* SPDX-License-Identifier: GPL-3.0-or-later */
/* past_file.c - accepted logins from the files that syslog writes, plain or compressed. */
#include "audit/past_log.h"

#include "audit/unpack.h"
#include "base/clock.h"
#include "base/file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define LINE_MAX_BYTES 8192
#define FILES_MAX 400
#define BYTES_MAX (4ull << 30) /* of all files together, unpacked */
#define TIME_MS 30000
#define BLOCK 16384
#define DAY 86400

/* ---- time stamps ---- */

static bool two_digits(const char *s, int max, int *out)
{
	if (!isdigit((unsigned char)s[0]) || !isdigit((unsigned char)s[1]))
		return false;
	*out = (s[0] - '0') * 10 + s[1] - '0';
	return *out <= max;
}

/* "23:59:60", and what stands before: ERR_NONE unless a digit is missing. */
static bool clock_parts(const char *s, int *h, int *m, int *sec)
{
	return two_digits(s, 23, h) && s[2] == ':' && two_digits(s + 3, 59, m) && s[5] == ':' &&
	       two_digits(s + 6, 60, sec);
}

static time_t days_from_civil(long y, int m, int d)
{
	long era, of_era, day;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	of_era = y - era * 400;
	day = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + day - 719468;
}

/* "2026-11-22T19:58:50.123456+01:00", as rsyslog writes it since Debian 12. */
static bool stamp_rfc3339(const char *s, size_t len, time_t *out)
{
	int century, year, month, day, h, m, sec, zone_h = 0, zone_m = 0;
	size_t i = 19;

	if (len < 20 || !two_digits(s, 99, &century) || !two_digits(s + 2, 99, &year) || s[4] != '-' ||
	    !two_digits(s + 5, 12, &month) || s[7] != '-' || !two_digits(s + 8, 31, &day) || s[10] != 'T' ||
	    !clock_parts(s + 11, &h, &m, &sec) || !month || !day)
		return false;
	if (s[i] == '.')
		for (i++; i < len && isdigit((unsigned char)s[i]); i++)
			;
	if (i + 6 == len && (s[i] == '+' || s[i] == '-')) {
		if (!two_digits(s + i + 1, 23, &zone_h) || s[i + 3] != ':' || !two_digits(s + i + 4, 59, &zone_m))
			return false;
	} else if (i + 1 != len || s[i] != 'Z') {
		return false;
	}
	*out = days_from_civil(century * 100 + year, month, day) * DAY + h * 3600 + m * 60 + sec -
	       (s[i] == '-' ? -1 : 1) * (zone_h * 3600 + zone_m * 60);
	return true;
}

static bool month_number(const char *s, int *out)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++)
		if (memcmp(names + 3 * i, s, 3) == 0) {
			*out = i;
			return true;
		}
	return false;
}

/* The last year before 'now' that has this day. */
static bool place_in_year(const struct tm *wanted, time_t now, time_t *out)
{
	struct tm tm;

	localtime_r(&now, &tm);
	for (int year = tm.tm_year; year > tm.tm_year - 2; year--) {
		struct tm t = *wanted;
		time_t when;

		t.tm_year = year;
		t.tm_isdst = -1;
		when = mktime(&t);
		if (when == (time_t)-1 || t.tm_mday != wanted->tm_mday || when > now + DAY)
			continue;
		*out = when;
		return true;
	}
	return false;
}

/* " 2", "22" */
static bool day_number(const char *s, int *out)
{
	char padded[2] = { s[0] == ' ' ? '0' : s[0], s[1] };

	return two_digits(padded, 31, out) && *out > 0;
}

/* "Nov  2 10:00:00", local time, without a year. mktime() is slow: once for each minute. */
static bool stamp_traditional(struct past_lines *l, const char *s, time_t *out)
{
	struct tm t = { 0 };
	int sec;

	if (!clock_parts(s + 7, &t.tm_hour, &t.tm_min, &sec))
		return false;
	if (memcmp(l->stamp, s, 12) != 0 || !l->minute) {
		if (!month_number(s, &t.tm_mon) || !day_number(s + 4, &t.tm_mday) ||
		    !place_in_year(&t, past_log_now(l->log), &l->minute))
			return false;
		memcpy(l->stamp, s, 12);
	}
	*out = l->minute + sec;
	return true;
}

/* The length of the stamp and the blank behind it; 0: there is none. */
static size_t stamp_length(const char *s, size_t len)
{
	const char *blank;

	if (len > 16 && s[3] == ' ' && s[6] == ' ' && s[9] == ':' && s[12] == ':' && s[15] == ' ')
		return 16;
	if (len < 21 || !isdigit((unsigned char)s[0]) || s[10] != 'T')
		return 0;
	blank = memchr(s, ' ', len < 40 ? len : 40);
	return blank ? (size_t)(blank - s) + 1 : 0;
}

static bool stamp_time(struct past_lines *l, const char *s, size_t len, time_t *out)
{
	return len == 16 && s[3] == ' ' ? stamp_traditional(l, s, out) : stamp_rfc3339(s, len - 1, out);
}

/* ---- lines ---- */

/* "host sshd[4711]: message": only at this place is it sshd's own tag. */
static const char *message_of(const char *s, const char *end, unsigned long *pid)
{
	const char *host = memchr(s, ' ', (size_t)(end - s));
	unsigned long n = 0;

	if (!host || host == s)
		return NULL;
	s = host + 1;
	if (end - s < 8 || memcmp(s, "sshd", 4) != 0)
		return NULL;
	s += 4;
	if ((size_t)(end - s) > 8 && memcmp(s, "-session", 8) == 0)
		s += 8;
	if (*s++ != '[')
		return NULL;
	for (; s < end && isdigit((unsigned char)*s) && n < 100000000; s++)
		n = n * 10 + (unsigned long)(*s - '0');
	if (!n || end - s < 3 || memcmp(s, "]: ", 3) != 0)
		return NULL;
	*pid = n;
	return s + 3;
}

static enum err take_line(struct past_lines *l, const char *s, size_t len)
{
	size_t stamp = stamp_length(s, len);
	const char *message;
	unsigned long pid;
	time_t when;

	if (!stamp)
		return ERR_NONE;
	if (!l->seen && stamp_time(l, s, stamp, &when)) {
		l->seen = true;
		past_log_reaches(l->log, when);
	}
	message = message_of(s + stamp, s + len, &pid);
	if (!message || !past_saying_likely(message, (size_t)(s + len - message)) || !stamp_time(l, s, stamp, &when))
		return ERR_NONE;
	return past_log_say(l->log, when, pid, message, (size_t)(s + len - message), true);
}

static enum err keep_rest(struct past_lines *l, const char *bytes, size_t len)
{
	if (l->too_long || l->rest.len + len > LINE_MAX_BYTES) {
		l->too_long = true;
		text_reset(&l->rest);
		return ERR_NONE;
	}
	text_add_bytes(&l->rest, bytes, len);
	return text_check(&l->rest);
}

static enum err end_rest(struct past_lines *l)
{
	enum err e = l->too_long || !l->rest.len ? ERR_NONE : take_line(l, l->rest.s, l->rest.len);

	l->too_long = false;
	text_reset(&l->rest);
	return e;
}

enum err past_lines_feed(struct past_lines *l, const char *bytes, size_t len)
{
	const char *end;
	enum err e;

	while (len && (end = memchr(bytes, '\n', len))) {
		size_t n = (size_t)(end - bytes);

		if (l->rest.len || l->too_long)
			e = (e = keep_rest(l, bytes, n)) ? e : end_rest(l);
		else
			e = n <= LINE_MAX_BYTES ? take_line(l, bytes, n) : ERR_NONE;
		if (e)
			return e;
		bytes = end + 1;
		len -= n + 1;
	}
	return len ? keep_rest(l, bytes, len) : ERR_NONE;
}

enum err past_lines_end(struct past_lines *l)
{
	enum err e = end_rest(l);

	text_free(&l->rest);
	return e;
}

enum err past_file_parse(const char *content, size_t len, time_t since, time_t now, struct past_logins *out)
{
	struct past_log *p = NULL;
	struct past_lines l = { 0 };
	enum err e = past_log_new(since, now, &p), last;

	if (e)
		return e;
	l.log = p;
	e = past_log_adopt(p, out);
	if (e == ERR_NONE)
		e = past_lines_feed(&l, content, len);
	last = past_lines_end(&l);
	past_log_take(p, out);
	past_log_free(p);
	return e ? e : last;
}

/* ---- files ---- */

struct file {
	char *path; /* borrowed */
	struct stat st;
};

struct budget {
	unsigned long long bytes;
	uint64_t end_ms;
};

static enum err feed(struct unpack *u, struct past_lines *l, struct budget *b)
{
	char block[BLOCK];
	size_t n = 0;
	enum err e;

	while ((e = unpack_read(u, block, sizeof block, &n)) == ERR_NONE && n) {
		if (n > b->bytes || clock_boot_ms() > b->end_ms)
			return ERR_TIMEOUT;
		b->bytes -= n;
		if ((e = past_lines_feed(l, block, n)))
			return e;
	}
	return e;
}

static enum err read_packed(int fd, struct past_log *p, struct budget *b)
{
	struct past_lines l = { .log = p };
	struct unpack *u = NULL;
	enum err e = unpack_new(fd, &u), last;

	if (e == ERR_NONE)
		e = feed(u, &l, b);
	last = past_lines_end(&l);
	unpack_free(u);
	return e ? e : last;
}

static enum err read_one(const struct root *r, const struct file *f, struct past_log *p, struct budget *b,
			 struct past_logins *notes)
{
	int fd = -1;
	enum err e, add;

	if ((e = root_open_file(r, f->path, O_RDONLY | O_NONBLOCK, 0, &fd))) {
		past_incomplete(notes, "%s: %s", f->path, err_text(e));
		return e == ERR_MEMORY ? e : ERR_NONE;
	}
	e = read_packed(fd, p, b);
	file_close(fd);
	if (e == ERR_MEMORY)
		return e;
	if (e == ERR_TIMEOUT)
		past_incomplete(notes, "%s: the logs are larger than is looked at", f->path);
	else if (e == ERR_SYNTAX || e == ERR_SHORT)
		past_incomplete(notes, "%s: damaged", f->path);
	else if (e)
		past_incomplete(notes, "%s: %s", f->path, err_text(e));
	add = strings_add(&notes->sources, f->path);
	return add ? add : e == ERR_TIMEOUT ? e : ERR_NONE;
}

static int oldest_first(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	if (x->st.st_mtim.tv_sec != y->st.st_mtim.tv_sec)
		return x->st.st_mtim.tv_sec < y->st.st_mtim.tv_sec ? -1 : 1;
	if (x->st.st_mtim.tv_nsec != y->st.st_mtim.tv_nsec)
		return x->st.st_mtim.tv_nsec < y->st.st_mtim.tv_nsec ? -1 : 1;
	return -strcmp(x->path, y->path); /* auth.log.1 is older than auth.log */
}

/* Those that can hold an entry of our time: the last line of a file is as old as the file. */
static size_t choose_files(const struct root *r, const struct strings *names, time_t since, struct file *out,
			   struct past_logins *notes)
{
	size_t n = 0;

	for (size_t i = 0; i < names->n && n < FILES_MAX; i++) {
		struct file *f = &out[n];

		f->path = names->v[i];
		if (root_stat(r, f->path, &f->st) == ERR_NONE && S_ISREG(f->st.st_mode) && f->st.st_size > 0 &&
		    f->st.st_mtim.tv_sec >= since)
			n++;
	}
	if (names->n > FILES_MAX)
		past_incomplete(notes, "there are more log files than are looked at");
	return n;
}

enum err past_files_read(const struct root *r, struct past_log *p, struct past_logins *notes)
{
	static const char *const patterns[] = { "/var/log/auth.log*", "/var/log/secure*" };
	struct budget b = { .bytes = BYTES_MAX, .end_ms = clock_boot_ms() + TIME_MS };
	struct strings names = { 0 };
	struct file *files = NULL;
	size_t n = 0;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(patterns) && e != ERR_MEMORY; i++) {
		e = root_glob(r, patterns[i], &names);
		if (e && e != ERR_MEMORY)
			past_incomplete(notes, "%s: %s", patterns[i], err_text(e));
	}
	if (e != ERR_MEMORY && !(files = calloc(FILES_MAX, sizeof *files)))
		e = ERR_MEMORY;
	if (e != ERR_MEMORY) {
		e = ERR_NONE;
		n = choose_files(r, &names, past_log_since(p), files, notes);
	}
	if (n)
		qsort(files, n, sizeof *files, oldest_first);
	for (size_t i = 0; e == ERR_NONE && i < n; i++)
		e = read_one(r, &files[i], p, &b, notes);
	free(files);
	strings_free(&names);
	return e == ERR_TIMEOUT ? ERR_NONE : e;
}
