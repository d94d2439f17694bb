/* SPDX-License-Identifier: GPL-3.0-or-later */
/* notice.c - a banner read with a stranger's eyes. */
#include "audit/notice.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>

#include "base/banned.h"

#define LINES_MAX 25
#define COLUMNS_MAX 79
#define WORD_MIN 3 /* shorter ones stand in any text */

/* The word as a whole, upper and lower case alike. */
static bool has_word(const char *content, const char *word)
{
	size_t len = strlen(word);

	if (len < WORD_MIN)
		return false;
	for (const char *at = content; (at = strcasestr(at, word)); at++) {
		bool begins = at == content || !isalnum((unsigned char)at[-1]);

		if (begins && !isalnum((unsigned char)at[len]))
			return true;
	}
	return false;
}

static enum err leak_word(const char *content, const char *word, const char *what, struct strings *out)
{
	if (!word || !has_word(content, word))
		return ERR_NONE;
	return strings_add_format(out, "%s '%s'", what, word);
}

/* "Debian GNU/Linux 12 (bookworm)": the first word is the name, the ones with digits or in brackets the version. */
static enum err leak_system(const struct facts *f, const char *content, struct strings *out)
{
	struct strings words = { 0 };
	enum err e = strings_split(&words, f->os, " ()");

	for (size_t i = 0; e == ERR_NONE && i < words.n; i++)
		if (i == 0 || i + 1 == words.n)
			e = leak_word(content, words.v[i], "the system", out);
	strings_free(&words);
	return e;
}

static enum err leak_form(const char *content, size_t len, struct strings *out)
{
	unsigned lines = 0, longest = 0, column = 0;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < len && e == ERR_NONE; i++) {
		unsigned char c = (unsigned char)content[i];

		if (c == '\\' && i + 1 < len && strchr("dlmnorstuUSv4", content[i + 1]))
			e = strings_add_format(out, "'\\%c' is sent as it stands: only agetty knows it",
					       content[i + 1]);
		else if ((c < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7f)
			e = strings_add_format(out, "control character \\x%02x in line %u", c, lines + 1);
		lines += c == '\n';
		column = c == '\n' ? 0 : column + 1;
		longest = column > longest ? column : longest;
	}
	if (e == ERR_NONE && lines > LINES_MAX)
		e = strings_add_format(out, "%u lines: nobody reads more than %u", lines, LINES_MAX);
	if (e == ERR_NONE && longest > COLUMNS_MAX)
		e = strings_add_format(out, "a line of %u columns: terminals show %u", longest, COLUMNS_MAX);
	return e;
}

enum err notice_leaks(const struct facts *f, const char *content, size_t len, struct strings *out)
{
	struct utsname kernel;
	enum err e;

	if ((e = leak_word(content, f->hostname, "the host's name", out)) || (e = leak_system(f, content, out)) ||
	    (e = leak_word(content, f->openssh, "the version of OpenSSH", out)))
		return e;
	if (f->live && uname(&kernel) == 0 && (e = leak_word(content, kernel.release, "the kernel", out)))
		return e;
	return leak_form(content, len, out);
}
