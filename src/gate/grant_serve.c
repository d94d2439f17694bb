/* SPDX-License-Identifier: GPL-3.0-or-later */
/* grant_serve.c - looks at every knock anew, writes it down, opens the door, says so (docs/protocol.md, section 5.2, 10 to 14). */
#include "gate/grant_serve.h"

#include "base/clock.h"
#include "base/number.h"
#include "gate/address.h"
#include "gate/log.h"

#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define TURN 64
#define LOOK_EVERY_MS 10000 /* at the table, also where nobody says that it was changed */
#define FINGERPRINT 64

static uint64_t wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec < 0 ? 0 : (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- the request: nothing that net says is taken on trust ---- */

unsigned grant_ports(const struct settings *s, const uint16_t *ports, unsigned n, uint16_t out[FIREWALL_PORTS])
{
	if (n > FIREWALL_PORTS)
		return 0;
	for (unsigned i = 0; i < n; i++) {
		unsigned at = 0;

		while (at < s->firewall.nports && s->firewall.ports[at] != ports[i])
			at++;
		if (at == s->firewall.nports)
			return 0;
		out[i] = ports[i];
	}
	if (!n)
		memcpy(out, s->firewall.ports, sizeof s->firewall.ports);
	return n ? n : s->firewall.nports;
}

static bool is_well_formed(const struct message_knock *k)
{
	const struct message_question *q = &k->question;

	return (k->addr_type == 0 || k->addr_type == 4 || k->addr_type == 6) && k->nports <= NATIVE_PORTS &&
	       q->user_len && q->user_len < sizeof q->user &&
	       strnlen((const char *)q->user, sizeof q->user) == q->user_len &&
	       (size_t)q->cert_len + q->casig_len <= sizeof q->cert;
}

static enum knock_stage request_check(const struct grant *g, const struct message_knock *k)
{
	const struct settings *s = g->setup->settings;
	const struct message_address *from = &k->question.from;
	struct message_address source = k->source;
	uint16_t ports[FIREWALL_PORTS];

	if (!address_may_come(from) || address_equal(from, &k->question.to) || local_is(g->setup->local, from) ||
	    !grant_ports(s, k->ports, k->nports, ports))
		return STAGE_POLICY;
	if (k->addr_type)
		return from->family == k->addr_type ? STAGE_ACCEPTED : STAGE_POLICY;
	address_unmap(&source);
	return s->packet_source && !k->nports && !k->duration && address_equal(from, &source) ? STAGE_ACCEPTED
											      : STAGE_POLICY;
}

/* ---- knocks that wait ---- */

static struct grant_pending *pending_new(struct grant *g)
{
	for (uint32_t i = 0; i < GRANT_PENDING; i++)
		if (g->pending[i].step == PENDING_FREE) {
			g->pending[i].id = ++g->next_id * GRANT_PENDING + i;
			return &g->pending[i];
		}
	return NULL;
}

/* What a line about a knock says. */
struct knock_words {
	char addr[ADDRESS_TEXT], source[ADDRESS_TEXT], key[FINGERPRINT], ports[FIREWALL_PORTS * 6 + 1], type[4];
};

static void words_make(const struct grant *g, const struct message_knock *k, struct knock_words *w)
{
	uint16_t ports[FIREWALL_PORTS];
	const unsigned n = grant_ports(g->setup->settings, k->ports, k->nports, ports);
	size_t len = 0;

	*w = (struct knock_words){ .key = "SHA256:" };
	address_print(&k->question.from, w->addr);
	if (!address_equal(&k->source, &k->question.from))
		address_print(&k->source, w->source);
	sodium_bin2base64(w->key + 7, sizeof w->key - 7, k->key, sizeof k->key,
			  sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	for (unsigned i = 0; i < n; i++)
		len += (size_t)snprintf(w->ports + len, sizeof w->ports - len, i ? ",%u" : "%u", ports[i]);
	snprintf(w->type, sizeof w->type, "%u", k->addr_type);
}

static void refuse(struct grant *g, uint32_t net_id, const struct message_knock *k, enum knock_stage stage,
		   const char *why)
{
	const struct message_knocked answer = { .stage = (uint8_t)stage };
	struct knock_words w;

	g->status.ended[stage]++;
	if (stage != STAGE_DUPLICATE) { /* the client sends each knock three times */
		words_make(g, k, &w);
		log_event_limited(&g->refused, LOG_LEVEL_NOTICE, "refused", "user", (const char *)k->question.user,
				  "key", w.key, "addr", w.addr, "source", w.source, "port", w.ports, "via", "native",
				  "type", w.type, "stage", knock_stage_text(stage), "why", why, NULL);
	}
	(void)!message_send(g->setup->net, MESSAGE_KNOCKED, net_id, &answer, sizeof answer);
}

static enum err take_knock(void *role, int fd, uint32_t id, const void *body)
{
	struct grant *g = role;
	struct message_knock k;
	struct grant_pending *p;
	enum knock_stage stage;

	(void)fd;
	memcpy(&k, body, sizeof k);
	if (!is_well_formed(&k))
		return ERR_SYNTAX;
	if ((stage = replay_check(g->setup->replay, k.ts, k.id, wall_ms())) || (stage = request_check(g, &k))) {
		refuse(g, id, &k, stage, "");
		return ERR_NONE;
	}
	if (!rates_take(g->rates, k.key, clock_boot_ms())) {
		refuse(g, id, &k, STAGE_RATE, "too many knocks with this key");
		return ERR_NONE;
	}
	if (!(p = pending_new(g)) ||
	    message_send(g->setup->index, MESSAGE_QUESTION, p->id, &k.question, sizeof k.question)) {
		refuse(g, id, &k, STAGE_UNKNOWN, "too many knocks at once");
		return ERR_NONE;
	}
	p->step = PENDING_ASKED;
	p->net_id = id;
	p->until_ms = clock_boot_ms() + GRANT_WAIT_MS;
	p->knock = k;
	return ERR_NONE;
}

static enum err take_answer(void *role, int fd, uint32_t id, const void *body)
{
	struct grant *g = role;
	const struct message_answer *a = body;
	struct grant_pending *p = &g->pending[id % GRANT_PENDING];
	uint8_t key[NATIVE_KEY_ID];

	(void)fd;
	if (a->stage >= STAGE_COUNT || a->key_len > sizeof a->key)
		return ERR_SYNTAX;
	if (p->id != id || p->step != PENDING_ASKED)
		return ERR_NONE;
	crypto_hash_sha256(key, a->key, a->key_len);
	if (a->stage || memcmp(key, p->knock.key, sizeof key) != 0) {
		char why[sizeof a->reason];

		snprintf(why, sizeof why, "%.*s", (int)sizeof a->reason - 1, a->reason);
		refuse(g, p->net_id, &p->knock, a->stage ? a->stage : STAGE_KEY, why);
		p->step = PENDING_FREE;
		return ERR_NONE;
	}
	p->step = PENDING_READY;
	return ERR_NONE;
}

static enum err take_counts(void *role, int fd, uint32_t id, const void *body)
{
	struct grant *g = role;
	struct message_counts c;

	(void)fd, (void)id;
	memcpy(&c, body, sizeof c);
	for (int i = 0; i < STAGE_COUNT; i++)
		g->status.ended[i] += c.stage[i];
	return ERR_NONE;
}

/* ---- the door ---- */

static uint32_t seconds_of(const struct settings *s, const struct message_knock *k)
{
	const uint32_t wanted = k->duration ? k->duration : s->grant_seconds;

	return wanted < s->max_grant_seconds ? wanted : s->max_grant_seconds;
}

static void entry_make(const struct message_knock *k, uint16_t port, uint32_t seconds, struct control_entry *out)
{
	*out = (struct control_entry){ .address = k->question.from, .port = port, .known = 1, .seconds_left = seconds };
	memcpy(out->key, k->key, sizeof out->key);
	memcpy(out->user, k->question.user, sizeof out->user);
}

/* Puts the grants of a knock behind those that the turn has already. */
static void wanted_add(struct grant *g, struct grant_pending *p)
{
	const uint32_t seconds = seconds_of(g->setup->settings, &p->knock);
	uint16_t ports[FIREWALL_PORTS];
	const unsigned n = grant_ports(g->setup->settings, p->knock.ports, p->knock.nports, ports);

	p->first = g->nwanted;
	p->n = n;
	for (unsigned i = 0; i < n; i++)
		g->wanted[g->nwanted++] = (struct firewall_grant){ .address = p->knock.question.from,
								   .port = ports[i],
								   .seconds = seconds };
}

/* The first port that could not be opened is the answer; those that could be are open all the same. */
static enum err opened_remember(struct grant *g, const struct grant_pending *p)
{
	enum err e = ERR_NONE;

	for (size_t i = p->first; i < p->first + p->n; i++) {
		struct control_entry entry;

		if (g->answers[i]) {
			e = e ? e : g->answers[i];
			continue;
		}
		entry_make(&p->knock, g->wanted[i].port, g->wanted[i].seconds, &entry);
		grants_set(g->grants, &entry, clock_boot_ms());
	}
	return e;
}

void grant_tell(const struct grant *g)
{
	(void)!send(g->setup->parent, "G", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void let_in(struct grant *g, const struct grant_pending *p)
{
	const struct message_knocked answer = { .stage = STAGE_ACCEPTED };
	const enum err e = opened_remember(g, p);
	struct knock_words w;
	char seconds[16];

	if (e) {
		refuse(g, p->net_id, &p->knock, STAGE_FIREWALL, err_text(e));
		return;
	}
	words_make(g, &p->knock, &w);
	snprintf(seconds, sizeof seconds, "%us", seconds_of(g->setup->settings, &p->knock));
	log_event(LOG_LEVEL_INFO, "granted", "user", (const char *)p->knock.question.user, "key", w.key, "addr", w.addr,
		  "source", w.source, "port", w.ports, "for", seconds, "via", "native", "type", w.type, NULL);
	g->status.granted++;
	grant_tell(g);
	(void)!message_send(g->setup->net, MESSAGE_KNOCKED, p->net_id, &answer, sizeof answer);
}

/* Puts all that are ready into the record; false: there are none. */
static bool record_ready(struct grant *g, uint64_t now)
{
	bool any = false, lost_type0 = false;

	for (size_t i = 0; i < GRANT_PENDING; i++) {
		struct grant_pending *p = &g->pending[i];

		if (p->step != PENDING_READY)
			continue;
		any = true;
		p->stage = replay_add(g->setup->replay, p->knock.ts, p->knock.id, (const char *)p->knock.question.user,
				      p->knock.addr_type != 0, now);
	}
	/* With memory alone a new file is tried all the time: before somebody starts us anew on a disk that is well again. */
	if (!any && !replay_memory_only(g->setup->replay))
		return false;
	if (replay_commit(g->setup->replay, now, &lost_type0) || replay_memory_only(g->setup->replay))
		log_event_limited(&g->unwritten, LOG_LEVEL_ERROR, "record-not-written", "why",
				  "the disk does not take it: knocks are remembered in memory only", NULL);
	for (size_t i = 0; i < GRANT_PENDING && lost_type0; i++)
		if (g->pending[i].step == PENDING_READY && !g->pending[i].stage && !g->pending[i].knock.addr_type)
			g->pending[i].stage = STAGE_STATE;
	return true;
}

/* Everything that has come so far shares one write to the disk and one change of the firewall. */
static void settle(struct grant *g)
{
	if (!record_ready(g, wall_ms()))
		return;
	g->nwanted = 0;
	for (size_t i = 0; i < GRANT_PENDING; i++)
		if (g->pending[i].step == PENDING_READY && !g->pending[i].stage)
			wanted_add(g, &g->pending[i]);
	if (g->nwanted)
		firewall_grant(g->setup->firewall, g->wanted, g->nwanted, g->answers);
	for (size_t i = 0; i < GRANT_PENDING; i++) {
		struct grant_pending *p = &g->pending[i];

		if (p->step != PENDING_READY)
			continue;
		p->step = PENDING_FREE;
		if (p->stage)
			refuse(g, p->net_id, &p->knock, p->stage, "");
		else
			let_in(g, p);
	}
}

static void pending_expire(struct grant *g, uint64_t now)
{
	for (size_t i = 0; i < GRANT_PENDING; i++) {
		struct grant_pending *p = &g->pending[i];

		if (p->step != PENDING_ASKED || now < p->until_ms)
			continue;
		p->step = PENDING_FREE;
		refuse(g, p->net_id, &p->knock, STAGE_UNKNOWN, "the account's files were not read in time");
	}
}

/* ---- the table and the record, now and then ---- */

static void table_look(struct grant *g, uint64_t now)
{
	char *found = NULL;
	enum err e = firewall_look(g->setup->firewall, &found);

	g->looked_ms = now;
	if (e)
		log_event(LOG_LEVEL_ERROR, "table-not-restored", "why", err_text(e), NULL);
	else if (found)
		log_event(LOG_LEVEL_WARNING, "table-restored", "found", found, NULL);
	free(found);
}

/* Where nobody looks after the door the kernel opens it: a daemon that cannot grant does not look after it either. */
static void door_attend(struct grant *g, uint64_t now)
{
	const struct firewall_rules *rules = &g->setup->settings->firewall;
	const bool lost = replay_lost(g->setup->replay, NULL), unset = !lost && !clock_synchronised();
	char text[32];
	enum err e = ERR_NONE;

	g->attended_ms = now;
	if (!rules->unattended_seconds)
		return;
	if (!lost && !unset && (e = firewall_attend(g->setup->firewall)) == ERR_NONE)
		return;
	duration_format(rules->unattended_seconds, text, sizeof text);
	log_event_limited(&g->unattended, LOG_LEVEL_WARNING, "unattended", "why",
			  lost	  ? "the record of knocks is lost"
			  : unset ? "the clock is not synchronised"
				  : err_text(e),
			  "opens-after", text, NULL);
}

void record_begin_anew(struct grant *g, const char *by)
{
	const char *why = "";

	if (!replay_lost(g->setup->replay, &why))
		return;
	log_event(LOG_LEVEL_WARNING, "record-lost", "why", why, "now",
		  "knocks made until five minutes from now are not taken", "by", by, NULL);
	if (replay_recover(g->setup->replay, wall_ms()))
		log_event(LOG_LEVEL_ERROR, "record-not-written", NULL);
}

static void record_look(struct grant *g)
{
	if (replay_lost(g->setup->replay, NULL) && clock_synchronised())
		record_begin_anew(g, "clock");
}

static void record_say(const struct grant *g)
{
	const char *why;

	if (replay_lost(g->setup->replay, &why))
		log_event(LOG_LEVEL_ERROR, "record-lost", "why", why, "now",
			  "nobody is let in until the clock is synchronised", "or", "sallyport grant --clock-is-right",
			  NULL);
}

/* ---- the loop ---- */

static const struct message_row from_net[] = {
	{ MESSAGE_KNOCK, sizeof(struct message_knock), take_knock },
	{ MESSAGE_COUNTS, sizeof(struct message_counts), take_counts },
	{ 0 },
};
static const struct message_row from_index[] = {
	{ MESSAGE_ANSWER, sizeof(struct message_answer), take_answer },
	{ 0 },
};

enum { PARENT, NET, INDEX, CONTROL, TABLE, CLIENT };

static void wait_for(const struct grant *g, struct pollfd *wait)
{
	wait[PARENT] = (struct pollfd){ g->setup->parent, POLLIN, 0 };
	wait[NET] = (struct pollfd){ g->setup->net, POLLIN, 0 };
	wait[INDEX] = (struct pollfd){ g->setup->index, POLLIN, 0 };
	wait[CONTROL] = (struct pollfd){ g->setup->control, POLLIN, 0 };
	wait[TABLE] = (struct pollfd){ firewall_watch_fd(g->setup->firewall), POLLIN, 0 };
	for (size_t i = 0; i < GRANT_CLIENTS; i++)
		wait[CLIENT + i] =
			(struct pollfd){ g->client[i].fd, (short)(POLLIN | (g->client[i].telling ? POLLOUT : 0)), 0 };
}

static enum err turn(struct grant *g)
{
	struct pollfd wait[CLIENT + GRANT_CLIENTS];
	enum err e = ERR_NONE;
	uint64_t now;

	wait_for(g, wait);
	if (poll(wait, CLIENT + GRANT_CLIENTS, 1000) < 0)
		return ERR_NONE;
	if (wait[PARENT].revents)
		return ERR_CLOSED;
	if (wait[INDEX].revents)
		e = message_receive(g->setup->index, from_index, g, TURN);
	if (!e && wait[NET].revents)
		e = message_receive(g->setup->net, from_net, g, TURN);
	settle(g);
	now = clock_boot_ms();
	pending_expire(g, now);
	for (size_t i = 0; i < GRANT_CLIENTS && !e; i++)
		if (wait[CLIENT + i].revents)
			control_turn(g, &g->client[i], wait[CLIENT + i].revents & ~POLLOUT);
	if (wait[CONTROL].revents)
		control_accept(g);
	if (now - g->attended_ms >= LOOK_EVERY_MS)
		door_attend(g, now);
	if (wait[TABLE].revents || now - g->looked_ms >= LOOK_EVERY_MS)
		table_look(g, now);
	record_look(g);
	return e;
}

/* What the kernel has from before: it goes on, but who opened it is not known any more. */
static enum err grants_adopt(struct grant *g)
{
	struct firewall_grant *v = NULL;
	size_t n = 0;
	enum err e = firewall_list(g->setup->firewall, &v, &n);

	for (size_t i = 0; i < n; i++) {
		const struct control_entry entry = { .address = v[i].address,
						     .port = v[i].port,
						     .seconds_left = v[i].seconds };

		grants_set(g->grants, &entry, clock_boot_ms());
	}
	free(v);
	return e;
}

static enum err begin(struct grant *g, const struct grant_setup *s)
{
	enum err e;

	g->setup = s;
	g->status.started = (uint64_t)clock_wall();
	g->status.started_boot_ms = clock_boot_ms();
	/* who falls and rises all the time does not attend: not before it has served for a while */
	g->attended_ms = g->status.started_boot_ms;
	g->unwritten = (struct log_limit){ .burst = 1, .every_seconds = 60 };
	g->refused = (struct log_limit){ .burst = 30, .every_seconds = 1 };
	g->unattended = (struct log_limit){ .burst = 1, .every_seconds = 600 };
	for (size_t i = 0; i < GRANT_CLIENTS; i++)
		g->client[i].fd = -1;
	if ((e = rates_new(&g->rates)) || (e = grants_new(g->setup->settings->firewall.ipv6_bits, &g->grants)))
		return e;
	record_say(g);
	return grants_adopt(g);
}

int grant_serve(const struct grant_setup *s)
{
	struct grant *g = calloc(1, sizeof *g);
	enum err e = g ? begin(g, s) : ERR_MEMORY;

	while (!e)
		e = turn(g);
	if (e != ERR_CLOSED)
		log_event(LOG_LEVEL_ERROR, "ended", "why", err_text(e), NULL);
	if (g) {
		control_close_all(g);
		rates_free(g->rates);
		grants_free(g->grants);
	}
	free(g);
	return e == ERR_CLOSED ? 0 : 1;
}
