/* SPDX-License-Identifier: GPL-3.0-or-later */
/* startup.c - mistakes that no single line shows: sshd finds them when it starts, and so do we. */
#include "sshd/startup.h"

#include "sshd/effective.h"
#include "sshd/value.h"
#include "sshd/version.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

#define MAX_PORTS 256u
#define MAX_SUBSYSTEMS 256u

static bool counts(const struct sshd_line *l)
{
	return !l->match || l->match->at_start;
}

static void complain(struct diags *problems, const struct sshd_line *l, const char *what)
{
	diag_error(problems, l->file, l->line, "%s", what);
}

static void ports_check(const struct sshd_line *const *v, size_t n, struct diags *problems)
{
	if (n > MAX_PORTS)
		diag_error(problems, v[MAX_PORTS]->file, v[MAX_PORTS]->line,
			   "this is one Port too many: wants at most %u", MAX_PORTS);
}

static bool named_before(const struct sshd_line *const *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(v[i]->args.v[0], name))
			return true;
	return false;
}

/* Up to 9.4 a second Subsystem of the same name ended sshd. */
static void subsystems_check(const struct sshd_line *const *v, size_t n, struct diags *problems)
{
	for (size_t i = 0; i < n && i <= MAX_SUBSYSTEMS; i++) {
		if (i == MAX_SUBSYSTEMS)
			complain(problems, v[i], "this is one Subsystem too many: wants at most 256");
		else if (named_before(v, i, v[i]->args.v[0]))
			complain(problems, v[i], "this Subsystem is defined already: wants each name once");
	}
}

/*
 * Up to 9.6 "any" was refused where something had been set before: by the global part at
 * start, even inside Match; by another block that is on only when the connection is there,
 * which then ends.
 */
static void methods_check(const struct sshd_line *const *v, size_t n, struct diags *problems)
{
	bool set = false;

	for (size_t i = 0; i < n; i++) {
		bool any = !strcmp(v[i]->args.v[0], "any");
		if (any && set)
			complain(
				problems, v[i],
				"AuthenticationMethods any is refused before OpenSSH 9.7 where an earlier line set it: "
				"wants the earlier line removed, or lists of methods here");
		else if (any && i)
			diag_warning(
				problems, v[i]->file, v[i]->line,
				"AuthenticationMethods any ends the connection before OpenSSH 9.7 if the block at line "
				"%u is on too: wants lists of methods here",
				v[i - 1]->line);
		set |= counts(v[i]);
	}
}

static int family_of(const char *host)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM }, *ai = NULL;
	int family = AF_UNSPEC;

	if (!getaddrinfo(host, NULL, &hints, &ai)) {
		family = ai->ai_family;
		freeaddrinfo(ai);
	}
	return family;
}

static enum err listen_check(const struct sshd_line *l, int wanted, struct diags *problems)
{
	struct value_listen at;
	enum err e = value_listen(&l->args, &at);
	int family;

	if (e)
		return e == ERR_MEMORY ? e : ERR_NONE;
	family = family_of(at.host);
	if (family != AF_UNSPEC && family != wanted)
		complain(problems, l, "ListenAddress is not of the AddressFamily: wants both to agree");
	free(at.host);
	return ERR_NONE;
}

static enum err listens_check(const struct sshd_effective *now, const struct sshd_line *const *v, size_t n,
			      struct diags *problems)
{
	const char *family = sshd_value(now, KW_ADDRESSFAMILY);
	enum err e = ERR_NONE;

	if (!strcmp(family, "any"))
		return ERR_NONE;
	for (size_t i = 0; i < n && !e; i++)
		e = listen_check(v[i], strcmp(family, "inet") ? AF_INET6 : AF_INET, problems);
	return e;
}

static void command_check(const struct sshd_effective *now, enum sshd_keyword_id command, enum sshd_keyword_id user,
			  struct diags *problems)
{
	const struct sshd_line *l = sshd_decider(now, command);

	if (l && strcasecmp(sshd_value(now, command), "none") && !sshd_decider(now, user))
		diag_error(problems, l->file, l->line, "%s is set, but %s is not: wants both",
			   sshd_keyword(command)->name, sshd_keyword(user)->name);
}

