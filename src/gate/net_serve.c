/* SPDX-License-Identifier: GPL-3.0-or-later */
/* net_serve.c - the checks of a knock in their order (docs/protocol.md, section 5.2); the first that fails drops it. */
#include "gate/net_serve.h"

#include "base/clock.h"
#include "gate/address.h"
#include "gate/capture.h"
#include "gate/log.h"
#include "gate/message.h"
#include "gate/rates.h"

#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

#define TURN 32		       /* packets or messages of one kind, before others have their turn */
#define SLOTS_EVERY_MS 1000    /* how often new gate keys are asked for: cheap, and a clock that is set is noticed */
#define COUNTS_EVERY_MS 1000   /* how often grant hears of the counters */
#define OPENS_OF_ENC 8	       /* of one encapsulated key */
#define SEEN 4096	       /* encapsulated keys, addresses that were granted and knocks, that are remembered */
#define OPEN_COST_NS 60000     /* X25519, the key schedule, the way to keeper and back */
#define LOOKUP_COST_NS 1500000 /* a question: a process of its own in index */

enum step { STEP_FREE, STEP_KEEPER, STEP_INDEX, STEP_GRANT };

/* One knock on its way. */
struct flight {
	enum step step;
	uint32_t id;
	uint64_t until_ms;
	enum budget_class pays;
	uint8_t host; /* index of the host key that it is sealed to */
	uint8_t enc[32];
	struct message_address source, to;
	uint8_t plain[NATIVE_PLAIN];
	struct native_knock knock; /* points into plain */
	struct message_knock ask;
};

struct net {
	const struct net_setup *setup;
	struct message_slots slots;
	struct flight flight[NET_FLIGHTS];
	uint32_t next_id;
	struct budget budget;
	struct net_enc {
		uint8_t enc[32];
		unsigned opens;
	} enc[SEEN];
	struct message_address granted[SEEN];
	struct net_seen {
		uint64_t ts;
		uint8_t id[NATIVE_ID];
		struct message_address source;
	} seen[SEEN]; /* what grant has in its record, as far as we heard */
	unsigned char key[crypto_shorthash_KEYBYTES];
	struct message_counts counts;
	bool counted;
	uint64_t slots_ms, counts_ms;
	struct log_limit refused, copied;
};

