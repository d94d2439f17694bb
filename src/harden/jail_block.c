/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_block.c - writes the Match block of a jail, finds it again, and asks whether it counts. */
#include "harden/jail_block.h"

#include "audit/jail_settings.h"
#include "sshd/account.h"
#include "sshd/edit.h"
#include "sshd/effective.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

#define BEGIN "# sallyport: the jail of "
#define END "# sallyport: the end of the jail of "
#define NAME_MAX_BYTES 64
#define PATH_MAX_BYTES 1024
#define SAFE "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+@-"

static void say_byte(const char *s, size_t at, const char *wants, struct text *why)
{
	size_t len = text_utf8_length(s + at, strlen(s + at));

	text_add_string(why, "it has '");
	text_add_escaped(why, s + at, len ? len : 1);
	text_add(why, "', which means something to sshd or to a path: wants %s", wants);
}

enum err jail_block_check_name(const char *user, struct text *why)
{
	static const char wants[] = "letters, digits and . _ + @ -";
	const size_t good = strspn(user, SAFE);

	if (!user[0])
		text_add_string(why, "it is empty");
	else if (user[good])
		say_byte(user, good, wants, why);
	else if (user[0] == '-' || user[0] == '.' || user[0] == '+' || user[0] == '@')
		text_add(why, "it begins with '%c': wants a letter, a digit or '_' there", user[0]);
	else if (good > NAME_MAX_BYTES)
		text_add(why, "it is longer than %d bytes", NAME_MAX_BYTES);
	return why->len ? ERR_SYNTAX : text_check(why);
}

static bool has_part(const char *path, const char *part)
{
	const size_t len = strlen(part);

	for (const char *at = path; at; at = strchr(at, '/')) {
		at += *at == '/';
		if (strncmp(at, part, len) == 0 && (!at[len] || at[len] == '/'))
			return true;
	}
	return false;
}

enum err jail_block_check_path(const char *path, struct text *why)
{
	const size_t good = strspn(path, SAFE "/");

	if (path[0] != '/')
		text_add_string(why, "it does not begin with '/': wants the whole path");
	else if (path[good])
		say_byte(path, good, "letters, digits and . _ + @ - /", why);
	else if (good > PATH_MAX_BYTES)
		text_add(why, "it is longer than %d bytes", PATH_MAX_BYTES);
	else if (!path[1])
		text_add_string(why, "it is the root of all");
	else if (path[good - 1] == '/' || strstr(path, "//"))
		text_add_string(why, "it has a slash too many");
	else if (has_part(path, ".") || has_part(path, ".."))
		text_add_string(why, "it has '.' or '..' in it");
	return why->len ? ERR_SYNTAX : text_check(why);
}

enum err jail_block_lines(const struct jail *j, const char *keys, struct text *out)
{
	struct jail_settings all = { 0 };
	enum err e = jail_settings_make(j, keys, &all);

	for (size_t i = 0; i < all.n; i++)
		text_add(out, "%s %s\n", sshd_keyword(all.v[i].id)->name, all.v[i].value);
	jail_settings_clear(&all);
	return e ? e : text_check(out);
}

/* ---- the block among other lines ---- */

