/* SPDX-License-Identifier: GPL-3.0-or-later */
/* spare.c - read the list of what was kept, and look whether it can be relied on. */
#include "sshd/spare.h"

#include "base/file.h"
#include "base/number.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/banned.h"

#define LIST_MAX (16 * 1024)
#define HEAD "spare 1"

const char *const spare_program_names[SPARE_PROGRAMS] = {
	[SPARE_SSHD] = "sshd",
	[SPARE_SESSION] = "sshd-session",
	[SPARE_AUTH] = "sshd-auth",
};
const char *const spare_program_keywords[SPARE_PROGRAMS] = {
	[SPARE_SESSION] = "SshdSessionPath",
	[SPARE_AUTH] = "SshdAuthPath",
};

/* --- the list --- */

static enum err take_kept(struct spare *s, char *value)
{
	uint64_t n;
	enum err e = number_parse(value, 0, INT64_MAX, &n);

	if (!e)
		s->kept = (time_t)n;
	return e;
}

static enum err take_sshd(struct spare *s, char *value)
{
	if (s->sshd || *value != '/' || strlen(value) >= PATH_MAX)
		return ERR_SYNTAX;
	s->sshd = strdup(value);
	return s->sshd ? ERR_NONE : ERR_MEMORY;
}

static enum err take_listen(struct spare *s, char *value)
{
	struct spare_listen *l = &s->listen[s->nlistens];
	char *address = strchr(value, ' ');
	uint64_t port;
	enum err e;

	if (!address)
		return ERR_SYNTAX;
	*address++ = '\0';
	if (s->nlistens == SPARE_LISTENS)
		return ERR_TOO_BIG;
	if (strchr(address, '/'))
		return ERR_SYNTAX;
	if ((e = number_parse(value, 1, UINT16_MAX, &port)) || (e = network_parse(address, &l->address)))
		return e;
	l->port = (uint16_t)port;
	s->nlistens++;
	return ERR_NONE;
}

static enum err take_program(struct spare *s, char *value)
{
	for (size_t i = 0; i < SPARE_PROGRAMS; i++)
		if (strcmp(spare_program_names[i], value) == 0) {
			s->program[i] = true;
			return ERR_NONE;
		}
	return ERR_SYNTAX;
}

static enum err take_argument(struct spare *s, char *value)
{
	return s->arguments.n < SPARE_ARGUMENTS ? strings_add(&s->arguments, value) : ERR_TOO_BIG;
}

static const struct row {
	const char *name;
	enum err (*take)(struct spare *s, char *value);
} rows[] = {
	{ "kept", take_kept },	     { "sshd", take_sshd },	    { "listen", take_listen },
	{ "program", take_program }, { "argument", take_argument },
};

static enum err line_take(struct spare *s, char *line)
{
	char *value = strchr(line, ' ');

	if (!value)
		return ERR_SYNTAX;
	*value++ = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].name, line) == 0)
			return rows[i].take(s, value);
	return ERR_SYNTAX;
}

static enum err lines_take(struct spare *s, char *text)
{
	char *line = text, *end;
	enum err e;

	for (bool first = true; *line; line = end + 1, first = false) {
		if (!(end = strchr(line, '\n')))
			return ERR_SHORT;
		*end = '\0';
		if (first)
			e = strcmp(line, HEAD) == 0 ? ERR_NONE : ERR_SYNTAX;
		else
			e = line_take(s, line);
		if (e)
			return e;
	}
	return s->sshd ? ERR_NONE : ERR_SHORT;
}

enum err spare_parse(const char *content, size_t len, struct spare **out)
{
	struct spare *s = calloc(1, sizeof *s);
	char *text = strndup(content, len);
	enum err e = ERR_MEMORY;

	if (s && text)
		e = strlen(text) == len ? lines_take(s, text) : ERR_SYNTAX;
	free(text);
	if (e)
		spare_free(s);
	else
		*out = s;
	return e;
}

void spare_print(const struct spare *s, struct text *out)
{
	text_add(out, HEAD "\nkept %lld\nsshd %s\n", (long long)s->kept, s->sshd);
	for (unsigned i = 0; i < s->nlistens; i++) {
		char address[NETWORK_TEXT];

		network_text(&s->listen[i].address, address);
		text_add(out, "listen %u %s\n", s->listen[i].port, address);
	}
	for (size_t i = 0; i < SPARE_PROGRAMS; i++)
		if (s->program[i])
			text_add(out, "program %s\n", spare_program_names[i]);
	for (size_t i = 0; i < s->arguments.n; i++)
		text_add(out, "argument %s\n", s->arguments.v[i]);
}

