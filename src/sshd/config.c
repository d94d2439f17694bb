/* SPDX-License-Identifier: GPL-3.0-or-later */
/* config.c - reads sshd_config and what it includes into lines, and says what sshd would not start with. */
#include "sshd/config.h"

#include "base/nearest.h"
#include "sshd/lexer.h"
#include "sshd/match.h"
#include "sshd/startup.h"
#include "sshd/value.h"
#include "sshd/version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define FILE_BYTES (64u << 20)
#define ALL_BYTES (256u << 20)
#define LINE_BYTES (1u << 20)
#define MAX_LINES 250000u
#define MAX_FILES 4096u
#define MAX_DEPTH 16u
#define MAX_HINTS 10u
#define LONGEST_KEYWORD 40u

#define MEMORY_NAME "sshd_config" /* what sshd_config_parse() calls its file */

struct loader {
	const struct root *root; /* NULL: from memory, no file is opened */
	struct sshd_config *config;
	struct diags *problems;
	size_t bytes;
	bool full; /* a limit was met and told: nothing more is added */
};

/* Where in which file the reader stands. */
struct place {
	const char *file;
	unsigned line;
	unsigned depth;
	const struct sshd_match *around; /* the block around the Include of this file */
	const struct sshd_match *match;
};

/* Doubles an array when n has reached a power of two. */
static void *array_room(void *array, size_t n, size_t size)
{
	return n & (n - 1) ? array : reallocarray(array, n ? n * 2 : 1, size);
}

static void limit_tell(struct loader *l, const struct place *at, const char *what)
{
	if (!l->full)
		diag_error(l->problems, at->file, at->line, "%s: wants a smaller configuration", what);
	l->full = true;
}

/* The lexer's strings move into the line. */
static enum err line_keep(struct loader *l, const struct place *at, const struct sshd_keyword *k,
			  struct lexer_line *from, const struct sshd_match *match)
{
	struct sshd_config *c = l->config;
	struct sshd_line *v;

	if (c->nlines >= MAX_LINES) {
		limit_tell(l, at, "there are more than 250,000 settings");
		return ERR_NONE;
	}
	v = array_room(c->lines, c->nlines, sizeof *v);
	if (!v)
		return ERR_MEMORY;
	c->lines = v;
	c->lines[c->nlines++] = (struct sshd_line){
		.keyword = k,
		.spelling = from->keyword,
		.args = from->args,
		.rest = from->rest,
		.file = at->file,
		.line = at->line,
		.match = match,
	};
	*from = (struct lexer_line){ 0 };
	return ERR_NONE;
}

static void unknown_tell(struct loader *l, const struct place *at, const char *word)
{
	const struct sshd_keyword *k = sshd_keyword_find(word);
	/* a hint is worth its time for the first few, and for what could be a keyword at all */
	bool hint = !k && l->problems->errors < MAX_HINTS && strlen(word) <= LONGEST_KEYWORD;
	const char *near = hint ? nearest_word(word, sshd_keyword_names()) : NULL;
	unsigned release = l->config->release;
	struct text shown = { 0 };

	text_add_escaped(&shown, word, strnlen(word, 80));
	if (k && sshd_keyword_known(k, release))
		diag_error(l->problems, at->file, at->line, "%s is not yet a name in OpenSSH %u.%u: wants an older one",
			   text_string(&shown), release / 100, release % 100);
	else if (k)
		diag_error(l->problems, at->file, at->line, "%s is not known to OpenSSH %u.%u: it came with %u.%u",
			   k->name, release / 100, release % 100, k->since / 100, k->since % 100);
	else if (near)
		diag_error(l->problems, at->file, at->line, "'%s' is no keyword of sshd: did you mean %s?",
			   text_string(&shown), near);
	else
		diag_error(l->problems, at->file, at->line, "'%s' is no keyword of sshd", text_string(&shown));
	text_free(&shown);
}

static enum err match_add(struct loader *l, const struct place *at, const struct sshd_match *new,
			  struct sshd_match **out)
{
	struct sshd_config *c = l->config;
	struct sshd_match **v = array_room(c->matches, c->nmatches, sizeof *v), *m;

