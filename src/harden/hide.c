/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hide.c - guards and steps of hiding. */
#include "harden/hide.h"

#include "audit/closed_port.h"
#include "audit/console.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/number.h"
#include "harden/gate_service.h"
#include "harden/keep.h"
#include "sshd/network.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define SPACE (1u << 20)
#define PORTS_MAX 16
#define UNUSED_PORTS 2
#define TAG "hide"

/* ---- guards ---- */

static enum err may_knock(const struct facts *f, const struct keeper *k, bool *yes)
{
	struct access_decision d;
	enum err e = keeper_decide(f->root, f->config, k, &d);

	if (e)
		return e;
	*yes = d.verdict != ACCESS_DENIED && (d.methods | d.unknown) & METHOD_PUBLICKEY;
	access_decision_clear(&d);
	return ERR_NONE;
}

static bool has_ed25519(const struct facts *f)
{
	for (size_t i = 0; i < f->nhost_keys; i++)
		if (!f->host_keys[i].key_err && strcmp(f->host_keys[i].key.type, "ssh-ed25519") == 0)
			return true;
	return false;
}

static enum err look_knock(const struct hide *h, struct text *why)
{
	const struct facts *f = h->facts;
	bool yes = false, only_jailed = false;
	enum err e = ERR_NONE;

	if (!has_ed25519(f))
		text_add_string(why,
				"sshd has no Ed25519 host key, which knocks are sealed to: ssh-keygen -A makes one\n");
	for (size_t i = 0; i < f->naccounts && !yes && !e; i++) {
		const struct keeper k = { .user = f->accounts[i]->name };
		bool jailed = false;

		if (!holder_has_shell(f->accounts[i]) || (e = may_knock(f, &k, &yes)) || !yes)
			continue;
		e = keeper_is_jailed(f->root, f->config, &k, &jailed);
		yes = !jailed;
		only_jailed = only_jailed || jailed;
	}
	if (!e && !yes)
		text_add_string(
			why,
			only_jailed
				? "nobody who administers this system could knock: those with a key live in jails\n"
				: "nobody could knock: no account that may log in has a key that sshd would take\n");
	return e;
}

static enum err look_lockout(const struct hide *h, struct text *why)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < h->keepers->n && !e; i++) {
		const struct keeper *k = &h->keepers->v[i];
		bool yes = false;

		if (k->lenient || (e = may_knock(h->facts, k, &yes)) || yes)
			continue;
		text_add_escaped(why, k->user, strlen(k->user));
		text_add(why, "%s%s could not knock: there is no key of theirs that sshd would take\n",
			 k->addr ? " from " : "", k->addr ? k->addr : "");
	}
	return e;
}

static enum err look_second_way(const struct hide *h, struct text *why)
{
	struct strings standing = { 0 };
	struct console c = { 0 };
	enum err e;

	if ((e = gate_settings_values(h->settings, "Except", &standing)) ||
	    (e = gate_settings_values(h->settings, "ExceptInterface", &standing)))
		goto out;
	if (standing.n)
		goto out;
	if ((e = console_look(h->facts->accounts, h->facts->naccounts, &c)))
		goto out;
	if (!c.terminals.n)
		text_add_string(why, "there is no other way in: no console offers a login");
	else if (!c.accounts.n)
		text_add(why, "there is no other way in: on the console (%s) no account has a password",
			 c.terminals.v[0]);
	if (why->len)
		text_add_string(why,
				"; have one, name a network that may always come in with --except, or be sure of your "
				"provider's rescue system\n");
out:
	console_clear(&c);
	strings_free(&standing);
	return e;
}

static enum err look_configuration(const struct hide *h, struct text *why)
{
	const struct strings *listens = h->facts->effective ? sshd_values(h->facts->effective, KW_PORT) : NULL;
	struct strings ports = { 0 }, socket = { 0 };
	enum err e = gate_settings_values(h->settings, "Port", &ports);

	if (!e)
		e = gate_settings_values(h->settings, "ControlSocket", &socket);

