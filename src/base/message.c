/* SPDX-License-Identifier: GPL-3.0-or-later */
/* message.c - one line on stderr at a time, in one form, that no outside text can break. */
#include "base/message.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define TROUBLE 2 /* the exit status, as in diff and grep */

static int level;
static int color_choice;
static bool bar;

void message_set_level(int new_level)
{
	level = new_level;
}

bool message_quiet(void)
{
	return level < 0;
}

void message_set_bar(bool stands)
{
	bar = stands;
}

void message_set_color(int choice)
{
	color_choice = choice;
}

bool message_color_on(int fd)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (color_choice)
		return color_choice == 1;
	if (no_color && no_color[0])
		return false;
	return term && term[0] && strcmp(term, "dumb") != 0 && isatty(fd);
}

/* Escapes what could disturb a terminal; line ends are ours, and what was escaped before is not escaped again. */
static void add_calmed(struct text *t, const char *s)
{
	while (*s) {
		size_t len = strcspn(s, "\\\n");

		text_add_escaped(t, s, len);
		s += len;
		if (*s)
			text_add_bytes(t, s++, 1);
	}
}

static void say(const char *start, const char *reason, const char *format, va_list ap)
{
	struct text what = { 0 }, line = { 0 };
	int kept = errno;

	text_addv(&what, format, ap);
	text_add_string(&line, start);
	add_calmed(&line, text_string(&what));
	if (reason)
		text_add(&line, ": %s", reason);
	text_add_string(&line, "\n");
	/* what was said before on stdout comes before */
	fflush(stdout);
	if (bar)
		fputs("\r\033[K", stderr);
	if (text_check(&what) || text_check(&line))
		fprintf(stderr, "%s%s\n", start, reason ? reason : err_text(ERR_MEMORY));
	else
		fwrite(line.s, 1, line.len, stderr);
	text_free(&what);
	text_free(&line);
	errno = kept;
}

int fail(enum err e, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("sallyport: ", err_text(e), format, ap);
	va_end(ap);
	return TROUBLE;
}

int complain(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("sallyport: ", NULL, format, ap);
	va_end(ap);
	return TROUBLE;
}

void hint(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("hint: ", NULL, format, ap);
	va_end(ap);
}

void warn(const char *format, ...)
{
	va_list ap;

	if (level < 0)
		return;
	va_start(ap, format);
	say("sallyport: warning: ", NULL, format, ap);
	va_end(ap);
}

void inform(const char *format, ...)
{
	va_list ap;

	if (level < 0)
		return;
	va_start(ap, format);
	say("", NULL, format, ap);
	va_end(ap);
}

void verbose(const char *format, ...)
{
	va_list ap;

	if (level < 1)
		return;
	va_start(ap, format);
	say("", NULL, format, ap);
	va_end(ap);
}
