/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ld_conf.c - ld.so.conf and what it includes, as ldconfig reads it. */
#include "jail/ld_conf.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define CONTENT_MAX ((size_t)1 << 20)
#define LEVELS_MAX 8
#define FILES_MAX 256

static const char blanks[] = " \t\r\f\v";

struct line {
	const char *at;
	size_t len;
};

static void line_trim(struct line *l)
{
	while (l->len && strchr(blanks, *l->at)) {
		l->at++;
		l->len--;
	}
	while (l->len && strchr(blanks, l->at[l->len - 1]))
		l->len--;
}

/* A word of its own at the beginning, which is cut off. */
static bool line_takes(struct line *l, const char *word)
{
	const size_t n = strlen(word);

	if (l->len <= n || memcmp(l->at, word, n) != 0 || !strchr(blanks, l->at[n]))
		return false;
	l->at += n;
	l->len -= n;
	line_trim(l);
	return true;
}

static enum err add_patterns(struct line l, struct strings *rows)
{
	enum err e = ERR_NONE;

	while (l.len && !e) {
		size_t n = 0;

		while (n < l.len && !strchr(blanks, l.at[n]))
			n++;
		e = strings_add_format(rows, LD_CONF_INCLUDE "%.*s", (int)n, l.at);
		l.at += n;
		l.len -= n;
		line_trim(&l);
	}
	return e;
}

/* "FOLDER=libc6" is a form of old releases. */
static enum err add_folder(struct line l, struct strings *rows)
{
	const char *equals = memchr(l.at, '=', l.len);

	if (equals) {
		l.len = (size_t)(equals - l.at);
		line_trim(&l);
	}
	if (!l.len || l.at[0] != '/')
		return ERR_NONE;
	while (l.len > 1 && l.at[l.len - 1] == '/')
		l.len--;
	return strings_add_bytes(rows, l.at, l.len);
}

static enum err add_line(struct line l, struct strings *rows)
{
	const char *comment = memchr(l.at, '#', l.len);

	if (comment)
		l.len = (size_t)(comment - l.at);
	line_trim(&l);
	if (!l.len || memchr(l.at, '\0', l.len) || line_takes(&l, "hwcap"))
		return ERR_NONE;
	return line_takes(&l, "include") ? add_patterns(l, rows) : add_folder(l, rows);
}

enum err ld_conf_parse(const char *text, size_t len, struct strings *rows)
{
	struct strings found = { 0 };
	enum err e = ERR_NONE;

	while (len && !e) {
		const char *end = memchr(text, '\n', len);
		const size_t n = end ? (size_t)(end - text) : len;

		e = add_line((struct line){ text, n }, &found);
		if (!e && found.n > LD_CONF_ROWS_MAX)
			e = ERR_TOO_BIG;
		text += n + (end != NULL);
		len -= n + (end != NULL);
	}
	if (!e)
		e = strings_copy(rows, &found);
	strings_free(&found);
	return e;
}

/* A pattern that is not absolute is meant beside the file that it stands in. */
static enum err include_paths(const struct root *r, const char *file, const char *pattern, struct strings *paths)
{
	const char *slash = strrchr(file, '/');
	struct text t = { 0 };
	enum err e;

	if (pattern[0] != '/')
		text_add(&t, "%.*s/", (int)(slash - file), file);
	text_add_string(&t, pattern);
	e = text_check(&t);
	if (!e && (e = root_glob(r, text_string(&t), paths)) == ERR_SYSTEM)
		e = ERR_NONE; /* a folder that cannot be read: nothing of it is found */
	text_free(&t);
	return e;
}

/* Where it is read: how deep, and how many files were. */
struct reading {
	const struct root *root;
	unsigned level, files;
};

/* The files include each other: bounded, and each level by itself, so that order stays that of the text. */
static enum err read_file(struct reading *at, const char *file, struct strings *folders)
{
	struct strings rows = { 0 }, paths = { 0 };
	char *content = NULL;
	size_t len;
	enum err e;

	if (++at->files > FILES_MAX || at->level >= LEVELS_MAX)
		return ERR_TOO_BIG;
	if ((e = root_read(at->root, file, CONTENT_MAX, &content, &len)))
		return e == ERR_MEMORY ? e : ERR_NONE;
	at->level++;
	e = ld_conf_parse(content, len, &rows);
	for (size_t i = 0; i < rows.n && !e; i++) {
		if (rows.v[i][0] == '/') {
			e = strings_has(folders, rows.v[i]) ? ERR_NONE : strings_add(folders, rows.v[i]);
			continue;
		}
		e = include_paths(at->root, file, rows.v[i] + strlen(LD_CONF_INCLUDE), &paths);
		for (size_t k = 0; k < paths.n && !e; k++)
			e = read_file(at, paths.v[k], folders);
		strings_free(&paths);
	}
	at->level--;
	free(content);
	strings_free(&rows);
	return e;
}

enum err ld_conf_read(const struct root *r, struct strings *folders)
{
	struct reading at = { .root = r };
	struct strings found = { 0 };
	enum err e;

	if (!(e = read_file(&at, LD_CONF_PATH, &found)))
		e = strings_copy(folders, &found);
	strings_free(&found);
	return e;
}