	if (h->mistakes)
		text_add_string(why, h->mistakes);
	if (h->facts->service.pid <= 0)
		text_add_string(why, "no sshd runs: there is nothing to hide\n");
	for (size_t i = 0; i < ports.n && !e && listens && listens->n; i++)
		if (!strings_has(listens, ports.v[i]))
			text_add(why, "sshd does not listen at port %s: it does at %s\n", ports.v[i], listens->v[0]);
	/* the way back finds the daemon by it */
	if (!e && socket.n && strcmp(socket.v[0], CONTROL_PATH) != 0)
		text_add(why, "ControlSocket is %s: hiding wants it at %s\n", socket.v[0], CONTROL_PATH);
	strings_free(&ports);
	strings_free(&socket);
	return e;
}

enum err hide_guards(const struct hide *h, struct guards *out)
{
	static const char *const ids[] = { "pending", "space",	    "configuration", "knock",
					   "lockout", "second-way", "clock" };
	struct text why[ARRAY_SIZE(ids)] = { 0 };
	const struct root *r = h->facts->root;
	struct guards g = { 0 };
	enum err e;

	if ((e = guard_look_pending(r, &why[0])) || (e = guard_look_space(r, "/var/lib", SPACE, &why[1])) ||
	    (e = guard_look_space(r, "/etc", SPACE, &why[1])) || (e = look_configuration(h, &why[2])) ||
	    (e = look_knock(h, &why[3])) || (e = look_lockout(h, &why[4])) || (e = look_second_way(h, &why[5])))
		goto out;
	if (!clock_synchronised())
		text_add_string(&why[6],
				"the clock is not synchronised: knocks are taken for five minutes from when they were "
				"made, by the clocks of both sides; see timedatectl\n");
	for (size_t i = 0; i < ARRAY_SIZE(ids) && !e; i++)
		e = guards_add(&g, ids[i], h->overrides, &why[i]);
out:
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		text_free(&why[i]);
	if (e)
		guards_clear(&g);
	else
		*out = g;
	return e;
}

/* ---- plan ---- */

enum err hide_plan(const struct root *r, const char *content, const char *secret, struct plan **out)
{
	struct plan *p = NULL;
	enum err e = plan_new(&p);

	if (!e)
		e = plan_add_folder(p, r, "/etc/sallyport");
	if (!e && secret)
		e = plan_add_file(p, r, HIDE_SECRET, secret, 0600, false);
	if (!e)
		e = plan_add_file(p, r, GATE_SETTINGS, content, 0644, true);
	if (e)
		plan_free(p);
	else
		*out = p;
	return e;
}

/* ---- steps ---- */

static enum err settings_write(const struct root *r, const char *content)
{
	return file_replace(r, GATE_SETTINGS, content, strlen(content), NULL, TAG);
}

enum err hide_listen(const struct hide *h, char **complaint)
{
	char word[] = "no", *words[] = { word, NULL };
	const struct strings no = { .v = words, .n = 1 };
	struct text open = { 0 };
	enum err e;

	*complaint = NULL;
	if ((e = gate_text_set(h->content, "Shut", &no, &open)) == ERR_NONE &&
	    (e = settings_write(h->facts->root, open.s)) == ERR_NONE)
		e = gate_service_serve(true, complaint);
	text_free(&open);
	return e;
}

static enum err ask(struct control_entry **v, size_t *n, struct control_status *status)
{
	int fd = -1;
	enum err e = control_open(CONTROL_PATH, &fd);

	if (!e)
		e = control_who(fd, v, n, status);
	file_close(fd);
	return e;
}

enum err hide_status(struct control_status *out)
{
	struct control_entry *v = NULL;
	size_t n = 0;
	enum err e = ask(&v, &n, out);

	free(v);
	return e;
}

enum err hide_look(const struct facts *f, struct hide_heard *out)
{
	struct hide_heard heard = { 0 };
	struct control_entry *v = NULL;
	size_t n = 0;
	enum err e = ask(&v, &n, &heard.status);

