/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ask_ssh.c - lines of "ssh -G": a keyword in lower case, a blank, the value. */
#include "client/ask_ssh.h"

#include "base/number.h"
#include "client/program.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define ANSWER_MAX (1u << 20)

struct reading {
	const char *home, *socket;
	struct ssh_answer *a;
	const char *agent; /* as it stands there */
};

static enum err set_text(char **out, const char *value)
{
	free(*out);
	*out = strdup(value);
	return *out ? ERR_NONE : ERR_MEMORY;
}

static enum err add_path(const struct reading *r, struct strings *l, const char *value)
{
	if (!strcmp(value, "none"))
		return ERR_NONE;
	if (!strncmp(value, "~/", 2) && r->home)
		return strings_add_format(l, "%s/%s", r->home, value + 2);
	if (!strncmp(value, "%d/", 3) && r->home)
		return strings_add_format(l, "%s/%s", r->home, value + 3);
	return strings_add(l, value);
}

static enum err add_paths(const struct reading *r, struct strings *l, const char *value)
{
	struct strings words = { 0 };
	enum err e = strings_split(&words, value, " ");

	for (size_t i = 0; i < words.n && !e; i++)
		e = add_path(r, l, words.v[i]);
	strings_free(&words);
	return e;
}

static enum err take_host(struct reading *r, const char *value)
{
	return set_text(&r->a->host, value);
}
static enum err take_user(struct reading *r, const char *value)
{
	return set_text(&r->a->user, value);
}
static enum err take_alias(struct reading *r, const char *value)
{
	return set_text(&r->a->alias, value);
}
static enum err take_key(struct reading *r, const char *value)
{
	return add_path(r, &r->a->keys, value);
}
static enum err take_certificate(struct reading *r, const char *value)
{
	return add_path(r, &r->a->certificates, value);
}
static enum err take_known(struct reading *r, const char *value)
{
	return add_paths(r, &r->a->known_hosts, value);
}

static enum err take_port(struct reading *r, const char *value)
{
	uint64_t port;
	enum err e = number_parse(value, 1, 65535, &port);

	if (!e)
		r->a->port = (unsigned)port;
	return e;
}

static enum err take_family(struct reading *r, const char *value)
{
	r->a->family = !strcmp(value, "inet") ? 4 : !strcmp(value, "inet6") ? 6 : 0;
	return ERR_NONE;
}

static enum err take_only(struct reading *r, const char *value)
{
	r->a->only_these = !strcmp(value, "yes");
	return ERR_NONE;
}

static enum err take_agent(struct reading *r, const char *value)
{
	r->agent = value;
	return ERR_NONE;
}

static const struct {
	const char *keyword;
	enum err (*take)(struct reading *r, const char *value);
} rows[] = {
	{ "hostname", take_host },
	{ "user", take_user },
	{ "port", take_port },
	{ "addressfamily", take_family },
	{ "hostkeyalias", take_alias },
	{ "identityfile", take_key },
	{ "certificatefile", take_certificate },
	{ "identitiesonly", take_only },
	{ "identityagent", take_agent },
	{ "userknownhostsfile", take_known },
	{ "globalknownhostsfile", take_known },
};

static enum err take_line(struct reading *r, char *line)
{
	char *value = strchr(line, ' ');

	if (!value)
		return ERR_NONE;
	*value++ = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].keyword, line))
			return rows[i].take(r, value);
	return ERR_NONE;
}

/* IdentityAgent: a path, "none", "SSH_AUTH_SOCK", "$NAME"; without it what the environment has. */
static enum err agent_find(struct reading *r)
{
	const char *where = r->agent ? r->agent : "SSH_AUTH_SOCK";
	struct strings one = { 0 };
	enum err e;

	if (!strcmp(where, "none"))
		return ERR_NONE;
	if (!strcmp(where, "SSH_AUTH_SOCK"))
		where = r->socket;
	else if (*where == '$')
		where = getenv(where + 1);
	if (!where || !*where)
		return ERR_NONE;
	if ((e = add_path(r, &one, where)) == ERR_NONE && one.n)
		e = set_text(&r->a->agent, one.v[0]);
	strings_free(&one);
	return e;
}

enum err ssh_answer_parse(const char *text, size_t len, const char *home, const char *socket, struct ssh_answer *out)
{
	struct ssh_answer a = { 0 };
	struct reading r = { .home = home, .socket = socket, .a = &a };
	char *copy = strndup(text, len), *rest = copy, *line;
	enum err e = copy ? ERR_NONE : ERR_MEMORY;

	while (!e && (line = strsep(&rest, "\n")))
		e = take_line(&r, line);
	if (!e)
		e = agent_find(&r);
	if (!e && (!a.host || !a.user || !a.port))
		e = ERR_SYNTAX;
	free(copy);
	if (e) {
		ssh_answer_clear(&a);
		return e;
	}
	*out = a;
	return ERR_NONE;
}

enum err ssh_ask(const struct ssh_flags *f, struct ssh_answer *out)
{
	const char *argv[16] = { "ssh", "-G", "-T" }; /* -T: no word about the terminal */
	struct text answer = { 0 };
	size_t n = 3;
	enum err e;

	if (f->config)
		argv[n++] = "-F", argv[n++] = f->config;
	if (f->user)
		argv[n++] = "-l", argv[n++] = f->user;
	if (f->port)
		argv[n++] = "-p", argv[n++] = f->port;
	if (f->key)
		argv[n++] = "-i", argv[n++] = f->key;
	if (f->family)
		argv[n++] = f->family == 4 ? "-4" : "-6";
	argv[n++] = "--";
	argv[n++] = f->host;
	if (!(e = program_run(argv, NULL, ANSWER_MAX, &answer)))
		e = ssh_answer_parse(text_string(&answer), answer.len, getenv("HOME"), getenv("SSH_AUTH_SOCK"), out);
	text_free(&answer);
	return e;
}

void ssh_answer_clear(struct ssh_answer *a)
{
	free(a->host);
	free(a->alias);
	free(a->user);
	free(a->agent);
	strings_free(&a->keys);
	strings_free(&a->certificates);
	strings_free(&a->known_hosts);
	*a = (struct ssh_answer){ 0 };
}
