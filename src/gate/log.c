/* SPDX-License-Identifier: GPL-3.0-or-later */
/* log.c - one event a line; the journal gets its fields, too. */
#include "gate/log.h"

#include "base/clock.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define JOURNAL "/run/systemd/journal/socket"
#define SYSLOG "/dev/log"
#define LINE_MAX_BYTES 1024
#define VALUE_MAX_BYTES 300 /* in the line, escaped; the journal's fields have all of it */
#define JOURNAL_MAX 8192
#define NAME "sallyportd"
#define FACILITY LOG_AUTHPRIV

/* The one thing of a process that every part of it may reach: where it speaks. */
static struct {
	const char *role;
	/*
	 * Not connected: a log daemon that was restarted, and made its socket anew, is found again by its path. Seccomp leaves
	 * sendto(2), and Landlock has no rule about such sockets.
	 */
	int fd;
	bool journal, foreground;
	struct sockaddr_un to;
	unsigned long unsaid;
} out = { .role = "", .fd = -1 };

static bool send_bytes(const char *bytes, size_t len)
{
	return sendto(out.fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&out.to,
		      sizeof out.to) >= 0;
}

/* An empty datagram is no message to either. Who has no time at this moment is there all the same. */
static bool listens(const char *path)
{
	out.to = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(out.to.sun_path, sizeof out.to.sun_path, "%s", path);
	return send_bytes("", 0) || errno == EAGAIN || errno == ENOBUFS;
}

void log_open(const char *role, bool foreground)
{
	out.role = role;
	out.foreground = foreground;
	tzset(); /* reads a file, which the sandbox would not let it */
	if (out.fd < 0)
		out.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (out.fd < 0)
		return;
	out.journal = listens(JOURNAL);
	if (!out.journal && !listens(SYSLOG)) {
		close(out.fd);
		out.fd = -1;
	}
}

/* ---- the line ---- */

/* Bounded text; what does not fit is left out whole, so that no escape is cut in two. */
struct line {
	char *s;
	size_t size, len;
};

static void line_add(struct line *l, const char *s, size_t len)
{
	if (len >= l->size - l->len)
		len = 0;
	memcpy(l->s + l->len, s, len);
	l->len += len;
	l->s[l->len] = '\0';
}

/* Cut between characters, so that no escape is cut in two. */
static void value_add(struct text *t, const char *value)
{
	const size_t len = strlen(value), begin = t->len;
	size_t n;

	for (size_t i = 0; i < len && t->len - begin <= VALUE_MAX_BYTES; i += n) {
		n = text_utf8_length(value + i, len - i);
		n = n ? n : 1;
		if (value[i] == '"')
			text_add_string(t, "\\\"");
		else
			text_add_escaped(t, value + i, n);
		if (t->len - begin > VALUE_MAX_BYTES && i + n < len)
			text_add_string(t, "...");
	}
}

static void line_add_field(struct line *l, const char *name, const char *value)
{
	const char *quote = strpbrk(value, " \t\"=") ? "\"" : "";
	struct text t = { 0 };

	text_add(&t, " %s=%s", name, quote);
	value_add(&t, value);
	text_add_string(&t, quote);
	if (text_check(&t) == ERR_NONE)
		line_add(l, t.s, t.len);
	text_free(&t);
}

void log_format(char *to, size_t size, const char *event, va_list fields)
{
	struct line l = { .s = to, .size = size };
	const char *name;

	if (!size)
		return;
	*to = '\0';
	line_add(&l, event, strlen(event));
	while ((name = va_arg(fields, const char *))) {
		const char *value = va_arg(fields, const char *);

		if (value && *value)
			line_add_field(&l, name, value);
	}
}

/* ---- the journal's own protocol: NAME, newline, length (64 bits, low byte first), bytes, newline ---- */

static void journal_field(struct line *l, const char *name, const char *value)
{
	char upper[64];
	uint8_t size[8];
	size_t n = 0, len = strlen(value);

	for (; name[n] && n < sizeof upper - 1; n++)
		upper[n] = (char)(name[n] == '-' ? '_' : toupper((unsigned char)name[n]));
	if (n + sizeof size + len + 2 >= l->size - l->len)
		return;
	for (size_t i = 0; i < sizeof size; i++)
		size[i] = (uint8_t)((uint64_t)len >> (8 * i));
	line_add(l, upper, n);
	line_add(l, "\n", 1);
	memcpy(l->s + l->len, size, sizeof size);
	l->len += sizeof size;
	line_add(l, value, len);
	line_add(l, "\n", 1);
}

