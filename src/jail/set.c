/* SPDX-License-Identifier: GPL-3.0-or-later */
/* set.c - read the files that say what a jail needs. */
#include "jail/set.h"

#include "base/array.h"
#include "base/data.h"
#include "base/nearest.h"
#include "base/root.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

#define SET_MAX_SIZE (256 * 1024)
#define SET_MAX_NAME 64

static const char small[] = "abcdefghijklmnopqrstuvwxyz0123456789";

static bool name_is_good(const char *s)
{
	const size_t len = strlen(s);

	return len > 0 && len <= SET_MAX_NAME && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789._+-") == len &&
	       strchr(small, s[0]);
}

bool set_path_is_good(const char *path)
{
	size_t len = strlen(path);

	if (path[0] != '/' || len < 2 || len >= PATH_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)path[i] < ' ' || path[i] == 0x7f)
			return false;
	for (const char *at = path; at; at = strchr(at + 1, '/')) {
		const size_t n = strcspn(at + 1, "/");

		if (n == 0 || (n <= 2 && strspn(at + 1, ".") >= n))
			return false;
	}
	return true;
}

static bool is_plain_path(const char *s)
{
	return set_path_is_good(s) && !strpbrk(s, "*?[\\");
}

static bool is_program(const char *s)
{
	return s[0] == '/' ? is_plain_path(s) : !strpbrk(s, "/*?\\") && s[0] != '-' && s[0] != '.';
}

static bool is_soname(const char *s)
{
	return !strpbrk(s, "/*?\\") && strstr(s, ".so");
}

static bool is_pattern(const char *s)
{
	return strcmp(s, "network") == 0 || ((s[0] == '/' || s[0] == '*') && strlen(s) < PATH_MAX);
}

/* What may begin a line, or follow a "when" with its pattern. */
static const struct word_row {
	const char *name;
	enum set_word word;
	bool (*is_good)(const char *value); /* NULL: no values */
	const char *wants;
} words[] = {
	{ "program", SET_PROGRAM, is_program, "names of programs, or absolute paths without '..'" },
	{ "maybe", SET_MAYBE, is_program, "names of programs, or absolute paths without '..'" },
	{ "either", SET_EITHER, is_program, "names of programs, or absolute paths without '..'" },
	{ "file", SET_FILE, set_path_is_good, "absolute paths without '..', in which '*', '?' and '[]' match names" },
	{ "plain", SET_PLAIN, is_plain_path, "absolute paths without '..' and without '*', '?', '['" },
	{ "tree", SET_TREE, set_path_is_good, "absolute paths without '..', in which '*', '?' and '[]' match names" },
	{ "library", SET_LIBRARY, is_soname, "sonames such as libnss_files.so.2" },
	{ "folder", SET_FOLDER, is_plain_path, "absolute paths without '..' and without '*', '?', '['" },
	{ "own", SET_OWN, is_plain_path, "absolute paths without '..' and without '*', '?', '['" },
	{ "network", SET_NETWORK, NULL, "nothing behind it" },
	{ "set", SET_SET, name_is_good, "names of sets" },
};

/* One file while it is read. */
struct reading {
	struct set set;
	struct diags *problems;
	const char *file;
	unsigned summary_line;
};

static void row_clear(struct set_row *row)
{
	free(row->when);
	strings_free(&row->values);
	strings_free(&row->except);
	*row = (struct set_row){ 0 };
}

void set_clear(struct set *s)
{
	for (size_t i = 0; i < s->n; i++)
		row_clear(&s->v[i]);
	free(s->v);
	free(s->name);
	free(s->file);
	free(s->summary);
	*s = (struct set){ 0 };
}

static const struct word_row *word_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcasecmp(words[i].name, name) == 0)
			return &words[i];
	return NULL;
}

static void unknown_word(const struct reading *r, unsigned line, const char *word)
{
	const char *names[ARRAY_SIZE(words) + 3] = { "summary", "when" };
	const char *near;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		names[i + 2] = words[i].name;
	near = nearest_word(word, names);
	if (near)
		diag_error_escaped(r->problems, r->file, line, "'%s' is no setting: did you mean '%s'?", word, near);
	else
		diag_error_escaped(r->problems, r->file, line,
				   "'%s' is no setting: wants summary, when, program, maybe, either, file, plain, "
				   "tree, library, folder, own, network or set",
				   word);
}

static enum err line_summary(struct reading *r, unsigned line, const struct strings *l)
{
	const struct strings rest = { .v = l->v + 1, .n = l->n - 1 };
	struct text t = { 0 };

	if (r->summary_line) {
		diag_error_escaped(r->problems, r->file, line, "summary: stands already in line %u", r->summary_line);
		return ERR_NONE;
	}
	r->summary_line = line;
	if (rest.n == 0) {
		diag_error_escaped(r->problems, r->file, line, "summary: wants a text");
		return ERR_NONE;
	}
	strings_join(&rest, " ", &t);
	r->set.summary = text_take(&t);
	return r->set.summary ? ERR_NONE : ERR_MEMORY;
}