	if (e)
		return e;
	heard.knocked = heard.status.granted > 0;
	for (size_t i = 0; i < n && !e; i++) {
		const struct keeper k = { .user = v[i].user };
		bool jailed = false;

		if (!v[i].known || v[i].by_hand)
			continue;
		e = keeper_is_jailed(f->root, f->config, &k, &jailed);
		*(jailed ? &heard.jailed : &heard.by) = v[i];
	}
	free(v);
	if (!e)
		*out = heard;
	return e;
}

/* Whatever is open but by hand: that was somebody's decision. */
static enum err revoke(const struct control_entry *v, size_t n)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < n && !e; i++) {
		const struct control_close c = { .address = v[i].address };
		struct control_done done = { 0 };
		int fd = -1;

		if (v[i].by_hand)
			continue;
		e = control_open(CONTROL_PATH, &fd);
		if (!e)
			e = control_revoke(fd, &c, &done);
		if (!e && done.error)
			e = ERR_CHILD;
		file_close(fd);
	}
	return e;
}

enum err hide_shut(const struct hide *h, bool first, char **complaint)
{
	struct control_status status;
	struct control_entry *v = NULL;
	size_t n = 0;
	enum err e = ERR_NONE;

	*complaint = NULL;
	/* who opened what is forgotten with the new settings; a daemon that is gone was ended by somebody who wants the port open */
	if (first)
		e = ask(&v, &n, &status);
	if (!e && (e = settings_write(h->facts->root, h->content)) == ERR_NONE)
		e = gate_service_serve(false, complaint);
	if (!e && (e = revoke(v, n)))
		*complaint = strdup("the grants of the first knocks could not be ended");
	free(v);
	return e;
}

static enum err ports_read(const struct gate_settings *s, uint16_t *ports, size_t *n)
{
	struct strings words = { 0 };
	enum err e = gate_settings_values(s, "Port", &words);

	*n = 0;
	for (size_t i = 0; i < words.n && i < PORTS_MAX - UNUSED_PORTS && !e; i++) {
		uint64_t port;

		e = number_parse(words.v[i], 1, UINT16_MAX, &port);
		ports[(*n)++] = (uint16_t)port;
	}
	strings_free(&words);
	return e;
}

/* Where the ports are shut on some interfaces only, or not for the address that asks, the answer says nothing: ERR_UNSUPPORTED. */
static enum err is_shut_for_test(const struct gate_settings *s)
{
	struct strings interfaces = { 0 }, networks = { 0 };
	uint8_t asker[16] = { 0 };
	enum err e = gate_settings_values(s, "Interface", &interfaces);

	if (!e)
		e = gate_settings_values(s, "Except", &networks);
	inet_pton(AF_INET, CLOSED_PORT_STRANGER, asker);
	for (size_t i = 0; i < networks.n && !e; i++) {
		struct network n;

		if (network_parse(networks.v[i], &n) == ERR_NONE && network_contains(&n, AF_INET, asker))
			e = ERR_UNSUPPORTED;
	}
	if (!e && interfaces.n)
		e = ERR_UNSUPPORTED;
	strings_free(&interfaces);
	strings_free(&networks);
	return e;
}

enum err hide_prove(const struct hide *h, char **complaint)
{
	enum port_answer answers[PORTS_MAX];
	uint16_t ports[PORTS_MAX];
	struct text wrong = { 0 };
	size_t n;
	enum err e;

	*complaint = NULL;
	if ((e = is_shut_for_test(h->settings)) || (e = ports_read(h->settings, ports, &n)) ||
	    (e = closed_port_find(&ports[n], 1)) || (e = closed_port_ask(ports, n + 1, answers)))
		return e;
	for (size_t i = 0; i < n; i++) {
		if (answers[i] == PORT_OPEN)
			e = ERR_CHILD;
		if (answers[i] != answers[n])
			text_add(&wrong, "%sport %u answers a stranger with %s, an unused one with %s",
				 wrong.len ? "; " : "", ports[i], port_answer_text(answers[i]),
				 port_answer_text(answers[n]));
	}
	if (wrong.len)
		*complaint = text_take(&wrong);
	return e;
}

