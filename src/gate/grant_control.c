/* SPDX-License-Identifier: GPL-3.0-or-later */
/* grant_control.c - what root may ask over the control socket: who is let in, and to let in and shut out by hand. */
#include "gate/control.h"
#include "gate/grant_serve.h"

#include "base/clock.h"
#include "base/file.h"
#include "gate/address.h"
#include "gate/log.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/banned.h"

#define SECONDS_MAX 86400
#define TURN 4

/* One client with the whole it asks. */
struct asking {
	struct grant *grant;
	struct grant_client *client;
};

static bool is_root(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof peer;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == 0;
}

void control_accept(struct grant *g)
{
	int fd = accept4(g->setup->control, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	for (size_t i = 0; i < GRANT_CLIENTS && is_root(fd); i++)
		if (g->client[i].fd < 0) {
			g->client[i] = (struct grant_client){ .fd = fd };
			return;
		}
	file_close(fd);
}

static void client_close(struct grant_client *c)
{
	file_close(c->fd);
	*c = (struct grant_client){ .fd = -1 };
}

void control_close_all(struct grant *g)
{
	for (size_t i = 0; i < GRANT_CLIENTS; i++)
		client_close(&g->client[i]);
}

/* ---- who ---- */

static void status_fill(const struct grant *g, struct control_status *out)
{
	struct replay_status r;

	replay_status(g->setup->replay, &r);
	*out = g->status;
	out->replay_entries = (uint32_t)r.entries;
	out->replay_lost = r.lost;
	out->memory_only = r.memory_only;
	out->table_owned = firewall_owned(g->setup->firewall);
	out->held_open = g->setup->settings->firewall.shut == FIREWALL_OPEN;
}

/* As much as fits now; the rest when there is room again. */
static enum err tell(struct grant *g, struct grant_client *c)
{
	struct control_status status;
	struct control_entry entry;
	enum err e;

	for (size_t next = c->at; grants_next(g->grants, &next, clock_boot_ms(), &entry); c->at = next)
		if ((e = message_send(c->fd, CONTROL_ENTRY, c->id, &entry, sizeof entry)))
			return e == ERR_BUSY ? ERR_NONE : e;
	status_fill(g, &status);
	if ((e = message_send(c->fd, CONTROL_STATUS, c->id, &status, sizeof status)))
		return e == ERR_BUSY ? ERR_NONE : e;
	c->telling = false;
	return ERR_NONE;
}

static enum err take_who(void *role, int fd, uint32_t id, const void *body)
{
	struct asking *a = role;

	(void)fd, (void)body;
	a->client->telling = true;
	a->client->id = id;
	a->client->at = 0;
	return tell(a->grant, a->client);
}

/* ---- by hand ---- */

static enum err done(int fd, uint32_t id, enum err e, uint32_t changed, uint32_t unknown)
{
	const struct control_done d = { .error = e, .changed = changed, .unknown = unknown };

	return message_send(fd, CONTROL_DONE, id, &d, sizeof d);
}

static enum err grant_ask(struct grant *g, const struct control_grant *want, uint32_t *changed)
{
	struct firewall_grant grants[FIREWALL_PORTS];
	enum err answers[FIREWALL_PORTS], e = ERR_NONE;
	uint16_t ports[FIREWALL_PORTS];
	const unsigned n = grant_ports(g->setup->settings, &want->port, want->port ? 1 : 0, ports);

	if (!n)
		return ERR_NOT_FOUND;
	if (!address_may_come(&want->address) || !want->seconds || want->seconds > SECONDS_MAX ||
	    !memchr(want->comment, '\0', sizeof want->comment))
		return ERR_RANGE;
	for (unsigned i = 0; i < n; i++)
		grants[i] =
			(struct firewall_grant){ .address = want->address, .port = ports[i], .seconds = want->seconds };
	firewall_grant(g->setup->firewall, grants, n, answers);
	for (unsigned i = 0; i < n; i++) {
		struct control_entry entry = { .address = want->address,
					       .port = ports[i],
					       .by_hand = 1,
					       .known = 1,
					       .seconds_left = want->seconds };

		if (answers[i]) {
			e = answers[i];
			continue;
		}
		memcpy(entry.user, want->comment, sizeof want->comment);
		grants_set(g->grants, &entry, clock_boot_ms());
		(*changed)++;
	}
	return e;
}

static enum err take_grant(void *role, int fd, uint32_t id, const void *body)
{
	struct asking *a = role;
	char addr[ADDRESS_TEXT], seconds[16];
	struct control_grant want;
	uint32_t changed = 0;
	enum err e;

	memcpy(&want, body, sizeof want);
	e = grant_ask(a->grant, &want, &changed);
	address_print(&want.address, addr);
	snprintf(seconds, sizeof seconds, "%us", want.seconds);
	if (!e)
		log_event(LOG_LEVEL_NOTICE, "granted", "addr", addr, "for", seconds, "via", "hand", "by", want.comment,
			  NULL);
	if (changed)
		grant_tell(a->grant);
	return done(fd, id, e, changed, 0);
}

/* All grants of an address, or all that a key has opened. */
static enum err close_address(struct grant *g, const struct message_address *a, uint16_t port, uint32_t *changed)
{
	unsigned ended = 0;
	enum err e = firewall_revoke(g->setup->firewall, a, port, &ended);

	if (!e)
		grants_forget(g->grants, a, port, clock_boot_ms());
	*changed += ended;
	return e;
}

static enum err close_ask(struct grant *g, const struct control_close *want, uint32_t *changed, uint32_t *unknown)
{
	struct control_entry entry;
	enum err e = ERR_NONE;

	if (!want->by_key)
		return want->address.family ? close_address(g, &want->address, 0, changed) : ERR_RANGE;
	for (size_t at = 0; !e && grants_next(g->grants, &at, clock_boot_ms(), &entry);) {
		*unknown += !entry.known;
		if (entry.known && !entry.by_hand && !memcmp(entry.key, want->key, sizeof entry.key))
			e = close_address(g, &entry.address, entry.port, changed);
	}
	return e;
}

static enum err take_close(void *role, int fd, uint32_t id, const void *body)
{
	struct asking *a = role;
	char addr[ADDRESS_TEXT], ended[16];
	struct control_close want;
	uint32_t changed = 0, unknown = 0;
	enum err e;

	memcpy(&want, body, sizeof want);
	e = close_ask(a->grant, &want, &changed, &unknown);
	address_print(&want.address, addr);
	snprintf(ended, sizeof ended, "%u", changed);
	if (!e)
		log_event(LOG_LEVEL_NOTICE, "closed", "addr", want.by_key ? "" : addr, "grants", ended, NULL);
	return done(fd, id, e, changed, unknown);
}

static enum err take_recover(void *role, int fd, uint32_t id, const void *body)
{
	struct asking *a = role;
	struct control_recover want;
	const bool lost = replay_lost(a->grant->setup->replay, NULL);
	enum err e = ERR_NONE;

	memcpy(&want, body, sizeof want);
	if (!memchr(want.comment, '\0', sizeof want.comment))
		e = ERR_RANGE;
	else if (lost)
		record_begin_anew(a->grant, want.comment);
	return done(fd, id, e, lost && !e, 0);
}

static enum err take_came(void *role, int fd, uint32_t id, const void *body)
{
	struct asking *a = role;
	struct message_address from;
	struct control_latest latest;

	memcpy(&from, body, sizeof from);
	grants_latest(a->grant->grants, &from, &latest);
	return message_send(fd, CONTROL_LATEST, id, &latest, sizeof latest);
}

static const struct message_row rows[] = {
	{ CONTROL_WHO, 0, take_who },
	{ CONTROL_GRANT, sizeof(struct control_grant), take_grant },
	{ CONTROL_CLOSE, sizeof(struct control_close), take_close },
	{ CONTROL_RECOVER, sizeof(struct control_recover), take_recover },
	{ CONTROL_CAME, sizeof(struct message_address), take_came },
	{ 0 },
};

void control_turn(struct grant *g, struct grant_client *c, bool readable)
{
	struct asking a = { g, c };
	enum err e = readable ? message_receive(c->fd, rows, &a, TURN) : ERR_NONE;

	if (!e && c->telling)
		e = tell(g, c);
	if (e)
		client_close(c);
}