/* Splits what follows the word of a row, from words[at] on, into its values and its exceptions. */
static enum err values_read(struct reading *r, unsigned line, const struct word_row *word, const struct strings *l,
			    size_t at, struct set_row *row)
{
	bool except = false;

	for (; at < l->n; at++) {
		const char *value = l->v[at];
		enum err e;

		if (word->word == SET_TREE && !except && strcasecmp(value, "except") == 0) {
			except = true;
			continue;
		}
		if (except ? !is_pattern(value) : !word->is_good || !word->is_good(value)) {
			diag_error_escaped(r->problems, r->file, line, "%s: '%s' is not good: wants %s",
					   except ? "except" : word->name, value,
					   except ? "patterns that begin with '*' or '/'" : word->wants);
			return ERR_CONFIG;
		}
		if ((e = strings_add(except ? &row->except : &row->values, value)))
			return e;
	}
	if ((word->is_good && row->values.n == 0) || (except && row->except.n == 0)) {
		diag_error_escaped(r->problems, r->file, line, "%s: wants %s", row->values.n ? "except" : word->name,
				   row->values.n ? "patterns that begin with '*' or '/'" : word->wants);
		return ERR_CONFIG;
	}
	return ERR_NONE;
}

static enum err row_add(struct set *s, const struct set_row *row)
{
	struct set_row *v = array_room(s->v, s->n, &s->size, sizeof *v);

	if (!v)
		return ERR_MEMORY;
	s->v = v;
	s->v[s->n++] = *row;
	return ERR_NONE;
}

static enum err line_row(struct reading *r, unsigned line, const struct strings *l)
{
	const bool when = strcasecmp(l->v[0], "when") == 0;
	const size_t at = when ? 2 : 0;
	struct set_row row = { .line = line };
	const struct word_row *word;
	enum err e;

	if (when && (l->n < 3 || !is_pattern(l->v[1]))) {
		diag_error_escaped(r->problems, r->file, line,
				   "when: wants a pattern that begins with '*' or '/', or the word network, and then "
				   "what is needed");
		return ERR_NONE;
	}
	word = word_find(l->v[at]);
	if (!word && when && (strcasecmp(l->v[at], "when") == 0 || strcasecmp(l->v[at], "summary") == 0)) {
		diag_error_escaped(r->problems, r->file, line, "'%s' cannot stand behind a when", l->v[at]);
		return ERR_NONE;
	}
	if (!word) {
		unknown_word(r, line, l->v[at]);
		return ERR_NONE;
	}
	row.word = word->word;
	if (when && !(row.when = strdup(l->v[1])))
		return ERR_MEMORY;
	if ((e = values_read(r, line, word, l, at + 1, &row)) || (e = row_add(&r->set, &row)))
		row_clear(&row);
	return e == ERR_CONFIG ? ERR_NONE : e;
}

static enum err read_line(void *arg, unsigned line, const char *s)
{
	struct reading *r = arg;
	struct strings l = { 0 };
	enum err e;

	s += strspn(s, " \t\r");
	if (*s == '\0' || *s == '#')
		return ERR_NONE;
	if (!(e = strings_split(&l, s, " \t\r")))
		e = strcasecmp(l.v[0], "summary") == 0 ? line_summary(r, line, &l) : line_row(r, line, &l);
	strings_free(&l);
	return e;
}

enum err set_parse(const char *content, size_t len, const char *file, struct set *out, struct diags *problems)
{
	struct reading r = { .file = file, .problems = problems };
	const size_t errors = problems->errors;
	enum err e;

	if (len > SET_MAX_SIZE) {
		diag_error_escaped(problems, file, 0, "it has more than %d bytes", SET_MAX_SIZE);
		return ERR_CONFIG;
	}
	e = data_lines(content, len, file, read_line, &r, problems);
	if (!e && problems->errors > errors)
		e = ERR_CONFIG;
	if (e) {
		set_clear(&r.set);
		return e;
	}
	*out = r.set;
	return ERR_NONE;
}

void set_format(const struct set *s, struct text *out)
{
	if (s->summary)
		text_add(out, "summary %s\n", s->summary);
	for (size_t i = 0; i < s->n; i++) {
		const struct set_row *row = &s->v[i];

		if (row->when)
			text_add(out, "when %s ", row->when);
		for (size_t k = 0; k < ARRAY_SIZE(words); k++)
			if (words[k].word == row->word)
				text_add_string(out, words[k].name);
		for (size_t k = 0; k < row->values.n; k++)
			text_add(out, " %s", row->values.v[k]);
		for (size_t k = 0; k < row->except.n; k++)
			text_add(out, "%s %s", k ? "" : " except", row->except.v[k]);
		text_add(out, "\n");
	}
}