	if (!v)
		return ERR_MEMORY;
	c->matches = v;
	m = malloc(sizeof *m);
	if (!m)
		return ERR_MEMORY;
	*m = *new;
	m->parent = at->around;
	m->file = at->file;
	m->line = at->line;
	m->at_start = m->at_start && (!m->parent || m->parent->at_start);
	c->matches[c->nmatches++] = *out = m;
	return ERR_NONE;
}

static enum err match_handle(struct loader *l, struct place *at, const struct sshd_keyword *k, struct lexer_line *line)
{
	unsigned release = l->config->release;
	struct sshd_match new = { 0 }, *m;
	struct text why = { 0 };
	enum err e = match_parse(line, release, &new, &why);

	if (e == ERR_SYNTAX) {
		/* what follows must not pass for a part of the block before */
		diag_error(l->problems, at->file, at->line, "%s", text_string(&why));
		new.never = true;
		e = ERR_NONE;
	}
	text_free(&why);
	if (e)
		return e;
	/* they looked at included files as if around them stood a block that is off */
	if (at->depth && !at->around && (release == SSHD_RELEASE(8, 2) || release == SSHD_RELEASE(8, 3)))
		new.never = true;
	if ((e = match_add(l, at, &new, &m))) {
		while (new.ncriteria)
			free(new.criteria[--new.ncriteria].pattern);
		free(new.criteria);
		return e;
	}
	at->match = m;
	return line_keep(l, at, k, line, at->around);
}

static enum err file_load(struct loader *l, const char *path, const struct place *from,
			  const struct sshd_match *around);

static enum err include_pattern(struct loader *l, const struct place *at, const char *pattern)
{
	struct strings paths = { 0 };
	enum err e = root_glob(l->root, pattern, &paths);

	if (e && e != ERR_MEMORY) {
		diag_error(l->problems, at->file, at->line, "cannot look for '%s': %s", pattern, err_text(e));
		e = ERR_NONE;
	}
	for (size_t i = 0; i < paths.n && !e && !l->full; i++)
		e = file_load(l, paths.v[i], at, at->match);
	strings_free(&paths);
	return e;
}

static enum err include_word(struct loader *l, const struct place *at, const char *word)
{
	struct text path = { 0 };
	enum err e;

	if (!*word) {
		diag_error(l->problems, at->file, at->line, "Include has an empty name: wants names of files");
		return ERR_NONE;
	}
	if (*word == '~') {
		diag_warning(l->problems, at->file, at->line,
			     "Include of '%s' reads nothing: sshd does not know '~' here", word);
		return ERR_NONE;
	}
	if (*word != '/' && l->config->release == SSHD_RELEASE(8, 2)) {
		diag_warning(l->problems, at->file, at->line,
			     "Include of '%s' reads nothing: OpenSSH 8.2 wants an absolute name", word);
		return ERR_NONE;
	}
	text_add(&path, "%s%s", *word == '/' ? "" : "/etc/ssh/", word);
	if (!(e = text_check(&path)))
		e = include_pattern(l, at, text_string(&path));
	text_free(&path);
	return e;
}

static enum err include_handle(struct loader *l, struct place *at, const struct sshd_keyword *k,
			       struct lexer_line *line)
{
	struct strings words = { 0 };
	enum err e = strings_copy(&words, &line->args);

	if (!e)
		e = line_keep(l, at, k, line, at->match);
	if (!e && !words.n)
		diag_error(l->problems, at->file, at->line, "Include has no value: wants names of files");
	if (!e && !l->root)
		diag_error(l->problems, at->file, at->line,
			   "Include cannot be followed: this text is not read from a file");
	for (size_t i = 0; i < words.n && !e && l->root && !l->full; i++)
		e = include_word(l, at, words.v[i]);
	strings_free(&words);
	return e;
}

static enum err setting_handle(struct loader *l, struct place *at, const struct sshd_keyword *k,
			       struct lexer_line *line)
{
	const struct sshd_line view = { .keyword = k, .args = line->args, .rest = line->rest };
	unsigned release = l->config->release;
	struct text why = { 0 };
	enum err e;

