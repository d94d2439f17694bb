/* SPDX-License-Identifier: GPL-3.0-or-later */
/* log.c - one event a line; the journal gets its fields, too. */
#include "gate/log.h"

#include "base/clock.h"
#include "base/text.h"

#include <ctype.h>
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
#define JOURNAL_MAX 8192
#define NAME "sallyportd"

/* The one thing of a process that every part of it may reach: where it speaks. */
static struct {
	const char *role;
	int fd; /* not connected: a log daemon that was restarted is found again by its path */
	bool journal, foreground;
	struct sockaddr_un to;
	unsigned long unsaid;
} out = { .role = "", .fd = -1 };

static bool listens(int fd, const char *path, struct sockaddr_un *to)
{
	*to = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(to->sun_path, sizeof to->sun_path, "%s", path);
	return sendto(fd, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)to, sizeof *to) == 0;
}

void log_open(const char *role, bool foreground)
{
	out.role = role;
	out.foreground = foreground;
	if (out.fd < 0)
		out.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (out.fd < 0)
		return;
	out.journal = listens(out.fd, JOURNAL, &out.to);
	if (!out.journal && !listens(out.fd, SYSLOG, &out.to)) {
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

static void line_add_value(struct line *l, const char *value)
{
	const bool quoted = !*value || strpbrk(value, " \t\"=");
	struct text t = { 0 };

	text_add_escaped(&t, value, strlen(value));
	if (quoted)
		line_add(l, "\"", 1);
	for (const char *p = text_string(&t); *p; p++)
		if (*p == '"')
			line_add(l, "\\\"", 2);
		else
			line_add(l, p, 1);
	if (quoted)
		line_add(l, "\"", 1);
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

		if (!value || !*value)
			continue;
		line_add(&l, " ", 1);
		line_add(&l, name, strlen(name));
		line_add(&l, "=", 1);
		line_add_value(&l, value);
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

static void journal_say(enum log_level level, const char *message, const char *event, va_list fields)
{
	char bytes[JOURNAL_MAX], priority[] = { (char)('0' + (int)level), '\0' }, name[64];
	struct line l = { .s = bytes, .size = sizeof bytes };
	const char *field;

	journal_field(&l, "MESSAGE", message);
	journal_field(&l, "PRIORITY", priority);
	journal_field(&l, "SYSLOG_IDENTIFIER", NAME);
	journal_field(&l, "SALLYPORT_ROLE", out.role);
	journal_field(&l, "SALLYPORT_EVENT", event);
	while ((field = va_arg(fields, const char *))) {
		const char *value = va_arg(fields, const char *);

		snprintf(name, sizeof name, "SALLYPORT_%s", field);
		if (value && *value)
			journal_field(&l, name, value);
	}
	if (sendto(out.fd, bytes, l.len, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&out.to, sizeof out.to) <
	    0)
		out.unsaid++;
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
	n = snprintf(bytes, sizeof bytes, "<%d>%s " NAME "[%ld]: %s", LOG_AUTHPRIV | (int)level, when, (long)getpid(),
		     message);
	if (n < 0 || sendto(out.fd, bytes, (size_t)n < sizeof bytes ? (size_t)n : sizeof bytes - 1,
			    MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&out.to, sizeof out.to) < 0)
		out.unsaid++;
}

static void say(enum log_level level, unsigned long suppressed, const char *event, va_list fields)
{
	char message[LINE_MAX_BYTES], more[64] = "";
	va_list again;

	va_copy(again, fields);
	log_format(message, sizeof message, event, fields);
	if (suppressed)
		snprintf(more, sizeof more, " suppressed=%lu", suppressed);
	if (strlen(message) + strlen(more) < sizeof message)
		memcpy(message + strlen(message), more, strlen(more) + 1);
	if (out.fd >= 0 && out.journal)
		journal_say(level, message, event, again);
	else if (out.fd >= 0)
		syslog_say(level, message);
	if (out.fd < 0 || out.foreground)
		(void)dprintf(STDERR_FILENO, NAME "[%s]: %s\n", out.role, message);
	va_end(again);
}

/* What could not be said before is said as soon as something can. */
static void say_unsaid(void)
{
	char line[64];
	const unsigned long n = out.unsaid;

	if (!n || out.fd < 0)
		return;
	out.unsaid = 0;
	snprintf(line, sizeof line, "lost lines=%lu", n);
	if (!out.journal)
		syslog_say(LOG_LEVEL_WARNING, line);
	out.unsaid += out.unsaid ? n : 0;
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
	va_start(fields, event);
	say(level, suppressed, event, fields);
	va_end(fields);
}