static uint64_t wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec < 0 ? 0 : (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void count(struct net *n, enum knock_stage stage)
{
	n->counts.stage[stage]++;
	n->counted = true;
}

/* ---- what is remembered ---- */

static size_t place_of(const struct net *n, const void *bytes, size_t len)
{
	uint64_t h;

	crypto_shorthash((unsigned char *)&h, bytes, len, n->key);
	return h % SEEN;
}

/* Copies and floods of one packet cost a few openings; who is pushed out of a place is counted anew, no more. */
static bool enc_opens_again(struct net *n, const uint8_t enc[32])
{
	struct net_enc *e = &n->enc[place_of(n, enc, 32)];

	if (memcmp(e->enc, enc, 32) != 0) {
		memcpy(e->enc, enc, 32);
		e->opens = 0;
	}
	return ++e->opens <= OPENS_OF_ENC;
}

static bool granted_before(const struct net *n, const struct message_address *a)
{
	return address_equal(&n->granted[place_of(n, a, sizeof *a)], a);
}

static void granted_remember(struct net *n, const struct message_address *a)
{
	n->granted[place_of(n, a, sizeof *a)] = *a;
}

/* ---- knocks on their way ---- */

static struct flight *flight_new(struct net *n, uint64_t now)
{
	for (size_t i = 0; i < NET_FLIGHTS; i++) {
		struct flight *f = &n->flight[i];

		if (f->step != STEP_FREE)
			continue;
		*f = (struct flight){ .id = ++n->next_id * NET_FLIGHTS + (uint32_t)i, .until_ms = now + NET_WAIT_MS };
		return f;
	}
	return NULL;
}

/* An answer to what is not waited for any more is no error: the wait may have ended a moment ago. */
static struct flight *flight_find(struct net *n, uint32_t id, enum step step)
{
	struct flight *f = &n->flight[id % NET_FLIGHTS];

	return f->id == id && f->step == step ? f : NULL;
}

static void flight_end(struct net *n, struct flight *f, enum knock_stage stage)
{
	count(n, stage);
	sodium_memzero(f, sizeof *f);
}

static bool is_same_knock(const struct flight *f, uint64_t ts, const uint8_t id[NATIVE_ID])
{
	return f->knock.ts == ts && !memcmp(f->enc, id, NATIVE_ID);
}

static struct net_seen *seen_place(struct net *n, const struct flight *f)
{
	uint8_t name[sizeof f->knock.ts + NATIVE_ID];

	memcpy(name, &f->knock.ts, sizeof f->knock.ts);
	memcpy(name + sizeof f->knock.ts, f->enc, NATIVE_ID);
	return &n->seen[place_of(n, name, sizeof name)];
}

/*
 * Where the first of this knock came from, NULL if this is it. Only whoever sealed it can have made both, so a copy is dropped
 * before index is asked again and before it takes from what the key may do.
 */
static const struct message_address *seen_source(struct net *n, const struct flight *f)
{
	const struct net_seen *s = seen_place(n, f);

	if (is_same_knock(f, s->ts, s->id))
		return &s->source;
	for (size_t i = 0; i < NET_FLIGHTS; i++) {
		const struct flight *o = &n->flight[i];

		if (o != f && (o->step == STEP_INDEX || o->step == STEP_GRANT) && is_same_knock(f, o->knock.ts, o->enc))
			return &o->source;
	}
	return NULL;
}

static void seen_remember(struct net *n, const struct flight *f)
{
	struct net_seen s = { .ts = f->knock.ts, .source = f->source };

	memcpy(s.id, f->enc, sizeof s.id);
	*seen_place(n, f) = s;
}

static void flights_expire(struct net *n, uint64_t now)
{
	for (size_t i = 0; i < NET_FLIGHTS; i++)
		if (n->flight[i].step != STEP_FREE && now >= n->flight[i].until_ms)
			flight_end(n, &n->flight[i], STAGE_UNKNOWN);
}

/* ---- steps 1 to 4: length, gate, budget, open ---- */

static const struct message_slot *slot_find(const struct net *n, const uint8_t *datagram)
{
	for (uint32_t i = 0; i < n->slots.n; i++)
		if (native_gate_holds(n->slots.slot[i].key, datagram))
			return &n->slots.slot[i];
	return NULL;
}

static enum budget_class class_of(const struct net *n, const struct message_slot *slot,
				  const struct message_address *source)
{
	if (slot->secret)
		return BUDGET_SECRET;
	return granted_before(n, source) ? BUDGET_KNOWN : BUDGET_REST;
}

static enum knock_stage packet_take(struct net *n, const struct capture_packet *p, uint64_t now)
{
	struct message_open open = { 0 };
	const struct message_slot *slot;
	struct flight *f;
	enum budget_class pays;

	if (p->len != NATIVE_DATAGRAM)
		return STAGE_LENGTH;
	if (!(slot = slot_find(n, p->payload)))
		return STAGE_GATE;
	pays = class_of(n, slot, &p->from);
	if (!budget_allows(&n->budget, pays, randombytes_random(), now) || !enc_opens_again(n, p->payload + 8) ||
	    !(f = flight_new(n, now)))
		return STAGE_BUDGET;
	budget_charge(&n->budget, pays, OPEN_COST_NS);
	f->step = STEP_KEEPER;
	f->pays = pays;
	f->host = slot->host;
	f->source = p->from;
	f->to = p->to;
	memcpy(f->enc, p->payload + 8, sizeof f->enc);
	open.host = slot->host;
	open.secret = slot->secret;
	memcpy(open.datagram, p->payload, sizeof open.datagram);
	if (message_send(n->setup->keeper, MESSAGE_OPEN, f->id, &open, sizeof open)) {
		sodium_memzero(f, sizeof *f);
		return STAGE_BUDGET;
	}
	return STAGE_ACCEPTED;
}

static enum err packets_take(struct net *n)
{
	uint8_t buffer[CAPTURE_BUFFER];
	const uint64_t now = clock_boot_ms();

	for (unsigned i = 0; i < TURN; i++) {
		struct capture_packet p;
		enum err e = capture_next(n->setup->packets, buffer, &p);
		enum knock_stage stage;

		if (e == ERR_NOT_FOUND)
			return ERR_NONE;
		if (e == ERR_SYSTEM)
			return e;
		if (!e && (stage = packet_take(n, &p, now)))
			count(n, stage);
	}
	return ERR_NONE;
}

/* ---- steps 5 to 7: parse, time, the question ---- */

static void address_to_open(const struct flight *f, struct message_address *out)
{
	*out = (struct message_address){ .family = f->knock.addr_type };
	if (f->knock.addr_type)
		memcpy(out->bytes, f->knock.addr, sizeof out->bytes);
	else
		*out = f->source;
	address_unmap(out);
}

static enum knock_stage question_make(const struct net *n, struct flight *f)
{
	const struct native_knock *k = &f->knock;
	struct message_question *q = &f->ask.question;

	*q = (struct message_question){
		.kind = (uint8_t)k->kind,
		.port = k->nports ? k->ports[0] : n->setup->settings->firewall.ports[0],
		.user_len = (uint16_t)strlen(k->user),
		.to = f->to,
		.cert_len = (uint16_t)k->cert_len,
		.casig_len = (uint16_t)k->casig_len,
	};
	address_to_open(f, &q->from);
	address_unmap(&q->to);
	if (!address_may_come(&q->from) || address_equal(&q->from, &q->to) ||
	    k->cert_len + k->casig_len > sizeof q->cert)
		return STAGE_POLICY;
	if (!k->addr_type && !n->setup->settings->packet_source)
		return STAGE_POLICY;
	memcpy(q->keyid, k->keyid, sizeof q->keyid);
	memcpy(q->user, k->user, strlen(k->user));
	if (k->cert_len)
		memcpy(q->cert, k->cert, k->cert_len);
	if (k->casig_len)
		memcpy(q->cert + k->cert_len, k->casig, k->casig_len);
	return STAGE_ACCEPTED;
}

/* The client sends each knock three times. One that claims no address opens for whoever is first: a race may have been lost. */
static void copy_log(struct net *n, const struct flight *f, const struct message_address *first)
{
	char addr[ADDRESS_TEXT], before[ADDRESS_TEXT];

	if (f->knock.addr_type || address_equal(first, &f->source))
		return;
	address_print(&f->source, addr);
	address_print(first, before);
	log_event_limited(&n->copied, LOG_LEVEL_WARNING, "copied", "user", f->knock.user, "source", addr, "first",
			  before, NULL);
}

static enum knock_stage opened_look(struct net *n, struct flight *f, const struct message_opened *m)
{
	const struct message_address *first;
	enum knock_stage stage;

	if (!m->opened)
		return STAGE_OPEN;
	memcpy(f->plain, m->plain, sizeof f->plain);
	if (native_parse(f->plain, &f->knock))
		return STAGE_PARSE;
	if (!native_in_time(f->knock.ts, wall_ms()))
		return STAGE_TIME;
	if ((first = seen_source(n, f))) {
		copy_log(n, f, first);
		return STAGE_DUPLICATE;
	}
	if ((stage = question_make(n, f)))
		return stage;
	if (!budget_allows(&n->budget, f->pays, 0, clock_boot_ms()))
		return STAGE_BUDGET;
	budget_charge(&n->budget, f->pays, LOOKUP_COST_NS);
	f->step = STEP_INDEX;
	return message_send(n->setup->index, MESSAGE_QUESTION, f->id, &f->ask.question, sizeof f->ask.question)
		       ? STAGE_BUDGET
		       : STAGE_ACCEPTED;
}

static enum err take_opened(void *role, int fd, uint32_t id, const void *body)
{
	struct net *n = role;
	struct flight *f = flight_find(n, id, STEP_KEEPER);
	enum knock_stage stage;

	(void)fd;
	if (f && (stage = opened_look(n, f, body)))
		flight_end(n, f, stage);
	return ERR_NONE;
}

static enum err take_slots(void *role, int fd, uint32_t id, const void *body)
{
	struct net *n = role;
	const struct message_slots *m = body;

	(void)fd, (void)id;
	if (m->n > MESSAGE_SLOTS_MAX || m->hosts > MESSAGE_HOSTS)
		return ERR_SYNTAX;
	for (uint32_t i = 0; i < m->n; i++)
		if (m->slot[i].host >= m->hosts)
			return ERR_SYNTAX;
	n->slots = *m;
	return ERR_NONE;
}

/* ---- steps 8 and 9: the signature; then it is grant's ---- */

static void refused_log(struct net *n, const struct flight *f, enum knock_stage stage, const char *reason)
{
	char addr[ADDRESS_TEXT], source[ADDRESS_TEXT];

	address_print(&f->ask.question.from, addr);
	address_print(&f->source, source);
	log_event_limited(&n->refused, LOG_LEVEL_NOTICE, "refused", "stage", knock_stage_text(stage), "user",
			  f->knock.user, "addr", addr, "source", source, "why", reason, NULL);
}

static enum knock_stage signature_look(struct net *n, struct flight *f, const struct message_answer *m)
{
	const uint64_t began = cpu_ns();
	enum knock_stage stage;

	if (m->slow && !n->setup->settings->slow_keys)
		return STAGE_POLICY;
	/* It has won once. Slow keys are drawn for anew: they are what a flood would use. */
	if (!budget_allows(&n->budget, m->slow ? BUDGET_SLOW : f->pays, m->slow ? randombytes_random() : 0,
			   clock_boot_ms()))
		return STAGE_BUDGET;
	stage = native_verify(&f->knock, n->slots.host[f->host], f->enc, f->plain, m->key, m->key_len, m->wants, NULL);
	budget_charge(&n->budget, m->slow ? BUDGET_SLOW : f->pays, cpu_ns() - began);
	return stage;
}

static void knock_make(struct flight *f, const struct message_answer *m)
{
	const struct native_knock *k = &f->knock;

	f->ask.ts = k->ts;
	memcpy(f->ask.id, f->enc, sizeof f->ask.id);
	crypto_hash_sha256(f->ask.key, m->key, m->key_len);
	f->ask.addr_type = k->addr_type;
	f->ask.nports = (uint8_t)k->nports;
	f->ask.duration = k->duration;
	memcpy(f->ask.ports, k->ports, sizeof f->ask.ports);
	f->ask.source = f->source;
}

static enum knock_stage answer_look(struct net *n, struct flight *f, const struct message_answer *m)
{
	enum knock_stage stage = m->stage;
	char reason[sizeof m->reason];

	if (stage) {
		/* whoever signed is known: an administrator will want to read why it did not open for them */
		snprintf(reason, sizeof reason, "%.*s", (int)sizeof m->reason - 1, m->reason);
		if (m->key_len && !signature_look(n, f, m))
			refused_log(n, f, stage, reason);
		return stage;
	}
	if ((stage = signature_look(n, f, m))) {
		/* not before the key is known to be listed, and rarely: anybody can send what does not hold */
		refused_log(n, f, stage, "");
		return stage;
	}
	knock_make(f, m);
	f->step = STEP_GRANT;
	return message_send(n->setup->grant, MESSAGE_KNOCK, f->id, &f->ask, sizeof f->ask) ? STAGE_BUDGET
											   : STAGE_ACCEPTED;
}

static enum err take_answer(void *role, int fd, uint32_t id, const void *body)
{
	struct net *n = role;
	const struct message_answer *m = body;
	struct flight *f = flight_find(n, id, STEP_INDEX);
	enum knock_stage stage;

	(void)fd;
	if (m->stage >= STAGE_COUNT || m->key_len > sizeof m->key)
		return ERR_SYNTAX;
	if (f && (stage = answer_look(n, f, m)))
		flight_end(n, f, stage);
	return ERR_NONE;
}

static enum err take_knocked(void *role, int fd, uint32_t id, const void *body)
{
	struct net *n = role;
	const struct message_knocked *m = body;
	struct flight *f = flight_find(n, id, STEP_GRANT);

	(void)fd;
	if (m->stage >= STAGE_COUNT)
		return ERR_SYNTAX;
	if (!f)
		return ERR_NONE;
	if (!m->stage)
		granted_remember(n, &f->source);
	if (!m->stage || m->stage == STAGE_DUPLICATE)
		seen_remember(n, f);
	/* grant counts what it decides */
	sodium_memzero(f, sizeof *f);
	return ERR_NONE;
}

/* ---- the loop ---- */

static const struct message_row from_keeper[] = {
	{ MESSAGE_SLOTS, sizeof(struct message_slots), take_slots },
	{ MESSAGE_OPENED, sizeof(struct message_opened), take_opened },
	{ 0 },
};
static const struct message_row from_index[] = {
	{ MESSAGE_ANSWER, sizeof(struct message_answer), take_answer },
	{ 0 },
};
static const struct message_row from_grant[] = {
	{ MESSAGE_KNOCKED, sizeof(struct message_knocked), take_knocked },
	{ 0 },
};

/* A peer that is too busy to listen hears it the next time. */
static void every_second(struct net *n, uint64_t now)
{
	flights_expire(n, now);
	if (now - n->slots_ms >= SLOTS_EVERY_MS && !message_send(n->setup->keeper, MESSAGE_SLOTS_WANTED, 0, NULL, 0))
		n->slots_ms = now;
	if (!n->counted || now - n->counts_ms < COUNTS_EVERY_MS ||
	    message_send(n->setup->grant, MESSAGE_COUNTS, 0, &n->counts, sizeof n->counts))
		return;
	n->counts = (struct message_counts){ 0 };
	n->counted = false;
	n->counts_ms = now;
}

static enum err turn(struct net *n)
{
	enum { PARENT, KEEPER, INDEX, GRANT, PACKETS, SOURCES };
	struct pollfd wait[SOURCES] = {
		[PARENT] = { n->setup->parent, POLLIN, 0 },   [KEEPER] = { n->setup->keeper, POLLIN, 0 },
		[INDEX] = { n->setup->index, POLLIN, 0 },     [GRANT] = { n->setup->grant, POLLIN, 0 },
		[PACKETS] = { n->setup->packets, POLLIN, 0 },
	};
	enum err e = ERR_NONE;

	if (poll(wait, SOURCES, SLOTS_EVERY_MS) < 0)
		return ERR_NONE;
	if (wait[PARENT].revents)
		return ERR_CLOSED;
	/* what is on its way goes on before new packets are looked at */
	if (wait[GRANT].revents)
		e = message_receive(n->setup->grant, from_grant, n, TURN);
	if (!e && wait[INDEX].revents)
		e = message_receive(n->setup->index, from_index, n, TURN);
	if (!e && wait[KEEPER].revents)
		e = message_receive(n->setup->keeper, from_keeper, n, TURN);
	if (!e && wait[PACKETS].revents)
		e = packets_take(n);
	every_second(n, clock_boot_ms());
	return e;
}

int net_serve(const struct net_setup *s)
{
	struct net *n = calloc(1, sizeof *n);
	enum err e = n ? ERR_NONE : ERR_MEMORY;

	if (n) {
		n->setup = s;
		n->refused = n->copied = (struct log_limit){ .burst = 10, .every_seconds = 6 };
		randombytes_buf(n->key, sizeof n->key);
		budget_start(&n->budget, s->settings->cpu_share, clock_boot_ms());
		e = message_send(s->keeper, MESSAGE_SLOTS_WANTED, 0, NULL, 0);
	}
	while (!e)
		e = turn(n);
	if (e != ERR_CLOSED)
		log_event(LOG_LEVEL_ERROR, "ended", "why", err_text(e), NULL);
	free(n);
	return e == ERR_CLOSED ? 0 : 1;
}
