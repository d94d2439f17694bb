/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finding.c - fill in what a rule says: evidence, texts and planned changes. */
#include "audit/finding.h"

#include "audit/rule.h"
#include "base/text.h"
#include "sshd/version.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* One more than any rule has use for; an account list of thousands must not make a report of thousands of lines. */
#define EVIDENCE_MAX 64

static char *escaped(const char *format, va_list ap)
{
	struct text raw = { 0 }, out = { 0 };

	text_addv(&raw, format, ap);
	text_add_escaped(&out, text_string(&raw), raw.len);
	if (!out.s)
		text_add_string(&out, ""); /* an empty text is one, too */
	if (raw.failed)
		text_free(&out);
	text_free(&raw);
	return text_take(&out);
}

static enum err put_text(char **to, char *s)
{
	if (!s)
		return ERR_MEMORY;
	free(*to);
	*to = s;
	return ERR_NONE;
}

enum err finding_evidence(struct finding *f, const char *file, unsigned line, const char *format, ...)
{
	struct evidence e = { .line = line }, *v;
	va_list ap;

	if (f->nevidence >= EVIDENCE_MAX)
		return ERR_NONE;
	va_start(ap, format);
	e.text = escaped(format, ap);
	va_end(ap);
	e.file = file ? strdup(file) : NULL;
	v = realloc(f->evidence, (f->nevidence + 1) * sizeof *v);
	if (v)
		f->evidence = v;
	if (!v || !e.text || (file && !e.file)) {
		free(e.text);
		free(e.file);
		return ERR_MEMORY;
	}
	f->evidence[f->nevidence++] = e;
	return ERR_NONE;
}

enum err finding_detail(struct finding *f, const char *format, ...)
{
	va_list ap;
	char *s;

	va_start(ap, format);
	s = escaped(format, ap);
	va_end(ap);
	return put_text(&f->detail, s);
}

enum err finding_reason(struct finding *f, const char *format, ...)
{
	va_list ap;
	char *s;

	va_start(ap, format);
	s = escaped(format, ap);
	va_end(ap);
	return put_text(&f->reason, s);
}

enum err finding_fix(struct finding *f, const char *command, const char *format, ...)
{
	va_list ap;
	char *s;
	enum err e;

	va_start(ap, format);
	s = escaped(format, ap);
	va_end(ap);
	if ((e = put_text(&f->fix, s)) || !command)
		return e;
	return put_text(&f->command, strdup(command));
}

static void change_clear(struct change *c)
{
	free(c->args);
	free(c->path);
	free(c->content);
}

/* Takes copies of the strings in c. */
static enum err add_change(struct finding *f, struct change c)
{
	struct change *v, copy = c;

	copy.rule = f->rule ? f->rule->id : NULL;
	copy.args = c.args ? strdup(c.args) : NULL;
	copy.path = c.path ? strdup(c.path) : NULL;
	copy.content = c.content ? strdup(c.content) : NULL;
	v = realloc(f->changes, (f->nchanges + 1) * sizeof *v);
	if (v)
		f->changes = v;
	if (!v || (c.args && !copy.args) || (c.path && !copy.path) || (c.content && !copy.content)) {
		change_clear(&copy);
		return ERR_MEMORY;
	}
	f->changes[f->nchanges++] = copy;
	return ERR_NONE;
}

enum err finding_set(struct finding *f, enum sshd_keyword_id keyword, const char *args)
{
	return add_change(f, (struct change){ .kind = CHANGE_SET, .keyword = keyword, .args = (char *)args });
}

enum err finding_set_default(struct finding *f, enum sshd_keyword_id keyword, const char *args)
{
	return add_change(
		f,
		(struct change){ .kind = CHANGE_SET, .keyword = keyword, .args = (char *)args, .match_keeps = true });
}

enum err finding_add(struct finding *f, enum sshd_keyword_id keyword, const char *args)
{
	return add_change(f, (struct change){ .kind = CHANGE_ADD, .keyword = keyword, .args = (char *)args });
}

enum err finding_word_add(struct finding *f, const char *path, unsigned line, const char *word)
{
	return add_change(
		f,
		(struct change){ .kind = CHANGE_WORD_ADD, .path = (char *)path, .line = line, .args = (char *)word });
}

enum err finding_word_remove(struct finding *f, const char *path, unsigned line, const char *word)
{
	return add_change(
		f, (struct change){
			   .kind = CHANGE_WORD_REMOVE, .path = (char *)path, .line = line, .args = (char *)word });
}

enum err finding_create(struct finding *f, const char *path, const char *content, mode_t mode)
{
	return add_change(
		f, (struct change){
			   .kind = CHANGE_CREATE, .path = (char *)path, .content = (char *)content, .mode = mode });
}

enum err finding_write(struct finding *f, const char *path, const char *content, mode_t mode)
{
	return add_change(
		f, (struct change){
			   .kind = CHANGE_WRITE, .path = (char *)path, .content = (char *)content, .mode = mode });
}

enum err finding_moduli(struct finding *f, const char *path, unsigned bits)
{
	return add_change(f, (struct change){ .kind = CHANGE_MODULI, .path = (char *)path, .bits = bits });
}

enum err finding_mode(struct finding *f, const char *path, mode_t mode)
{
	return add_change(f, (struct change){ .kind = CHANGE_MODE, .path = (char *)path, .mode = mode });
}

void finding_clear(struct finding *f)
{
	for (size_t i = 0; i < f->nevidence; i++) {
		free(f->evidence[i].file);
		free(f->evidence[i].text);
	}
	for (size_t i = 0; i < f->nchanges; i++)
		change_clear(&f->changes[i]);
	free(f->evidence);
	free(f->changes);
	free(f->detail);
	free(f->reason);
	free(f->fix);
	free(f->command);
	free(f->accepted_reason);
	free(f->accepted_by);
	*f = (struct finding){ 0 };
}

const char *status_text(enum status s)
{
	static const char *const texts[STATUS_COUNT] = {
		[STATUS_PASS] = "pass",		[STATUS_WARN] = "warn",	      [STATUS_FAIL] = "fail",
		[STATUS_ACCEPTED] = "accepted", [STATUS_UNKNOWN] = "unknown", [STATUS_SKIP] = "skip",
	};

	return texts[s];
}

const char *change_spelling(enum sshd_keyword_id keyword, unsigned release)
{
	static const struct {
		enum sshd_keyword_id id;
		unsigned renamed; /* first release with the name of today */
		const char *before;
	} old[] = {
		{ KW_KBDINTERACTIVEAUTHENTICATION, SSHD_RELEASE(8, 7), "ChallengeResponseAuthentication" },
		{ KW_PUBKEYACCEPTEDALGORITHMS, SSHD_RELEASE(8, 5), "PubkeyAcceptedKeyTypes" },
		{ KW_HOSTBASEDACCEPTEDALGORITHMS, SSHD_RELEASE(8, 5), "HostbasedAcceptedKeyTypes" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(old); i++)
		if (old[i].id == keyword && release && release < old[i].renamed)
			return old[i].before;
	return sshd_keyword(keyword)->name;
}