static void list_clear(struct set *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		set_clear(&v[i]);
	free(v);
}

void sets_clear(struct sets *all)
{
	list_clear(all->v, all->n);
	list_clear(all->rules, all->nrules);
	*all = (struct sets){ 0 };
}

static const struct set *list_find(const struct set *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].name, name) == 0)
			return &v[i];
	return NULL;
}

const struct set *sets_find(const struct sets *all, const char *name)
{
	return list_find(all->v, all->n, name);
}

/* Puts it into its list in order; it is the list's then. */
static enum err list_put(struct set **list, size_t *n, size_t *size, struct set *one)
{
	struct set *v = array_room(*list, *n, size, sizeof *v);
	size_t at = *n;

	if (!v)
		return ERR_MEMORY;
	*list = v;
	for (; at > 0 && strcmp(v[at - 1].name, one->name) > 0; at--)
		v[at] = v[at - 1];
	v[at] = *one;
	++*n;
	*one = (struct set){ 0 };
	return ERR_NONE;
}

static enum err load_file(const struct root *live, const char *dir, const char *file, struct sets *all,
			  struct diags *problems)
{
	const char *dot = strrchr(file, '.');
	const bool rules = dot && strcmp(dot, ".rules") == 0;
	char *name = NULL, *content = NULL;
	struct text path = { 0 };
	struct set s = { 0 };
	size_t len;
	enum err e = ERR_NONE;

	if (!rules && !(dot && strcmp(dot, ".set") == 0))
		return ERR_NONE;
	text_add(&path, "%s/%s", dir, file);
	if (!(name = strndup(file, (size_t)(dot - file))) || (e = text_check(&path))) {
		e = ERR_MEMORY;
		goto out;
	}
	if (rules ? !!list_find(all->rules, all->nrules, name) : !!sets_find(all, name))
		goto out;
	if (!name_is_good(name)) {
		diag_error_escaped(problems, path.s, 0,
				   "'%s' is no name for a set: wants small letters, digits and . _ + -", name);
		e = ERR_CONFIG;
		goto out;
	}
	if ((e = root_read(live, path.s, SET_MAX_SIZE, &content, &len))) {
		if (e != ERR_MEMORY) {
			diag_error_escaped(problems, path.s, 0, "it cannot be read: %s", err_text(e));
			e = ERR_CONFIG;
		}
		goto out;
	}
	if ((e = set_parse(content, len, path.s, &s, problems)))
		goto out;
	if (!rules && !s.summary) {
		diag_error_escaped(problems, path.s, 0, "there is no summary: wants a line 'summary TEXT'");
		e = ERR_CONFIG;
		goto out;
	}
	s.name = name;
	s.file = text_take(&path);
	name = NULL;
	e = rules ? list_put(&all->rules, &all->nrules, &all->rules_size, &s)
		  : list_put(&all->v, &all->n, &all->size, &s);
out:
	set_clear(&s);
	text_free(&path);
	free(content);
	free(name);
	return e;
}

/* The sets that a line names must be there. */
static enum err check_sets(const struct sets *all, const struct set *in, struct diags *problems)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < in->n; i++) {
		for (size_t k = 0; in->v[i].word == SET_SET && k < in->v[i].values.n; k++) {
			if (sets_find(all, in->v[i].values.v[k]))
				continue;
			diag_error_escaped(problems, in->file, in->v[i].line, "there is no set '%s'",
					   in->v[i].values.v[k]);
			e = ERR_CONFIG;
		}
	}
	return e;
}

enum err sets_load(const struct strings *dirs, struct sets *out, struct diags *problems)
{
	struct root *live = NULL;
	struct sets all = { 0 };
	struct strings files = { 0 };
	bool wrong = false;
	enum err e;

	if ((e = root_open("/", &live)))
		return e;
	for (size_t i = 0; i < dirs->n && !e; i++) {
		strings_free(&files);
		e = root_list(live, dirs->v[i], &files);
		if (e == ERR_SYSTEM && errno == ENOENT)
			e = ERR_NONE;
		for (size_t k = 0; k < files.n && !e; k++) {
			e = load_file(live, dirs->v[i], files.v[k], &all, problems);
			wrong |= e == ERR_CONFIG;
			e = e == ERR_CONFIG ? ERR_NONE : e;
		}
	}
	for (size_t i = 0; i < all.n + all.nrules && !e && !wrong; i++)
		wrong |= check_sets(&all, i < all.n ? &all.v[i] : &all.rules[i - all.n], problems) != ERR_NONE;
	strings_free(&files);
	root_close(live);
	if (!e && wrong)
		e = ERR_CONFIG;
	if (e)
		sets_clear(&all);
	else
		*out = all;
	return e;
}
