/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_command.c - expand, check and run the programs that sshd asks for keys and principals. */
#include "sshd/key_command.h"

#include "base/child.h"
#include "sshd/identity.h"
#include "sshd/strict_modes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define OUTPUT_BYTES (16u << 20)

/* What %C stands for; NULL: no such letter, or not known. */
static const char *letter_value(char c, const struct key_command_facts *f, char number[24])
{
	switch (c) {
	case '%': return "%";
	case 'u': return f->account->name;
	case 'h': return f->account->home;
	case 'U': snprintf(number, 24, "%lu", (unsigned long)f->account->uid); return number;
	case 't': return f->type;
	case 'f': return f->fingerprint;
	case 'k': return f->key;
	case 'T': return f->ca_type;
	case 'F': return f->ca_fingerprint;
	case 'K': return f->ca_key;
	case 'i': return f->key_id;
	case 's': return f->serial;
	default: return NULL;
	}
}

enum err key_command_expand(const char *pattern, const struct key_command_facts *facts, struct text *out)
{
	char number[24];
	const char *value;

	for (const char *p = pattern; *p; p++) {
		if (*p != '%') {
			text_add_bytes(out, p, 1);
			continue;
		}
		value = *++p ? letter_value(*p, facts, number) : NULL;
		if (!value)
			return ERR_SYNTAX;
		text_add_string(out, value);
	}
	return text_check(out);
}

static bool is_escape(const char *s)
{
	return *s == '\\' && (s[1] == '\'' || s[1] == '"' || s[1] == '\\');
}

/* Appends the word at s; NULL: its quote is not closed. */
static const char *word_take(const char *s, struct text *word)
{
	char quote = 0;

	if (is_escape(s)) {
		text_add_bytes(word, ++s, 1);
		s++;
	} else if (*s == '\'' || *s == '"') {
		quote = *s++;
	}
	for (; *s; s++) {
		if (is_escape(s) || (!quote && *s == '\\' && s[1] == ' '))
			s++;
		else if (quote ? *s == quote : *s == ' ' || *s == '\t')
			return s + 1;
		text_add_bytes(word, s, 1);
	}
	return quote ? NULL : s;
}

enum err key_command_split(const char *command, struct strings *out)
{
	struct strings words = { 0 };
	struct text word = { 0 };
	enum err e = ERR_NONE;

	for (const char *s = command + strspn(command, " \t"); *s && !e; s += strspn(s, " \t")) {
		text_reset(&word);
		s = word_take(s, &word);
		if (!s) {
			e = ERR_SYNTAX;
			break;
		}
		if (!(e = text_check(&word)))
			e = strings_add(&words, text_string(&word));
	}
	text_free(&word);
	if (e) {
		strings_free(&words);
		return e;
	}
	e = strings_copy(out, &words);
	strings_free(&words);
	return e;
}

bool key_command_wants_key(const char *command)
{
	for (const char *p = command; (p = strchr(p, '%')) && p[1]; p += 2)
		if (strchr("tfkTFKis", p[1]))
			return true;
	return false;
}

/* The program itself is not expanded. */
static enum err words_expand(const struct strings *raw, const struct key_command_facts *facts, struct strings *out)
{
	struct text t = { 0 };
	enum err e = strings_add(out, raw->v[0]);

	for (size_t i = 1; i < raw->n && !e; i++) {
		text_reset(&t);
		if (!(e = key_command_expand(raw->v[i], facts, &t)))
			e = strings_add(out, text_string(&t));
	}
	text_free(&t);
	return e;
}

static enum err refuse(enum key_command_outcome *outcome, struct text *why, const char *what, const char *subject)
{
	*outcome = COMMAND_REFUSED;
	text_add_string(why, what);
	text_add_escaped(why, subject, strlen(subject));
	return text_check(why);
}

static enum err uncertain(enum key_command_outcome *outcome, struct text *why, const char *sentence)
{
	*outcome = COMMAND_UNCERTAIN;
	text_add_string(why, sentence);
	return text_check(why);
}

/* sshd's own checks on what it is going to execute. */
static enum err program_check(const struct root *r, const char *path, enum key_command_outcome *outcome,
			      struct text *why)
{
	struct strict_modes_cache cache = { 0 };
	struct stat st;
	enum err e;