/* Of the line that is this text; 0: there is none from 'first' on. */
static unsigned line_of(const struct text *content, const char *begin, const char *user, unsigned first)
{
	const char *at = text_string(content);

	for (unsigned n = 1; *at; n++) {
		size_t len = strcspn(at, "\r\n");

		if (n >= first && len == strlen(begin) + strlen(user) && strncmp(at, begin, strlen(begin)) == 0 &&
		    strncmp(at + strlen(begin), user, strlen(user)) == 0)
			return n;
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	return 0;
}

static bool is_match(const char *line)
{
	line += strspn(line, " \t");
	return strncasecmp(line, "match", 5) == 0 && strchr(" \t=\"", line[5]) && line[5];
}

static const char *line_after(const char *at)
{
	at += strcspn(at, "\n");
	return at + (*at == '\n');
}

/* That line; the empty one at the end where there is none. */
static const char *line_at(const struct text *content, unsigned line)
{
	const char *at = text_string(content);

	for (unsigned n = 1; n < line && *at; n++)
		at = line_after(at);
	return at;
}

/* From its first line to its last, with none of another block between; false: there is no such block. */
static bool find_whole(const struct text *content, const char *user, unsigned *begin, unsigned *end)
{
	for (unsigned b = line_of(content, BEGIN, user, 1); b; b = line_of(content, BEGIN, user, b + 1)) {
		const unsigned last = line_of(content, END, user, b);
		const char *at = line_after(line_at(content, b));
		unsigned n = b + 1;

		for (; n < last && strncmp(at, BEGIN, strlen(BEGIN)) != 0; n++)
			at = line_after(at);
		if (last && n == last) {
			*begin = b;
			*end = last;
			return true;
		}
	}
	return false;
}

/* The line of the next that is left over, without a Match behind it; 0: none. */
static unsigned find_stray(const struct text *content, const char *user)
{
	unsigned begin = 0, end = 0, n;
	const bool whole = find_whole(content, user, &begin, &end);

	for (n = line_of(content, BEGIN, user, 1); n; n = line_of(content, BEGIN, user, n + 1))
		if (!(whole && n == begin) && !is_match(line_at(content, n + 1)))
			return n;
	return 0;
}

/* Where its block begins, whole or torn; 0: nowhere. */
static unsigned find_begin(const struct text *content, const char *user)
{
	unsigned begin, end;

	if (find_whole(content, user, &begin, &end))
		return begin;
	for (begin = line_of(content, BEGIN, user, 1); begin; begin = line_of(content, BEGIN, user, begin + 1))
		if (is_match(line_at(content, begin + 1)))
			break;
	return begin;
}

static enum err take_out(struct text *content, const char *user)
{
	unsigned begin, end, stray;
	enum err e = ERR_NONE;

	if (find_whole(content, user, &begin, &end))
		for (unsigned n = begin; n <= end && !e; n++)
			e = edit_remove(content, begin);
	while (!e && (stray = find_stray(content, user)))
		e = edit_remove(content, stray);
	return e;
}

/*
 * The line before which it must stand: the first Match, with the comment in front of it where it is one of ours, or behind the last. Where it
 * stood before ('was', 0: nowhere) is as good while only ours are in front, for each is of another account.
 */
static unsigned place_for(const struct text *content, unsigned was)
{
	const char *at = text_string(content), *before = "";
	unsigned n = 1;

	for (; *at && (!is_match(at) || (n < was && strncmp(before, BEGIN, strlen(BEGIN)) == 0)); n++) {
		before = at;
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	if (*at && strncmp(before, BEGIN, strlen(BEGIN)) == 0)
		n--;
	return was && was < n ? was : n;
}

enum err jail_block_put(struct text *content, const char *user, const char *lines)
{
	const unsigned was = find_begin(content, user);
	struct text line = { 0 };
	unsigned at;
	enum err e = take_out(content, user);

	if (e || !lines)
		return e;
	at = place_for(content, was);
	text_add(&line, BEGIN "%s", user);
	if (!(e = text_check(&line)))
		e = edit_insert(content, at++, line.s);
	text_reset(&line);
	text_add(&line, "Match User %s", user);
	if (!e && !(e = text_check(&line)))
		e = edit_insert(content, at++, line.s);
	while (!e && *lines) {
		size_t len = strcspn(lines, "\n");

		text_reset(&line);
		text_add(&line, "\t%.*s", (int)len, lines);
		if (!(e = text_check(&line)))
			e = edit_insert(content, at++, line.s);
		lines += len + (lines[len] == '\n');
	}
	text_reset(&line);
	text_add(&line, END "%s", user);
	if (!e && !(e = text_check(&line)))
		e = edit_insert(content, at, line.s);
	text_free(&line);
	return e;
}

/* ---- the block read again ---- */

static enum err users_of_file(const struct text *content, struct strings *out)
{
	enum err e = ERR_NONE;

	for (const char *at = text_string(content); *at && !e; at += strcspn(at, "\n"), at += *at == '\n') {
		const size_t begin = strlen(BEGIN);
		struct text why = { 0 };
		char *user;

		if (strncmp(at, BEGIN, begin) != 0)
			continue;
		if (!(user = strndup(at + begin, strcspn(at + begin, "\r\n"))))
			return ERR_MEMORY;
		if (!strings_has(out, user) && jail_block_check_name(user, &why) == ERR_NONE &&
		    (is_match(line_after(at)) || find_begin(content, user)))
			e = strings_add(out, user);
		text_free(&why);
		free(user);
	}
	return e;
}

enum err jail_block_users(const struct sshd_config *c, struct strings *out)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < c->nfiles && !e; i++) {
		const struct text content = { .s = c->files[i].content, .len = c->files[i].len };

		e = users_of_file(&content, out);
	}
	return e;
}