static const struct method_switch {
	const char *method;
	enum sshd_keyword_id id;
} switches[] = {
	{ "publickey", KW_PUBKEYAUTHENTICATION },
	{ "password", KW_PASSWORDAUTHENTICATION },
	{ "keyboard-interactive", KW_KBDINTERACTIVEAUTHENTICATION },
	{ "hostbased", KW_HOSTBASEDAUTHENTICATION },
	{ "gssapi-with-mic", KW_GSSAPIAUTHENTICATION },
	{ "gssapi-keyex", KW_GSSAPIAUTHENTICATION },
};

static bool method_on(const struct sshd_effective *now, const char *name, size_t len)
{
	const char *colon = memchr(name, ':', len);

	if (colon)
		len = (size_t)(colon - name);
	for (size_t i = 0; i < ARRAY_SIZE(switches); i++)
		if (strlen(switches[i].method) == len && !memcmp(switches[i].method, name, len))
			return !strcmp(sshd_value(now, switches[i].id), "yes");
	return true;
}

static bool methods_on(const struct sshd_effective *now, const char *list)
{
	for (;;) {
		size_t len = strcspn(list, ",");
		if (!method_on(now, list, len))
			return false;
		if (!list[len])
			return true;
		list += len + 1;
	}
}

static void methods_possible(const struct sshd_effective *now, struct diags *problems)
{
	const struct sshd_line *l = sshd_decider(now, KW_AUTHENTICATIONMETHODS);

	if (!l || !strcmp(l->args.v[0], "any"))
		return;
	for (size_t i = 0; i < l->args.n; i++)
		if (methods_on(now, l->args.v[i]))
			return;
	complain(problems, l,
		 "AuthenticationMethods cannot be satisfied: wants at least one list of methods that are all enabled");
}

/* The lines of a keyword that count at start, or all of them. */
static enum err lines_find(const struct sshd_config *c, enum sshd_keyword_id id, bool all,
			   const struct sshd_line ***out, size_t *n)
{
	const struct sshd_line **v;
	size_t count, kept = 0;
	enum err e = sshd_lines_of(c, id, &v, &count);

	if (e)
		return e;
	for (size_t i = 0; i < count; i++)
		if (all || counts(v[i]))
			v[kept++] = v[i];
	*out = v;
	*n = kept;
	return ERR_NONE;
}

enum err startup_check(const struct sshd_config *c, struct diags *problems)
{
	const struct sshd_line **ports = NULL, **subsystems = NULL, **methods = NULL, **listens = NULL;
	struct sshd_effective *now = NULL;
	size_t nports, nsubsystems, nmethods, nlistens;
	enum err e;

	if ((e = lines_find(c, KW_PORT, false, &ports, &nports)) ||
	    (e = lines_find(c, KW_SUBSYSTEM, false, &subsystems, &nsubsystems)) ||
	    (e = lines_find(c, KW_AUTHENTICATIONMETHODS, true, &methods, &nmethods)) ||
	    (e = lines_find(c, KW_LISTENADDRESS, false, &listens, &nlistens)) || (e = sshd_effective(c, NULL, &now)))
		goto out;
	ports_check(ports, nports, problems);
	if (c->release < SSHD_RELEASE(9, 5))
		subsystems_check(subsystems, nsubsystems, problems);
	if (c->release < SSHD_RELEASE(9, 7))
		methods_check(methods, nmethods, problems);
	command_check(now, KW_AUTHORIZEDKEYSCOMMAND, KW_AUTHORIZEDKEYSCOMMANDUSER, problems);
	command_check(now, KW_AUTHORIZEDPRINCIPALSCOMMAND, KW_AUTHORIZEDPRINCIPALSCOMMANDUSER, problems);
	methods_possible(now, problems);
	e = listens_check(now, listens, nlistens, problems);
out:
	sshd_effective_free(now);
	free(ports);
	free(subsystems);
	free(methods);
	free(listens);
	return e;
}