/* ---- the proof ---- */

static bool address_read(const char *text, struct message_address *out, int *family)
{
	*out = (struct message_address){ .family = 4 };
	*family = AF_INET;
	if (inet_pton(AF_INET, text, out->bytes) == 1)
		return true;
	out->family = 6;
	*family = AF_INET6;
	return inet_pton(AF_INET6, text, out->bytes) == 1;
}

/* The interface that has this address of ours; "" where none has. */
static void interface_of(const char *laddr, char out[16])
{
	struct ifaddrs *list = NULL;
	struct message_address want, have = { 0 };
	int family;

	out[0] = '\0';
	if (!address_read(laddr, &want, &family) || getifaddrs(&list))
		return;
	for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
		if (!i->ifa_addr || i->ifa_addr->sa_family != family)
			continue;
		have = (struct message_address){ .family = want.family };
		if (family == AF_INET)
			memcpy(have.bytes, &((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr, 4);
		else
			memcpy(have.bytes, &((const struct sockaddr_in6 *)(const void *)i->ifa_addr)->sin6_addr, 16);
		if (memcmp(&have, &want, sizeof have) == 0)
			snprintf(out, 16, "%.15s", i->ifa_name);
	}
	freeifaddrs(list);
}

/* Where the port is never shut, or is not one that is hidden, no knock is needed. */
static enum err is_excepted(const struct session *s, int family, const struct message_address *a, bool *yes)
{
	struct gate_settings settings = { 0 };
	struct strings networks = { 0 }, interfaces = { 0 }, only = { 0 }, ports = { 0 };
	char *complaint = NULL, interface[16], port[16];
	enum err e;

	interface_of(s->laddr, interface);
	if ((e = gate_settings_ask(GATE_SETTINGS, &settings, &complaint)) == ERR_NONE &&
	    (e = gate_settings_values(&settings, "Except", &networks)) == ERR_NONE)
		e = gate_settings_values(&settings, "ExceptInterface", &interfaces);
	if (!e && (e = gate_settings_values(&settings, "Interface", &only)) == ERR_NONE)
		e = gate_settings_values(&settings, "Port", &ports);
	snprintf(port, sizeof port, "%u", s->lport);
	*yes = strings_has(&interfaces, interface) || strcmp(interface, "lo") == 0 || !strings_has(&ports, port) ||
	       (only.n && !strings_has(&only, interface));
	for (size_t i = 0; i < networks.n && !e; i++) {
		struct network n;

		if (network_parse(networks.v[i], &n) == ERR_NONE)
			*yes = *yes || network_contains(&n, family, a->bytes);
	}
	free(complaint);
	strings_free(&networks);
	strings_free(&interfaces);
	strings_free(&only);
	strings_free(&ports);
	gate_settings_clear(&settings);
	return e;
}

enum err hide_proof(const struct tx *t, const struct session *s, bool *proof, struct text *why)
{
	struct control_latest latest = { 0 };
	struct message_address from;
	int fd = -1, family;
	bool excepted = false;
	enum err e;

	*proof = false;
	if (!address_read(s->addr, &from, &family)) {
		text_add(why, "nobody can knock from %s", s->addr);
		return ERR_NONE;
	}
	if ((e = is_excepted(s, family, &from, &excepted)) || (e = control_open(CONTROL_PATH, &fd)))
		return e;
	e = control_came(fd, &from, &latest);
	file_close(fd);
	if (e)
		return e;
	if (excepted)
		text_add(why, "from %s port %u is never shut", s->addr, s->lport);
	else if (latest.hand_until_ms >= s->started_boot_ms)
		text_add(why, "%s was let in by hand", s->addr);
	else if (latest.knock_ms <= t->swapped_boot_ms)
		text_add(why, "no knock from %s has come since", s->addr);
	else
		*proof = true;
	return ERR_NONE;
}
