/* SPDX-License-Identifier: GPL-3.0-or-later */
/* knock_make.c - from a host's name to signed knocks. */
#include "cmd/knock.h"

#include "base/file.h"
#include "base/message.h"
#include "base/number.h"
#include "client/agent.h"
#include "client/packet.h"
#include "client/site_secret.h"
#include "client/stanza.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

static bool stop(struct knock *k, enum knock_trouble t)
{
	k->trouble = t;
	return false;
}

struct knock *knock_new(const struct knock_args *args)
{
	struct knock *k = sodium_init() < 0 ? NULL : calloc(1, sizeof *k);

	if (!k) {
		fail(ERR_MEMORY, "cannot start");
		return NULL;
	}
	k->args = args;
	k->agent = -1;
	return k;
}

void knock_free(struct knock *k)
{
	if (!k)
		return;
	ask_ssh_clear(&k->ssh);
	choice_clear(&k->choice);
	file_close(k->agent);
	sodium_memzero(k->secret, sizeof k->secret);
	free(k);
}

int knock_read_from(const char *text, struct address_claim *out)
{
	enum err e = text ? address_claim_parse(text, out) : ERR_NONE;

	if (e == ERR_RANGE)
		return complain("--from is '%s': nobody can come from there", text);
	return e ? complain("--from is '%s': wants an address such as 192.0.2.7 or 2001:db8::7", text) : 0;
}

int knock_read_ports(const struct strings *ports, unsigned out[SEND_PORTS_MAX], size_t *n)
{
	uint64_t port;

	if (ports->n > SEND_PORTS_MAX)
		return complain("--knock-port takes %u ports at most", SEND_PORTS_MAX);
	for (size_t i = 0; i < ports->n; i++) {
		if (number_parse(ports->v[i], 1, 65535, &port))
			return complain("--knock-port is '%s': wants ports between 1 and 65535", ports->v[i]);
		out[i] = (unsigned)port;
	}
	*n = ports->n;
	return 0;
}

/* What ssh passed on is what it really does, whatever -G says: "-o HostName=" may stand behind a Match. */
static enum err take_hostname(struct knock *k)
{
	char *name = k->hostname ? strdup(k->hostname) : NULL;

	if (!k->hostname)
		return ERR_NONE;
	if (!name)
		return ERR_MEMORY;
	free(k->ssh.hostname);
	k->ssh.hostname = name;
	return ERR_NONE;
}

bool knock_ask(struct knock *k)
{
	const struct knock_args *a = k->args;
	char port[16];
	struct ask_ssh_wish w = { .host = k->host,
				  .user = a->user,
				  .key = a->identity,
				  .config = a->ssh_config,
				  .more = k->more,
				  .family = a->four  ? 4
					    : a->six ? 6
						     : 0 };
	enum err e;

	snprintf(port, sizeof port, "%u", (unsigned)a->port);
	w.port = a->port ? port : NULL;
	e = ask_ssh(&w, &k->ssh);
	if (!e && !(e = take_hostname(k)))
		e = ask_ssh_expand_all(k->host, &k->ssh);
	if (!e)
		return true;
	if (e == ERR_CHILD)
		complain("ssh does not know what to do for '%s': see above", k->host);
	else if (e == ERR_NOT_FOUND)
		complain("there is no ssh here, which is asked for host, account and keys");
	else
		fail(e, "cannot ask ssh about '%s'", k->host);
	return stop(k, KNOCK_OTHER);
}

bool knock_knows_host(struct knock *k)
{
	return host_key_find(&k->ssh, &k->keys) || k->keys.n;
}

static bool find_host_key(struct knock *k)
{
	enum err e = k->keys.n ? ERR_NONE : host_key_find(&k->ssh, &k->keys);

	if (e) {
		if (e == ERR_NOT_FOUND)
			complain("there is no ssh-keygen here, which looks the host up in known_hosts");
		else
			fail(e, "cannot look '%s' up in known_hosts", k->host);
		return stop(k, KNOCK_OTHER);
	}
	if (k->keys.n)
		return true;
	knock_say_host_key(k);
	return stop(k, KNOCK_NO_HOST_KEY);
}

