/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate_settings.c - edit the text of sallyportd.conf, and ask sallyportd what it says. */
#include "harden/gate_settings.h"

#include "base/child.h"
#include "harden/gate_service.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

#define ASK_MS 20000

static enum err ask(const char *option, const char *file, struct child_result *r)
{
	const char *argv[] = { gate_program, option, "-f", file, NULL };

	return child_run(argv, NULL, ASK_MS, 1u << 20, r);
}

static enum err lines_take(const char *text, struct strings *out)
{
	enum err e = ERR_NONE;

	/* an empty line, then the table follows */
	while (!e && *text && *text != '\n') {
		size_t len = strcspn(text, "\n");

		e = strings_add_bytes(out, text, len);
		text += len + (text[len] == '\n');
	}
	return e;
}

enum err gate_settings_ask(const char *file, struct gate_settings *out, char **complaint)
{
	struct child_result r = { 0 };
	struct gate_settings s = { 0 };
	enum err e = ask("-T", file, &r);

	*complaint = NULL;
	if (!e && r.status != 0) {
		*complaint = text_take(&r.err);
		e = ERR_CONFIG;
	} else if (!e) {
		e = lines_take(text_string(&r.out), &s.lines);
	}
	child_result_free(&r);
	if (e)
		gate_settings_clear(&s);
	else
		*out = s;
	return e;
}

enum err gate_settings_check(const char *file, char **said)
{
	struct child_result r = { 0 };
	enum err e = ask("-t", file, &r);

	*said = NULL;
	if (!e && r.err.len)
		*said = text_take(&r.err);
	if (!e && r.status != 0)
		e = ERR_CONFIG;
	child_result_free(&r);
	return e;
}

enum err gate_settings_values(const struct gate_settings *s, const char *keyword, struct strings *out)
{
	const size_t len = strlen(keyword);
	enum err e = ERR_NONE;

	for (size_t i = 0; i < s->lines.n && !e; i++)
		if (strncasecmp(s->lines.v[i], keyword, len) == 0 && s->lines.v[i][len] == ' ')
			e = strings_add(out, s->lines.v[i] + len + 1);
	return e;
}

void gate_settings_clear(struct gate_settings *s)
{
	strings_free(&s->lines);
}

/* ---- the text ---- */

static bool sets(const char *line, const char *keyword)
{
	const size_t len = strlen(keyword);

	line += strspn(line, " \t\"");
	return strncasecmp(line, keyword, len) == 0 && strchr(" \t=\"\n", line[len]);
}

bool gate_text_has(const char *text, const char *keyword)
{
	while (*text) {
		if (sets(text, keyword))
			return true;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return false;
}

enum err gate_text_set(const char *text, const char *keyword, const struct strings *values, struct text *out)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (!sets(text, keyword)) {
			text_add_bytes(out, text, len);
			text_add_string(out, "\n");
		}
		text += len + (text[len] == '\n');
	}
	if (values->n) {
		text_add(out, "%s ", keyword);
		strings_join(values, " ", out);
		text_add_string(out, "\n");
	}
	return text_check(out);
}