	if (k->gone && release >= k->gone) {
		if (k->id != KW_PROTOCOL)
			diag_warning(l->problems, at->file, at->line, "%s no longer has an effect: remove it", k->name);
		return line_keep(l, at, k, line, at->match);
	}
	e = value_check(&view, release, &why);
	if (e == ERR_SYNTAX)
		diag_error(l->problems, at->file, at->line, "%s", text_string(&why));
	text_free(&why);
	if (e)
		return e == ERR_SYNTAX ? ERR_NONE : e;
	return line_keep(l, at, k, line, at->match);
}

/* A keyword alone: what it wants, if its form can say that. */
static enum err empty_tell(struct loader *l, const struct place *at, const struct sshd_keyword *k,
			   const struct lexer_line *line)
{
	const struct sshd_line view = { .keyword = k, .rest = line->rest };
	struct text why = { 0 };
	enum err e = value_check(&view, l->config->release, &why);

	if (e == ERR_SYNTAX)
		diag_error(l->problems, at->file, at->line, "%s", text_string(&why));
	else if (!e)
		diag_error(l->problems, at->file, at->line, "%s has no value", k->name);
	text_free(&why);
	return e == ERR_SYNTAX ? ERR_NONE : e;
}

static bool match_allows(const struct place *at, const char *spelling, unsigned release)
{
	return !at->match || at->match->at_start || sshd_spelling_in_match(spelling, release);
}

static enum err line_handle(struct loader *l, struct place *at, struct lexer_line *line)
{
	const struct sshd_keyword *k;
	unsigned release = l->config->release;

	if (line->kind == LEXER_BLANK)
		return ERR_NONE;
	if (!sshd_spelling_known(line->keyword, release)) {
		unknown_tell(l, at, line->keyword);
		return ERR_NONE;
	}
	k = sshd_keyword_find(line->keyword);
	if (!match_allows(at, line->keyword, release)) {
		diag_error(l->problems, at->file, at->line,
			   "%s is not allowed inside Match: wants to stand before the first one", k->name);
		return ERR_NONE;
	}
	if (line->kind == LEXER_OPEN_QUOTE) {
		diag_error(l->problems, at->file, at->line, "%s has a quote that does not end", k->name);
		return ERR_NONE;
	}
	if (line->kind == LEXER_NO_ARGUMENT)
		return empty_tell(l, at, k, line);
	if (k->id == KW_MATCH)
		return match_handle(l, at, k, line);
	if (k->id == KW_INCLUDE)
		return include_handle(l, at, k, line);
	return setting_handle(l, at, k, line);
}

static enum err line_parse(struct loader *l, struct place *at, const char *s, size_t len)
{
	struct lexer_line line = { 0 };
	enum err e;

	if (len > LINE_BYTES) {
		diag_error(l->problems, at->file, at->line, "the line is longer than a megabyte");
		return ERR_NONE;
	}
	if (memchr(s, '\0', len)) {
		diag_error(l->problems, at->file, at->line, "the line holds a NUL byte: wants text only");
		return ERR_NONE;
	}
	if ((e = lexer_read(s, len, l->config->release, &line)))
		return e;
	e = line_handle(l, at, &line);
	lexer_clear(&line);
	return e;
}

static enum err content_parse(struct loader *l, struct place *at, const char *content, size_t len)
{
	const char *s = content, *end = content + len;
	enum err e;

	while (s < end && !l->full) {
		const char *newline = memchr(s, '\n', (size_t)(end - s));
		size_t n = (size_t)((newline ? newline : end) - s);
		at->line++;
		if ((e = line_parse(l, at, s, n)))
			return e;
		s += n + 1;
	}
	return ERR_NONE;
}

/* content belongs to the config on success. */
static enum err file_add(struct loader *l, const char *path, char *content, size_t len, const char **name)
{
	struct sshd_config *c = l->config;
	struct sshd_file *v = array_room(c->files, c->nfiles, sizeof *v);
	char *copy = strdup(path);