/* The rest of the line where it is "\tKEYWORD rest", else NULL. Yours. */
static enum err take_value(const char *line, size_t len, const char *keyword, char **out)
{
	const size_t n = strlen(keyword);

	if (len < n + 3 || line[0] != '\t' || strncmp(line + 1, keyword, n) != 0 || line[n + 1] != ' ')
		return ERR_NONE;
	free(*out); /* the last one, of which there is one */
	*out = strndup(line + n + 2, len - n - 2);
	return *out ? ERR_NONE : ERR_MEMORY;
}

static enum err check_value(const char *path, const char *keyword, struct text *why)
{
	struct text odd = { 0 };
	enum err e = jail_block_check_path(path, &odd);

	if (e == ERR_SYNTAX)
		text_add(why, "its %s cannot be ours: %s", keyword, text_string(&odd));
	text_free(&odd);
	return e;
}

static enum err take_command(const char *command, struct jail *j, struct text *why)
{
	static const char wants[] = "internal-sftp -f AUTHPRIV -l INFO -d ";

	if (strncmp(command, wants, strlen(wants)) != 0) {
		text_add_string(why, "its ForceCommand is another one than ours");
		return ERR_SYNTAX;
	}
	j->sftp_only = true;
	j->home = strdup(command + strlen(wants));
	return j->home ? check_value(j->home, "ForceCommand", why) : ERR_MEMORY;
}

/* From the first line of the block on. */
static enum err read_block(const char *at, const char *user, struct jail *j, struct text *why)
{
	struct text end = { 0 }, match = { 0 };
	char *dir = NULL, *command = NULL;
	bool matches = false, ends = false;
	enum err e;

	text_add(&end, END "%s", user);
	text_add(&match, "Match User %s", user);
	if (!(e = text_check(&end)))
		e = text_check(&match);
	while (!e && *at && !ends) {
		const size_t len = strcspn(at, "\r\n");

		matches |= len == match.len && strncmp(at, match.s, len) == 0;
		ends = len == end.len && strncmp(at, end.s, len) == 0;
		if (!(e = take_value(at, len, "ChrootDirectory", &dir)))
			e = take_value(at, len, "ForceCommand", &command);
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	if (!e && (!matches || !ends || !dir)) {
		text_add(why, "%s is missing in it",
			 !ends	    ? "its last line"
			 : !matches ? "its line 'Match User'"
				    : "ChrootDirectory");
		e = ERR_SYNTAX;
	}
	if (!e && !(e = check_value(dir, "ChrootDirectory", why)) && !(j->user = strdup(user)))
		e = ERR_MEMORY;
	if (!e && command)
		e = take_command(command, j, why);
	if (!e) {
		j->dir = dir;
		dir = NULL;
	}
	free(dir);
	free(command);
	text_free(&end);
	text_free(&match);
	return e;
}

enum err jail_block_read(const struct sshd_config *c, const char *user, struct jail *j, const char **file,
			 struct text *why)
{
	for (size_t i = 0; i < c->nfiles; i++) {
		const struct text content = { .s = c->files[i].content, .len = c->files[i].len };
		const unsigned begin = find_begin(&content, user);
		struct jail found = { 0 };
		enum err e;

		if (!begin)
			continue;
		if (file)
			*file = c->files[i].path;
		e = read_block(line_at(&content, begin), user, &found, why);
		if (e)
			jail_clear(&found);
		else
			*j = found;
		return e;
	}
	return ERR_NOT_FOUND;
}

/* ---- does it count? ---- */

enum err jail_block_in_force(const struct root *r, const struct sshd_config *c, const struct jail *j, bool *out)
{
	struct sshd_connection who = {
		.user = j->user, .host = "127.0.0.1", .addr = "127.0.0.1", .laddr = "127.0.0.1", .lport = 22
	};
	struct sshd_effective *found = NULL;
	struct account *a = NULL;
	enum err e = account_find(r, j->user, &a);

	if (e == ERR_MEMORY)
		return e;
	if (!e)
		who.groups = &a->groups;
	if (!(e = sshd_effective(c, &who, &found)))
		*out = strcmp(sshd_value(found, KW_CHROOTDIRECTORY), j->dir) == 0;
	sshd_effective_free(found);
	account_free(a);
	return e;
}