static void journal_say(enum log_level level, const char *message, const char *suppressed, const char *event,
			va_list fields)
{
	char bytes[JOURNAL_MAX], facility[8], priority[] = { (char)('0' + (int)level), '\0' }, name[64];
	struct line l = { .s = bytes, .size = sizeof bytes };
	const char *field;

	snprintf(facility, sizeof facility, "%d", LOG_FAC(FACILITY));
	journal_field(&l, "MESSAGE", message);
	journal_field(&l, "PRIORITY", priority);
	journal_field(&l, "SYSLOG_FACILITY", facility);
	journal_field(&l, "SYSLOG_IDENTIFIER", NAME);
	journal_field(&l, "SALLYPORT_ROLE", out.role);
	journal_field(&l, "SALLYPORT_EVENT", event);
	if (*suppressed)
		journal_field(&l, "SALLYPORT_SUPPRESSED", suppressed);
	while ((field = va_arg(fields, const char *))) {
		const char *value = va_arg(fields, const char *);

		snprintf(name, sizeof name, "SALLYPORT_%s", field);
		if (value && *value)
			journal_field(&l, name, value);
	}
	out.unsaid += !send_bytes(bytes, l.len);
}

/* RFC 3164 as syslog(3) writes it. */
static void syslog_say(enum log_level level, const char *message)
{
	char bytes[LINE_MAX_BYTES + 128], when[32] = "";
	const time_t now = clock_wall();
	struct tm tm;
	int n;

	if (localtime_r(&now, &tm))
		strftime(when, sizeof when, "%b %e %H:%M:%S", &tm);
	n = snprintf(bytes, sizeof bytes, "<%d>%s " NAME "[%ld]: %s", FACILITY | (int)level, when, (long)getpid(),
		     message);
	out.unsaid += n < 0 || !send_bytes(bytes, (size_t)n < sizeof bytes ? (size_t)n : sizeof bytes - 1);
}

/* A pipe that nobody empties must not stop us, nor one that nobody reads any more end us. */
static void stderr_say(const char *message)
{
	struct pollfd room = { .fd = STDERR_FILENO, .events = POLLOUT };
	char line[LINE_MAX_BYTES + 64];
	int n;

	if (poll(&room, 1, 0) >= 0 && room.revents != POLLOUT) {
		out.unsaid += out.fd < 0; /* it stands nowhere else */
		return;
	}
	/* dprintf(3) looks at the file before it writes, which a role that is locked in may not. */
	n = snprintf(line, sizeof line, NAME "[%s]: %s\n", out.role, message);
	if (n > 0)
		(void)!write(STDERR_FILENO, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

static void say(enum log_level level, unsigned long suppressed, const char *event, va_list fields)
{
	char message[LINE_MAX_BYTES], count[24] = "";
	struct line l = { .s = message, .size = sizeof message };
	va_list again;

	va_copy(again, fields);
	log_format(message, sizeof message - sizeof count - strlen(" suppressed="), event, fields);
	l.len = strlen(message);
	if (suppressed) {
		snprintf(count, sizeof count, "%lu", suppressed);
		line_add_field(&l, "suppressed", count);
	}
	if (out.fd >= 0 && out.journal)
		journal_say(level, message, count, event, again);
	else if (out.fd >= 0)
		syslog_say(level, message);
	if (out.fd < 0 || out.foreground)
		stderr_say(message);
	va_end(again);
}

static void say_fields(enum log_level level, const char *event, ...) __attribute__((sentinel));
static void say_fields(enum log_level level, const char *event, ...)
{
	va_list fields;

	va_start(fields, event);
	say(level, 0, event, fields);
	va_end(fields);
}

/* What could not be said before is said as soon as something can. */
static void say_unsaid(void)
{
	const unsigned long n = out.unsaid;
	char lines[24];

	if (!n)
		return;
	out.unsaid = 0;
	snprintf(lines, sizeof lines, "%lu", n);
	say_fields(LOG_LEVEL_WARNING, "lost", "lines", lines, NULL);
	if (out.unsaid)
		out.unsaid = n; /* this line is none that anybody misses */
}

void log_event(enum log_level level, const char *event, ...)
{
	va_list fields;

	say_unsaid();
	va_start(fields, event);
	say(level, 0, event, fields);
	va_end(fields);
}

void log_event_limited(struct log_limit *limit, enum log_level level, const char *event, ...)
{
	const uint64_t now = clock_boot_ms();
	unsigned long suppressed;
	va_list fields;

	if (!limit->begun)
		*limit = (struct log_limit){ limit->burst, limit->every_seconds, .tokens = limit->burst, .last_ms = now,
					     .begun = true };
	limit->tokens += (double)(now - limit->last_ms) / 1000 / (limit->every_seconds ? limit->every_seconds : 1);
	limit->tokens = limit->tokens > limit->burst ? limit->burst : limit->tokens;
	limit->last_ms = now;
	if (limit->tokens < 1) {
		limit->suppressed++;
		return;
	}
	limit->tokens--;
	suppressed = limit->suppressed;
	limit->suppressed = 0;
	say_unsaid();
	va_start(fields, event);
	say(level, suppressed, event, fields);
	va_end(fields);
}