	if (v)
		c->files = v;
	if (!v || !copy) {
		free(copy);
		return ERR_MEMORY;
	}
	c->files[c->nfiles++] = (struct sshd_file){ .path = copy, .content = content, .len = len };
	l->bytes += len;
	*name = copy;
	return ERR_NONE;
}

/* A file that cannot be read is told where its name stands: at the Include, or with the main file itself. */
static void unreadable_tell(struct loader *l, const char *path, const struct place *from, enum err e)
{
	int saved = errno;

	if (from)
		diag_error(l->problems, from->file, from->line, "cannot read '%s': %s", path, err_text(e));
	else
		diag_error(l->problems, path, 0, "cannot be read: %s", err_text(e));
	errno = saved;
}

static enum err file_load(struct loader *l, const char *path, const struct place *from, const struct sshd_match *around)
{
	struct place at = { .depth = from ? from->depth + 1 : 0, .around = around, .match = around };
	char *content = NULL;
	size_t len = 0;
	enum err e;

	if (at.depth > MAX_DEPTH) {
		diag_error(l->problems, from->file, from->line,
			   "Include of '%s' is nested more than %u deep: does a file include itself?", path, MAX_DEPTH);
		return ERR_NONE;
	}
	if (from && (l->config->nfiles >= MAX_FILES || l->bytes >= ALL_BYTES)) {
		limit_tell(l, from, "the included files are too many or too large");
		return ERR_NONE;
	}
	if ((e = root_read(l->root, path, FILE_BYTES, &content, &len))) {
		if (e == ERR_MEMORY)
			return e;
		unreadable_tell(l, path, from, e);
		return from ? ERR_NONE : e;
	}
	if ((e = file_add(l, path, content, len, &at.file))) {
		free(content);
		return e;
	}
	return content_parse(l, &at, content, len);
}

static struct sshd_config *config_new(const char *path, unsigned release)
{
	struct sshd_config *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->release = release;
	c->path = strdup(path);
	if (c->path)
		return c;
	free(c);
	return NULL;
}

/* The end of both ways to read: what can be said only of the whole. */
static enum err config_finish(struct sshd_config *c, size_t errors_before, enum err e, struct sshd_config **out,
			      struct diags *problems)
{
	if (!e)
		e = startup_check(c, problems);
	if (e) {
		int saved = errno;
		sshd_config_free(c);
		errno = saved;
		return e;
	}
	*out = c;
	return problems->errors > errors_before ? ERR_CONFIG : ERR_NONE;
}

enum err sshd_config_load(const struct root *r, const char *path, unsigned release, struct sshd_config **out,
			  struct diags *problems)
{
	struct loader l = { .root = r, .config = config_new(path, release), .problems = problems };
	size_t before = problems->errors;

	if (!l.config)
		return ERR_MEMORY;
	return config_finish(l.config, before, file_load(&l, path, NULL, NULL), out, problems);
}

enum err sshd_config_parse(const char *content, size_t len, unsigned release, struct sshd_config **out,
			   struct diags *problems)
{
	struct loader l = { .config = config_new(MEMORY_NAME, release), .problems = problems };
	struct place at = { 0 };
	size_t before = problems->errors;
	char *copy;
	enum err e;

	if (!l.config)
		return ERR_MEMORY;
	copy = malloc(len + 1);
	if (!copy)
		return config_finish(l.config, before, ERR_MEMORY, out, problems);
	if (len)
		memcpy(copy, content, len);
	copy[len] = '\0';
	if ((e = file_add(&l, MEMORY_NAME, copy, len, &at.file)))
		free(copy);
	else
		e = content_parse(&l, &at, copy, len);
	return config_finish(l.config, before, e, out, problems);
}

void sshd_config_free(struct sshd_config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->nlines; i++) {
		free(c->lines[i].spelling);
		free(c->lines[i].rest);
		strings_free(&c->lines[i].args);
	}
	for (size_t i = 0; i < c->nmatches; i++)
		match_free(c->matches[i]);
	for (size_t i = 0; i < c->nfiles; i++) {
		free(c->files[i].path);
		free(c->files[i].content);
	}
	free(c->lines);
	free(c->matches);
	free(c->files);
	free(c->path);
	free(c);
}