	if (*path != '/')
		return refuse(outcome, why, "the command is no absolute path: ", path);
	if (root_stat(r, path, &st))
		return refuse(outcome, why, "the command is not there: ", path);
	if (!S_ISREG(st.st_mode))
		return refuse(outcome, why, "the command is no file: ", path);
	e = strict_modes_check(r, &cache, path, &st, NULL, 0, why);
	strict_modes_cache_clear(&cache);
	if (e == ERR_MEMORY)
		return e;
	if (why->len)
		*outcome = COMMAND_REFUSED;
	else if (e)
		return uncertain(outcome, why, "who else could write the command could not be found out");
	return ERR_NONE;
}

static enum err words_run(const struct strings *words, const struct account *as, const struct identity *id,
			  int timeout_ms, enum key_command_outcome *outcome, struct text *output, struct text *why)
{
	const struct child_user user = {
		.name = as->name,
		.home = as->home,
		.uid = id->uid,
		.gid = id->gid,
		.groups = id->groups,
		.ngroups = id->ngroups,
	};
	struct child_result r = { 0 };
	enum err e = child_run_as(&user, (const char *const *)words->v, timeout_ms, OUTPUT_BYTES, &r);

	switch (e) {
	case ERR_NONE: break;
	case ERR_MEMORY: return e;
	case ERR_TIMEOUT: return uncertain(outcome, why, "the command did not end in time");
	case ERR_TOO_BIG: return uncertain(outcome, why, "the command printed more than 16 MiB");
	default: return refuse(outcome, why, "the command cannot be run: ", err_text(e));
	}
	if (r.status) {
		*outcome = COMMAND_REFUSED;
		text_add(why, "the command failed with status %d", r.status);
	} else {
		*outcome = COMMAND_DONE;
		text_add_bytes(output, r.out.s ? r.out.s : "", r.out.len);
	}
	child_result_free(&r);
	e = text_check(why);
	return e ? e : text_check(output);
}

static enum err run_as(const struct root *r, const char *user, const struct strings *words, int timeout_ms,
		       const struct key_command_facts *facts, enum key_command_outcome *outcome, struct text *output,
		       struct text *why)
{
	struct account *as = NULL;
	struct identity id = { 0 };
	struct text name = { 0 };
	enum err e = key_command_expand(user, facts, &name);

	if (e == ERR_SYNTAX)
		e = refuse(outcome, why, "the user of the command has an unknown token: ", user);
	else if (!e && (e = account_find(r, text_string(&name), &as)) == ERR_NOT_FOUND)
		e = refuse(outcome, why, "there is no account to run the command: ", text_string(&name));
	else if (!e && !(e = identity_find(r, as, &id)))
		e = words_run(words, as, &id, timeout_ms, outcome, output, why);
	else if (e != ERR_MEMORY)
		e = uncertain(outcome, why, "the account to run the command could not be looked up");
	identity_clear(&id);
	account_free(as);
	text_free(&name);
	return e;
}

enum err key_command_run(const struct root *r, const char *command, const char *user, bool append_user, int timeout_ms,
			 const struct key_command_facts *facts, enum key_command_outcome *outcome, struct text *output,
			 struct text *why)
{
	struct strings raw = { 0 }, words = { 0 };
	enum err e;

	*outcome = COMMAND_DONE;
	if (!root_is_live(r))
		return uncertain(outcome, why, "no command of another system is run");
	if (geteuid() != 0)
		return uncertain(outcome, why, "only root can run the command as its user");
	e = key_command_split(command, &raw);
	if (!e && raw.n)
		e = words_expand(&raw, facts, &words);
	if (e == ERR_MEMORY)
		goto out;
	if (e || !raw.n) {
		e = refuse(outcome, why, "the command has a quote that is not closed, or an unknown token: ", command);
		goto out;
	}
	if (append_user && words.n == 1 && (e = strings_add(&words, facts->account->name)))
		goto out;
	if ((e = program_check(r, words.v[0], outcome, why)) || *outcome != COMMAND_DONE)
		goto out;
	e = run_as(r, user, &words, timeout_ms, facts, outcome, output, why);
out:
	strings_free(&raw);
	strings_free(&words);
	return e;
}
