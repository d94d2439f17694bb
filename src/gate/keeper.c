/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keeper.c - who has the scalar of the host key can be the host: so it is in this process, which understands nothing. */
#include "gate/keeper.h"

#include "base/file.h"
#include "base/writer.h"
#include "gate/host_key.h"
#include "gate/log.h"
#include "gate/role.h"
#include "gate/sandbox.h"

#include <poll.h>
#include <seccomp.h>
#include <sodium.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define TURN 64 /* messages at once */

struct keeper {
	struct keeper_host {
		uint8_t public[NATIVE_HOST_KEY], scalar[32];
	} host[MESSAGE_HOSTS];
	unsigned nhosts;
	uint8_t secret[KEEPER_SECRETS][NATIVE_SECRET];
	unsigned nsecrets;
};

enum err keeper_new(struct keeper **out)
{
	struct keeper *k = sodium_malloc(sizeof *k);

	if (!k)
		return ERR_MEMORY;
	sodium_memzero(k, sizeof *k);
	*out = k;
	return ERR_NONE;
}

void keeper_free(struct keeper *k)
{
	sodium_free(k);
}

enum err keeper_add_host(struct keeper *k, const uint8_t public[NATIVE_HOST_KEY], const uint8_t seed[32])
{
	if (k->nhosts == MESSAGE_HOSTS)
		return ERR_TOO_BIG;
	memcpy(k->host[k->nhosts].public, public, NATIVE_HOST_KEY);
	native_host_secret(seed, k->host[k->nhosts++].scalar);
	return ERR_NONE;
}

enum err keeper_add_secret(struct keeper *k, const uint8_t secret[NATIVE_SECRET])
{
	if (k->nsecrets == KEEPER_SECRETS)
		return ERR_TOO_BIG;
	memcpy(k->secret[k->nsecrets++], secret, NATIVE_SECRET);
	return ERR_NONE;
}

/* 0 is none: only where there is no secret, or while one is introduced. */
static bool secret_serves(const struct keeper *k, bool prefer, unsigned number)
{
	return number ? number <= k->nsecrets : prefer || !k->nsecrets;
}

static const uint8_t *secret_of(const struct keeper *k, unsigned number)
{
	return number ? k->secret[number - 1] : NULL;
}

static void slot_add(const struct keeper *k, unsigned host, unsigned secret, uint64_t epoch, struct message_slots *out)
{
	struct message_slot *s = &out->slot[out->n];

	if (out->n == MESSAGE_SLOTS_MAX)
		return;
	*s = (struct message_slot){ .epoch = epoch, .host = (uint8_t)host, .secret = (uint8_t)secret };
	native_gate_key(secret_of(k, secret), k->host[host].public, epoch, s->key);
	out->n++;
}

/* Two hosts, two secrets and none would be twelve: secrets come first, so that those who have one are served. */
void keeper_slots(const struct keeper *k, bool prefer, uint64_t now_seconds, struct message_slots *out)
{
	uint64_t epochs[2];

	*out = (struct message_slots){ .hosts = k->nhosts };
	native_epochs(now_seconds, epochs);
	for (unsigned host = 0; host < k->nhosts; host++)
		memcpy(out->host[host], k->host[host].public, NATIVE_HOST_KEY);
	for (unsigned i = 0; i <= k->nsecrets; i++) {
		const unsigned secret = i == k->nsecrets ? 0 : i + 1;

		for (unsigned host = 0; host < k->nhosts && secret_serves(k, prefer, secret); host++)
			for (unsigned e = 0; e < 2; e++)
				slot_add(k, host, secret, epochs[e], out);
	}
}

void keeper_open(const struct keeper *k, bool prefer, uint64_t now_ms, const struct message_open *m,
		 struct message_opened *out)
{
	memset(out, 0, sizeof *out);
	if (m->host >= k->nhosts || !secret_serves(k, prefer, m->secret))
		return;
	if (native_open(k->host[m->host].public, k->host[m->host].scalar, secret_of(k, m->secret), m->datagram,
			out->plain))
		return;
	/* Whoever has taken over the asking side must not have packets opened that were recorded long ago. */
	if (native_in_time(load_u64(out->plain + 4), now_ms))
		out->opened = 1;
	else
		sodium_memzero(out->plain, sizeof out->plain);
}

/* ---- the role ---- */

