/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stanza.c - lines between two of ours. */
#include "client/stanza.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

#define BEGIN "# sallyport enroll: begin "
#define END "# sallyport enroll: end "

bool stanza_host_fits(const char *host)
{
	if (!host[0] || host[0] == '-')
		return false;
	for (const char *c = host; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f || strchr("\"'\\*?!,#%/", *c))
			return false;
	return true;
}

static bool fits(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f || *s == '"' || *s == '\\')
			return false;
	return true;
}

static bool is_plain(const char *word)
{
	return word[0] &&
	       strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@,=") == strlen(word);
}

/* A word of a command that the user's shell reads, and ssh before it. */
static void add_word(const char *word, struct text *out)
{
	if (is_plain(word)) {
		text_add_string(out, word);
		return;
	}
	text_add_string(out, "'");
	for (; *word; word++) {
		if (*word == '\'')
			text_add_string(out, "'\\''");
		else
			text_add_string(out, *word == '%' ? "%%" : (const char[]){ *word, '\0' });
	}
	text_add_string(out, "'");
}

enum err stanza_command(const struct stanza *s, struct text *out)
{
	if (!fits(s->program))
		return ERR_SYNTAX;
	for (const char *const *o = s->options; o && *o; o++)
		if (!fits(*o))
			return ERR_SYNTAX;
	add_word(s->program, out);
	text_add_string(out, " connect --alias %n --user %r");
	for (const char *const *o = s->options; o && *o; o++) {
		text_add_string(out, " ");
		add_word(*o, out);
	}
	text_add_string(out, " %h %p");
	return text_check(out);
}

bool stanza_is_ours(const char *command)
{
	return strstr(command, "sallyport") && strstr(command, " connect ");
}

/* The opposite of add_word(). */
static void word_read(const char *at, struct text *out)
{
	bool quoted = false;

	for (; *at && (quoted || *at != ' '); at++) {
		if (*at == '\'')
			quoted = !quoted;
		else if (*at == '\\' && !quoted && at[1])
			text_add_bytes(out, ++at, 1);
		else if (*at == '%' && at[1] == '%')
			text_add_bytes(out, at++, 1);
		else
			text_add_bytes(out, at, 1);
	}
}

enum err stanza_option(const char *command, const char *option, char **out)
{
	const size_t len = strlen(option);
	struct text value = { 0 };
	const char *at = stanza_is_ours(command) ? strstr(command, " connect ") : NULL;

	*out = NULL;
	while (at && (at = strstr(at + 1, option)) && (at[-1] != ' ' || at[len] != ' '))
		;
	if (!at)
		return ERR_NONE;
	word_read(at + len + 1, &value);
	if (!value.len && !value.failed)
		return ERR_NONE;
	*out = text_take(&value);
	return *out ? ERR_NONE : ERR_MEMORY;
}

enum err stanza_print(const struct stanza *s, struct text *out)
{
	enum err e;

	text_add(out, "Host %s\n\tProxyCommand ", s->host);
	if ((e = stanza_command(s, out)))
		return e;
	text_add(out, "\n\tProxyUseFdpass %s\n", s->hand_over ? "yes" : "no");
	return text_check(out);
}

/* ---- lines ---- */

struct lines {
	const char *at, *end;
};

/* The next line with its end; false: there are no more. */
static bool next(struct lines *l, const char **line, size_t *len)
{
	const char *newline;

	if (l->at == l->end)
		return false;
	newline = memchr(l->at, '\n', (size_t)(l->end - l->at));
	*line = l->at;
	l->at = newline ? newline + 1 : l->end;
	*len = (size_t)(l->at - *line);
	return true;
}

static bool is_mark(const char *line, size_t len, const char *mark, const char *host)
{
	const size_t m = strlen(mark), h = strlen(host);

	while (len && (line[len - 1] == '\n' || line[len - 1] == '\r'))
		len--;
	return len == m + h && !memcmp(line, mark, m) && !memcmp(line + m, host, h);
}

static void add_block(const char *host, const char *lines, struct text *out)
{
	if (out->len && out->s[out->len - 1] != '\n')
		text_add_string(out, "\n");
	text_add(out, BEGIN "%s\n%s" END "%s\n", host, lines, host);
}

enum err stanza_put(const char *config, size_t len, const char *host, const char *lines, struct text *out, bool *found)
{
	struct lines l = { config, config + len };
	bool inside = false, seen = false;
	const char *line;
	size_t n;

	while (next(&l, &line, &n)) {
		if (inside) {
			inside = !is_mark(line, n, END, host);
		} else if (is_mark(line, n, BEGIN, host)) {
			if (!seen && lines)
				add_block(host, lines, out);
			inside = seen = true;
		} else {
			text_add_bytes(out, line, n);
		}
	}
	if (inside)
		return ERR_SYNTAX;
	if (!seen && lines)
		add_block(host, lines, out);
	*found = seen;
	return text_check(out);
}

enum err stanza_hosts(const char *config, size_t len, struct strings *out)
{
	const size_t mark = strlen(BEGIN);
	struct lines l = { config, config + len };
	const char *line;
	size_t n;
	enum err e = ERR_NONE;

	while (!e && next(&l, &line, &n)) {
		while (n && (line[n - 1] == '\n' || line[n - 1] == '\r'))
			n--;
		if (n > mark && !memcmp(line, BEGIN, mark) && !memchr(line, '\0', n))
			e = strings_add_bytes(out, line + mark, n - mark);
	}
	return e;
}

/* A word of a line: what stands before is skipped. */
static bool takes_word(const char **line, size_t *len, const char *word)
{
	const size_t w = strlen(word);

	while (*len && strchr(" \t=\"", **line)) {
		++*line;
		--*len;
	}
	if (*len < w || strncasecmp(*line, word, w) != 0 || (*len > w && !strchr(" \t=\"\r\n", (*line)[w])))
		return false;
	*line += w;
	*len -= w;
	return true;
}

enum err stanza_include(const char *config, size_t len, struct text *out, bool *changed)
{
	struct lines l = { config, config + len };
	const char *line;
	size_t n;

	*changed = true;
	while (*changed && next(&l, &line, &n)) {
		if (takes_word(&line, &n, "Host") || takes_word(&line, &n, "Match"))
			break;
		if (takes_word(&line, &n, "Include") &&
		    (takes_word(&line, &n, STANZA_FILE) || takes_word(&line, &n, "~/.ssh/" STANZA_FILE)))
			*changed = false;
	}
	if (*changed)
		text_add_string(out, "Include " STANZA_FILE "\n");
	text_add_bytes(out, config, len);
	return text_check(out);
}