void spare_free(struct spare *s)
{
	if (!s)
		return;
	free(s->folder);
	free(s->sshd);
	strings_free(&s->arguments);
	free(s);
}

bool spare_listens(const struct spare *s, uint16_t port)
{
	for (unsigned i = 0; i < s->nlistens; i++)
		if (s->listen[i].port == port)
			return true;
	return false;
}

enum err spare_path(const struct spare *s, const char *name, char **out)
{
	struct text t = { 0 };

	text_add(&t, "%s/%s", s->folder, name);
	*out = text_take(&t);
	return *out ? ERR_NONE : ERR_MEMORY;
}

/* --- whether it can be relied on --- */

static bool is_roots(const struct root *r, const char *path, mode_t type)
{
	struct stat st;

	return root_lstat(r, path, &st) == ERR_NONE && (st.st_mode & S_IFMT) == type && st.st_uid == 0 &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH));
}

/* The folder and all above it: who may write to one of them may put another folder in place. */
static enum err above_check(const struct root *r, const char *folder)
{
	char *path = strdup(folder), *slash;
	bool good = path && is_roots(r, path, S_IFDIR);

	while (good && (slash = strrchr(path, '/')) > path) {
		*slash = '\0';
		good = is_roots(r, path, S_IFDIR);
	}
	good = good && is_roots(r, "/", S_IFDIR);
	free(path);
	return good ? ERR_NONE : ERR_CONFIG;
}

static enum err files_check(const struct root *r, const char *folder)
{
	struct strings names = { 0 };
	enum err e = root_list(r, folder, &names);

	for (size_t i = 0; i < names.n && !e; i++) {
		struct text path = { 0 };

		text_add(&path, "%s/%s", folder, names.v[i]);
		if (!(e = text_check(&path)) && !is_roots(r, path.s, S_IFREG))
			e = ERR_CONFIG;
		text_free(&path);
	}
	strings_free(&names);
	return e;
}

static enum err list_load(const struct root *r, const char *folder, struct spare **out)
{
	struct text path = { 0 };
	char *content = NULL;
	size_t len;
	enum err e;

	text_add(&path, "%s/" SPARE_LIST, folder);
	if (!(e = text_check(&path)))
		e = root_read(r, path.s, LIST_MAX, &content, &len);
	if (!e && (e = spare_parse(content, len, out)) && e != ERR_MEMORY)
		e = ERR_CONFIG;
	free(content);
	text_free(&path);
	return e;
}

enum err spare_load(const struct root *r, struct spare **out)
{
	struct spare *s = NULL;
	char *folder = NULL;
	struct stat st;
	enum err e;

	if ((e = root_lstat(r, SPARE_LINK, &st)))
		return e == ERR_SYSTEM && (errno == ENOENT || errno == ENOTDIR) ? ERR_NOT_FOUND : e;
	if ((e = root_resolve(r, SPARE_LINK, &folder)))
		return e;
	if (!(e = above_check(r, folder)) && !(e = files_check(r, folder)))
		e = list_load(r, folder, &s);
	if (e) {
		free(folder);
		return e;
	}
	s->folder = folder; /* it is the spare's now */
	*out = s;
	return ERR_NONE;
}

/* --- when it was needed --- */

enum err spare_rescue_load(const struct root *r, struct spare_rescue *out)
{
	struct spare_rescue v;
	char *content = NULL, *blank;
	size_t len;
	enum err e = root_read(r, SPARE_RESCUED, 64, &content, &len);

	if (e)
		return e == ERR_SYSTEM && (errno == ENOENT || errno == ENOTDIR) ? ERR_NOT_FOUND : e;
	content[strcspn(content, "\n")] = '\0';
	if ((blank = strchr(content, ' ')))
		*blank++ = '\0';
	e = blank ? number_parse(content, 0, UINT64_MAX, &v.from_ms) : ERR_SYNTAX;
	if (!e)
		e = number_parse(blank, 0, UINT64_MAX, &v.until_ms);
	if (!e)
		*out = v;
	free(content);
	return e;
}

enum err spare_rescue_save(const struct root *r, const struct spare_rescue *v)
{
	struct text t = { 0 };
	enum err e;

	text_add(&t, "%llu %llu\n", (unsigned long long)v->from_ms, (unsigned long long)v->until_ms);
	if (!(e = text_check(&t)) && !(e = file_make_dirs(r, "/run/sallyport", 0755)))
		e = file_replace(r, SPARE_RESCUED, t.s, t.len, NULL, "rescue");
	text_free(&t);
	return e;
}