/* As ssh does: IdentityAgent, else SSH_AUTH_SOCK. */
static const char *agent_path(const struct ask_ssh *a)
{
	if (!a->agent || !strcmp(a->agent, "SSH_AUTH_SOCK"))
		return getenv("SSH_AUTH_SOCK");
	if (!strcmp(a->agent, "none"))
		return NULL;
	return a->agent[0] == '$' ? getenv(a->agent + 1) : a->agent;
}

static enum err ask_agent(struct knock *k, struct agent_identities *list)
{
	enum err e;

	k->agent_path = agent_path(&k->ssh);
	if (!k->agent_path)
		return ERR_NONE;
	e = agent_open(k->agent_path, &k->agent);
	if (!e)
		e = agent_list(k->agent, list);
	if (e == ERR_MEMORY)
		return e;
	if (e && e != ERR_NOT_FOUND)
		warn("the agent at '%s' is of no use: %s", k->agent_path, err_text(e));
	if (e) {
		file_close(k->agent);
		k->agent = -1;
	}
	return ERR_NONE;
}

bool knock_choose(struct knock *k)
{
	struct choose_wish w = { .pinned = k->args->identity, .ssh = &k->ssh };
	struct agent_identities list = { 0 };
	enum err e = ask_agent(k, &list);

	if (!e) {
		w.agent = k->agent < 0 ? NULL : &list;
		k->agent_empty = w.agent && !list.n;
		e = choose_keys(&w, &k->choice);
	}
	agent_identities_clear(&list);
	if (e) {
		fail(e, "cannot choose a key");
		return stop(k, KNOCK_OTHER);
	}
	if (k->choice.n)
		return true;
	knock_say_no_key(k);
	return stop(k, KNOCK_CANNOT_SIGN);
}

/* The one that is named, else the one that enroll has brought, if it has. */
static bool read_secret(struct knock *k)
{
	struct text found = { 0 };
	const char *path = k->args->secret;
	enum err e = path ? ERR_NONE : site_secret_find(k->host, &found);

	if (!path && !e)
		path = text_string(&found);
	if (path)
		e = site_secret_read(path, k->secret);
	k->has_secret = path && !e;
	if (path && e == ERR_SYNTAX)
		complain("there is no site secret in '%s': wants a line of 64 hexadecimal digits", path);
	else if (path && e)
		fail(e, "cannot read '%s'", path);
	text_free(&found);
	return path && e ? stop(k, KNOCK_OTHER) : true;
}

bool knock_resolve(struct knock *k)
{
	const unsigned port = k->args->knock_port ? (unsigned)k->args->knock_port
			      : k->args->carry	  ? k->carried[0].port
						  : k->ssh.port;
	const char *why = "";
	enum err e;

	e = address_resolve(k->ssh.hostname, port, k->ssh.family, k->from.type ? &k->from : &k->ssh.bind, k->target,
			    &k->ntargets, &why);
	if (!e)
		return true;
	if (e == ERR_NOT_FOUND)
		complain("cannot find '%s': %s", k->ssh.hostname, why);
	else
		complain("there is no route to '%s': %s", k->ssh.hostname, strerror(errno));
	return stop(k, KNOCK_NO_ADDRESS);
}

bool knock_ready(struct knock *k)
{
	return read_secret(k) && find_host_key(k) && knock_choose(k);
}

static void warn_of_way(const struct knock *k)
{
	char *way = NULL;

	if (k->from.type || (!k->ssh.jump && (!k->ssh.proxy || stanza_option(k->ssh.proxy, "--jump", &way) || !way)))
		return;
	warn("ssh goes through '%s', and the login comes from there, not from here", way ? way : k->ssh.jump);
	hint("plain ssh knocks from there once it is enrolled; by hand ask for that host's address: --from ADDRESS");
	free(way);
}

