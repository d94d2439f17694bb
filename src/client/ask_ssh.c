/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ask_ssh.c - run ssh -G and take of its answer what a knock needs. */
#include "client/ask_ssh.h"

#include "base/number.h"
#include "client/run.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define WORDS_MAX 256
#define ANSWER_MAX 262144
#define PATIENCE_MS 30000 /* "Match exec" may ask somebody else */

static enum err set_word(char **field, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return ERR_MEMORY;
	free(*field);
	*field = copy;
	return ERR_NONE;
}

static enum err take_hostname(struct ask_ssh *a, const char *value)
{
	return set_word(&a->hostname, value);
}

static enum err take_user(struct ask_ssh *a, const char *value)
{
	return set_word(&a->user, value);
}

static enum err take_alias(struct ask_ssh *a, const char *value)
{
	return set_word(&a->alias, value);
}

static enum err take_agent(struct ask_ssh *a, const char *value)
{
	return set_word(&a->agent, value);
}

static enum err take_jump(struct ask_ssh *a, const char *value)
{
	return strcmp(value, "none") ? set_word(&a->jump, value) : ERR_NONE;
}

static enum err take_proxy(struct ask_ssh *a, const char *value)
{
	return strcmp(value, "none") ? set_word(&a->proxy, value) : ERR_NONE;
}

static enum err take_port(struct ask_ssh *a, const char *value)
{
	uint64_t port;

	if (number_parse(value, 1, 65535, &port))
		return ERR_SYNTAX;
	a->port = (unsigned)port;
	return ERR_NONE;
}

static enum err take_family(struct ask_ssh *a, const char *value)
{
	a->family = !strcmp(value, "inet") ? 4 : !strcmp(value, "inet6") ? 6 : 0;
	return ERR_NONE;
}

/* A name of ours, or an address that no server sees: the kernel chooses, as without it. */
static enum err take_bind(struct ask_ssh *a, const char *value)
{
	struct address_claim c;

	if (!address_claim_parse(value, &c))
		a->bind = c;
	return ERR_NONE;
}

static enum err take_control(struct ask_ssh *a, const char *value)
{
	a->shares = strcmp(value, "none") != 0;
	return ERR_NONE;
}

static enum err take_only(struct ask_ssh *a, const char *value)
{
	a->identities_only = !strcmp(value, "yes");
	return ERR_NONE;
}

static enum err take_identity(struct ask_ssh *a, const char *value)
{
	return strcmp(value, "none") ? strings_add(&a->identity_files, value) : ERR_NONE;
}

static enum err take_certificate(struct ask_ssh *a, const char *value)
{
	return strcmp(value, "none") ? strings_add(&a->certificate_files, value) : ERR_NONE;
}

/* ssh writes the names with blanks between them and no quotes: one that has a blank itself cannot be told from two. */
static enum err take_known(struct ask_ssh *a, const char *value)
{
	return strings_split(&a->known_hosts, value, " ");
}

static const struct row {
	const char *name;
	enum err (*take)(struct ask_ssh *a, const char *value);
} rows[] = {
	{ "hostname", take_hostname },
	{ "user", take_user },
	{ "port", take_port },
	{ "addressfamily", take_family },
	{ "bindaddress", take_bind },
	{ "controlpath", take_control },
	{ "hostkeyalias", take_alias },
	{ "identityagent", take_agent },
	{ "identitiesonly", take_only },
	{ "identityfile", take_identity },
	{ "certificatefile", take_certificate },
	{ "proxyjump", take_jump },
	{ "proxycommand", take_proxy },
	{ "userknownhostsfile", take_known },
};

/* Its place in the answer is before that of the user's files, which go first. */
static enum err take_line(struct ask_ssh *a, struct strings *global, char *line)
{
	char *value = strchr(line, ' ');

	if (!value)
		return ERR_NONE;
	*value++ = '\0';
	if (!strcmp(line, "globalknownhostsfile"))
		return strings_split(global, value, " ");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].name, line))
			return rows[i].take(a, value);
	return ERR_NONE;
}

enum err ask_ssh_parse(const char *text, size_t len, struct ask_ssh *out)
{
	struct strings lines = { 0 }, global = { 0 }, whole = { 0 };
	struct ask_ssh a = { 0 };
	enum err e;

	if (!len || memchr(text, '\0', len))
		return ERR_SYNTAX;
	if ((e = strings_add_bytes(&whole, text, len)) || (e = strings_split(&lines, whole.v[0], "\n")))
		goto out;
	for (size_t i = 0; i < lines.n && !e; i++)
		e = take_line(&a, &global, lines.v[i]);
	if (!e && (!a.hostname || !a.user || !a.port))
		e = ERR_SYNTAX;
	if (!e)
		e = strings_copy(&a.known_hosts, &global);
out:
	strings_free(&whole);
	strings_free(&lines);
	strings_free(&global);
	if (e)
		ask_ssh_clear(&a);
	else
		*out = a;
	return e;
}

enum err ask_ssh(const struct ask_ssh_wish *w, struct ask_ssh *out)
{
	const char *argv[WORDS_MAX] = { "ssh", "-G" };
	const char *const pairs[][2] = { { "-l", w->user }, { "-i", w->key }, { "-p", w->port }, { "-F", w->config } };
	struct text answer = { 0 };
	size_t n = 2;
	int status;
	enum err e;

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		if (!pairs[i][1])
			continue;
		argv[n++] = pairs[i][0];
		argv[n++] = pairs[i][1];
	}
	if (w->family)
		argv[n++] = w->family == 4 ? "-4" : "-6";
	if (w->more && w->more->n > WORDS_MAX - n - 4)
		return ERR_TOO_BIG;
	for (size_t i = 0; w->more && i < w->more->n; i++)
		argv[n++] = w->more->v[i];
	/* else it asks for a terminal, and says so where there is none */
	argv[n++] = "-T";
	argv[n++] = "--";
	argv[n] = w->host;
	e = run_program(&(struct run_order){ .argv = argv, .timeout_ms = PATIENCE_MS, .max_output = ANSWER_MAX },
			&answer, &status);
	if (!e)
		e = status ? ERR_CHILD : ask_ssh_parse(text_string(&answer), answer.len, out);
	text_free(&answer);
	return e;
}

void ask_ssh_clear(struct ask_ssh *a)
{
	free(a->hostname);
	free(a->user);
	free(a->alias);
	free(a->agent);
	free(a->jump);
	free(a->proxy);
	strings_free(&a->identity_files);
	strings_free(&a->certificate_files);
	strings_free(&a->known_hosts);
	*a = (struct ask_ssh){ 0 };
}