struct role {
	struct keeper *keeper;
	bool prefer;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec < 0 ? 0 : (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static enum err answer_slots(void *context, int fd, uint32_t id, const void *body)
{
	const struct role *r = context;
	struct message_slots out;

	(void)body;
	keeper_slots(r->keeper, r->prefer, now_ms() / 1000, &out);
	return message_send(fd, MESSAGE_SLOTS, id, &out, sizeof out);
}

static enum err answer_open(void *context, int fd, uint32_t id, const void *body)
{
	const struct role *r = context;
	struct message_opened out;
	enum err e;

	keeper_open(r->keeper, r->prefer, now_ms(), body, &out);
	e = message_send(fd, MESSAGE_OPENED, id, &out, sizeof out);
	sodium_memzero(&out, sizeof out);
	return e;
}

static const struct message_row rows[] = {
	{ MESSAGE_SLOTS_WANTED, 0, answer_slots },
	{ MESSAGE_OPEN, sizeof(struct message_open), answer_open },
	{ 0 },
};

/* An answer that finds no room is lost like any packet: whoever asked waits no longer than for a dead keeper. */
static int serve(struct role *r)
{
	struct pollfd wait[] = { { .fd = ROLE_PARENT, .events = POLLIN }, { .fd = ROLE_A, .events = POLLIN } };
	enum err e = ERR_NONE;

	while (!e || e == ERR_BUSY) {
		if (poll(wait, 2, -1) < 0)
			continue;
		if (wait[0].revents)
			return 0;
		e = message_receive(ROLE_A, rows, r, TURN);
	}
	if (e == ERR_CLOSED)
		return 0;
	log_event(LOG_LEVEL_ERROR, "bad-message", "from", "net", "why", err_text(e), NULL);
	return 1;
}

/* A file as it is, in memory that is locked and wiped; sodium_free(). No copy of it lies anywhere else. */
static enum err secret_read(int fd, uint8_t **out, size_t *len)
{
	uint8_t *content = sodium_malloc(HOST_KEY_FILE_MAX + 1);
	size_t got = 0;
	ssize_t n = 0;

	if (!content)
		return ERR_MEMORY;
	do
		if ((n = read(fd, content + got, HOST_KEY_FILE_MAX + 1 - got)) > 0)
			got += (size_t)n;
	while (n > 0 && got <= HOST_KEY_FILE_MAX);
	if (n < 0 || got > HOST_KEY_FILE_MAX) {
		sodium_free(content);
		return n < 0 ? ERR_SYSTEM : ERR_TOO_BIG;
	}
	*out = content;
	*len = got;
	return ERR_NONE;
}

static enum err load_host(struct keeper *k, int fd, const char *name)
{
	uint8_t public[NATIVE_HOST_KEY], seed[32] = { 0 }, *content = NULL;
	const char *why = NULL;
	size_t len = 0;
	enum err e;

	if (!(e = secret_read(fd, &content, &len)) && !(e = host_key_parse(content, len, public, seed, &why)))
		e = keeper_add_host(k, public, seed);
	if (e)
		log_event(LOG_LEVEL_ERROR, "bad-host-key", "file", name, "why", why && *why ? why : err_text(e), NULL);
	sodium_free(content);
	sodium_memzero(seed, sizeof seed);
	file_close(fd);
	return e;
}

static enum err load_secret(struct keeper *k, int fd, const char *name)
{
	uint8_t secret[NATIVE_SECRET] = { 0 }, *content = NULL;
	size_t len = 0;
	enum err e;

	if (!(e = secret_read(fd, &content, &len)) && !(e = site_secret_parse(content, len, secret)))
		e = keeper_add_secret(k, secret);
	if (e)
		log_event(LOG_LEVEL_ERROR, "bad-site-secret", "file", name, "why",
			  e == ERR_SYNTAX ? "wants 64 hexadecimal digits, not all zero" : err_text(e), NULL);
	sodium_free(content);
	sodium_memzero(secret, sizeof secret);
	file_close(fd);
	return e;
}

static enum err load(struct keeper *k, const struct settings *s)
{
	static const int hosts[] = { ROLE_C, ROLE_D }, secrets[] = { ROLE_E, ROLE_F };
	enum err e = ERR_NONE;

	for (unsigned i = 0; i < ARRAY_SIZE(hosts) && i < s->nhost_keys && !e; i++)
		e = load_host(k, hosts[i], s->host_keys[i]);
	for (unsigned i = 0; i < ARRAY_SIZE(secrets) && i < s->nsecrets && !e; i++)
		e = load_secret(k, secrets[i], s->secrets[i]);
	return e;
}

static const int calls[] = {
	SCMP_SYS(recvfrom),	SCMP_SYS(sendmsg),
	SCMP_SYS(sendto),	SCMP_SYS(poll),
	SCMP_SYS(ppoll),	SCMP_SYS(clock_gettime),
	SCMP_SYS(close),	SCMP_SYS(write),
	SCMP_SYS(getpid),	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),		SCMP_SYS(exit_group),
	SCMP_SYS(munmap),	SCMP_SYS(mprotect),
	SCMP_SYS(munlock),	SCMP_SYS(madvise),
	SCMP_SYS(rt_sigreturn), -1,
};

static const struct sandbox box = { .user = ROLE_USER_KEEPER, .calls = calls };

int keeper_main(bool foreground)
{
	struct role r = { 0 };
	struct settings *s;
	int status = 1;
	enum err e;

	log_open("keeper", foreground);
	s = role_settings();
	r.prefer = s->secret_mode == SECRET_PREFER;
	if ((e = sodium_init() < 0 ? ERR_SYSTEM : keeper_new(&r.keeper)))
		log_event(LOG_LEVEL_ERROR, "no-locked-memory", "why", err_text(e), NULL);
	if (!e && !load(r.keeper, s) && !role_lock_in(&box)) {
		role_ready();
		status = serve(&r);
	}
	settings_free(s);
	keeper_free(r.keeper);
	return status;
}
