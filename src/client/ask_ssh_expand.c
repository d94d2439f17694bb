/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ask_ssh_expand.c - the file names that ssh -G leaves as they were written. */
#include "client/ask_ssh.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

/* "~" and "~/x" are the user's home, "~anna/x" is anna's. Moves *name behind it. */
static enum err expand_tilde(const struct ask_ssh_tokens *t, const char **name, struct text *out)
{
	const size_t len = strcspn(*name, "/");
	struct strings who = { 0 };
	const struct passwd *pw;
	const char *home = t->home;
	enum err e = ERR_NONE;

	if ((*name)[0] != '~')
		return ERR_NONE;
	if (len > 1) {
		if ((e = strings_add_bytes(&who, *name + 1, len - 1)))
			return e;
		pw = getpwnam(who.v[0]);
		home = pw ? pw->pw_dir : NULL;
		strings_free(&who);
	}
	if (!home)
		return ERR_NOT_FOUND;
	text_add_string(out, home);
	*name += len;
	return ERR_NONE;
}

static enum err expand_token(const struct ask_ssh_tokens *t, char token, struct text *out)
{
	const struct {
		char token;
		const char *value;
	} rows[] = {
		{ '%', "%" },	   { 'd', t->home },	   { 'h', t->hostname },    { 'i', t->uid },
		{ 'k', t->alias }, { 'l', t->local_host }, { 'L', t->local_short }, { 'n', t->typed },
		{ 'p', t->port },  { 'r', t->user },	   { 'u', t->local_user },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].token != token)
			continue;
		if (!rows[i].value)
			return ERR_NOT_FOUND;
		text_add_string(out, rows[i].value);
		return ERR_NONE;
	}
	return ERR_UNSUPPORTED;
}

/* "${NAME}"; moves *name to its last character. */
static enum err expand_variable(const char **name, struct text *out)
{
	const char *end = strchr(*name, '}');
	struct strings word = { 0 };
	const char *value;
	enum err e;

	if (!end)
		return ERR_UNSUPPORTED;
	if ((e = strings_add_bytes(&word, *name + 2, (size_t)(end - *name) - 2)))
		return e;
	value = getenv(word.v[0]);
	strings_free(&word);
	if (!value)
		return ERR_NOT_FOUND;
	text_add_string(out, value);
	*name = end;
	return ERR_NONE;
}

enum err ask_ssh_expand(const struct ask_ssh_tokens *t, const char *name, char **out)
{
	struct text made = { 0 };
	enum err e = expand_tilde(t, &name, &made);

	for (; !e && *name; name++) {
		if (name[0] == '%')
			e = *++name ? expand_token(t, *name, &made) : ERR_UNSUPPORTED;
		else if (name[0] == '$' && name[1] == '{')
			e = expand_variable(&name, &made);
		else
			text_add_bytes(&made, name, 1);
	}
	if (!e && (e = text_check(&made)) == ERR_NONE) {
		if (!made.s)
			text_add_string(&made, "");
		*out = text_take(&made);
		if (!*out)
			e = ERR_MEMORY;
	}
	text_free(&made);
	return e;
}

static enum err expand_list(const struct ask_ssh_tokens *t, struct strings *names)
{
	struct strings made = { 0 };
	enum err e = ERR_NONE;

	for (size_t i = 0; i < names->n && e != ERR_MEMORY; i++) {
		char *name = NULL;

		if ((e = ask_ssh_expand(t, names->v[i], &name)) == ERR_NONE)
			e = strings_add(&made, name);
		free(name);
	}
	if (e == ERR_MEMORY) {
		strings_free(&made);
		return e;
	}
	strings_free(names);
	*names = made;
	return ERR_NONE;
}

/* Of their own, as another look into the account database would overwrite them. */
static enum err account_copy(char **home, char **name)
{
	const struct passwd *pw = getpwuid(getuid());

	*home = strdup(pw ? pw->pw_dir : "/");
	*name = strdup(pw ? pw->pw_name : "");
	return *home && *name ? ERR_NONE : ERR_MEMORY;
}

static enum err expand_names(struct ask_ssh_tokens *t, struct ask_ssh *a)
{
	char *alias = NULL;
	enum err e;

	if (a->alias) {
		if ((e = ask_ssh_expand(t, a->alias, &alias)))
			return e;
		free(a->alias);
		a->alias = alias; /* the answer owns it now */
	}
	t->alias = a->alias ? a->alias : t->typed;
	if ((e = expand_list(t, &a->identity_files)))
		return e;
	return expand_list(t, &a->certificate_files);
}

enum err ask_ssh_expand_all(const char *typed, struct ask_ssh *a)
{
	char host[256] = "", shorter[256], port[16], uid[24], *home = NULL, *name = NULL;
	struct ask_ssh_tokens t = { .typed = typed,
				    .hostname = a->hostname,
				    .user = a->user,
				    .port = port,
				    .uid = uid,
				    .local_host = host,
				    .local_short = shorter };
	enum err e;

	gethostname(host, sizeof host - 1);
	snprintf(shorter, sizeof shorter, "%.*s", (int)strcspn(host, "."), host);
	snprintf(port, sizeof port, "%u", a->port);
	snprintf(uid, sizeof uid, "%lu", (unsigned long)getuid());
	e = account_copy(&home, &name);
	t.home = home;
	t.local_user = name;
	if (!e)
		e = expand_names(&t, a);
	free(home);
	free(name);
	return e;
}