bool knock_prepare(struct knock *k)
{
	if (!knock_ask(k))
		return false;
	if (k->args->carry)
		return knock_resolve(k);
	warn_of_way(k);
	return knock_ready(k) && (k->args->print || knock_resolve(k));
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* What was asked for, or the address that everybody sees us by, or else what the server sees. */
static struct address_claim claim_of(const struct knock *k, const struct address_target *t)
{
	if (k->from.type)
		return k->from;
	return t && address_is_global(&t->local) ? t->local : (struct address_claim){ 0 };
}

static enum err make_one(struct knock *k, const struct candidate *c, const struct address_target *t)
{
	const size_t i = k->n;
	const struct packet_order o = { .host = k->keys.v[k->key],
					.site_secret = k->has_secret ? k->secret : NULL,
					.user = k->ssh.user,
					.claim = claim_of(k, t),
					.duration = (uint16_t)k->args->duration,
					.ts = now_ms() };
	enum err e = packet_make(&o, c, k->agent, k->datagram[i]);

	if (e)
		return e;
	k->claim[i] = o.claim;
	memcpy(k->fingerprint[i], c->fingerprint, sizeof c->fingerprint);
	k->n++;
	return ERR_NONE;
}

/* Over the family of the address that is asked for, where the host has it: it opens nothing for the other. */
static bool is_wanted(const struct knock *k, const struct address_target *t)
{
	const int family = k->from.type == 4 ? AF_INET : AF_INET6;

	if (!k->from.type || t->to.ss_family == family)
		return true;
	for (size_t i = 0; i < k->ntargets; i++)
		if (k->target[i].to.ss_family == family)
			return false;
	return true;
}

/*
 * One for each address of ours that ssh may come from, and it goes to all addresses of the host that are reached from there: they are mostly
 * one server, to which the second is a copy. An address that is asked for needs no second, nor should anybody touch twice.
 */
static enum err make_all(struct knock *k, const struct candidate *c)
{
	const size_t first = k->n;
	const struct address_target *made[ADDRESS_TARGETS];

	if (c->touch)
		inform("touch the security key for the knock");
	if (k->args->print || k->elsewhere)
		return make_one(k, c, NULL);
	for (size_t i = 0; i < k->ntargets; i++) {
		const struct address_target *t = &k->target[i];
		size_t same = first;
		enum err e;

		if (!is_wanted(k, t))
			continue;
		while (same < k->n && !k->from.type &&
		       memcmp(&made[same - first]->local, &t->local, sizeof t->local) != 0)
			same++;
		if (same == k->n && (k->n == CARRY_MAX || (c->touch && k->n > first)))
			continue;
		if (same == k->n && (e = make_one(k, c, t)))
			return e;
		made[same - first] = t;
		k->job[k->njobs++] = (struct send_job){ t, k->datagram[same] };
	}
	return ERR_NONE;
}

/* The key in a certificate that does not fit may do. */
static enum err make_plain(struct knock *k, const struct candidate *c)
{
	struct candidate plain;
	enum err e = choose_plain(&k->choice, c, &plain);

	if (e)
		return ERR_TOO_BIG;
	warn("this certificate is too big for a knock, which goes by its plain key instead: %s", c->fingerprint);
	e = make_all(k, &plain);
	candidate_clear(&plain);
	return e;
}

bool knock_make(struct knock *k)
{
	enum err e[CHOOSE_MAX] = { ERR_NONE };
	bool fits = false;

	k->n = k->njobs = 0;
	for (size_t i = 0; i < k->choice.n; i++) {
		e[i] = make_all(k, &k->choice.v[i]);
		if (e[i] == ERR_TOO_BIG && k->choice.v[i].certificate)
			e[i] = make_plain(k, &k->choice.v[i]);
		fits |= e[i] != ERR_TOO_BIG;
	}
	for (size_t i = 0; i < k->choice.n; i++)
		if (e[i])
			knock_say_unsigned(&k->choice.v[i], e[i], k->n > 0);
	return k->n > 0 || stop(k, fits ? KNOCK_CANNOT_SIGN : KNOCK_DOES_NOT_FIT);
}
